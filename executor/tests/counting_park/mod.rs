//! A park that counts its calls and gives out the wakers that were left with it, as a driver with sockets would.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_executor::{Park, Token};

pub(crate) struct CountingPark(Arc<Counts>);

pub(crate) struct Counts {
    pub(crate) enters: AtomicUsize,
    pub(crate) parks: AtomicUsize,
    pub(crate) turns: AtomicUsize,
    /// Calls of the unparker.
    pub(crate) unparks: AtomicUsize,
    /// Unparks that found the park asleep, each of which would cost a driver a system call.
    pub(crate) interrupts: AtomicUsize,
    token: Token,
    interrupted: Mutex<bool>,
    condvar: Condvar,
    events: Mutex<Vec<Waker>>,
}

impl CountingPark {
    pub(crate) fn new() -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts {
            enters: AtomicUsize::new(0),
            parks: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            unparks: AtomicUsize::new(0),
            interrupts: AtomicUsize::new(0),
            token: Token::new(),
            interrupted: Mutex::new(false),
            condvar: Condvar::new(),
            events: Mutex::new(Vec::new()),
        });
        (Self(counts.clone()), counts)
    }
}

#[allow(dead_code, reason = "each test file uses some of it")]
impl Counts {
    /// `waker` is given out by the next turn or park, like that of a socket that is ready now.
    pub(crate) fn add_event(&self, waker: Waker) {
        self.events.lock().unwrap().push(waker);
    }

    pub(crate) fn enters(&self) -> usize {
        self.enters.load(Ordering::SeqCst)
    }

    pub(crate) fn parks(&self) -> usize {
        self.parks.load(Ordering::SeqCst)
    }

    pub(crate) fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    pub(crate) fn unparks(&self) -> usize {
        self.unparks.load(Ordering::SeqCst)
    }

    pub(crate) fn interrupts(&self) -> usize {
        self.interrupts.load(Ordering::SeqCst)
    }

    fn collect(&self, woken: &mut Vec<Waker>) {
        woken.append(&mut self.events.lock().unwrap());
    }

    fn has_events(&self) -> bool {
        !self.events.lock().unwrap().is_empty()
    }
}

impl Park for CountingPark {
    fn enter(&mut self) {
        self.0.enters.fetch_add(1, Ordering::SeqCst);
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        assert_eq!(timeout, None, "an executor without timers has no deadline");
        self.0.parks.fetch_add(1, Ordering::SeqCst);
        if !self.0.has_events() && self.0.token.announce() {
            let mut interrupted = self.0.interrupted.lock().unwrap();
            while !*interrupted {
                interrupted = self.0.condvar.wait(interrupted).unwrap();
            }
            *interrupted = false;
            drop(interrupted);
            self.0.token.clear();
        }
        self.0.collect(woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.0.turns.fetch_add(1, Ordering::SeqCst);
        self.0.collect(woken);
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.0.clone())
    }
}

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unparks.fetch_add(1, Ordering::SeqCst);
        if self.token.notify() {
            self.interrupts.fetch_add(1, Ordering::SeqCst);
            *self.interrupted.lock().unwrap() = true;
            self.condvar.notify_one();
        }
    }
}
