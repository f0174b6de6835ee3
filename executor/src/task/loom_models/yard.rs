//! Where the models' tasks live, and what is counted of them.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::Waker;

use crate::owned::OwnedTasks;
use crate::primitive::{AtomicBool, Ordering, SegQueue, Thread, current_thread, park_thread};
use crate::task::Finished;
use crate::task::cell::{self, Schedule};
use crate::task::join::JoinHandle;
use crate::task::reference::Runnable;
use crate::task::waker::{self, Wakers};

/// A home for one task, which the thread that made it runs.
pub(super) struct Yard {
    pub(super) queue: SegQueue<Runnable>,
    owned: OwnedTasks,
    thread: Thread,
    queued: Counter,
    /// Whether a real home could be gone by now. The checker's, so that others get their turn before it is asked.
    may_be_gone: AtomicBool,
}

impl Schedule for Yard {
    const LOCAL: bool = false;
    const BOUND: bool = false;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Yard> = Wakers::new();
        &WAKERS
    }

    fn push_here<const TOLD: bool>(_: &Self, task: Runnable) -> Result<(), Runnable> {
        Err(task)
    }

    type Pushed<'a> = Pushed<'a>;

    fn push_from_elsewhere(yard: &Self, task: Runnable) -> Pushed<'_> {
        let gone = yard.may_be_gone.load(Ordering::Relaxed);
        assert!(!gone, "a pointer to a home was followed that may be gone");
        Pushed {
            yard,
            task: Some(task),
        }
    }

    fn release(&self, task: Finished, is_mailed: bool) {
        self.owned.remove(task, is_mailed);
    }
}

/// Nobody finds the task before this is dropped.
pub(super) struct Pushed<'a> {
    yard: &'a Yard,
    task: Option<Runnable>,
}

impl Drop for Pushed<'_> {
    fn drop(&mut self) {
        self.yard.push(self.task.take().expect("it is pushed once"));
        self.yard.thread.unpark();
    }
}

impl Yard {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: SegQueue::new(),
            owned: OwnedTasks::new(0),
            thread: current_thread(),
            queued: Counter::new(0),
            may_be_gone: AtomicBool::new(false),
        })
    }

    /// Queues a task; also gives a waker of it, as a poll could have cloned it.
    pub(super) fn spawn<F>(self: &Arc<Self>, future: F) -> (Waker, JoinHandle<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, spawned, handle) = cell::new(future, self, Location::caller());
        let waker = waker::borrowed::<Self>(handle.pointer()).clone();
        assert!(self.owned.insert(task, None).is_ok());
        spawned.schedule();
        (waker, handle)
    }

    fn push(&self, task: Runnable) {
        let before = self.queued.fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "the task is in the queue twice");
        self.queue.push(task);
    }

    pub(super) fn pop(&self) -> Option<Runnable> {
        let task = self.queue.pop()?;
        self.queued.fetch_sub(1, Ordering::Relaxed);
        Some(task)
    }

    pub(super) fn run_one(&self) {
        self.run(self.pop().expect("the task is in the queue"));
    }

    pub(super) fn run(&self, task: Runnable) {
        if let Some(again) = task.run() {
            self.push(again);
        }
    }

    /// Runs a task, if there is one, on another thread than the first, which then looks again.
    pub(super) fn run_elsewhere(&self) {
        self.pop().into_iter().for_each(|task| self.run(task));
        self.thread.unpark();
    }

    pub(super) fn run_until_finished<T>(&self, handle: &JoinHandle<T>) {
        while !handle.is_finished() {
            match self.pop() {
                Some(task) => self.run(task),
                None => park_thread(),
            }
        }
    }

    pub(super) fn shut_down(&self) {
        self.owned.cancel_all(|| self.pop(), park_thread);
        self.may_be_gone.store(true, Ordering::Relaxed);
    }

    /// That every cell was freed the checker sees by itself.
    pub(super) fn assert_last(&self) {
        assert!(self.owned.is_empty());
    }
}

/// Counts the drops of a future and of its output.
#[derive(Clone, Default)]
pub(super) struct Counts {
    future: Arc<Counter>,
    output: Arc<Counter>,
}

impl Counts {
    pub(super) fn future(&self) -> CountDrop {
        CountDrop(self.future.clone())
    }

    pub(super) fn ready(&self) -> impl Future<Output = CountDrop> + Send + 'static {
        self.ready_after(std::future::ready(()))
    }

    pub(super) fn ready_after(
        &self,
        before: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = CountDrop> + Send + 'static {
        let (future, output) = (self.future(), CountLater(self.output.clone()));
        async move {
            let _future = future;
            before.await;
            CountDrop(output.0)
        }
    }

    pub(super) fn assert_future_once(&self) {
        assert_eq!(self.future.load(Ordering::Relaxed), 1, "drops of the future");
    }

    pub(super) fn assert(&self, future: usize, output: usize) {
        assert_eq!(self.future.load(Ordering::Relaxed), future, "drops of the future");
        assert_eq!(self.output.load(Ordering::Relaxed), output, "drops of the output");
    }
}

pub(super) struct CountDrop(Arc<Counter>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Becomes a [`CountDrop`] when the output is made.
struct CountLater(Arc<Counter>);
