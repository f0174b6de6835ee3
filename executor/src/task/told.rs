//! What a recorder is told of a task's life.
//!
//! All of it is told before anybody else can see it, so that in a trace nothing comes before its cause; and while nobody records
//! each of these is one load and a branch.

use reveille_context::cause;
use reveille_context::event::{self, Effect, End, Event, Moment, PollResult, Resource, TaskKind};
use reveille_context::task::TaskId;

use super::cell::{Header, Schedule};
use super::info::TaskStage;
use super::join::JoinHandle;
use super::state::Wake;

/// What the tasks of a home are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Tasks,
    /// Closures in the blocking pool.
    Jobs,
}

/// Whether anything is told.
#[inline]
pub(super) fn is_on() -> bool {
    event::is_on()
}

/// It was made, and is not queued yet.
#[inline]
pub(super) fn spawned(header: &Header, name: Option<&str>) {
    if event::is_on() {
        event::tell(move || Event::Spawn {
            task: header.id,
            kind: match header.vtable.local {
                true => TaskKind::Local,
                false => TaskKind::Task,
            },
            size: header.vtable.size,
            location: header.location,
            name,
        });
    }
}

/// A job was made, and is not queued yet.
pub(crate) fn submitted(handle: &JoinHandle<impl Sized>) {
    let header = handle.header();
    event::emit(move || Event::JobSubmit {
        job: header.id,
        location: header.location,
    });
}

#[inline]
pub(super) fn poll_starts<S: Schedule>(header: &Header) {
    event::emit(move || match S::TOLD {
        Of::Jobs => Event::JobStart { job: header.id },
        Of::Tasks => Event::PollStart { task: header.id },
    });
}

#[inline]
pub(super) fn poll_ends<S: Schedule>(header: &Header, result: PollResult) {
    if S::TOLD != Of::Jobs {
        event::emit(move || Event::PollEnd {
            task: header.id,
            result,
            wakers: header.wakers(),
        });
    }
}

/// A poll ended, and the task with it: it is about to be complete. One look for both.
#[inline]
pub(super) fn ends_in_poll<S: Schedule>(header: &Header, panicked: bool) {
    event::emit_all(move || {
        let (result, how) = match panicked {
            false => (PollResult::Ready, End::Completed),
            true => (PollResult::Panic, End::Panicked),
        };
        poll_ends::<S>(header, result);
        ends::<S>(header, how);
    });
}

/// It is about to be complete.
#[inline]
pub(super) fn ends<S: Schedule>(header: &Header, how: End) {
    event::emit(move || match S::TOLD {
        Of::Jobs => Event::JobEnd { job: header.id },
        Of::Tasks => Event::TaskEnd {
            task: header.id,
            how,
            location: header.location,
        },
    });
}

/// A worker has taken it out of another one's queue.
pub(crate) fn stolen(task: TaskId, from: usize, to: usize) {
    event::emit(move || Event::Steal { task, from, to });
}

/// Somebody asks for it to be cancelled.
pub(super) fn aborted(task: TaskId) {
    event::emit(move || Event::Abort { task });
}

/// It was woken by the only thread that may be at it.
#[inline]
pub(super) fn woken(header: &Header, effect: impl FnOnce() -> Effect) {
    event::emit(move || wake(header.id, effect()));
}

/// Before a wake after which others may be at the task: how it stands.
pub(super) fn before_wake(header: &Header) -> Option<(Moment, TaskStage)> {
    event::before(|| header.stage())
}

/// What came of that; and if the task is to be queued, it is not yet.
pub(super) fn woken_then<S: Schedule>(task: TaskId, wake_was: &Wake, before: Option<(Moment, TaskStage)>) {
    let Some((moment, stage)) = before else { return };
    let effect = match (wake_was, stage) {
        // It is this thread's until it is queued. The moment before will not do: a poll may have ended since, and been told.
        (Wake::Enqueue, _) if !S::BOUND => return event::emit(move || wake(task, Effect::Scheduled)),
        // A bound task is sent a mail also where its own thread sees to it.
        (Wake::Enqueue, TaskStage::Running) => Effect::Rescheduled,
        (Wake::Enqueue, TaskStage::Queued) => Effect::Coalesced,
        (Wake::Enqueue, _) => Effect::Scheduled,
        (Wake::Free, _) | (Wake::Nothing, TaskStage::Complete) => Effect::Nothing,
        (Wake::Nothing, TaskStage::Running) => Effect::Rescheduled,
        (Wake::Nothing, TaskStage::Idle | TaskStage::Queued) => Effect::Coalesced,
    };
    event::emit_at(moment, || wake(task, effect));
}

fn wake(task: TaskId, effect: Effect) -> Event<'static> {
    let cause = cause::current();
    Event::Wake { task, cause, effect }
}

/// The current task has asked for its output.
#[inline]
pub(super) fn joins(of: &Header, is_ready: bool) {
    event::emit_full(move || Event::Touch {
        resource: Resource::Join,
        id: of.id.get(),
        is_ready,
    });
}

/// The current task will not ask for its output again.
#[inline]
pub(super) fn no_longer_joins(of: &Header, is_done: bool) {
    event::emit_full(move || Event::FutureDrop {
        resource: Resource::Join,
        id: of.id.get(),
        is_done,
    });
}

/// A waker was cloned.
#[inline]
pub(super) fn cloned(header: &Header) {
    event::emit_full(move || Event::WakerClone {
        task: header.id,
        wakers: header.wakers(),
    });
}

/// A waker is about to be dropped, and its reference counted no more.
#[inline]
pub(super) fn dropped(header: &Header) {
    event::emit_full(move || Event::WakerDrop {
        task: header.id,
        wakers: header.wakers().saturating_sub(1),
    });
}
