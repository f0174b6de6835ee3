//! The toy's one protocol between threads: a task is woken by others, while its loop polls it, looks for more, and sleeps.

use std::sync::Arc;
use std::task::Waker;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::toy::{RunQueue, Task};

/// What a reactor does with its descriptor: a ring ends a sleep, also one that has not begun.
#[derive(Default)]
struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.has_rung.lock().unwrap() = true;
        self.rings.notify_one();
    }

    fn sleep(&self) {
        let mut has_rung = self.has_rung.lock().unwrap();
        while !*has_rung {
            has_rung = self.rings.wait(has_rung).unwrap();
        }
        *has_rung = false;
    }
}

struct Loop {
    queue: Arc<RunQueue>,
    bell: Arc<Bell>,
}

impl Loop {
    fn new() -> Self {
        let bell = Arc::new(Bell::default());
        let rung = bell.clone();
        Self {
            queue: Arc::new(RunQueue::new(move || rung.ring())),
            bell,
        }
    }

    /// As `block_on` does it, until a poll says that all is there.
    fn run(&self, mut poll: impl FnMut() -> bool) {
        loop {
            for task in self.queue.take() {
                task.begin_poll();
                if poll() {
                    return;
                }
            }
            if self.queue.may_sleep() {
                self.bell.sleep();
                self.queue.is_awake();
            }
        }
    }
}

/// News that a poll finds without any order of its own: that comes from the wake alone.
#[derive(Default)]
struct News(AtomicBool);

impl News {
    fn tell(&self, waker: &Waker) {
        self.0.store(true, Ordering::Relaxed);
        waker.wake_by_ref();
    }

    fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A lost wake is a deadlock here, which loom reports.
#[test]
fn what_two_threads_tell_one_task_is_found_by_its_polls() {
    loom::model(|| {
        let runs = Loop::new();
        let task = Task::new(0, &runs.queue);
        let waker = Waker::from(task);
        waker.wake_by_ref();
        let news = [(); 2].map(|()| Arc::new(News::default()));
        let tellers = news.clone().map(|news| {
            let waker = waker.clone();
            thread::spawn(move || news.tell(&waker))
        });
        runs.run(|| news.iter().all(|news| news.is_told()));
        tellers.into_iter().for_each(|teller| teller.join().unwrap());
    });
}

#[test]
fn a_loop_with_two_tasks_sleeps_past_neither() {
    loom::model(|| {
        let runs = Loop::new();
        let news = [(); 2].map(|()| Arc::new(News::default()));
        let mut tellers = Vec::new();
        for (number, news) in news.iter().cloned().enumerate() {
            let waker = Waker::from(Task::new(number as u64, &runs.queue));
            tellers.push(thread::spawn(move || news.tell(&waker)));
        }
        let mut polls = 0;
        runs.run(|| {
            polls += 1;
            polls == 2
        });
        assert!(news.iter().all(|news| news.is_told()));
        tellers.into_iter().for_each(|teller| teller.join().unwrap());
    });
}

/// A waker that is kept and called too late leaves nothing behind: a task in a queue that nobody empties would keep itself.
#[test]
fn who_is_woken_while_the_loop_ends_is_not_kept() {
    loom::model(|| {
        let runs = Loop::new();
        let task = Task::new(0, &runs.queue);
        let waker = Waker::from(task.clone());
        let late = thread::spawn(move || waker.wake());
        runs.queue.close();
        late.join().unwrap();
        assert_eq!(Arc::strong_count(&task), 1);
    });
}
