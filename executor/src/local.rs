//! What a thread knows of the runtime it is in: which one is current, whether it is inside `block_on`, and the
//! queue of what it will run.

mod aside;
mod suspended;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use reveille_context::event::Queue;

use crate::entry::Entry;
use crate::handle::Handle;
use crate::home::Home;
use crate::multi_thread::Shared;
use crate::primitive::thread_local;
use crate::quiescence::Quiescence;
use crate::task::{Finished, Runnable};

pub(crate) use aside::{Aside, address};
pub(crate) use suspended::suspend;

/// What every wake and every poll needs. It has no destructor, so that it can be had at any time without a look whether it
/// is gone: what the queue has allocated is given back when the thread leaves its runtime.
struct Here {
    /// Woken tasks that this thread will run: those of the runtime it drives, and its own local ones.
    queue: RefCell<ManuallyDrop<VecDeque<Runnable>>>,
    /// Tasks that a worker's thread has completed, and another has spawned.
    finished: RefCell<ManuallyDrop<Vec<Finished>>>,
    /// The home of the runtime that this thread drives, or null. Compared, never followed.
    driving: Cell<*const Home>,
    /// The `block_on` that this thread is in, or the worker that it is, or null. Compared, never followed.
    entry: Cell<*const Entry>,
    /// The multi-thread runtime of which this thread works a shard, or null. Compared, never followed.
    worker: Cell<*const Shared>,
    /// That shard.
    shard: Cell<usize>,
    /// Whether it polls a task: what that wakes may run next.
    in_poll: Cell<bool>,
    /// Whether something was pushed to the shard since the worker last asked.
    pushed: Cell<bool>,
}

/// A `block_on`.
#[derive(Clone, Copy)]
struct Entered {
    /// Where it was called.
    location: &'static Location<'static>,
    /// Whose it is: compared, never followed.
    runtime: *const Quiescence,
}

impl Entered {
    /// Of the runtime that is current by now.
    fn new(handle: Option<&Handle>, location: &'static Location<'static>) -> Self {
        let runtime = handle.map_or(ptr::null(), |handle| Arc::as_ptr(handle.quiescence()));
        Self { location, runtime }
    }
}

struct Local {
    /// What stands still while this thread blocks: each `block_on` that it was in, and the worker that it is, the innermost
    /// last. Compared, never followed.
    suspended: RefCell<Vec<*const Entry>>,
    /// Whether it ever had a local task.
    has_local_tasks: Cell<bool>,
    /// In what kind of runtime this thread runs tasks.
    flavor: Cell<Flavor>,
    /// The `block_on` that this thread is in, or what stands for one: a worker, an embedding.
    entered: Cell<Option<Entered>>,
    /// The runtime that `spawn` goes to.
    handle: RefCell<Option<Rc<Handle>>>,
    /// The multi-thread runtime of which this thread works a shard.
    works_for: RefCell<Option<Arc<Shared>>>,
    /// The `block_on` that `spawn_local` goes to.
    current_entry: RefCell<Option<Arc<Entry>>>,
}

thread_local! {
    static HERE: Here = Here {
        queue: RefCell::new(ManuallyDrop::new(VecDeque::new())),
        finished: RefCell::new(ManuallyDrop::new(Vec::new())),
        driving: Cell::new(ptr::null()),
        entry: Cell::new(ptr::null()),
        worker: Cell::new(ptr::null()),
        shard: Cell::new(0),
        in_poll: Cell::new(false),
        pushed: Cell::new(false),
    };
    static LOCAL: Local = Local {
        suspended: RefCell::new(Vec::new()),
        has_local_tasks: Cell::new(false),
        flavor: Cell::new(Flavor::Outside),
        entered: Cell::new(None),
        handle: RefCell::new(None),
        works_for: RefCell::new(None),
        current_entry: RefCell::new(None),
    };
}

// BOOK: ch05
/// Queues a task of the runtime that this thread drives, or a local one of its own.
#[inline(always)]
pub(crate) fn push(task: Runnable) {
    task.tell_queued(own_queue);
    push_untold(task);
}

/// As [`push`], by one who has found that nobody records.
#[inline(always)]
pub(crate) fn push_untold(task: Runnable) {
    // `pop` and the rest end their borrow before a task runs, so this one is always free.
    HERE.with(|here| here.queue.borrow_mut().push_back(task));
}

/// What a recorder is told that this thread's queue is: one that drives a current-thread runtime is its only worker; one that is
/// none has a queue of its own all the same, which passes for the one that belongs to nobody.
fn own_queue() -> Queue {
    let own = try_here(|here| {
        if !here.worker.get().is_null() {
            Queue::Local(here.shard.get())
        } else if !here.driving.get().is_null() {
            Queue::Local(0)
        } else {
            Queue::Global
        }
    });
    own.unwrap_or(Queue::Global)
}

/// Whether this thread drives that runtime.
#[inline]
pub(crate) fn is_driving(home: *const Home) -> bool {
    try_here(|here| here.driving.get() == home).unwrap_or(false)
}

/// Whether this thread is in that `block_on`.
#[inline]
pub(crate) fn is_home(entry: *const Entry) -> bool {
    try_here(|here| here.entry.get() == entry).unwrap_or(false)
}

/// This thread works that shard from now on.
pub(crate) fn start_working(shared: &Arc<Shared>, shard: usize) {
    HERE.with(|here| {
        here.worker.set(Arc::as_ptr(shared));
        here.shard.set(shard);
        // Others may have pushed to it meanwhile, and noted other polls there.
        here.pushed.set(true);
    });
    let before = LOCAL.with(|local| local.works_for.replace(Some(shared.clone())));
    drop(before);
}

/// This thread works no shard any more.
pub(crate) fn stop_working() {
    HERE.with(|here| here.worker.set(ptr::null()));
    let worked_for = LOCAL.with(|local| local.works_for.take());
    drop(worked_for);
}

/// The shard of that runtime that this thread works, if it does.
#[inline]
pub(crate) fn shard_of(shared: &Shared) -> Option<usize> {
    try_here(|here| ptr::eq(here.worker.get(), shared).then(|| here.shard.get())).flatten()
}

/// Notes a push to this thread's shard; whether a task is being polled.
#[inline]
pub(crate) fn note_push() -> bool {
    HERE.with(|here| {
        here.pushed.set(true);
        here.in_poll.get()
    })
}

/// Keeps a complete task of the runtime of which this thread works a shard. How many are kept by now.
pub(crate) fn keep_finished(task: Finished) -> usize {
    HERE.with(|here| {
        let mut finished = here.finished.borrow_mut();
        finished.push(task);
        finished.len()
    })
}

/// What was kept, if anything was.
pub(crate) fn take_finished() -> Option<Vec<Finished>> {
    HERE.with(|here| {
        let mut finished = here.finished.borrow_mut();
        (!finished.is_empty()).then(|| mem::take(&mut **finished))
    })
}

/// What [`take_finished`] gave, empty by now, for the next.
pub(crate) fn give_back_finished(empty: Vec<Finished>) {
    HERE.with(|here| {
        let mut finished = here.finished.borrow_mut();
        if finished.capacity() == 0 {
            **finished = empty;
        }
    });
}

/// Gives back what the list of those has allocated. It is empty.
pub(crate) fn forget_finished() {
    HERE.with(|here| {
        let finished = mem::take(&mut **here.finished.borrow_mut());
        debug_assert!(finished.is_empty());
    });
}

/// Whether a worker's poll runs on this thread, and nothing else inside it.
pub(crate) fn in_poll() -> bool {
    try_here(|here| here.in_poll.get()).unwrap_or(false)
}

/// A worker's poll begins.
#[inline]
pub(crate) fn begin_poll() {
    HERE.with(|here| {
        here.in_poll.set(true);
        here.pushed.set(false);
    });
}

/// A worker's poll has ended; whether something was pushed to its shard.
#[inline]
pub(crate) fn end_poll() -> bool {
    HERE.with(|here| {
        here.in_poll.set(false);
        here.pushed.get()
    })
}

/// Whether the worker's poll that this thread makes has left it a worker of that runtime, and queued nothing here.
#[inline]
pub(crate) fn has_only_polled(shared: &Shared) -> bool {
    HERE.with(|here| {
        !here.pushed.get() && here.queue.borrow().is_empty() && ptr::eq(here.worker.get(), shared)
    })
}

/// The next task in this thread's queue.
#[inline(always)]
pub(crate) fn pop() -> Option<Runnable> {
    HERE.with(|here| here.queue.borrow_mut().pop_front())
}

/// Whether this thread's queue is empty.
#[inline(always)]
pub(crate) fn is_empty() -> bool {
    queued() == 0
}

/// How many tasks there are in this thread's queue.
#[inline(always)]
pub(crate) fn queued() -> usize {
    HERE.with(|here| here.queue.borrow().len())
}

/// How many tasks there are in this thread's queue, if it drives that runtime.
pub(crate) fn queued_if_driving(home: &Home) -> Option<usize> {
    is_driving(home).then(queued)
}

/// The `block_on` that this thread is in has a task that belongs to this thread.
pub(crate) fn note_local_task() {
    LOCAL.with(|local| local.has_local_tasks.set(true));
}

/// Makes this thread a foreign one until the guard is dropped: what is woken meanwhile, by a park that calls wakers
/// itself, goes through the mailbox and unparks.
pub(crate) fn as_if_elsewhere() -> Elsewhere {
    HERE.with(|here| Elsewhere {
        driving: here.driving.replace(ptr::null()),
        worker: here.worker.replace(ptr::null()),
        entry: here.entry.replace(ptr::null()),
    })
}

/// Made by [`as_if_elsewhere`].
pub(crate) struct Elsewhere {
    driving: *const Home,
    worker: *const Shared,
    entry: *const Entry,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        HERE.with(|here| {
            here.driving.set(self.driving);
            here.worker.set(self.worker);
            here.entry.set(self.entry);
        });
    }
}

/// The runtime that is current on this thread. Counted by this thread alone, so that to spawn takes no read-modify-write of
/// a count that all threads share.
pub(crate) fn current_handle() -> Option<Rc<Handle>> {
    try_with(|local| local.handle.borrow().clone()).flatten()
}

/// The `block_on` that this thread is in.
pub(crate) fn current_entry() -> Option<Arc<Entry>> {
    try_with(|local| local.current_entry.borrow().clone()).flatten()
}

/// Where the `block_on` that this thread is in was called.
pub(crate) fn entered_at() -> Option<&'static Location<'static>> {
    try_with(|local| local.entered.get())
        .flatten()
        .map(|entered| entered.location)
}

/// Whether this thread runs tasks of the runtime of that (in a `block_on`, as a worker, in an embedding), or looks for rest there.
#[inline]
pub(crate) fn is_inside(runtime: &Quiescence) -> bool {
    let entered = try_with(|local| local.entered.get()).flatten();
    entered.is_some_and(|entered| ptr::eq(entered.runtime, runtime))
}

/// Makes the runtime of `home` the one that this thread drives, with `queue` as its woken tasks.
pub(crate) fn start_driving(home: &Arc<Home>, queue: &mut VecDeque<Runnable>) {
    HERE.with(|here| {
        here.driving.set(Arc::as_ptr(home));
        let mut here = here.queue.borrow_mut();
        // Local tasks that were woken while this thread followed stay in front.
        mem::swap(&mut **here, queue);
        if !queue.is_empty() {
            queue.append(&mut here);
            mem::swap(&mut **here, queue);
        }
    });
}

/// Ends what [`start_driving`] began, and puts the runtime's tasks back into `queue`; local ones stay.
pub(crate) fn stop_driving(queue: &mut VecDeque<Runnable>) {
    let has_local_tasks = LOCAL.with(|local| local.has_local_tasks.get());
    HERE.with(|here| {
        here.driving.set(ptr::null());
        let mut here = here.queue.borrow_mut();
        mem::swap(&mut **here, queue);
        if has_local_tasks {
            let (stay, go) = queue.drain(..).partition::<VecDeque<_>, _>(Runnable::is_local);
            **here = stay;
            *queue = go;
        }
    });
}

/// In what kind of runtime a thread runs tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavor {
    Outside,
    CurrentThread,
    MultiThread,
}

/// Whether this thread runs tasks, if they do not stand still just now: it must not wait for a runtime's end.
pub(crate) fn runs_tasks() -> bool {
    try_with(|local| local.entered.get().is_some() || !local.suspended.borrow().is_empty()).unwrap_or(false)
}

/// Whether something of what stands still on this thread is so: to be compared only.
pub(crate) fn is_any_suspended(is_so: impl FnMut(*const Entry) -> bool) -> bool {
    try_with(|local| local.suspended.borrow().iter().copied().any(is_so)).unwrap_or(false)
}

/// In what kind of runtime this thread runs tasks.
pub(crate) fn flavor() -> Flavor {
    try_with(|local| local.flavor.get()).unwrap_or(Flavor::Outside)
}

/// The multi-thread runtime of which this thread works a shard, whichever is current.
pub(crate) fn worker() -> Option<Arc<Shared>> {
    let shared = try_with(|local| local.works_for.borrow().clone()).flatten()?;
    shard_of(&shared).is_some().then_some(shared)
}

/// A runtime is current on a thread while this lives. Made by [`Handle::enter`].
///
/// Guards are to be dropped in the reverse of the order in which they were made, and not held over an `.await`: other
/// tasks of the thread would find this runtime current too.
///
/// See [`Handle::enter`] for an example.
#[must_use = "the runtime stops being current when the guard is dropped"]
pub struct EnterGuard {
    /// Not `Send`: guards are dropped on the thread that made them.
    previous: Option<Rc<Handle>>,
}

impl EnterGuard {
    pub(crate) fn new(handle: Handle) -> Self {
        let handle = Rc::new(handle);
        let previous = try_with(|local| local.handle.borrow_mut().replace(handle)).flatten();
        Self { previous }
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let entered = try_with(|local| mem::replace(&mut *local.handle.borrow_mut(), self.previous.take()));
        drop(entered);
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnterGuard")
    }
}

/// This thread is in a `block_on` while this lives.
pub(crate) struct EntryGuard {
    entry: Arc<Entry>,
    /// Of which runtime this thread worked a shard before: of one whose task blocks here, if no other thread was to be had for
    /// the shard.
    worker: *const Shared,
}

impl EntryGuard {
    /// For a thread that is in no `block_on` yet; messages name `location`.
    pub(crate) fn new(entry: Arc<Entry>, location: &'static Location<'static>, flavor: Flavor) -> Self {
        LOCAL.with(|local| {
            local.flavor.set(flavor);
            local
                .entered
                .set(Some(Entered::new(local.handle.borrow().as_deref(), location)));
            HERE.with(|here| here.entry.set(Arc::as_ptr(&entry)));
            *local.current_entry.borrow_mut() = Some(entry.clone());
        });
        let worker = HERE.with(|here| here.worker.get());
        Self { entry, worker }
    }
}

impl Drop for EntryGuard {
    fn drop(&mut self) {
        /// Whatever a park or a destructor does meanwhile, the thread is free again afterwards.
        struct Leave(*const Shared);
        impl Drop for Leave {
            fn drop(&mut self) {
                // Empty by now.
                drop(HERE.with(|here| mem::take(&mut **here.queue.borrow_mut())));
                let entry = LOCAL.with(|local| {
                    local.flavor.set(Flavor::Outside);
                    local.entered.set(None);
                    HERE.with(|here| {
                        here.entry.set(ptr::null());
                        // Whatever became of a worker: its thread may outlive the runtime.
                        here.worker.set(self.0);
                    });
                    local.has_local_tasks.set(false);
                    local.current_entry.borrow_mut().take()
                });
                drop(entry);
            }
        }
        let _leave = Leave(self.worker);
        if LOCAL.with(|local| local.has_local_tasks.get()) {
            self.entry.cancel_local_tasks();
        }
    }
}

/// In a model checker they may be gone.
#[inline]
fn try_here<R>(access: impl FnOnce(&Here) -> R) -> Option<R> {
    HERE.try_with(access).ok()
}

/// Thread-locals are gone while a thread ends, when wakers may still be called.
#[inline]
fn try_with<R>(access: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(access).ok()
}
