//! The life of a bound task: its own thread, which makes no read-modify-writes, and others.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{self, Future};
use std::iter;
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::yard::Counts;
use super::{GivesAway, UntilBoth, block_on};
use crate::owned::OwnedTasks;
use crate::primitive::{
    AtomicBool, Ordering, SegQueue, Thread, UnsafeCell, current_thread, park_thread, thread_local,
};
use crate::task::Finished;
use crate::task::cell::{self, Schedule};
use crate::task::join::JoinHandle;
use crate::task::reference::{Mail, Runnable};
use crate::task::waker::{self, Wakers};

#[test]
fn foreign_wakes_during_polls_are_both_seen() {
    loom::model(|| {
        let desk = Desk::new();
        let data = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let drops = Counts::default();
        let (waker, handle) = desk.spawn(drops.ready_after(UntilBoth(data.clone())));
        desk.run_all();
        let by_ref = thread::spawn({
            let (data, waker) = (data.clone(), waker.clone());
            move || {
                data[0].store(1, Ordering::Relaxed);
                waker.wake_by_ref();
            }
        });
        let by_value = thread::spawn(move || {
            data[1].store(1, Ordering::Relaxed);
            waker.wake();
        });
        desk.run_until_finished(&handle);
        by_ref.join().unwrap();
        by_value.join().unwrap();
        drop(handle);
        desk.shut_down();
        drops.assert(1, 1);
        desk.assert_last();
    });
}

#[test]
fn wakers_that_are_cloned_here_and_dropped_elsewhere_are_counted_at_the_end() {
    loom::model(|| {
        let desk = Desk::new();
        let drops = Counts::default();
        let given = Arc::new(SegQueue::new());
        let (waker, handle) = desk.spawn(drops.ready_after(GivesAway {
            given: given.clone(),
            left: 2,
        }));
        let foreign = thread::spawn({
            let given = given.clone();
            move || {
                given.pop().map(Waker::wake);
                drop(given.pop());
            }
        });
        desk.run_all();
        drop(handle);
        waker.wake();
        desk.run_all();
        foreign.join().unwrap();
        while given.pop().is_some() {}
        desk.shut_down();
        drops.assert(1, 1);
        drop(given);
        desk.assert_last();
    });
}

#[test]
fn a_mail_that_comes_when_its_task_is_complete_leaks_nothing() {
    loom::model(|| {
        let desk = Desk::new();
        let drops = Counts::default();
        let (waker, handle) = desk.spawn(drops.ready_after(future::pending()));
        desk.run_all();
        let waking = thread::spawn(move || waker.wake());
        desk.shut_down();
        drops.assert(1, 0);
        assert!(handle.is_finished());
        drop(handle);
        waking.join().unwrap();
        desk.assert_last();
    });
}

#[test]
fn an_abort_from_elsewhere_meets_a_wake_here() {
    loom::model(|| {
        let desk = Desk::new();
        let drops = Counts::default();
        let (waker, handle) = desk.spawn(drops.ready_after(future::pending()));
        let handle = Arc::new(handle);
        let aborter = thread::spawn({
            let handle = handle.clone();
            move || handle.abort()
        });
        desk.run_all();
        waker.wake_by_ref();
        desk.run_until_finished(&handle);
        aborter.join().unwrap();
        assert!(block_on(Arc::into_inner(handle).unwrap()).is_err());
        drop(waker);
        desk.shut_down();
        drops.assert(1, 0);
        desk.assert_last();
    });
}

#[test]
fn a_task_that_is_spawned_elsewhere_meets_the_shutdown() {
    loom::model(|| {
        let desk = Desk::new();
        let drops = Counts::default();
        let spawner = thread::spawn({
            let (desk, drops) = (desk.clone(), drops.clone());
            move || {
                let (task, spawned, handle) = cell::new(drops.ready(), &desk, Location::caller());
                match desk.owned.insert(task, None) {
                    Ok(()) => spawned.schedule(),
                    Err(_closed) => spawned.cancel(),
                }
                block_on(handle).is_err()
            }
        });
        desk.shut_down();
        assert!(spawner.join().unwrap(), "nobody runs it");
        drops.assert(1, 0);
        desk.assert_last();
    });
}

/// A home whose tasks the thread runs that made it.
struct Desk {
    mailbox: SegQueue<Mail>,
    /// Of that thread alone.
    queue: UnsafeCell<VecDeque<Runnable>>,
    owned: OwnedTasks,
    thread: Thread,
    /// Whether a real home could be gone by now. The checker's, so that others get their turn before it is asked.
    may_be_gone: AtomicBool,
}

// SAFETY: loom checks every access to the queue.
unsafe impl Sync for Desk {}

thread_local! {
    static HERE: Cell<bool> = Cell::new(false);
}

impl Schedule for Desk {
    const LOCAL: bool = false;
    const BOUND: bool = true;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Desk> = Wakers::new();
        &WAKERS
    }

    fn is_here(_: *const Self) -> bool {
        HERE.with(Cell::get)
    }

    fn push_here<const TOLD: bool>(desk: &Self, task: Runnable) -> Result<(), Runnable> {
        desk.queue.with_mut(|queue| {
            // SAFETY: loom checks that nobody else is at it.
            let queue = unsafe { &mut *queue };
            assert!(queue.is_empty(), "the task is in the queue twice");
            queue.push_back(task);
        });
        Ok(())
    }

    type Pushed<'a> = ();

    fn push_from_elsewhere(_: &Self, _: Runnable) {
        unreachable!("a bound task comes by mail");
    }

    fn post(desk: Arc<Self>, mail: Mail) {
        let gone = desk.may_be_gone.load(Ordering::Relaxed);
        assert!(!gone, "a pointer to a home was followed that may be gone");
        desk.mailbox.push(mail);
        desk.thread.unpark();
    }

    fn release(&self, task: Finished, is_mailed: bool) {
        self.owned.remove(task, is_mailed);
    }
}

impl Desk {
    fn new() -> Arc<Self> {
        HERE.with(|here| here.set(true));
        Arc::new(Self {
            mailbox: SegQueue::new(),
            queue: UnsafeCell::new(VecDeque::new()),
            owned: OwnedTasks::new(0),
            thread: current_thread(),
            may_be_gone: AtomicBool::new(false),
        })
    }

    fn spawn<F>(self: &Arc<Self>, future: F) -> (Waker, JoinHandle<F::Output>)
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

    fn pop(&self) -> Option<Runnable> {
        // SAFETY: loom checks that nobody else is at it.
        let queued = self.queue.with_mut(|queue| unsafe { &mut *queue }.pop_front());
        queued.or_else(|| {
            let mails = iter::from_fn(|| self.mailbox.pop());
            mails
                .filter_map(|mail| self.owned.take_in(mail.open(None)))
                .next()
        })
    }

    fn run_all(&self) {
        while let Some(task) = self.pop() {
            self.run(task);
        }
    }

    fn run(&self, task: Runnable) {
        if let Some(again) = task.run() {
            assert!(Self::push_here::<true>(self, again).is_ok());
        }
    }

    fn run_until_finished<T>(&self, handle: &JoinHandle<T>) {
        while !handle.is_finished() {
            match self.pop() {
                Some(task) => self.run(task),
                None => park_thread(),
            }
        }
    }

    fn shut_down(&self) {
        self.owned.cancel_all(|| self.pop(), park_thread);
        self.may_be_gone.store(true, Ordering::Relaxed);
    }

    /// That every cell was freed the checker sees by itself.
    fn assert_last(&self) {
        assert!(self.owned.is_empty());
    }
}
