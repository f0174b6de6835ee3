//! Many tasks, joined in the order in which they end.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use reveille_context::coop;
use reveille_context::event::{self, Event, Resource};
use reveille_context::task::TaskId;
use reveille_context::wake;

use crate::handle::Handle;
use crate::primitive::{Mutex, lock};
use crate::spawn::{spawn, spawn_local};
use crate::spawn_blocking::spawn_blocking;
use crate::task::{AbortHandle, JoinError, JoinHandle};

/// A set of tasks with outputs of one type, which come out as the tasks end. Dropping the set aborts them all.
///
/// To join one costs the same however many others there are: each task's completion puts its id into a queue (the idea is
/// that of `FuturesUnordered`), and only what is there is looked at.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     let mut set = JoinSet::new();
///     for number in 0..10 {
///         set.spawn(async move { number });
///     }
///     let mut sum = 0;
///     while let Some(output) = set.join_next().await {
///         sum += output.unwrap();
///     }
///     assert_eq!(sum, 45);
/// });
/// ```
pub struct JoinSet<T> {
    /// By id, not by index: a late wake for a task that left the set can never be taken for another's.
    tasks: HashMap<TaskId, JoinHandle<T>>,
    ended: Arc<Ended>,
}

/// The tasks that have ended, and who waits for the next.
struct Ended {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<TaskId>,
    waiting: Option<Waker>,
}

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// See [`JoinSet`] for an example.
    pub fn new() -> Self {
        Self {
            tasks: HashMap::new(),
            ended: Arc::new(Ended {
                state: Mutex::new(State::default()),
            }),
        }
    }

    /// How many tasks are in the set, those that have ended but were not joined included.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// assert!(set.is_empty());
    /// set.spawn(async { 7 });
    /// assert_eq!(set.len(), 1);
    /// set.join_next().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether no task is in the set.
    ///
    /// See [`len`](Self::len) for an example.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// As [`spawn`](crate::spawn()), into the set.
    ///
    /// See [`JoinSet`] for an example.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.insert(spawn(future))
    }

    /// As [`Handle::spawn`], into the set.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let mut set = JoinSet::new();
    /// // Outside of the runtime.
    /// set.spawn_on(async { 7 }, &executor.handle());
    /// assert_eq!(executor.block_on(set.join_all()), [7]);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &impl AsRef<Handle>) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.insert(handle.as_ref().spawn(future))
    }

    /// As [`spawn_local`](crate::spawn_local), into the set.
    ///
    /// # Panics
    ///
    /// On a thread that does not run a runtime's tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let shared = Rc::new(7);
    /// let mut set = JoinSet::new();
    /// set.spawn_local(async move { *shared });
    /// assert_eq!(set.join_all().await, [7]);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.insert(spawn_local(future))
    }

    /// As [`spawn_blocking`](crate::spawn_blocking()), into the set. A job that runs already is not aborted any more.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// set.spawn_blocking(|| (1..=100).sum::<u32>());
    /// set.spawn(async { 0 });
    /// assert_eq!(set.join_all().await.iter().sum::<u32>(), 5050);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<J>(&mut self, job: J) -> AbortHandle
    where
        J: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.insert(spawn_blocking(job))
    }

    fn insert(&mut self, mut handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let task = abort.id();
        let waker = Waker::from(Arc::new(TaskEnded {
            task,
            ended: self.ended.clone(),
        }));
        if handle.watch(&waker) {
            lock(&self.ended.state).tasks.push_back(task);
        }
        self.tasks.insert(task, handle);
        abort
    }

    /// Waits for the next task to end and takes its output out; `None` if the set is empty.
    ///
    /// See [`JoinSet`] for an example.
    ///
    /// # Cancel safety
    ///
    /// Safe: as long as this has not returned, no task has left the set.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's id.
    ///
    /// # Cancel safety
    ///
    /// Safe: as long as this has not returned, no task has left the set.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// let id = set.spawn(async { 7 }).id();
    /// assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (id, 7));
    /// # });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// As [`join_next`](Self::join_next), for a future that is written by hand. The waker of the last call is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 7 });
    /// let output = poll_fn(|cx| set.poll_join_next(cx)).await;
    /// assert_eq!(output.unwrap().unwrap(), 7);
    /// # });
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_next(cx).map(|next| next.map(|(_, output)| output))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's id.
    ///
    /// See [`poll_join_next`](Self::poll_join_next) for an example.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(TaskId, T), JoinError>>> {
        self.poll_next(cx)
            .map(|next| next.map(|(task, output)| output.map(|output| (task, output))))
    }

    /// Takes out the output of a task that has ended; `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark, yield_now};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// set.spawn(async { 7 });
    /// assert!(set.try_join_next().is_none());
    /// yield_now().await;
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 7);
    /// # });
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.take_ended().map(|(_, output)| output)
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// See [`try_join_next`](Self::try_join_next) for an example.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        self.take_ended()
            .map(|(task, output)| output.map(|output| (task, output)))
    }

    /// Aborts every task. They stay in the set until they are joined.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.abort_all();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_all(&self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }

    /// Aborts every task and waits until all have ended; their outputs are dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it leaves some tasks in the set; all are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// set.spawn(std::future::pending::<()>());
    /// set.shutdown().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks; their outputs, in the order in which they ended.
    ///
    /// # Cancel safety
    ///
    /// Not safe: dropped early, it aborts what still runs, and drops the outputs that it has.
    ///
    /// # Panics
    ///
    /// If a task panicked, with its payload, or was cancelled. The other tasks are aborted then.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// for number in 0..10 {
    ///     set.spawn(async move { number });
    /// }
    /// assert_eq!(set.join_all().await.iter().sum::<u32>(), 45);
    /// # });
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(output) = self.join_next().await {
            match output.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("`join_all` met a task without an output: {cancelled}"),
            }
        }
        outputs
    }

    /// Empties the set; its tasks run on.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, JoinSet, ThreadPark, yield_now};
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut set = JoinSet::new();
    /// let task = set.spawn(std::future::pending::<()>());
    /// set.detach_all();
    /// drop(set);
    /// yield_now().await;
    /// assert!(!task.is_finished());
    /// # });
    /// ```
    pub fn detach_all(&mut self) {
        // Dropping a handle detaches its task.
        self.tasks.clear();
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(TaskId, Result<T, JoinError>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let Poll::Ready(progress) = coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        let mut next = self.take_ended();
        if next.is_none() {
            self.ended.wait(cx.waker());
            // What ended before the waker was there has woken nobody.
            next = self.take_ended();
        }
        let (is_ready, id) = (next.is_some(), next.as_ref().map_or(0, |(task, _)| task.get()));
        event::emit_full(move || Event::Touch {
            resource: Resource::Join,
            id,
            is_ready,
        });
        if !is_ready {
            return Poll::Pending;
        }
        progress.made();
        Poll::Ready(next)
    }

    fn take_ended(&mut self) -> Option<(TaskId, Result<T, JoinError>)> {
        loop {
            let task = lock(&self.ended.state).tasks.pop_front()?;
            // Not in the set any more: it was detached while it ended.
            let Some(handle) = self.tasks.remove(&task) else {
                continue;
            };
            match handle.try_join() {
                Ok(output) => return Some((task, output)),
                Err(_) => unreachable!("a task's join waker is woken when it has ended, never before"),
            }
        }
    }
}

impl Ended {
    /// Leaves `waker` for the next task that ends. Wakers are cloned and dropped outside the lock.
    fn wait(&self, waker: &Waker) {
        let same = |old: &Waker| old.will_wake(waker);
        if lock(&self.state).waiting.as_ref().is_some_and(same) {
            return;
        }
        let waker = waker.clone();
        let old = lock(&self.state).waiting.replace(waker);
        drop(old);
    }
}

/// Woken when the task completes.
struct TaskEnded {
    task: TaskId,
    ended: Arc<Ended>,
}

impl Wake for TaskEnded {
    fn wake(self: Arc<Self>) {
        let mut state = lock(&self.ended.state);
        state.tasks.push_back(self.task);
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waiting) = waiting {
            wake::wake(waiting);
        }
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spawns every future on the current runtime.
///
/// # Panics
///
/// Outside a runtime.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Spawns every future on the current runtime.
///
/// # Panics
///
/// Outside a runtime.
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
