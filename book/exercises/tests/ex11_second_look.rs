//! Exercise 11: asleep beside a task. To chapter 11. A broken runtime: a push races with a worker that goes to sleep.
//!
//! A worker that finds nothing in its queue says that it parks, and parks. Who pushes a task looks whether the worker has said so,
//! and unparks it then; to unpark one that is awake would be a system call for nothing. All that is right, and
//! between two lines of it the worker can be missed. It would take you a long while to see it happen. loom, a model checker, runs
//! the test in every order in which the two threads can take their steps, and finds one in which nobody can go on:
//!
//! ```text
//! deadlock; threads =
//! ```
//!
//! Mend `Worker::next`.
//!
//! Hint: write down the steps of both, and put all of the pusher's between two of the worker's. In which gap is the push not seen, and
//! the worker not seen either? (`Parker` has a token, as in chapter 3. It is not to blame.)

use std::collections::VecDeque;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

#[derive(Default)]
struct Worker {
    queue: Mutex<VecDeque<u32>>,
    is_parked: AtomicBool,
    parker: Parker,
}

impl Worker {
    /// The next task; sleeps until there is one.
    fn next(&self) -> u32 {
        loop {
            if let Some(task) = self.pop() {
                return task;
            }
            self.is_parked.store(true, Ordering::SeqCst);
            self.parker.park();
            self.is_parked.store(false, Ordering::SeqCst);
        }
    }

    fn pop(&self) -> Option<u32> {
        self.queue.lock().unwrap().pop_front()
    }

    /// By any thread.
    fn push(&self, task: u32) {
        self.queue.lock().unwrap().push_back(task);
        if self.is_parked.load(Ordering::SeqCst) {
            self.parker.unpark();
        }
    }
}

#[derive(Default)]
struct Parker {
    token: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    fn park(&self) {
        let mut token = self.token.lock().unwrap();
        while !*token {
            token = self.bell.wait(token).unwrap();
        }
        *token = false;
    }

    fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.bell.notify_one();
    }
}

#[test]
fn a_task_that_is_pushed_is_found() {
    loom::model(|| {
        let worker = Arc::new(Worker::default());
        let other = worker.clone();
        let pusher = thread::spawn(move || other.push(7));
        assert_eq!(worker.next(), 7);
        pusher.join().unwrap();
    });
}

#[test]
fn of_two_tasks_both_are_found() {
    loom::model(|| {
        let worker = Arc::new(Worker::default());
        let other = worker.clone();
        let pusher = thread::spawn(move || {
            other.push(1);
            other.push(2);
        });
        assert_eq!((worker.next(), worker.next()), (1, 2));
        pusher.join().unwrap();
    });
}

#[test]
fn a_worker_that_is_busy_is_not_unparked() {
    loom::model(|| {
        let worker = Worker::default();
        worker.push(7);
        assert_eq!(worker.next(), 7);
        assert!(!*worker.parker.token.lock().unwrap(), "nobody was parked");
    });
}
