//! A runtime's handle: to spawn on it from anywhere.

use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::{Arc, Weak};

use crate::big_future::{boxed, is_big};
use crate::blocking::BlockingPool;
use crate::entries::Entries;
use crate::follow;
use crate::home::Home;
use crate::local::{self, EnterGuard, Flavor};
use crate::metrics::Metrics;
use crate::multi_thread::Shared;
use crate::nested::NestedBlockOn;
use crate::owned::OwnedTasks;
use crate::quiescence::{Coming, Quiescence};
use crate::task::{self, JoinHandle, MadeThere, PanicPolicy, Schedule, Seen};

/// A reference to a runtime, to spawn on it from any thread. It does not keep the runtime running: once that is
/// dropped, what is spawned here is cancelled at once.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let handle = executor.handle();
/// let task = std::thread::spawn(move || handle.spawn(async { 3 })).join().unwrap();
/// assert_eq!(executor.block_on(task).unwrap(), 3);
/// ```
#[derive(Clone)]
pub struct Handle {
    scheduler: Scheduler,
}

#[derive(Clone)]
enum Scheduler {
    CurrentThread(Arc<Home>),
    MultiThread(Arc<Shared>),
}

/// A handle that does not keep what the runtime shares alive.
pub(crate) enum WeakHandle {
    CurrentThread(Weak<Home>),
    MultiThread(Weak<Shared>),
}

impl From<&Handle> for WeakHandle {
    fn from(handle: &Handle) -> Self {
        match &handle.scheduler {
            Scheduler::CurrentThread(home) => Self::CurrentThread(Arc::downgrade(home)),
            Scheduler::MultiThread(shared) => Self::MultiThread(Arc::downgrade(shared)),
        }
    }
}

impl WeakHandle {
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        match self {
            Self::CurrentThread(home) => home.upgrade().map(Handle::current_thread),
            Self::MultiThread(shared) => shared.upgrade().map(Handle::multi_thread),
        }
    }
}

impl Handle {
    pub(crate) fn current_thread(home: Arc<Home>) -> Self {
        Self {
            scheduler: Scheduler::CurrentThread(home),
        }
    }

    pub(crate) fn multi_thread(shared: Arc<Shared>) -> Self {
        Self {
            scheduler: Scheduler::MultiThread(shared),
        }
    }

    /// What the runtime has done so far, in numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new(), ThreadPark::new()], Config::default())?;
    /// executor.block_on(executor.handle().spawn(async {})).unwrap();
    /// let metrics = executor.handle().metrics();
    /// assert_eq!(metrics.workers.len(), 2);
    /// assert_eq!(metrics.workers.iter().map(|worker| worker.polls).sum::<u64>(), 1);
    /// assert_eq!(metrics.tasks_spawned, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.metrics(),
            Scheduler::MultiThread(shared) => shared.metrics(),
        }
    }

    /// Has the runtime look whether it is at rest, for its [`OnQuiescent`](crate::OnQuiescent): after a change from outside
    /// that matters for that. Does nothing if that does not want to know.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// // Nobody wants to know.
    /// executor.handle().look_for_rest();
    /// ```
    pub fn look_for_rest(&self) {
        self.quiescence().have_a_look();
    }

    pub(crate) fn blocking(&self) -> &Arc<BlockingPool> {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => &home.blocking,
            Scheduler::MultiThread(shared) => &shared.blocking,
        }
    }

    pub(crate) fn quiescence(&self) -> &Arc<Quiescence> {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => &home.quiescence,
            Scheduler::MultiThread(shared) => &shared.quiescence,
        }
    }

    /// Whether this thread is in the midst of blocking code of this runtime.
    pub(crate) fn is_in_blocking_code(&self) -> bool {
        let in_place = || local::is_any_suspended(|entry| self.entries().contain(entry));
        self.blocking().may_run_here() || in_place()
    }

    /// What can be seen of those of its tasks that are of no thread's own.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.owned.see(),
            Scheduler::MultiThread(shared) => shared.tables().flat_map(|table| table.see()).collect(),
        }
    }

    /// Who runs its tasks.
    pub(crate) fn entries(&self) -> &Entries {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => &home.entries,
            Scheduler::MultiThread(shared) => shared.entries(),
        }
    }

    pub(crate) fn as_multi_thread(&self) -> Option<&Arc<Shared>> {
        match &self.scheduler {
            Scheduler::CurrentThread(_) => None,
            Scheduler::MultiThread(shared) => Some(shared),
        }
    }

    /// Spawns a task on this runtime.
    ///
    /// See [`Handle`] for an example.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let location = Location::caller();
        if is_big::<F>() {
            return self.spawn_small(boxed(future, location), location, None);
        }
        self.spawn_small(future, location, None)
    }

    /// Runs `future` to its end on this thread, which must be one that may block: none that runs tasks, unless it is in
    /// [`block_in_place`](crate::block_in_place).
    ///
    /// On a current-thread runtime this drives nothing: its tasks, sockets and timers need another thread that is in
    /// `block_on` of the runtime itself.
    ///
    /// # Panics
    ///
    /// If this thread runs tasks. A panic of `future` comes out here.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{Config, MultiThread, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// let handle = executor.handle();
    /// let thread = std::thread::spawn(move || handle.block_on(handle.spawn(async { 3 })));
    /// assert_eq!(thread.join().unwrap().unwrap(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(nested) => panic!("{nested}"),
        }
    }

    /// As [`block_on`](Self::block_on), but an error if this thread runs tasks. The future is dropped unpolled then.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let handle = executor.handle();
    /// assert_eq!(handle.try_block_on(async { 3 }).unwrap(), 3);
    /// executor.block_on(async { assert!(handle.try_block_on(async {}).is_err()) });
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        self.block_on_at(future, Location::caller())
    }

    pub(crate) fn block_on_at<F: Future>(
        &self,
        future: F,
        location: &'static Location<'static>,
    ) -> Result<F::Output, NestedBlockOn> {
        let flavor = match &self.scheduler {
            Scheduler::CurrentThread(_) => Flavor::CurrentThread,
            Scheduler::MultiThread(_) => Flavor::MultiThread,
        };
        follow::block_on(self, flavor, future, location)
    }

    /// Spawns a task on one worker of a multi-thread runtime, where `make` is called and its future stays; so it need not
    /// be `Send`. The worker is one of `0..worker_threads`.
    ///
    /// As those of [`spawn_local`](crate::spawn_local), the task ends with its thread, and waits while that is blocked.
    ///
    /// # Panics
    ///
    /// If there is no such worker; a current-thread runtime has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use reveille_executor::{Config, MultiThread, ThreadPark, yield_now};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// let task = executor.handle().spawn_on(0, || async {
    ///     let here = Rc::new(7);
    ///     yield_now().await;
    ///     *here
    /// });
    /// assert_eq!(executor.block_on(task).unwrap(), 7);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_on<M, F>(&self, worker: usize, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let _coming = self.come();
        let workers = self.as_multi_thread().map_or(0, |shared| shared.workers());
        let entry = self.as_multi_thread().and_then(|shared| shared.entry(worker));
        match entry {
            Some(entry) => spawn_in(
                entry,
                entry.owned(),
                MadeThere::new(make),
                Location::caller(),
                None,
            ),
            None => panic!(
                "`spawn_on` was asked for worker {worker} of a runtime with {workers}, numbered from 0"
            ),
        }
    }

    /// Makes this runtime the one that [`spawn`](crate::spawn) goes to on this thread, until the guard is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let task = {
    ///     let _current = executor.handle().enter();
    ///     spawn(async { 7 })
    /// };
    /// assert_eq!(executor.block_on(task).unwrap(), 7);
    /// ```
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::new(self.clone())
    }

    /// The runtime that is current on this thread, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, Handle, ThreadPark};
    ///
    /// assert!(Handle::try_current().is_none());
    /// CurrentThread::new(ThreadPark::new()).block_on(async {
    ///     let here = Handle::try_current().unwrap();
    ///     assert_eq!(here.spawn(async { 7 }).await.unwrap(), 7);
    /// });
    /// ```
    pub fn try_current() -> Option<Self> {
        local::current_handle().map(|handle| Self::clone(&handle))
    }

    /// Whether the two are of one runtime.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.scheduler, &other.scheduler) {
            (Scheduler::CurrentThread(one), Scheduler::CurrentThread(other)) => Arc::ptr_eq(one, other),
            (Scheduler::MultiThread(one), Scheduler::MultiThread(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    pub(crate) fn panic_policy(&self) -> PanicPolicy {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.panic_policy(),
            Scheduler::MultiThread(shared) => shared.panic_policy(),
        }
    }

    pub(crate) fn shut_down_after_panic(&self) {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.shut_down_after_panic(),
            Scheduler::MultiThread(shared) => shared.shut_down_after_panic(),
        }
    }

    /// Whether a task's panic shut the runtime down, by its policy.
    pub(crate) fn is_down(&self) -> bool {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.is_down(),
            Scheduler::MultiThread(shared) => shared.is_down(),
        }
    }

    /// Whether what is spawned now would be cancelled at once, since the runtime shuts down or is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let handle = executor.handle();
    /// assert!(!handle.is_closed());
    /// drop(executor);
    /// assert!(handle.is_closed());
    /// // Cancelled at once.
    /// assert!(handle.spawn(async {}).is_finished());
    /// ```
    pub fn is_closed(&self) -> bool {
        match &self.scheduler {
            Scheduler::CurrentThread(home) => home.owned.is_closed(),
            Scheduler::MultiThread(shared) => shared.is_closing(),
        }
    }

    /// Before a spawn, and until it is done: if this thread is not in this runtime, nothing else shows that something is to run.
    #[inline]
    pub(crate) fn come(&self) -> Option<Coming<'_>> {
        // Asked first, since it costs least.
        let runs_tasks = match &self.scheduler {
            Scheduler::CurrentThread(home) => local::is_driving(Arc::as_ptr(home)),
            Scheduler::MultiThread(shared) => local::shard_of(shared).is_some(),
        };
        let quiescence = self.quiescence();
        if runs_tasks || local::is_inside(quiescence) {
            return None;
        }
        quiescence.come()
    }

    pub(crate) fn spawn_at<F>(
        &self,
        future: F,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if is_big::<F>() {
            return self.spawn_small(boxed(future, location), location, name);
        }
        self.spawn_small(future, location, name)
    }

    fn spawn_small<F>(
        &self,
        future: F,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _coming = self.come();
        match &self.scheduler {
            Scheduler::CurrentThread(home) => spawn_in(home, &home.owned, future, location, name),
            Scheduler::MultiThread(shared) => spawn_in(shared, shared.owned_here(), future, location, name),
        }
    }
}

fn spawn_in<F, S: Schedule>(
    home: &Arc<S>,
    owned: &OwnedTasks,
    future: F,
    location: &'static Location<'static>,
    name: Option<Arc<str>>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (task, runnable, handle) = task::new(future, home, location);
    // What is called here panics only if there are 2^31 tasks. Then it stays for good; and it need not lie in memory each time so
    // that it could be dropped.
    let handle = ManuallyDrop::new(handle);
    match owned.insert(task, name) {
        Ok(()) => runnable.schedule(),
        Err(_closed) => runnable.cancel(),
    }
    ManuallyDrop::into_inner(handle)
}

/// So that what takes a handle takes also one that has more to it.
impl AsRef<Handle> for Handle {
    fn as_ref(&self) -> &Handle {
        self
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}
