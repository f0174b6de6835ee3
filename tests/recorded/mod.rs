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
                Stage::New | Stage::Woken | Stage::Queued => Stage::Queued,
                stage => panic!("{event:?} of a task that is {stage:?}"),
            }),
            What::PollStart { task, n, .. } => {
                let polls = self.polls.entry(task).or_default();
                *polls += 1;
                assert_eq!(*polls, n, "{event:?}");
                let is_root = self.roots.contains(&task);
                self.change(event, task, |stage| match stage {
                    Stage::Queued => Stage::Running,
                    // It needs no queue: a root, or one that woke itself while there was no other.
                    Stage::Woken => Stage::Running,
                    stage => panic!("{event:?} of a task that is {stage:?} (a root: {is_root})"),
                });
            }
            What::PollEnd { task, result, .. } => self.change(event, task, |stage| match (stage, result) {
                (Stage::RunningWoken, PollResult::Pending) => Stage::Woken,
                (Stage::Running, PollResult::Pending) => Stage::Idle,
                (Stage::Running | Stage::RunningWoken, _) => stage,
                (stage, _) => panic!("{event:?} of a task that is {stage:?}"),
            }),
            What::Wake { task, effect, .. } => self.change(event, task, |stage| match (effect, stage) {
                (Effect::Scheduled, Stage::Idle) => Stage::Woken,
                (Effect::Rescheduled, Stage::Running | Stage::RunningWoken) => Stage::RunningWoken,
                (Effect::Coalesced, Stage::Woken | Stage::Queued | Stage::New) => stage,
                // It was told before it was sure: the poll had ended by then, or the task had.
                (Effect::Coalesced | Effect::Rescheduled, stage) => stage,
                (Effect::Nothing, Stage::Over | Stage::Running | Stage::RunningWoken) => stage,
                _ => panic!("{event:?} of a task that is {stage:?}"),
            }),
            What::TaskEnd { task, .. } => self.change(event, task, |stage| match stage {
                Stage::Over => panic!("{event:?} of a task that is over"),
                _ => Stage::Over,
            }),
            _ => {}
        }
    }

    fn change(&mut self, event: &Event, task: u64, next: impl FnOnce(Stage) -> Stage) {
        let stage = self.stages.get_mut(&task);
        let stage = stage.unwrap_or_else(|| panic!("{event:?} of a task that was never spawned"));
        *stage = next(*stage);
    }
}
