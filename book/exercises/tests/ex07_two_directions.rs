//! Exercise 7, the third one: two at one bell. To chapter 7. A broken runtime: the two directions of a socket share a place.
//!
//! One task reads from a socket, another one writes to it. That is what a socket is like: it has two directions, and each is ready or
//! not. Whoever wrote this knew so, and has two flags. But there is one place for a waker, and who waits last has it:
//!
//! ```text
//! there is something to read, and the reader was not woken
//! ```
//!
//! Mend `Readiness`. To wake both for each event is no solution: with a hundred thousand sockets that is every second poll for
//! nothing, and the last test counts them.
//!
//! Hint: what else in here is there once, and should be there for each direction? What of it must stay one?

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

use Direction::{Read, Write};

#[derive(Default)]
struct Readiness {
    is_readable: Cell<bool>,
    is_writable: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Readiness {
    fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_ready(direction).get() {
            return Poll::Ready(());
        }
        let replaced = self.waker.replace(Some(cx.waker().clone()));
        drop(replaced);
        Poll::Pending
    }

    /// The reactor's: the system has told that the socket is ready in that direction.
    fn event(&self, direction: Direction) {
        self.is_ready(direction).set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn is_ready(&self, direction: Direction) -> &Cell<bool> {
        match direction {
            Read => &self.is_readable,
            Write => &self.is_writable,
        }
    }
}

/// A task that counts its wakes.
#[derive(Default)]
struct Task(AtomicU32);

impl Task {
    fn new() -> (Arc<Self>, Waker) {
        let task = Arc::new(Self::default());
        (task.clone(), Waker::from(task))
    }

    fn wakes(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn each_direction_wakes_its_own_task() {
    let readiness = Readiness::default();
    let ((reader, reads), (writer, writes)) = (Task::new(), Task::new());
    let mut reading = Context::from_waker(&reads);
    let mut writing = Context::from_waker(&writes);
    assert_eq!(readiness.poll_ready(Read, &mut reading), Poll::Pending);
    assert_eq!(readiness.poll_ready(Write, &mut writing), Poll::Pending);

    readiness.event(Read);
    assert_eq!(
        reader.wakes(),
        1,
        "there is something to read, and the reader was not woken"
    );
    readiness.event(Write);
    assert_eq!(
        writer.wakes(),
        1,
        "there is room to write, and the writer was not woken"
    );
}

#[test]
fn one_task_may_wait_for_both() {
    let readiness = Readiness::default();
    let (task, waker) = Task::new();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(readiness.poll_ready(Read, &mut cx), Poll::Pending);
    assert_eq!(readiness.poll_ready(Write, &mut cx), Poll::Pending);
    readiness.event(Write);
    assert_eq!(task.wakes(), 1);
    assert_eq!(readiness.poll_ready(Write, &mut cx), Poll::Ready(()));
    assert_eq!(readiness.poll_ready(Read, &mut cx), Poll::Pending);
}

#[test]
fn an_event_that_nobody_waits_for_wakes_nobody() {
    let readiness = Readiness::default();
    let (reader, waker) = Task::new();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(readiness.poll_ready(Read, &mut cx), Poll::Pending);
    for _ in 0..10 {
        readiness.event(Write);
    }
    assert_eq!(reader.wakes(), 0, "woken for room to write, though it reads");
    readiness.event(Read);
    assert_eq!(reader.wakes(), 1);
}
