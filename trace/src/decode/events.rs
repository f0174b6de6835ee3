//! From a slot to an event, with the numbers that things have in a trace.

use std::collections::{HashMap, HashSet};

use reveille_context::event::Readiness;

use super::Locate;
use super::names::Names;
use super::thread::Item;
use crate::slot::{CauseKind, Kind, NONE, Slot, queue};
use crate::state::State;
use crate::trace::{By, Effect, End, PollResult, Ready, Resource, Stop, TaskKind, Unpark, What, Why};

/// What was given a number, and what else has to be remembered.
#[derive(Default)]
pub(super) struct Numbers {
    /// By what they are known by below, which is used again.
    sources: HashMap<u64, u64>,
    timers: HashMap<u64, u64>,
    given: u64,
    jobs: HashSet<u64>,
    aborted: HashSet<u64>,
    deadlines: HashMap<u64, u64>,
}

impl Numbers {
    /// `None` for what says nothing in this trace.
    pub(super) fn event(
        &mut self,
        item: &Item,
        state: &State,
        names: &mut Names,
        locate: Locate<'_>,
    ) -> Option<What> {
        let slot = item.slot;
        let Slot { kind, a, b, .. } = slot;
        Some(match kind {
            Kind::Spawn => spawn(item, names, locate),
            Kind::Enqueue => {
                let queue = queue(slot.small);
                let before = state.queues.get(&queue).map_or(0, |tasks| tasks.len());
                What::Enqueue {
                    task: a,
                    queue,
                    depth: before as u64 + 1,
                }
            }
            Kind::Steal => What::Steal {
                from: (slot.small & 0xff_ffff) as u32,
                to: (slot.small >> 24) as u32,
                tasks: vec![a],
            },
            Kind::PollStart => {
                let task = state.tasks.get(&a);
                What::PollStart {
                    task: a,
                    n: task.map_or(0, |task| task.polls) + 1,
                    queue: task.and_then(|task| task.queue),
                }
            }
            Kind::PollEnd => What::PollEnd {
                task: a,
                result: match slot.code() {
                    0 => PollResult::Pending,
                    1 => PollResult::Ready,
                    _ => PollResult::Panic,
                },
                wakers: b,
            },
            Kind::Wake => What::Wake {
                task: a,
                by: self.by(slot, item.thread),
                effect: match slot.code() {
                    0 => Effect::Scheduled,
                    1 => Effect::Rescheduled,
                    2 => Effect::Coalesced,
                    _ => Effect::Nothing,
                },
            },
            Kind::WakerClone => What::WakerClone { task: a, wakers: b },
            Kind::WakerDrop => What::WakerDrop { task: a, wakers: b },
            Kind::Abort => {
                self.aborted.insert(a);
                What::Abort {
                    task: a,
                    by: self.by(slot, item.thread),
                }
            }
            Kind::TaskEnd => What::TaskEnd {
                task: a,
                how: match (slot.code(), self.aborted.remove(&a)) {
                    (0, _) => End::Completed,
                    (1, true) => End::Cancelled,
                    // Nobody asked for it.
                    (1, false) => End::Shutdown,
                    _ => End::Panicked,
                },
            },
            Kind::Park => What::Park {
                timeout: (a != NONE).then_some(a),
            },
            Kind::Unpark => match item.woken_by {
                Some((n, is_io)) => What::Unpark {
                    why: if is_io { Unpark::Io } else { Unpark::Timer },
                    n: Some(n as u64),
                },
                None => What::Unpark {
                    why: Unpark::Notify,
                    n: None,
                },
            },
            Kind::RuntimeStart => What::RuntimeStart { workers: a as u32 },
            Kind::RuntimeStop => What::RuntimeStop { how: Stop::Drop },
            Kind::Mark => What::Mark {
                task: a,
                message: names.text(item.text.as_deref().unwrap_or_default()),
            },
            Kind::JobSubmit => {
                self.jobs.insert(a);
                What::JobSubmit {
                    job: a,
                    task: b,
                    location: Some(names.location(locate(slot.small))),
                }
            }
            Kind::JobStart => {
                self.jobs.insert(a);
                What::JobStart { job: a }
            }
            Kind::JobEnd => What::JobEnd { job: a },
            _ => return self.of_io_and_time(item, names),
        })
    }

    fn of_io_and_time(&mut self, item: &Item, names: &mut Names) -> Option<What> {
        let slot = item.slot;
        let Slot { kind, at, a, b, .. } = slot;
        Some(match kind {
            Kind::IoRegister => {
                let text = item.text.as_deref().unwrap_or_default();
                let (what, peer) = text.split_once('\0').unwrap_or((text, ""));
                What::IoRegister {
                    source: self.new_source(a),
                    fd: b,
                    what: names.text(if what.is_empty() { "descriptor" } else { what }),
                    interest: None,
                    peer: (!peer.is_empty()).then(|| names.text(peer)),
                }
            }
            Kind::IoDeregister => What::IoDeregister {
                source: self.sources.remove(&a)?,
            },
            Kind::IoWait => What::IoWait {
                source: self.source(a),
                task: b,
                direction: ready(slot.small),
            },
            Kind::IoReady => What::IoReady {
                source: self.source(a),
                ready: ready(slot.small),
                waiters: Some(b),
            },
            Kind::TimerSet => {
                let deadline = at.saturating_add(b).min(LATEST);
                let timer = self.give();
                // One that is set anew is another one.
                if let Some(before) = self.timers.insert(a, timer) {
                    self.deadlines.remove(&before);
                }
                self.deadlines.insert(timer, deadline);
                let place = |code: u64| code.checked_sub(1);
                What::TimerSet {
                    timer,
                    task: slot.small >> 16,
                    deadline,
                    level: place(slot.code()),
                    slot: place(slot.second_code()),
                }
            }
            Kind::TimerFire => {
                // One whose setting was not heard of says nothing, nor one that was cancelled and whose place was kept.
                let timer = *self.timers.get(&a)?;
                let deadline = self.deadlines.remove(&timer)?;
                // Where a clock stood, what was to come after an hour by it comes when all is at rest.
                let by_hand = slot.code() != 0;
                What::TimerFire {
                    timer,
                    late: if by_hand { 0 } else { at.saturating_sub(deadline) },
                }
            }
            Kind::TimerCancel => {
                let timer = *self.timers.get(&a)?;
                self.deadlines.remove(&timer)?;
                What::TimerCancel { timer }
            }
            Kind::Touch => {
                let (resource, id) = self.resource(slot);
                What::Touch {
                    task: a,
                    resource,
                    id,
                    is_ready: slot.second_code() != 0,
                }
            }
            Kind::FutureDrop => {
                let (resource, id) = self.resource(slot);
                What::FutureDrop {
                    task: a,
                    resource,
                    id,
                    is_done: slot.second_code() != 0,
                }
            }
            _ => return None,
        })
    }

    fn by(&self, slot: Slot, thread: u32) -> By {
        let ready_for = ready(slot.small >> 16);
        match CauseKind::of(slot.second_code()) {
            CauseKind::Task if self.jobs.contains(&slot.b) => By::Blocking(slot.b),
            CauseKind::Task => By::Task(slot.b),
            CauseKind::Io => By::Io {
                source: self.sources.get(&slot.b).copied().unwrap_or(0),
                ready: ready_for,
            },
            CauseKind::Timer => By::Timer(self.timers.get(&slot.b).copied().unwrap_or(0)),
            CauseKind::Abort => By::Runtime(Why::Abort),
            CauseKind::Budget => By::Runtime(Why::Budget),
            CauseKind::Foreign => By::Thread(thread),
        }
    }

    fn resource(&mut self, slot: Slot) -> (Resource, u64) {
        match slot.code() {
            0 => (Resource::Io, self.source(slot.b)),
            1 => (Resource::Timer, self.timers.get(&slot.b).copied().unwrap_or(0)),
            _ if self.jobs.contains(&slot.b) => (Resource::Job, slot.b),
            _ => (Resource::Join, slot.b),
        }
    }

    fn give(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    fn new_source(&mut self, known_by: u64) -> u64 {
        let source = self.give();
        self.sources.insert(known_by, source);
        source
    }

    /// Of one that was registered before the trace began, too.
    fn source(&mut self, known_by: u64) -> u64 {
        match self.sources.get(&known_by) {
            Some(source) => *source,
            None => self.new_source(known_by),
        }
    }
}

fn spawn(item: &Item, names: &mut Names, locate: Locate<'_>) -> What {
    let slot = item.slot;
    let kind = match slot.code() {
        0 => TaskKind::Task,
        1 => TaskKind::Local,
        _ => TaskKind::BlockOn,
    };
    let name = match (&item.text, kind) {
        (Some(name), _) => name.clone(),
        (None, TaskKind::BlockOn) => "block_on".to_owned(),
        (None, _) => format!("task {}", slot.a),
    };
    What::Spawn {
        task: slot.a,
        parent: slot.b & PARENT,
        name: names.text(&name),
        location: names.location(locate(slot.b >> 48)),
        kind,
        size: Some(item.boxed.unwrap_or(slot.small >> 16)),
    }
}

/// What readiness is called in a trace.
fn ready(bits: u64) -> Ready {
    let has = |bit: u8| bits & u64::from(bit) != 0;
    match (has(Readiness::READ), has(Readiness::WRITE)) {
        _ if has(Readiness::ERROR) => Ready::Error,
        _ if has(Readiness::CLOSED) => Ready::Hangup,
        (true, false) => Ready::Read,
        (false, true) => Ready::Write,
        _ => Ready::Both,
    }
}

/// The low 48 bits.
const PARENT: u64 = (1 << 48) - 1;

/// The latest time that JSON's numbers tell exactly.
const LATEST: u64 = (1 << 53) - 1;
