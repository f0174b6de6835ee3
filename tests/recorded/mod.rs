//! Recording what a piece of code does, and whether what was recorded makes sense.

use std::collections::{HashMap, HashSet};

mod alone;

pub(crate) use alone::alone;
use reveille::trace::Settings;
use reveille::trace::findings::{FindingKind, find};
use reveille::trace::trace::{Effect, Event, Level, PollResult, Trace, What};

/// What `code` does. The process has one recorder, so one at a time.
pub(crate) fn record(level: Level, code: impl FnOnce()) -> Trace {
    let mut settings = Settings::default();
    record_with(settings.level(level), code)
}

pub(crate) fn record_with(settings: &Settings, code: impl FnOnce()) -> Trace {
    let _alone = alone();
    reveille::trace::start(settings).unwrap();
    code();
    reveille::trace::stop();
    reveille::trace::collect().unwrap()
}

/// The task of that name.
pub(crate) fn named(trace: &Trace, name: &str) -> u64 {
    let found = trace.events.iter().find_map(|event| match &event.what {
        What::Spawn { task, name: text, .. } if trace.strings.get(*text) == name => Some(*task),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no task is called {name}"))
}

/// The tasks that a finding of that kind is about.
pub(crate) fn found(trace: &Trace, kind: FindingKind) -> HashSet<u64> {
    let findings = find(trace).into_iter();
    let of_that_kind = findings.filter(|finding| finding.kind == kind);
    of_that_kind.flat_map(|finding| finding.tasks).collect()
}

/// Goes through a trace that begins with its program, and panics at what cannot be.
pub(crate) fn check(trace: &Trace) {
    assert!(
        trace.snapshot.is_none(),
        "this is for traces from which nothing is missing"
    );
    let mut life = Life::default();
    let mut last = 0;
    for event in &trace.events {
        assert!(event.t >= last, "{event:?} comes after {last}");
        last = event.t;
        life.go_on(event);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Woken,
    Queued,
    Running,
    RunningWoken,
    Idle,
    Over,
}

#[derive(Default)]
struct Life {
    stages: HashMap<u64, Stage>,
    roots: HashSet<u64>,
    polls: HashMap<u64, u64>,
    /// The thread of its last poll.
    polled_by: HashMap<u64, u32>,
    /// Other threads' wakes that were told as meeting a poll or a wait for one. They were told before they were made: that poll may
    /// have begun or ended in between, so that each may turn out to be what the task was polled for once more.
    spare: HashMap<u64, u32>,
}

impl Life {
    fn go_on(&mut self, event: &Event) {
        match event.what {
            What::Spawn { task, kind, .. } => {
                let is_root = kind == reveille::trace::trace::TaskKind::BlockOn;
                // A root is polled at once.
                let first = if is_root { Stage::Woken } else { Stage::New };
                assert_eq!(self.stages.insert(task, first), None, "{event:?}");
                if is_root {
                    self.roots.insert(task);
                }
            }
            What::Enqueue { task, .. } => self.change(event, task, |stage| match stage {
                // From a mailbox into a queue, or from one that is full.
                Stage::New | Stage::Woken | Stage::Queued => Next::Sure(Stage::Queued),
                Stage::Idle => Next::IfWoken(Stage::Queued),
                _ => Next::Never,
            }),
            What::PollStart { task, n, .. } => {
                let polls = self.polls.entry(task).or_default();
                *polls += 1;
                assert_eq!(*polls, n, "{event:?}");
                self.polled_by.insert(task, event.thread);
                self.change(event, task, |stage| match stage {
                    Stage::Queued => Next::Sure(Stage::Running),
                    // It needs no queue: a root, or one that woke itself while there was no other.
                    Stage::Woken => Next::Sure(Stage::Running),
                    Stage::Idle => Next::IfWoken(Stage::Running),
                    _ => Next::Never,
                });
            }
            What::PollEnd { task, result, .. } => self.change(event, task, |stage| match (stage, result) {
                (Stage::RunningWoken, PollResult::Pending) => Next::Sure(Stage::Woken),
                (Stage::Running, PollResult::Pending) => Next::Sure(Stage::Idle),
                (Stage::Running | Stage::RunningWoken, _) => Next::Sure(stage),
                _ => Next::Never,
            }),
            What::Wake { task, effect, .. } => {
                let is_of_another = self.polled_by.get(&task) != Some(&event.thread);
                if is_of_another && matches!(effect, Effect::Rescheduled | Effect::Coalesced) {
                    *self.spare.entry(task).or_default() += 1;
                }
                let is_root = self.roots.contains(&task);
                self.change(event, task, |stage| match (effect, stage) {
                    (Effect::Scheduled, Stage::Idle) => Next::Sure(Stage::Woken),
                    // A root is woken before it can be said how it was found.
                    (Effect::Scheduled, Stage::Running) if is_root => Next::Sure(Stage::RunningWoken),
                    // What was told as its wake was too late for that.
                    (Effect::Scheduled, Stage::Woken) => Next::IfWoken(Stage::Woken),
                    (Effect::Rescheduled, Stage::Running) => Next::Sure(Stage::RunningWoken),
                    (Effect::Rescheduled | Effect::Coalesced, stage) => Next::Sure(stage),
                    (Effect::Nothing, Stage::Over | Stage::Running | Stage::RunningWoken) => {
                        Next::Sure(stage)
                    }
                    _ => Next::Never,
                });
            }
            What::TaskEnd { task, .. } => self.change(event, task, |stage| match stage {
                Stage::Over => Next::Never,
                _ => Next::Sure(Stage::Over),
            }),
            _ => {}
        }
    }

    fn change(&mut self, event: &Event, task: u64, next: impl FnOnce(Stage) -> Next) {
        let stage = self.stages.get_mut(&task);
        let stage = stage.unwrap_or_else(|| panic!("{event:?} of a task that was never spawned"));
        *stage = match next(*stage) {
            Next::Sure(next) => next,
            Next::IfWoken(next) => {
                let spare = self.spare.get_mut(&task).filter(|spare| **spare > 0);
                *spare
                    .unwrap_or_else(|| panic!("{event:?} of a task that is {stage:?}, and was not woken")) -=
                    1;
                next
            }
            Next::Never => panic!("{event:?} of a task that is {stage:?}"),
        };
    }
}

/// Where an event takes a task.
enum Next {
    Sure(Stage),
    /// There, if one of the spare wakes is what it was woken by.
    IfWoken(Stage),
    Never,
}
