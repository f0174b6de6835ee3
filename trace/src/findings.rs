//! What is wrong in a trace: ten kinds of findings, each with its evidence and what to do.
//!
//! A finding is claimed only if it is known from what was recorded. Where events are missing, nothing is claimed that one of them
//! could refute; and what only the level `full` tells is claimed at that level alone.
//!
//! `lost-waker`, `never-yields`, `self-wake` and `large-future` follow the rules and the bounds of tokio-console's warnings.

use std::fmt;

use crate::json;
use crate::trace::Trace;
use analysis::Analysis;

mod analysis;
mod busy_wake;
mod large_future;
mod late_timers;
mod lost_waker;
mod polls;
mod rescued_wake;
#[cfg(test)]
mod script;
mod self_wake;
mod slow_polls;
mod snoozed;
mod wait_cycle;

/// How many events a finding names.
const EVENTS: usize = 100;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind it is.
    pub kind: FindingKind,
    /// What is wrong, in a sentence.
    pub title: String,
    /// The tasks that it is about, the worst first.
    pub tasks: Vec<u64>,
    /// The events that show it, as indices into [`Trace::events`]: the first hundred.
    pub events: Vec<usize>,
    /// What was seen, in numbers.
    pub evidence: String,
    /// What to do.
    pub fix: String,
    /// The chapter of the book about it.
    pub chapter: &'static str,
}

/// A kind of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A task waits, and nobody has a waker to wake it.
    LostWaker,
    /// Tasks wait for each other's ends.
    WaitCycle,
    /// A task has run since its first poll began, more than a second ago.
    NeverYields,
    /// A poll took as long as a slow one, or longer.
    BlockingPoll,
    /// What a task was woken for was not polled, though somebody waits for it there.
    Snoozed,
    /// What a task waited for woke nobody, and was found because something else woke the task.
    RescuedWake,
    /// A task was polled again and again with nothing to do.
    BusyWake,
    /// A task wakes itself more often than others wake it.
    SelfWake,
    /// Timers fire late.
    LateTimers,
    /// A task's future is large.
    LargeFuture,
}

impl FindingKind {
    /// All kinds, the worst first.
    pub const ALL: [Self; 10] = [
        Self::LostWaker,
        Self::WaitCycle,
        Self::NeverYields,
        Self::BlockingPoll,
        Self::Snoozed,
        Self::RescuedWake,
        Self::BusyWake,
        Self::SelfWake,
        Self::LateTimers,
        Self::LargeFuture,
    ];

    /// Its name, as the page and the book have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LostWaker => "lost-waker",
            Self::WaitCycle => "wait-cycle",
            Self::NeverYields => "never-yields",
            Self::BlockingPoll => "blocking-poll",
            Self::Snoozed => "snoozed",
            Self::RescuedWake => "rescued-wake",
            Self::BusyWake => "busy-wake",
            Self::SelfWake => "self-wake",
            Self::LateTimers => "late-timers",
            Self::LargeFuture => "large-future",
        }
    }

    fn chapter(self) -> &'static str {
        match self {
            Self::LargeFuture => "ch02",
            Self::BusyWake => "ch03",
            Self::LostWaker | Self::RescuedWake => "ch04",
            Self::NeverYields | Self::SelfWake => "ch05",
            Self::LateTimers => "ch06",
            Self::BlockingPoll => "ch09",
            Self::Snoozed | Self::WaitCycle => "ch10",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

// BOOK: ch13
/// What is wrong in a trace, the worst kinds first. Tasks that were spawned by the same line share a finding.
///
/// # Examples
///
/// ```
/// use reveille_trace::findings::{FindingKind, find};
/// use reveille_trace::trace::{Event, PollResult, Trace, What};
///
/// let mut trace = Trace::default();
/// trace.meta.slow_poll_ns = 10_000_000;
/// let end = What::PollEnd { task: 1, result: PollResult::Pending, wakers: 0 };
/// trace.events.push(Event { t: 0, thread: 0, what: What::PollStart { task: 1, n: 1, queue: None } });
/// trace.events.push(Event { t: 9, thread: 0, what: end });
///
/// let findings = find(&trace);
/// assert_eq!(findings[0].kind, FindingKind::LostWaker);
/// assert_eq!(findings[0].title, "Nobody can wake task #1.");
/// ```
pub fn find(trace: &Trace) -> Vec<Finding> {
    let analysis = Analysis::of(trace);
    let finders: [fn(&Analysis<'_>) -> Vec<Finding>; 9] = [
        lost_waker::find,
        wait_cycle::find,
        slow_polls::find,
        snoozed::find,
        rescued_wake::find,
        busy_wake::find,
        self_wake::find,
        late_timers::find,
        large_future::find,
    ];
    let mut findings: Vec<Finding> = finders.iter().flat_map(|find| find(&analysis)).collect();
    findings.sort_by_key(|finding| finding.kind);
    findings
        .iter_mut()
        .for_each(|finding| finding.events.truncate(EVENTS));
    findings
}

/// What is wrong in a trace, as JSON: [`findings_json`] of what [`find`] finds.
pub fn json_of(trace: &Trace) -> String {
    findings_json(&find(trace))
}

/// Findings as the page reads them: a JSON array of objects whose members are called as those of [`Finding`].
pub fn findings_json(findings: &[Finding]) -> String {
    let mut text = String::new();
    json::array(&mut text, |array| {
        for finding in findings {
            array.object(|object| {
                object.text("kind", finding.kind.as_str());
                object.text("title", &finding.title);
                object.array("tasks", |array| {
                    finding.tasks.iter().for_each(|&task| array.number(task))
                });
                object.array("events", |array| {
                    finding
                        .events
                        .iter()
                        .for_each(|&event| array.number(event as u64))
                });
                object.text("evidence", &finding.evidence);
                object.text("fix", &finding.fix);
                object.text("chapter", finding.chapter);
            });
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_their_order_and_named_apart() {
        assert!(FindingKind::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        let mut names = FindingKind::ALL.map(FindingKind::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 10);
    }

    #[test]
    fn findings_are_written_as_the_page_reads_them() {
        let finding = Finding {
            kind: FindingKind::SelfWake,
            title: "a <b>".to_owned(),
            tasks: vec![4, 5],
            events: vec![7],
            evidence: "e".to_owned(),
            fix: "f".to_owned(),
            chapter: FindingKind::SelfWake.chapter(),
        };
        let expected = r#"[{"kind":"self-wake","title":"a \u003cb\u003e","tasks":[4,5],"events":[7],"#
            .to_owned()
            + r#""evidence":"e","fix":"f","chapter":"ch05"}]"#;
        assert_eq!(findings_json(&[finding]), expected);
    }
}
