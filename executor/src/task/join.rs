//! Waiting for a task's output.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use reveille_context::coop;
use reveille_context::task::TaskId;
use reveille_context::wake;

use super::abort::AbortHandle;
use super::cell::Header;
use super::error::JoinError;
use super::reference::Task;
use super::state::{AlreadyComplete, DropHandle};
use super::told;

// BOOK: ch05
/// The right to wait for a task's output, and to abort the task. Made by [`spawn`](crate::spawn).
///
/// Dropping it detaches the task: it runs on, and its output is dropped when it ends. If the task panicked and
/// nobody joined it, one line on stderr says so.
///
/// # Cancel safety
///
/// Safe: until the output has been returned, the handle can be polled again, also in another `select`.
///
/// # Panics
///
/// When polled again after it returned the output.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let handle = spawn(async { 6 * 7 });
///     assert_eq!(handle.await.unwrap(), 42);
/// });
/// ```
pub struct JoinHandle<T> {
    /// Given up in `drop`, in one step with the interest where that is possible.
    task: ManuallyDrop<Task>,
    /// Whether the output was moved out (or dropped).
    taken: bool,
    output: PhantomData<*const T>,
}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// `task` is the one reference counted for the handle, and `T` is the output of its future.
    pub(super) unsafe fn from_reference(task: Task) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            taken: false,
            output: PhantomData,
        }
    }

    pub(super) fn pointer(&self) -> NonNull<Header> {
        self.task.pointer()
    }

    #[inline]
    pub(super) fn header(&self) -> &Header {
        self.task.header()
    }

    /// Asks the runtime to drop the task's future instead of polling it again. Joining then gives an error for
    /// which [`JoinError::is_cancelled`] is true, unless the task completed first.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let task = spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        self.task.abort();
    }

    /// A handle that can abort the task too, and that may be cloned.
    ///
    /// See [`AbortHandle`] for an example.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(Task::clone(&self.task))
    }

    /// A reference of its own to the task.
    #[cfg_attr(loom, allow(dead_code, reason = "in a model nobody looks"))]
    pub(crate) fn task(&self) -> Task {
        Task::clone(&self.task)
    }

    /// Leaves `waker` for the task's completion; whether that is past already, so that nothing will be woken.
    pub(crate) fn watch(&mut self, waker: &Waker) -> bool {
        self.is_finished() || self.set_waker(waker).is_err()
    }

    /// The output of a task that has completed; else the handle comes back.
    pub(crate) fn try_join(mut self) -> Result<Result<T, JoinError>, Self> {
        if self.is_finished() {
            Ok(self.take_output())
        } else {
            Err(self)
        }
    }

    /// Whether the task has completed, by returning, panicking or being cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let task = spawn(async { 7 });
    /// assert!(!task.is_finished());
    /// yield_now().await;
    /// assert!(task.is_finished());
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.task.header().state.is_complete()
    }

    /// The task's id.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let first = spawn(async {});
    /// let second = spawn(async {});
    /// assert_ne!(first.id(), second.id());
    /// assert_eq!(first.id(), first.abort_handle().id());
    /// # });
    /// ```
    pub fn id(&self) -> TaskId {
        self.task.header().id
    }

    /// Moves the output out.
    fn take_output(&mut self) -> Result<T, JoinError> {
        assert!(
            !self.taken,
            "JoinHandle polled after it returned the task's output"
        );
        self.taken = true;
        let mut output = MaybeUninit::<Result<T, JoinError>>::uninit();
        let header = self.task.header();
        // SAFETY: rule C: the task is complete, the handle has JOIN_INTEREST, and `taken` makes this the only time.
        unsafe { (header.vtable.take_output)(self.pointer(), output.as_mut_ptr().cast()) };
        // SAFETY: `take_output` wrote it.
        unsafe { output.assume_init() }
    }

    /// Leaves `waker` for whoever completes the task.
    // BOOK: ch04
    fn set_waker(&mut self, waker: &Waker) -> Result<(), AlreadyComplete> {
        let header = self.task.header();
        if header.state.has_join_waker() {
            header.state.unset_join_waker()?;
        }
        // SAFETY: rule D: JOIN_WAKER is clear, the slot is ours.
        if !unsafe { header.join_waker.will_wake(waker) } {
            let waker = waker.clone();
            // SAFETY: rule D: JOIN_WAKER is clear, the slot is ours; the old waker is dropped after the access.
            drop(unsafe { header.join_waker.replace(Some(waker)) });
        }
        header.state.set_join_waker()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let progress = match coop::poll_proceed(cx) {
            Poll::Ready(progress) => progress,
            Poll::Pending => return Poll::Pending,
        };
        if !self.is_finished() && self.set_waker(cx.waker()).is_ok() {
            told::joins(self.header(), false);
            return Poll::Pending;
        }
        told::joins(self.header(), true);
        progress.made();
        Poll::Ready(self.take_output())
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        // Both at once: where a handle is dropped unused, they never lie in memory then, though a recorder is told in between.
        // SAFETY: taken once, here.
        let task = ManuallyDrop::new(unsafe { ManuallyDrop::take(&mut self.task) });
        let taken = self.taken;
        told::no_longer_joins(task.header(), taken);
        if !task.header().state.has_join_waker() {
            // One may be left from a poll that did not get to set JOIN_WAKER. It must not live as long as the cell.
            // SAFETY: rule D: JOIN_WAKER is clear, and the handle's.
            unsafe { drop_waker(task.header()) };
        }
        loop {
            let header = task.header();
            match header.state.drop_handle() {
                // The reference went in the same step as the interest.
                DropHandle::Done => return,
                DropHandle::Waker => {
                    if header.state.unset_join_waker().is_ok() {
                        // SAFETY: rule D: JOIN_WAKER was cleared, by the handle.
                        unsafe { drop_waker(header) };
                    }
                }
                DropHandle::Output => {
                    let task = ManuallyDrop::into_inner(task);
                    if !taken {
                        // As tokio's: who drops a handle asked for nothing, so the output's destructor panics alone.
                        // SAFETY: rule C: the task is complete, JOIN_INTEREST is the handle's, and nobody took it.
                        wake::contain(|| unsafe { (task.header().vtable.drop_output)(task.pointer()) });
                    }
                    return;
                }
            }
        }
    }
}

/// Drops the waker in the slot.
///
/// # Safety
///
/// Rule D: JOIN_WAKER is clear, and the caller is the handle.
unsafe fn drop_waker(header: &Header) {
    // SAFETY: the caller's promise.
    let waker = unsafe { header.join_waker.replace(None) };
    // Its panic must not keep the interest from being given up.
    wake::contain(move || drop(waker));
}

// SAFETY: rules C and E: a handle gives out a `T` made on another thread only if that is Send, and what else it
// reaches is atomic.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: `&JoinHandle` reaches no `T`.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
