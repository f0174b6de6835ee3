//! A park for a foreign loop that counts what it is asked, and says whether the loop would be interrupted.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_executor::{Announce, Park, Token};

pub(crate) struct AnnouncingPark {
    counts: Arc<Counts>,
    /// How many of the next parks panic.
    pub(crate) panics: usize,
}

pub(crate) struct Counts {
    enters: AtomicUsize,
    parks: AtomicUsize,
    turns: AtomicUsize,
    interrupts: AtomicUsize,
    announced: AtomicBool,
    deadline: Mutex<Option<Duration>>,
    token: Token,
}

impl AnnouncingPark {
    pub(crate) fn new() -> (Self, Arc<Counts>) {
        let counts = Arc::new(Counts {
            enters: AtomicUsize::new(0),
            parks: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            interrupts: AtomicUsize::new(0),
            announced: AtomicBool::new(false),
            deadline: Mutex::new(None),
            token: Token::new(),
        });
        let park = Self {
            counts: counts.clone(),
            panics: 0,
        };
        (park, counts)
    }
}

impl Counts {
    pub(crate) fn enters(&self) -> usize {
        self.enters.load(Ordering::SeqCst)
    }

    pub(crate) fn parks(&self) -> usize {
        self.parks.load(Ordering::SeqCst)
    }

    pub(crate) fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    /// Unparks that found a sleep announced: each would interrupt the foreign loop.
    pub(crate) fn interrupts(&self) -> usize {
        self.interrupts.load(Ordering::SeqCst)
    }

    pub(crate) fn announced(&self) -> bool {
        self.announced.load(Ordering::SeqCst)
    }

    pub(crate) fn set_deadline(&self, deadline: Option<Duration>) {
        *self.deadline.lock().unwrap() = deadline;
    }
}

impl Park for AnnouncingPark {
    fn enter(&mut self) {
        self.counts.enters.fetch_add(1, Ordering::SeqCst);
    }

    /// It never sleeps: whoever needs it to would hang, which these tests do not provoke.
    fn park(&mut self, timeout: Option<Duration>, _woken: &mut Vec<Waker>) {
        if self.panics > 0 {
            self.panics -= 1;
            panic!("expected: the park is broken");
        }
        assert!(
            timeout.is_some_and(|timeout| timeout.is_zero()),
            "this park is only looked at"
        );
        self.counts.parks.fetch_add(1, Ordering::SeqCst);
        self.counts.announced.store(false, Ordering::SeqCst);
        self.counts.token.clear();
    }

    fn turn(&mut self, _woken: &mut Vec<Waker>) {
        self.counts.turns.fetch_add(1, Ordering::SeqCst);
    }

    fn unparker(&self) -> Waker {
        Waker::from(self.counts.clone())
    }
}

impl Announce for AnnouncingPark {
    fn announce(&mut self) -> bool {
        let announced = self.counts.token.announce();
        self.counts.announced.store(announced, Ordering::SeqCst);
        announced
    }

    fn next_deadline(&mut self) -> Option<Duration> {
        assert!(
            self.counts.announced(),
            "a deadline is asked for after the announcement"
        );
        *self.counts.deadline.lock().unwrap()
    }
}

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.token.notify() {
            self.interrupts.fetch_add(1, Ordering::SeqCst);
        }
    }
}
