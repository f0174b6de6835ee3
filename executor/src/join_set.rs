//! Many tasks, joined in the order in which they end.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use reveille_context::coop;
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
    pub fn new() -> Self {
        Self {
            tasks: HashMap::new(),
            ended: Arc::new(Ended {
                state: Mutex::new(State::default()),
            }),
        }
    }

    /// How many tasks are in the set, those that have ended but were not joined included.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether no task is in the set.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// As [`spawn`](crate::spawn()), into the set.
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
    pub async fn join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// As [`join_next`](Self::join_next), for a future that is written by hand. The waker of the last call is woken.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_next(cx).map(|next| next.map(|(_, output)| output))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's id.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(TaskId, T), JoinError>>> {
        self.poll_next(cx)
            .map(|next| next.map(|(task, output)| output.map(|output| (task, output))))
    }

    /// Takes out the output of a task that has ended; `None` if there is none.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.take_ended().map(|(_, output)| output)
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        self.take_ended()
            .map(|(task, output)| output.map(|output| (task, output)))
    }

    /// Aborts every task. They stay in the set until they are joined.
    pub fn abort_all(&self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }

    /// Aborts every task and waits until all have ended; their outputs are dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it leaves some tasks in the set; all are aborted.
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
        if next.is_none() {
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
