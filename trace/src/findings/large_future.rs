//! A task's future is large: it is moved when it is spawned, and all of it stays allocated while the task waits.

use super::analysis::{Analysis, count};
use super::{Finding, FindingKind};

/// So many bytes are large.
const LARGE: u64 = 1024;

struct Large {
    task: u64,
    size: u64,
    spawn: usize,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let births = analysis.names.births();
    let mut large: Vec<Large> = births
        .filter_map(|(task, birth)| {
            Some(Large {
                task,
                size: birth.size?,
                spawn: birth.event?,
            })
        })
        .filter(|large| large.size >= LARGE)
        .collect();
    large.sort_by_key(|large| std::cmp::Reverse(large.size));
    analysis
        .by_site(large, |large| large.task)
        .iter()
        .map(|group| finding(analysis, group))
        .collect()
}

fn finding(analysis: &Analysis<'_>, group: &[Large]) -> Finding {
    let tasks: Vec<u64> = group.iter().map(|large| large.task).collect();
    let worst = &group[0];
    let name = analysis.names.task(worst.task);
    let others = match group.len() - 1 {
        0 => String::new(),
        more => format!(
            " {} of that line have {LARGE} bytes or more, too.",
            count(more as u64, "more task")
        ),
    };
    Finding {
        kind: FindingKind::LargeFuture,
        title: format!("The future of {} is large.", analysis.tasks(&tasks)),
        events: group.iter().map(|large| large.spawn).collect(),
        evidence: format!("The future of {name} has {} bytes.{others}", worst.size),
        fix: format!(
            "What lives across an await lies in the future{}. Put large buffers into a Vec or a Box, or \
             end their scope before the await.",
            analysis.spawned_at(worst.task)
        ),
        chapter: FindingKind::LargeFuture.chapter(),
        tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::Script;
    use crate::trace::{TaskKind, What};

    fn spawned(sizes: &[Option<u64>]) -> Script {
        let mut script = Script::new();
        let (name, location) = (script.text("big"), script.text("src/main.rs:7"));
        for (task, &size) in (1..).zip(sizes) {
            script.add(What::Spawn {
                task,
                parent: 0,
                name,
                location,
                kind: TaskKind::Task,
                size,
            });
        }
        script
    }

    #[test]
    fn a_future_of_a_kibibyte_is_large() {
        let findings = spawned(&[Some(1024), Some(1023), None, Some(4000)]).find(FindingKind::LargeFuture);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].tasks, [4, 1]);
        assert_eq!(findings[0].events, [3, 0]);
        assert!(
            findings[0]
                .evidence
                .starts_with("The future of big #4 has 4000 bytes."),
            "{}",
            findings[0].evidence
        );
        assert_eq!(findings[0].chapter, "ch02");
    }

    #[test]
    fn smaller_ones_and_unknown_ones_are_not() {
        assert!(
            spawned(&[Some(1023), None])
                .tasks(FindingKind::LargeFuture)
                .is_empty()
        );
    }
}
