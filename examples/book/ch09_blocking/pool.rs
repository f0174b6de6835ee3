//! Threads for code that blocks, and not more of them than a limit.

use std::collections::VecDeque;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::join::{JoinHandle, promise};
use crate::story;

// ANCHOR: pool
/// Clones are of one pool.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Rung for each job, and at the end.
    bell: Condvar,
}

struct State {
    queue: VecDeque<Job>,
    threads: Vec<thread::JoinHandle<()>>,
    /// How many threads run nothing: they wait for a job, or are on their way to look for one.
    free: usize,
    limit: usize,
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;
// ANCHOR_END: pool

// ANCHOR: submit
impl Pool {
    /// Queues a job. What it returns, or its panic, is what the handle gives.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<thread::Result<T>> {
        let (promise, handle) = promise();
        let work = story::job(work);
        // A panic ends the job, and neither the thread nor the wait of whoever has the handle.
        let job = move || promise.keep(panic::catch_unwind(AssertUnwindSafe(work)));
        let mut state = self.0.state.lock().unwrap();
        state.queue.push_back(Box::new(job));
        // Each job in the queue needs a free thread, as long as there may be more.
        if state.queue.len() > state.free && state.threads.len() < state.limit {
            // From now on, not from its first line on: the next job shall not count on it too.
            state.free += 1;
            let shared = self.0.clone();
            state.threads.push(thread::spawn(move || shared.work()));
        }
        drop(state);
        self.0.bell.notify_one();
        handle
    }
    // ANCHOR_END: submit

    // ANCHOR: close
    /// Begins no job any more, and waits for those that were begun.
    pub(crate) fn close(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.closed = true;
        let (queue, threads) = (mem::take(&mut state.queue), mem::take(&mut state.threads));
        drop(state);
        // Not under the lock: what a job holds may do anything when it is dropped.
        drop(queue);
        self.0.bell.notify_all();
        for thread in threads {
            thread.join().unwrap();
        }
    }
    // ANCHOR_END: close

    pub(crate) fn new(limit: usize) -> Self {
        let state = Mutex::new(State {
            queue: VecDeque::new(),
            threads: Vec::new(),
            free: 0,
            limit,
            closed: false,
        });
        let bell = Condvar::new();
        Self(Arc::new(Shared { state, bell }))
    }

    /// How things stand: jobs that run, jobs in the queue.
    pub(crate) fn jobs(&self) -> (usize, usize) {
        let state = self.0.state.lock().unwrap();
        (state.threads.len() - state.free, state.queue.len())
    }
}

// ANCHOR: work
impl Shared {
    /// What a thread does.
    fn work(&self) {
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.free -= 1;
                drop(state);
                job();
                state = self.state.lock().unwrap();
                state.free += 1;
            } else if state.closed {
                return;
            } else {
                state = self.bell.wait(state).unwrap();
            }
        }
    }
}
// ANCHOR_END: work
