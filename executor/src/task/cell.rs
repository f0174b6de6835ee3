//! The allocation: what a task is made of, and the three things a thread does with it: poll, cancel, free.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};

use reveille_context::cause;
use reveille_context::coop;
use reveille_context::event::{self, Event};
use reveille_context::task::{self, TaskId};
use reveille_context::wake;

use super::error::{JoinError, Payload};
use super::join::JoinHandle;
use super::local::HomeBound;
use super::panic_policy::PanicPolicy;
use super::place::{MARK, NOWHERE, Place};
use super::reference::{Runnable, Task, drop_references};
use super::state::{FinishPoll, Start, State};
use super::waker;
use crate::primitive::{Ordering, UnsafeCell};
use crate::schedule_latency::{self, ScheduleLatency};

/// A task's home: where it is queued when it is woken, and the table that owns it.
pub(crate) trait Schedule: Send + Sync + Sized + 'static {
    /// Whether its tasks stay on one thread.
    const LOCAL: bool;

    /// Queues a woken task if this thread runs tasks for `home`; else gives it back.
    ///
    /// A thread that does holds an `Arc` of its own to `home` for as long, since as soon as the task is queued another
    /// thread may run it to its end, and with its cell goes the cell's.
    fn push_here(home: &Self, task: Runnable) -> Result<(), Runnable>;

    /// As [`push_here`](Self::push_here), for a task that was woken during its own poll: it goes behind all others.
    fn push_again(home: &Self, task: Runnable) -> Result<(), Runnable> {
        Self::push_here(home, task)
    }

    /// Queues a task that was woken anywhere else. As soon as it is queued, another thread may run it to its end and free
    /// its cell; therefore `home` comes by value.
    fn push_from_elsewhere(home: Arc<Self>, task: Runnable);

    /// Where it is noted for how long its tasks are queued; `None`: nowhere.
    fn latency(&self) -> Option<&ScheduleLatency> {
        None
    }

    /// Takes a completed task out of the owner table; `None` if it never got there.
    fn release(&self, place: Place) -> Option<Task>;

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

/// Makes a task with three references: the owner table's, the queue entry's and the `JoinHandle`'s.
pub(crate) fn new<F, S>(
    future: F,
    home: Arc<S>,
    location: &'static Location<'static>,
) -> (Task, Runnable, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    S: Schedule,
{
    // SAFETY: rule E: the future and its output are Send.
    unsafe { allocate(future, home, location) }
}

/// As [`new`], for a future that may not leave this thread.
pub(crate) fn new_local<F, S>(
    future: F,
    home: Arc<S>,
    location: &'static Location<'static>,
) -> (Task, Runnable, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    // SAFETY: rule E: the wrapper checks the thread before every access.
    unsafe { allocate(HomeBound::new(future), home, location) }
}

/// The part of a cell that does not depend on the future.
pub(super) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static VTable,
    pub(super) id: TaskId,
    pub(super) location: &'static Location<'static>,
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
    /// A [`Place`], and the [`MARK`].
    pub(super) place: AtomicU64,
}

/// What can be done with a cell only by code that knows its future.
pub(super) struct VTable {
    pub(super) local: bool,
    /// Starts and polls a task that was popped; takes the queue's reference.
    pub(super) run: unsafe fn(NonNull<Header>),
    /// Drops the future of a task that is RUNNING on this thread's behalf; takes that reference.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    /// Hands a task with SCHEDULED set to its home; takes one reference.
    pub(super) schedule: unsafe fn(NonNull<Header>),
    /// Moves the output to where the second argument points (a `Result<F::Output, JoinError>`).
    pub(super) take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output where it lies.
    pub(super) drop_output: unsafe fn(NonNull<Header>),
    pub(super) free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    home: Arc<S>,
    stage: UnsafeCell<Stage<F>>,
}

union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

/// # Safety
///
/// Rule E: `future` and its output are Send, or the future is [`HomeBound`].
unsafe fn allocate<F, T, S>(
    future: F,
    home: Arc<S>,
    location: &'static Location<'static>,
) -> (Task, Runnable, JoinHandle<T>)
where
    F: Future<Output = T> + 'static,
    S: Schedule,
{
    let id = TaskId::next();
    event::emit(|| Event::Spawn { task: id, location });
    let cell = Box::new(Cell {
        header: Header {
            state: State::new(),
            vtable: &Cell::<F, S>::VTABLE,
            id,
            location,
            join_waker: UnsafeCell::new(None),
            place: AtomicU64::new(NOWHERE.pack()),
        },
        home,
        stage: UnsafeCell::new(Stage {
            future: ManuallyDrop::new(future),
        }),
    });
    let pointer = NonNull::from(Box::leak(cell)).cast::<Header>();
    // SAFETY: `State::new` counts the three references that are handed out here.
    unsafe {
        let handle = JoinHandle::from_reference(Task::from_counted(pointer));
        (
            Task::from_counted(pointer),
            Runnable::from_counted(pointer),
            handle,
        )
    }
}

/// Tells the recorder of a wake.
pub(super) fn emit_wake(task: TaskId, scheduled: bool) {
    event::emit(|| Event::Wake {
        task,
        cause: cause::current(),
        scheduled,
    });
}

impl Header {
    /// Where the owner table keeps the task.
    pub(super) fn place(&self) -> Place {
        // Relaxed: it is written once, before the task is first queued, which publishes it.
        Place::unpack(self.place.load(Ordering::Relaxed))
    }

    /// Marks a task that is about to be queued, if one is due.
    #[inline]
    fn mark_if_due(&self, latency: Option<&ScheduleLatency>) {
        let Some(latency) = latency else { return };
        if schedule_latency::is_due() && latency.begin(self.id) {
            // Relaxed, and not one step: whoever has set SCHEDULED is alone with the task until it is queued, and the
            // queue publishes this.
            self.place
                .store(self.place.load(Ordering::Relaxed) | MARK, Ordering::Relaxed);
        }
    }

    /// Takes the mark off a task that was taken from a queue, if it has one.
    #[inline]
    fn unmark(&self, latency: Option<&ScheduleLatency>) {
        let Some(latency) = latency else { return };
        let place = self.place.load(Ordering::Relaxed);
        if place & MARK != 0 {
            self.place.store(place & !MARK, Ordering::Relaxed);
            latency.end(self.id);
        }
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    const VTABLE: VTable = VTable {
        local: S::LOCAL,
        run: Self::run,
        cancel: Self::cancel,
        schedule: Self::schedule,
        take_output: Self::take_output,
        drop_output: Self::drop_output,
        free: Self::free,
    };

    unsafe fn run(pointer: NonNull<Header>) {
        // SAFETY: rules A and B, and the queue's reference is ours.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let header = &cell.header;
        header.unmark(cell.home.latency());
        if header.state.start() == Start::Cancel {
            // SAFETY: RUNNING is set on our behalf, the reference goes along.
            return unsafe { Self::cancel(pointer) };
        }
        event::emit(|| Event::PollStart { task: header.id });
        let polled = {
            let _task = task::enter(header.id);
            let _budget = coop::enter();
            let waker = waker::borrowed(pointer);
            // SAFETY: rule C: RUNNING is ours, so the stage is the future, and it is dropped where it lies.
            catch_unwind(AssertUnwindSafe(|| unsafe {
                cell.poll_future(&mut Context::from_waker(&waker))
            }))
        };
        event::emit(|| Event::PollEnd {
            task: header.id,
            ready: !matches!(polled, Ok(Poll::Pending)),
        });
        let output = match polled {
            Ok(Poll::Pending) => match header.state.finish_poll() {
                FinishPoll::Idle => return,
                // SAFETY: rules A and B; SCHEDULED is set, and our reference becomes the queue's.
                FinishPoll::Again => return unsafe { Self::push(pointer, S::push_again) },
                // SAFETY: RUNNING is still set on our behalf.
                FinishPoll::Cancel => return unsafe { Self::cancel(pointer) },
            },
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(cell.panicked(panic)),
        };
        // SAFETY: rule C: RUNNING is ours; the future is not touched again.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { cell.drop_future() }));
        let output = match dropped {
            Ok(()) => output,
            Err(panic) => {
                wake::contain(move || drop(output));
                Err(cell.panicked(panic))
            }
        };
        // SAFETY: rule C: RUNNING is ours and the future is dropped.
        unsafe { Self::complete(pointer, output) }
    }

    unsafe fn cancel(pointer: NonNull<Header>) {
        // SAFETY: rules A and B, and the running thread's reference is ours.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let id = cell.header.id;
        let _task = task::enter(id);
        // SAFETY: rule C: RUNNING is ours; the future is not touched again.
        let error = match catch_unwind(AssertUnwindSafe(|| unsafe { cell.drop_future() })) {
            Ok(()) => JoinError::cancelled(id),
            Err(panic) => cell.panicked(panic),
        };
        // SAFETY: rule C: RUNNING is ours and the future is dropped.
        unsafe { Self::complete(pointer, Err(error)) }
    }

    /// Stores the output, publishes it, gives up the runtime's share and wakes the joiner.
    ///
    /// # Safety
    ///
    /// RUNNING is set on this thread's behalf, and the future is dropped.
    unsafe fn complete(pointer: NonNull<Header>, output: Result<F::Output, JoinError>) {
        // SAFETY: rules A and B, and the running thread's reference is ours.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let header = &cell.header;
        // SAFETY: rule C: the stage is ours and holds nothing.
        cell.stage
            .with_mut(|stage| unsafe { (*stage).output = ManuallyDrop::new(output) });
        let completed = header.state.complete();
        let joiner = if completed.wake_joiner {
            // SAFETY: rule D: JOIN_WAKER was set when the task completed, so the slot is ours.
            header.join_waker.with_mut(|slot| unsafe { (*slot).take() })
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
        // The table gives its reference up with the task; ours goes with it, in one step.
        let references = match cell.home.release(header.place()) {
            Some(task) => {
                let _ = ManuallyDrop::new(task);
                2
            }
            None => 1,
        };
        drop_references(pointer, references);
        if let Some(joiner) = joiner {
            wake::wake(joiner);
        }
    }

    unsafe fn schedule(pointer: NonNull<Header>) {
        // SAFETY: the caller's promise.
        unsafe { Self::push(pointer, S::push_here) }
    }

    /// # Safety
    ///
    /// Rules A and B; SCHEDULED is set, and one reference goes to the queue.
    unsafe fn push(pointer: NonNull<Header>, push: fn(&S, Runnable) -> Result<(), Runnable>) {
        // SAFETY: rules A and B. It is not used again once the task is where another thread can free it.
        let cell = unsafe { pointer.cast::<Self>().as_ref() };
        let home = &cell.home;
        cell.header.mark_if_due(home.latency());
        // SAFETY: the caller's promise: SCHEDULED is set, and its reference is the queue's.
        let task = unsafe { Runnable::from_counted(pointer) };
        // What `push` is given is not the `Arc` in the cell, which may be gone before it returns, but what that points to.
        if let Err(task) = push(home, task) {
            let home = home.clone();
            S::push_from_elsewhere(home, task);
        }
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
            error.report_unjoined(cell.header.location);
        }
    }

    unsafe fn free(pointer: NonNull<Header>) {
        // SAFETY: rules A and B: no reference is left, and by rule C neither future nor output.
        let cell = unsafe { Box::from_raw(pointer.cast::<Self>().as_ptr()) };
        // A join waker may go with it, which is anybody's code.
        wake::contain(move || drop(cell));
    }

    /// The task's end by a panic.
    #[cold]
    fn panicked(&self, payload: Payload) -> JoinError {
        let header = &self.header;
        let name = self.home.name(header.place());
        let policy = self.home.panic_policy();
        let error = JoinError::panicked(header.id, name, payload, policy);
        match policy {
            PanicPolicy::Store | PanicPolicy::LogIfUnjoined => {}
            PanicPolicy::ShutdownRuntime => {
                error.report("its runtime shuts down", header.location);
                self.home.shut_down_after_panic();
            }
            PanicPolicy::Abort => {
                error.report("the process aborts", header.location);
                std::process::abort();
            }
        }
        error
    }

    /// # Safety
    ///
    /// Rule C, as the thread that set RUNNING.
    unsafe fn poll_future(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.stage.with_mut(|stage| {
            // SAFETY: rule C: the stage is the future, it is ours, and it never moves.
            let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
            future.poll(cx)
        })
    }

    /// # Safety
    ///
    /// Rule C, as the thread that set RUNNING; once.
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
