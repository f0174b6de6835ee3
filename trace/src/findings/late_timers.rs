//! Timers fire late: the loop had something else to do when they were due.

use std::collections::BTreeMap;

use super::analysis::{Analysis, count, distinct};
use super::{Finding, FindingKind};
use crate::nanoseconds::Nanoseconds;
use crate::trace::What;

/// So late is late.
const LATE: u64 = 5_000_000;

/// Of fewer timers nothing is said.
const TIMERS: usize = 20;

struct Fire {
    late: u64,
    event: usize,
    task: u64,
}

pub(super) fn find(analysis: &Analysis<'_>) -> Vec<Finding> {
    let mut fires = fires(analysis);
    if fires.len() < TIMERS {
        return Vec::new();
    }
    let all = fires.len() as u64;
    fires.retain(|fire| fire.late > LATE);
    // The 99th percentile by nearest rank is late if more are late than lie above that rank. What is missing may have
    // been in time.
    let possible = all.saturating_add(analysis.gaps.events);
    if fires.len() as u64 <= possible / 100 {
        return Vec::new();
    }
    fires.sort_by_key(|fire| std::cmp::Reverse(fire.late));
    vec![finding(&fires, all)]
}

fn fires(analysis: &Analysis<'_>) -> Vec<Fire> {
    let mut tasks: BTreeMap<u64, u64> = BTreeMap::new();
    if let Some(snapshot) = &analysis.trace.snapshot {
        tasks.extend(snapshot.timers.iter().map(|timer| (timer.timer, timer.task)));
    }
    let mut fires = Vec::new();
    for (event, happened) in analysis.trace.events.iter().enumerate() {
        match happened.what {
            What::TimerSet { timer, task, .. } => {
                tasks.insert(timer, task);
            }
            What::TimerFire { timer, late } => {
                fires.push(Fire {
                    late,
                    event,
                    task: tasks.get(&timer).copied().unwrap_or(0),
                });
            }
            _ => {}
        }
    }
    fires
}

/// `late` are the late ones of `all`, the latest first.
fn finding(late: &[Fire], all: u64) -> Finding {
    let worst = &late[0];
    // The nearest rank, from the top; there are as many late ones, or more.
    let percentile = late[(all / 100) as usize].late;
    let timers = count(late.len() as u64, "timer");
    Finding {
        kind: FindingKind::LateTimers,
        title: format!("Timers fire up to {} late.", Nanoseconds(worst.late)),
        events: late.iter().map(|fire| fire.event).collect(),
        evidence: format!(
            "Of {all} timers one in a hundred was {} late or more; {timers} more than {}, the latest in \
             event {}.",
            Nanoseconds(percentile),
            Nanoseconds(LATE),
            worst.event
        ),
        fix: "A timer fires when its loop gets round to it. Look what ran just before: most often a poll \
              that blocks, or a queue that is never empty."
            .to_owned(),
        chapter: FindingKind::LateTimers.chapter(),
        tasks: distinct(late.iter().map(|fire| fire.task).filter(|&task| task != 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::script::{MILLISECOND, Script};

    /// So many timers that are late, and so many that are not.
    fn fired(late: u64, in_time: u64) -> Script {
        let mut script = Script::new();
        for timer in 1..=late + in_time {
            script.add(What::TimerSet {
                timer,
                task: timer,
                deadline: 0,
                level: None,
                slot: None,
            });
            let late = if timer <= late { LATE + timer } else { LATE };
            script.add(What::TimerFire { timer, late });
        }
        script
    }

    fn is_found(script: &Script) -> bool {
        !script.find(FindingKind::LateTimers).is_empty()
    }

    #[test]
    fn more_than_one_late_timer_in_a_hundred_is_too_many() {
        let findings = fired(2, 98).find(FindingKind::LateTimers);
        assert_eq!(findings[0].tasks, [2, 1]);
        assert_eq!(findings[0].events, [3, 1]);
        assert_eq!(findings[0].title, "Timers fire up to 5 ms late.");
        assert_eq!(findings[0].chapter, "ch06");
        assert!(!is_found(&fired(1, 99)));
    }

    #[test]
    fn of_nineteen_timers_nothing_is_said() {
        assert!(is_found(&fired(1, 19)));
        assert!(!is_found(&fired(19, 0)));
    }

    #[test]
    fn timers_that_are_missing_may_have_fired_in_time() {
        let mut script = fired(1, 98);
        assert!(is_found(&script));
        script.lost();
        assert!(!is_found(&script));
    }

    #[test]
    fn the_percentile_is_that_of_the_nearest_rank() {
        let mut script = Script::new();
        for late in 1..=100 {
            script.add(What::TimerFire {
                timer: late,
                late: late * MILLISECOND,
            });
        }
        let finding = &script.find(FindingKind::LateTimers)[0];
        assert!(
            finding
                .evidence
                .contains("one in a hundred was 99 ms late or more"),
            "{}",
            finding.evidence
        );
        assert!(finding.tasks.is_empty());
    }
}
