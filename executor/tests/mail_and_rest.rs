//! Mail that comes too late, right when an embedded runtime looks whether it is at rest.

mod watchdog;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reveille_context::event::{self, Event, Level, Recorder};
use reveille_executor::{Announce, Config, CurrentThread, OnQuiescent, Park, ThreadPark};
use watchdog::watched;

thread_local!(static FOREIGN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
static IN_BETWEEN: AtomicBool = AtomicBool::new(false);
static GO_ON: AtomicBool = AtomicBool::new(false);

/// Keeps the foreign wake between its bit and its push: it is told of the wake in between.
struct Keeps;

impl Recorder for Keeps {
    fn now(&self) -> u64 {
        0
    }

    fn record(&self, _: u64, event: Event<'_>) {
        if let (Event::Wake { .. }, true) = (event, FOREIGN.get()) {
            IN_BETWEEN.store(true, Ordering::SeqCst);
            while !GO_ON.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        }
    }
}

#[derive(Default)]
struct Rest {
    foreign: Mutex<Option<JoinHandle<()>>>,
    done: AtomicBool,
    reached: AtomicUsize,
}

impl OnQuiescent for Rest {
    fn is_awaited(&self) -> bool {
        if self.done.load(Ordering::SeqCst) {
            if let Some(thread) = self.foreign.lock().unwrap().take() {
                GO_ON.store(true, Ordering::SeqCst);
                thread.join().unwrap();
            }
        }
        true
    }

    fn reached(&self, _: &mut Vec<Waker>) {
        if self.done.load(Ordering::SeqCst) {
            self.reached.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The park's unparker, and whether it was called since the last announcement.
struct Interrupts(Waker, AtomicBool);

impl Wake for Interrupts {
    fn wake(self: Arc<Self>) {
        self.1.store(true, Ordering::SeqCst);
        self.0.wake_by_ref();
    }
}
struct Interrupted(ThreadPark, Arc<Interrupts>);

impl Park for Interrupted {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.0.park(timeout, woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.0.turn(woken);
    }

    fn unparker(&self) -> Waker {
        self.1.clone().into()
    }
}

impl Announce for Interrupted {
    fn announce(&mut self) -> bool {
        let interrupted = self.1.1.swap(false, Ordering::SeqCst);
        let announced = self.0.announce();
        assert!(announced || interrupted);
        announced
    }

    fn next_deadline(&mut self) -> Option<Duration> {
        self.0.next_deadline()
    }
}

#[test]
fn late_mail_does_not_hide_that_an_embedded_runtime_is_at_rest() {
    watched(|| {
        assert!(event::install(Box::new(Keeps)).is_ok());
        event::set_level(Level::Loop);
        let rest = Arc::new(Rest::default());
        let mut config = Config::default();
        config.on_quiescent = Some(rest.clone());
        let park = ThreadPark::new();
        let interrupts = Arc::new(Interrupts(park.unparker(), AtomicBool::new(false)));
        let executor = CurrentThread::with_config(Interrupted(park, interrupts.clone()), &config);
        let mut embedded = executor.embed().unwrap();
        let inside = rest.clone();
        drop(executor.handle().spawn(poll_fn(move |cx| {
            let waker = cx.waker().clone();
            let thread = thread::spawn(move || {
                FOREIGN.set(true);
                waker.wake();
            });
            while !IN_BETWEEN.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            *inside.foreign.lock().unwrap() = Some(thread);
            inside.done.store(true, Ordering::SeqCst);
            Poll::Ready(())
        })));
        let mut calls = 0;
        // As a foreign loop does: again if there is more, or if it was interrupted.
        loop {
            let more = embedded.poll_once(Some(Duration::ZERO));
            calls += 1;
            if !more && !interrupts.1.load(Ordering::SeqCst) {
                break;
            }
        }
        let reached = rest.reached.load(Ordering::SeqCst);
        assert!(reached > 0, "nobody was told that it rests; {calls} calls");
    });
}
