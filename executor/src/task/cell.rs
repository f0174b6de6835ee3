//! The allocation: what a task is made of, and the three things a thread does with it: poll, cancel, free.

use std::alloc::Layout;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32};
use std::task::{Context, Poll};

use reveille_context::cause::{self, Cause};
use reveille_context::coop;
use reveille_context::event::{Effect, End, PollResult};
use reveille_context::task::{self, TaskId};
use reveille_context::wake;

use super::error::{JoinError, Payload};
use super::home_pointer::HomePointer;
use super::info::TaskStage;
use super::join::JoinHandle;
use super::join_waker::JoinWaker;
use super::local::HomeBound;
use super::owner::Owner;
use super::panic_policy::PanicPolicy;
use super::place::{MARK, NOWHERE, Place};
use super::polled;
use super::pool;
use super::reference::{Finished, Listed, Mail, Runnable, Spawned, Task};
use super::state::{FinishPoll, Start, State, Wake, Wakes};
use super::told::{self, Of};
use super::waker::{self, Wakers};
use crate::primitive::{Ordering, Tracked, UnsafeCell};
use crate::schedule_latency::{self, ScheduleLatency};

/// A task's home: where it is queued when it is woken, and the table that owns it.
pub(crate) trait Schedule: Send + Sync + Sized + 'static {
    /// Whether its tasks stay on one thread.
    const LOCAL: bool;

    /// Whether its tasks are run by one thread at a time, for which [`is_here`](Self::is_here) is true: `owner.rs` has what
    /// that saves.
    const BOUND: bool;

    /// What a recorder is told that its tasks are.
    const TOLD: Of = Of::Tasks;

    /// The one table of wakers of its kind.
    fn wakers() -> &'static Wakers<Self>;

    /// Of a home of bound tasks: whether this thread runs them, and nobody else. The home may be gone if the task is complete.
    fn is_here(_: *const Self) -> bool {
        false
    }

    /// Queues a woken task if this thread runs tasks for `home`; else gives it back. Where it was found that nobody records, `TOLD`
    /// is false.
    ///
    /// A thread that does holds an `Arc` of its own to `home` for as long, since as soon as the task is queued another
    /// thread may run it to its end, and with its cell goes the cell's.
    fn push_here<const TOLD: bool>(home: &Self, task: Runnable) -> Result<(), Runnable>;

    /// What keeps a task, which was queued from elsewhere, from being found.
    type Pushed<'a>;

    /// Queues a task that was woken anywhere else. Nobody finds it before what this returns is dropped: then another thread may run
    /// it to its end, and its cell and its home may go. So the drop must not touch `home` after that; in no other frame than that of
    /// a lock's drop may there be a reference to it. For bound tasks there is [`post`](Self::post).
    fn push_from_elsewhere(home: &Self, task: Runnable) -> Self::Pushed<'_>;

    /// Sends a bound task, which another thread woke, to the thread that runs it. As soon as it is sent, that may run it to its end
    /// and free its cell; therefore the home comes by value.
    fn post(_: Arc<Self>, _: Mail) {
        unreachable!("only bound tasks come by mail");
    }

    /// Where it is noted for how long its tasks are queued; `None`: nowhere.
    fn latency(&self) -> Option<&ScheduleLatency> {
        None
    }

    /// Takes a complete task out of the owner table, if it is there, and drops it then; it need not be at once. `is_mailed`: a
    /// mail with it is still on its way.
    fn release(&self, task: Finished, is_mailed: bool);

    /// What a panic of one of its tasks does.
    fn panic_policy(&self) -> PanicPolicy {
        PanicPolicy::default()
    }

    /// Begins to shut the runtime down. Called for the task that panicked before it completes, on the thread that runs it;
    /// so this waits for no task.
    fn shut_down_after_panic(&self) {}

    /// The name of a task in the owner table.
    fn name(&self, _: Place) -> Option<Arc<str>> {
        None
    }
}

/// Makes a task, for the owner table, the queue and its handle.
pub(crate) fn new<F, S>(
    future: F,
    home: &Arc<S>,
    location: &'static Location<'static>,
) -> (Listed, Spawned, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: rule E: the future and its output are Send. Rule B: the table is its cell's.
    unsafe { allocate(future, home, location, &Cell::<F, S>::VTABLE) }
}

/// As [`new`], for a future that may not leave this thread.
pub(crate) fn new_local<F, S>(
    future: F,
    home: &Arc<S>,
    location: &'static Location<'static>,
) -> (Listed, Spawned, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    // SAFETY: rule E: the wrapper checks the thread before every access. Rule B: the table is of the wrapper's cell.
    unsafe { allocate(HomeBound::new(future), home, location, &LocalCell::<F, S>::VTABLE) }
}

/// The part of a cell that does not depend on the future.
pub(super) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static VTable,
    pub(super) id: TaskId,
    pub(super) location: &'static Location<'static>,
    pub(super) join_waker: JoinWaker,
    /// A [`Place`]: the slot, with the [`MARK`], and the table.
    slot: AtomicU32,
    table: AtomicU16,
    pub(super) owner: Owner,
}

/// What can be done with a cell only by code that knows its future.
pub(super) struct VTable {
    /// Of the future, in bytes.
    pub(super) size: usize,
    pub(super) local: bool,
    pub(super) bound: bool,
    /// Starts and polls a task that was popped. Whether it is to be queued again.
    pub(super) run: unsafe fn(NonNull<Header>) -> bool,
    /// Drops the future of a task that this thread has.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    /// Hands a task with SCHEDULED (bound: QUEUED) set to its home.
    pub(super) schedule: unsafe fn(NonNull<Header>),
    /// Sends a bound task with SCHEDULED set to its home's thread; takes one reference.
    pub(super) post: unsafe fn(NonNull<Header>),
    /// Asks for the future to be dropped.
    pub(super) abort: unsafe fn(NonNull<Header>),
    /// Moves the output to where the second argument points (a `Result<F::Output, JoinError>`).
    pub(super) take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output where it lies.
    pub(super) drop_output: unsafe fn(NonNull<Header>),
    pub(super) free: unsafe fn(NonNull<Header>),
}

/// What all tasks of a kind of home have in common.
#[repr(C)]
pub(super) struct Front<S> {
    pub(super) header: Header,
    pub(super) home: HomePointer<S>,
    _tracked: Tracked,
}

// BOOK: ch02
#[repr(C)]
struct Cell<F: Future, S> {
    front: Front<S>,
    stage: UnsafeCell<Stage<F>>,
}

union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

/// # Safety
///
/// Rule E: `future` and its output are Send, or the future is [`HomeBound`]. Rule B: `vtable` is of a `Cell<F, S>`.
unsafe fn allocate<F, T, S>(
    future: F,
    home: &Arc<S>,
    location: &'static Location<'static>,
    vtable: &'static VTable,
) -> (Listed, Spawned, JoinHandle<T>)
where
    F: Future<Output = T> + 'static,
    S: Schedule,
{
    let id = TaskId::next();
    let by_mail = S::BOUND && !S::is_here(Arc::as_ptr(home));
    let (state, owner) = match S::BOUND {
        false => (State::new(), Owner::new()),
        true if by_mail => (State::new_mailed(), Owner::new()),
        true => (State::new_here(), Owner::new_queued()),
    };
    let header = Header {
        state,
        vtable,
        id,
        location,
        join_waker: JoinWaker::new(),
        slot: AtomicU32::new(NOWHERE.slot),
        table: AtomicU16::new(NOWHERE.table),
        owner,
    };
    let cell = pool::allocate(Layout::new::<Cell<F, S>>()).cast();
    let fresh = Cell {
        front: Front {
            header,
            home: HomePointer::new(home),
            _tracked: Tracked::new(()),
        },
        stage: UnsafeCell::new(Stage {
            future: ManuallyDrop::new(future),
        }),
    };
    let pointer = cell.cast::<Header>();
    // SAFETY: rule B: it was allocated for that; the state counts the runtime's share and what is handed out here.
    unsafe {
        cell.write(fresh);
        let handle = JoinHandle::from_reference(Task::from_counted(pointer));
        (Listed::new(pointer), Spawned::new(pointer, by_mail), handle)
    }
}

impl Header {
    /// Where the owner table keeps the task.
    #[inline]
    pub(super) fn place(&self) -> Place {
        // Relaxed: it is written once, before the task is first queued, which publishes it; the mark, which comes and goes, is
        // no part of it.
        Place {
            table: self.table.load(Ordering::Relaxed),
            slot: self.slot.load(Ordering::Relaxed) & Place::LAST_SLOT,
        }
    }

    pub(super) fn set_place(&self, place: Place) {
        self.slot.store(place.slot, Ordering::Relaxed);
        self.table.store(place.table, Ordering::Relaxed);
    }

    /// How many references there are by which somebody may wake the task, as far as one look can tell.
    pub(super) fn wakers(&self) -> usize {
        self.state.wakers(self.vtable.bound, self.owner.counted())
    }

    /// Where the task stands, as far as one look can tell.
    pub(super) fn stage(&self) -> TaskStage {
        match (self.state.stage(), self.owner.stage()) {
            (TaskStage::Complete, _) => TaskStage::Complete,
            // Of a bound task the state knows no more than that a mail is on its way; of others not whether they run.
            (known, TaskStage::Idle) => known,
            (_, own) => own,
        }
    }

    /// Marks a task that is about to be queued, if one is due.
    #[inline]
    pub(super) fn mark_if_due(&self, latency: Option<&ScheduleLatency>) {
        let Some(latency) = latency else { return };
        if schedule_latency::is_due() && latency.begin(self.id, false) {
            self.mark();
        }
    }

    /// Marks a task that is about to be queued.
    pub(super) fn mark(&self) {
        // Relaxed, and not one step: whoever has set SCHEDULED or QUEUED is alone with this until the task is queued, and the
        // queue publishes it.
        self.slot
            .store(self.slot.load(Ordering::Relaxed) | MARK, Ordering::Relaxed);
    }

    /// Takes the mark off a task that was taken from a queue, if it has one.
    #[inline]
    fn unmark(&self, latency: Option<&ScheduleLatency>) {
        let Some(latency) = latency else { return };
        let slot = self.slot.load(Ordering::Relaxed);
        if slot & MARK != 0 {
            self.slot.store(slot & !MARK, Ordering::Relaxed);
            latency.end(self.id);
        }
    }
}

impl<S: Schedule> Front<S> {
    /// Takes a task that was popped for this thread.
    #[inline(always)]
    fn start(&self) -> Start {
        if S::BOUND {
            self.header.owner.start();
            self.header.state.start_bound()
        } else {
            self.header.owner.begin_poll();
            self.header.state.start()
        }
    }

    /// Ends a poll that returned `Pending`, which began with so many wakes. By pointer: if the task is idle then, another thread
    /// may free it before this returns.
    ///
    /// # Safety
    ///
    /// Rules A and B; the task's home is an `S`, and this thread runs it.
    #[inline(always)]
    unsafe fn finish_poll(pointer: NonNull<Header>, wakes: Wakes) -> FinishPoll {
        // SAFETY: the caller's promise.
        let Header { state, owner, .. } = unsafe { pointer.as_ref() };
        if S::BOUND {
            return match () {
                () if state.is_cancelled() => FinishPoll::Cancel,
                () if owner.finish() => FinishPoll::Again,
                () => FinishPoll::Idle,
            };
        }
        // Before the step after which the task is others'.
        let (woke_itself, counted) = (owner.end_poll(), owner.take_counted());
        let finished = state.finish_poll(wakes, woke_itself, counted);
        if finished == FinishPoll::Cancel {
            owner.put_back(counted);
            owner.begin_poll();
        }
        finished
    }

    /// Asks for the future to be dropped.
    ///
    /// # Safety
    ///
    /// Rules A and B; the task's home is an `S`.
    unsafe fn abort(pointer: NonNull<Header>) {
        // SAFETY: the caller's promise.
        let header = unsafe { pointer.as_ref() };
        cause::with(Cause::Abort, || {
            if !S::BOUND {
                if header.state.abort() == Wake::Enqueue {
                    told::woken(header, || Effect::Scheduled);
                    // SAFETY: rules A and B; SCHEDULED was set.
                    unsafe { waker::push::<S, true>(pointer) }
                }
            } else if header.state.abort_bound() {
                // SAFETY: rules A and B: the caller has a reference.
                unsafe { waker::wake_to_cancel::<S>(pointer) }
            }
        });
    }
}

/// What differs in a cell of a future that is home-bound.
struct LocalCell<F, S>(PhantomData<(F, S)>);

impl<F: Future, S: Schedule> LocalCell<F, S> {
    /// Nobody spawned the wrapper.
    const VTABLE: VTable = VTable {
        size: size_of::<F>(),
        ..Cell::<HomeBound<F>, S>::VTABLE
    };
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: VTable = VTable {
        size: size_of::<F>(),
        local: S::LOCAL,
        bound: S::BOUND,
        run: Self::run,
        cancel: Self::cancel,
        schedule: Self::schedule,
        post: waker::post::<S>,
        abort: Front::<S>::abort,
        take_output: Self::take_output,
        drop_output: Self::drop_output,
        free: Self::free,
    };

    // BOOK: ch12
    unsafe fn run(pointer: NonNull<Header>) -> bool {
        // SAFETY: rules A and B: what was queued is not complete.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let header = &cell.front.header;
        // SAFETY: rule H: this thread has the task, which is not complete.
        let latency = unsafe { cell.front.home.follow() }.latency();
        header.unmark(latency);
        let Start::Poll(wakes) = cell.front.start() else {
            // SAFETY: this thread has it.
            unsafe { Self::cancel(pointer) }
            return false;
        };
        told::poll_starts::<S>(header);
        let polled = {
            task::begin(header.id);
            coop::begin();
            // Who has the right to a bound task has it without being told.
            if !S::BOUND {
                polled::begin(pointer);
            }
            let waker = waker::borrowed::<S>(pointer);
            // SAFETY: rule C: we have the task, so the stage is the future, and it is dropped where it lies.
            let polled = catch_unwind(AssertUnwindSafe(|| unsafe {
                cell.poll_future(&mut Context::from_waker(&waker))
            }));
            if !S::BOUND {
                polled::end();
            }
            coop::end();
            polled
        };
        let output = match polled {
            Ok(Poll::Pending) => {
                task::end();
                told::poll_ends::<S>(header, PollResult::Pending);
                // SAFETY: rules A and B; this thread runs it.
                match unsafe { Front::<S>::finish_poll(pointer, wakes) } {
                    FinishPoll::Idle => return false,
                    FinishPoll::Again => {
                        header.mark_if_due(latency);
                        return true;
                    }
                    FinishPoll::Cancel => {
                        // SAFETY: this thread still has it.
                        unsafe { Self::cancel(pointer) }
                        return false;
                    }
                }
            }
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(cell.panicked(panic)),
        };
        // SAFETY: rule C: we have the task; the future is not touched again.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { cell.drop_future() }));
        let output = match dropped {
            Ok(()) => output,
            Err(panic) => {
                wake::contain(move || drop(output));
                Err(cell.panicked(panic))
            }
        };
        told::ends_in_poll::<S>(header, output.is_err());
        // Until then it is current: what its destructors wake, and who joins it, is woken by it.
        // SAFETY: rule C: we have the task, and its future is dropped.
        unsafe { Self::complete(pointer, output) }
        task::end();
        false
    }

    // BOOK: ch10
    unsafe fn cancel(pointer: NonNull<Header>) {
        // SAFETY: rules A and B: it is not complete.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let header = &cell.front.header;
        let _task = task::enter(header.id);
        // SAFETY: rule C: we have the task; the future is not touched again.
        let error = match catch_unwind(AssertUnwindSafe(|| unsafe { cell.drop_future() })) {
            Ok(()) => JoinError::cancelled(header.id),
            Err(panic) => cell.panicked(panic),
        };
        // Not `ends` alone: what is to be kept over a call that is hardly ever made is saved each time.
        match told::is_on() {
            // SAFETY: rule C: we have the task, and its future is dropped.
            true => unsafe { Self::tell_and_complete(pointer, error) },
            // SAFETY: the same.
            false => unsafe { Self::complete(pointer, Err(error)) },
        }
    }

    /// Tells that it was cancelled, or panicked when it was, and completes it.
    ///
    /// # Safety
    ///
    /// As for [`complete`](Self::complete).
    #[cold]
    #[inline(never)]
    unsafe fn tell_and_complete(pointer: NonNull<Header>, error: JoinError) {
        let how = match error.is_cancelled() {
            true => End::Cancelled,
            false => End::Panicked,
        };
        // SAFETY: rules A and B: it is not complete.
        told::ends::<S>(unsafe { pointer.as_ref() }, how);
        // SAFETY: the caller's promise.
        unsafe { Self::complete(pointer, Err(error)) }
    }

    /// Stores the output, publishes it, gives up the runtime's share and wakes the joiner. A recorder was told of the end.
    ///
    /// # Safety
    ///
    /// This thread has the task, and the future is dropped.
    unsafe fn complete(pointer: NonNull<Header>, output: Result<F::Output, JoinError>) {
        // SAFETY: rules A and B: the share is given up below.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let header = &cell.front.header;
        // SAFETY: rule C: the stage is ours and holds nothing.
        cell.stage
            .with_mut(|stage| unsafe { (*stage).output = ManuallyDrop::new(output) });
        let counted = header.owner.take_counted();
        let completed = if S::BOUND {
            header.owner.complete();
            header.state.complete_bound(counted)
        } else {
            header.state.complete(counted)
        };
        let joiner = if completed.wake_joiner {
            // SAFETY: rule D: JOIN_WAKER was set when the task completed, so the slot is ours.
            unsafe { header.join_waker.replace(None) }
        } else {
            None
        };
        if !completed.joinable {
            // SAFETY: rule C: nobody had interest in the output when the task completed, so it is ours.
            let output = unsafe { cell.read_output() };
            if let Err(error) = &output {
                error.report_unjoined(header.location);
            }
            wake::contain(move || drop(output));
        }
        let is_mailed = S::BOUND && completed.is_mailed;
        // SAFETY: rule H: this thread holds the home.
        let home = unsafe { cell.front.home.follow() };
        // SAFETY: rule A: the runtime's share, with which by now nobody else counts.
        home.release(unsafe { Finished::new(pointer) }, is_mailed);
        if let Some(joiner) = joiner {
            wake::wake(joiner);
        }
    }

    unsafe fn schedule(pointer: NonNull<Header>) {
        // SAFETY: the caller's promise.
        unsafe { waker::push::<S, true>(pointer) }
    }

    unsafe fn take_output(pointer: NonNull<Header>, target: *mut ()) {
        // SAFETY: rules A and B.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        // SAFETY: rule C: the JoinHandle has the output to itself and calls this once; `target` is what it says.
        unsafe {
            target
                .cast::<Result<F::Output, JoinError>>()
                .write(cell.read_output())
        }
    }

    unsafe fn drop_output(pointer: NonNull<Header>) {
        // SAFETY: rules A and B.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        // SAFETY: rule C: the JoinHandle has the output to itself and calls this once.
        let output = unsafe { cell.read_output() };
        if let Err(error) = &output {
            error.report_unjoined(cell.front.header.location);
        }
    }

    unsafe fn free(pointer: NonNull<Header>) {
        let cell = pointer.cast::<Self>();
        // A join waker may go with it, which is anybody's code.
        // SAFETY: rules A and B: no reference is left, and by rule C neither future nor output.
        wake::contain(|| unsafe { cell.drop_in_place() });
        // SAFETY: rule B: it was allocated with that layout.
        unsafe { pool::free(cell.cast(), Layout::new::<Self>()) }
    }

    /// The task's end by a panic.
    #[cold]
    fn panicked(&self, payload: Payload) -> JoinError {
        let header = &self.front.header;
        // SAFETY: rule H: this thread has the task, which is not complete.
        let home = unsafe { self.front.home.follow() };
        let name = home.name(header.place());
        let policy = home.panic_policy();
        let error = JoinError::panicked(header.id, name, payload, policy);
        match policy {
            PanicPolicy::Store | PanicPolicy::LogIfUnjoined => {}
            PanicPolicy::ShutdownRuntime => {
                error.report("its runtime shuts down", header.location);
                home.shut_down_after_panic();
            }
            PanicPolicy::Abort => {
                error.report("the process aborts", header.location);
                std::process::abort();
            }
        }
        error
    }

    // BOOK: ch08
    /// # Safety
    ///
    /// Rule C, as the thread that has the task.
    unsafe fn poll_future(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.stage.with_mut(|stage| {
            // SAFETY: rule C: the stage is the future, it is ours, and it never moves.
            let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
            future.poll(cx)
        })
    }

    /// # Safety
    ///
    /// Rule C, as the thread that has the task; once.
    unsafe fn drop_future(&self) {
        // SAFETY: rule C.
        self.stage
            .with_mut(|stage| unsafe { ManuallyDrop::drop(&mut (*stage).future) });
    }

    /// # Safety
    ///
    /// Rule C, as the owner of the output; once.
    unsafe fn read_output(&self) -> Result<F::Output, JoinError> {
        // SAFETY: rule C.
        self.stage
            .with_mut(|stage| unsafe { ManuallyDrop::take(&mut (*stage).output) })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_its_home_is_at_most_64_bytes() {
        assert!(
            size_of::<Header>() + size_of::<Arc<()>>() <= 64,
            "{}",
            size_of::<Header>()
        );
    }
}
