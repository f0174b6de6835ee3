//! What a thread in `block_on` runs besides its runtime's tasks: the root future, and the tasks in its own queue.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use reveille_context::coop;
use reveille_context::event::{self, End, Event, PollResult, TaskKind};
use reveille_context::task::{self, TaskId};

use crate::entry::Entry;
use crate::local;

/// How many tasks run before the mailbox is looked at and the clock read.
pub(crate) const BATCH: u32 = 32;

/// The future of a `block_on`. It is not a task: it may borrow, and it is not queued but polled when woken.
pub(crate) struct Root<'a, F> {
    id: TaskId,
    entry: &'a Arc<Entry>,
    cx: Context<'a>,
    future: Pin<&'a mut F>,
    location: &'static Location<'static>,
    stands: Stands,
}

/// How a root stands, for a recorder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Waits,
    Runs,
    Complete,
}

impl<'a, F: Future> Root<'a, F> {
    /// `waker` is the entry's; `location` the call of `block_on`.
    pub(crate) fn new(
        entry: &'a Arc<Entry>,
        waker: &'a Waker,
        future: Pin<&'a mut F>,
        location: &'static Location<'static>,
    ) -> Self {
        let id = TaskId::next();
        event::emit(move || Event::Spawn {
            task: id,
            kind: TaskKind::BlockOn,
            size: size_of::<F>(),
            location,
            name: None,
        });
        entry.set_root(id, location);
        Self {
            id,
            entry,
            cx: Context::from_waker(waker),
            future,
            location,
            stands: Stands::Waits,
        }
    }

    /// What stands for a task's id.
    pub(crate) fn id(&self) -> TaskId {
        self.id
    }

    pub(crate) fn poll_if_woken(&mut self) -> Option<F::Output> {
        if !self.entry.take_woken() {
            return None;
        }
        self.stands = Stands::Runs;
        let output = self.poll();
        self.stands = match output {
            Some(_) => Stands::Complete,
            None => Stands::Waits,
        };
        output
    }

    /// Apart, and with nothing of this needed after the poll: else it would lie in a register in the midst of the future's code.
    #[inline(never)]
    fn poll(&mut self) -> Option<F::Output> {
        let _task = task::enter(self.id);
        let _budget = coop::enter();
        let root = &*self;
        event::emit(move || {
            root.entry.note_root_runs(true);
            Event::PollStart { task: root.id }
        });
        match self.future.as_mut().poll(&mut self.cx) {
            Poll::Ready(output) => {
                tell_poll_end(PollResult::Ready);
                Some(output)
            }
            Poll::Pending => {
                tell_poll_end(PollResult::Pending);
                None
            }
        }
    }
}

/// Of the root that this thread polls.
fn tell_poll_end(result: PollResult) {
    event::emit_all(move || {
        let Some(entry) = local::current_entry() else {
            return;
        };
        if let Some((root, _)) = entry.root_id() {
            tell_end_of_poll(root, &entry, result, HOLDERS + 1);
        }
    });
}

fn tell_end_of_poll(root: TaskId, entry: &Arc<Entry>, result: PollResult, holders: usize) {
    entry.note_root_runs(false);
    event::emit(move || Event::PollEnd {
        task: root,
        result,
        wakers: Arc::strong_count(entry).saturating_sub(holders),
    });
}

/// So many references to an entry are no wakers: its owner's own, two of the registry and its guard, and two of the thread, which is
/// in that `block_on`. Who follows, or looks at all entries just now, has one more, which passes for a waker.
const HOLDERS: usize = 5;

impl<F> Drop for Root<'_, F> {
    fn drop(&mut self) {
        let root = &*self;
        event::emit_all(move || root.tell_end());
    }
}

impl<F> Root<'_, F> {
    fn tell_end(&self) {
        // In the midst of a poll it is dropped by a panic.
        if self.stands == Stands::Runs {
            tell_end_of_poll(self.id, self.entry, PollResult::Panic, HOLDERS);
        }
        event::emit(move || Event::TaskEnd {
            task: self.id,
            how: match self.stands {
                Stands::Complete => End::Completed,
                Stands::Runs => End::Panicked,
                Stands::Waits => End::Cancelled,
            },
            location: self.location,
        });
    }
}

/// What the polls of a loop leave behind is as it was before, when this is dropped: the loop may itself be in a poll, in
/// blocking code or in a foreign event loop.
#[must_use = "it comes back when this is dropped"]
pub(crate) fn keep_poll() -> (task::Entered, coop::Entered) {
    (task::keep(), coop::keep())
}

/// Runs up to [`BATCH`] tasks of this thread's queue; how many it were.
pub(crate) fn run_batch() -> u32 {
    let _around = keep_poll();
    for ran in 0..BATCH {
        let Some(task) = local::pop() else { return ran };
        if let Some(task) = task.run() {
            local::push(task);
        }
    }
    BATCH
}
