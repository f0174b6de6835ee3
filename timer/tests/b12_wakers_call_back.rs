//! Scenario B12: a waker is anybody's code. Its clone, wake and drop may use the very timers that call them, and
//! may panic.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};
use std::thread;

use reveille_timer::{Duration, Handle, Timers, sleep, sleep_until};

mod probe;

use probe::{Count, poll, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Uses `handle` in every way there is, whenever anything is done with a waker of it.
struct CallsBack {
    handle: Handle,
    calls: AtomicUsize,
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl CallsBack {
    fn call(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if INSIDE.replace(true) {
            return;
        }
        let _entered = self.handle.enter();
        let mut own = sleep(HOUR);
        assert!(poll(&mut own, Waker::noop()).is_pending());
        own.reset(own.deadline() - HOUR / 2);
        let (_, other) = Count::new();
        assert!(poll(&mut own, &other).is_pending());
        let _ = self.handle.is_closed();
        let _ = self.handle.len();
        drop(own);
        INSIDE.set(false);
    }

    fn waker(self: &Arc<Self>) -> Waker {
        // SAFETY: the table below treats the pointer as the `Arc` it comes from, each function with the reference
        // that its contract gives it; `CallsBack` is `Send` and `Sync`.
        unsafe { Waker::from_raw(raw(self.clone())) }
    }
}

fn raw(target: Arc<CallsBack>) -> RawWaker {
    RawWaker::new(Arc::into_raw(target).cast(), &TABLE)
}

const TABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: a clone borrows the reference that the waker owns.
        let target = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<CallsBack>()) });
        target.call();
        raw(Arc::clone(&target))
    },
    |data| {
        // SAFETY: waking by value uses the waker's reference up.
        let target = unsafe { Arc::from_raw(data.cast::<CallsBack>()) };
        target.call();
    },
    |data| {
        // SAFETY: waking by reference borrows the waker's reference.
        let target = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<CallsBack>()) });
        target.call();
    },
    |data| {
        // SAFETY: dropping uses the waker's reference up.
        let target = unsafe { Arc::from_raw(data.cast::<CallsBack>()) };
        target.call();
    },
);

fn setup() -> (Timers, Handle, Arc<CallsBack>) {
    let (unparks, _) = Count::new();
    let timers = Timers::new(unparks.into());
    let handle = timers.handle();
    let calls_back = Arc::new(CallsBack {
        handle: handle.clone(),
        calls: AtomicUsize::new(0),
    });
    (timers, handle, calls_back)
}

impl CallsBack {
    /// Runs `step` and demands that it called a waker's function.
    fn must_be_called<R>(&self, what: &str, step: impl FnOnce() -> R) -> R {
        let before = self.calls.load(Ordering::SeqCst);
        let result = step();
        assert!(
            self.calls.load(Ordering::SeqCst) > before,
            "{what} did not use the waker"
        );
        result
    }
}

#[test]
fn a_waker_may_register_and_cancel_when_it_is_cloned_and_dropped() {
    watchdog(|| {
        let (_timers, handle, target) = setup();
        let _entered = handle.enter();
        let waker = target.waker();
        let mut sleep = sleep(HOUR);
        target.must_be_called("the first poll", || {
            assert!(poll(&mut sleep, &waker).is_pending())
        });
        target.must_be_called("a poll with another waker", || {
            assert!(poll(&mut sleep, Waker::noop()).is_pending());
        });
        target.must_be_called("a poll with this one again", || {
            assert!(poll(&mut sleep, &waker).is_pending());
        });
        target.must_be_called("dropping the sleep", || drop(sleep));
        assert!(handle.is_empty());
    });
}

#[test]
fn a_waker_may_register_and_cancel_when_it_is_moved_to_other_timers() {
    watchdog(|| {
        let (_first, first, target) = setup();
        let (_second, second, _) = setup();
        let waker = target.waker();
        let mut sleep = sleep(HOUR);
        for handle in [&first, &second, &first] {
            let _entered = handle.enter();
            target.must_be_called("moving", || assert!(poll(&mut sleep, &waker).is_pending()));
        }
    });
}

#[test]
fn a_waker_may_register_and_cancel_when_it_is_woken() {
    watchdog(|| {
        let (mut timers, handle, target) = setup();
        let _entered = handle.enter();
        let waker = target.waker();
        let mut short = sleep(Duration::from_millis(20));
        while poll(&mut short, &waker).is_ready() {
            short = sleep(Duration::from_millis(20));
        }
        let mut woken = Vec::new();
        while woken.is_empty() {
            thread::sleep(timers.wait().expect("there is a deadline"));
            timers.advance(&mut woken);
        }
        target.must_be_called("waking", || woken.drain(..).for_each(Waker::wake));
        assert!(poll(&mut short, &waker).is_ready());
    });
}

#[test]
fn a_waker_may_register_and_cancel_when_the_timers_end() {
    watchdog(|| {
        let (timers, handle, target) = setup();
        let waker = target.waker();
        let mut sleep = sleep(HOUR);
        {
            let _entered = handle.enter();
            assert!(poll(&mut sleep, &waker).is_pending());
        }
        target.must_be_called("dropping the timers", || drop(timers));
        {
            let _entered = handle.enter();
            target.must_be_called("a refused registration", || {
                assert!(poll(&mut sleep, &waker).is_pending());
            });
        }
        target.must_be_called("dropping the sleep", || drop(sleep));
    });
}

#[test]
fn a_waker_that_panics_harms_no_other_of_its_batch() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }

    watchdog(|| {
        let panics = Waker::from(Arc::new(Panics));
        // On the process's thread, which must live on.
        for _ in 0..3 {
            let deadline = reveille_timer::Instant::now() + Duration::from_millis(20);
            let mut bad = sleep_until(deadline);
            let _ = poll(&mut bad, &panics);
            pollster::block_on(sleep_until(deadline));
        }
        // At the end of a runtime.
        let (timers, handle, _) = setup();
        let _entered = handle.enter();
        let (count, waker) = Count::new();
        let mut sleeps = [HOUR; 3].map(sleep);
        for (sleep, waker) in sleeps.iter_mut().zip([&waker, &panics, &waker]) {
            assert!(poll(sleep, waker).is_pending());
        }
        drop(timers);
        assert_eq!(count.get(), 2);
    });
}

/// Some executors poll on the stack of whoever wakes.
#[test]
fn a_waker_may_poll_the_sleep_that_wakes_it() {
    struct Repolls(std::sync::Mutex<(reveille_timer::Sleep, bool)>);
    impl Wake for Repolls {
        fn wake(self: Arc<Self>) {
            let (sleep, ready) = &mut *self.0.lock().unwrap();
            let mut cx = Context::from_waker(Waker::noop());
            *ready = std::pin::Pin::new(sleep).poll(&mut cx).is_ready();
        }
    }

    watchdog(|| {
        let (mut timers, handle, _) = setup();
        let _entered = handle.enter();
        let repolls = loop {
            let repolls = Arc::new(Repolls((sleep(Duration::from_millis(20)), false).into()));
            let waker = repolls.clone().into();
            // It is ready if the machine stalled.
            if poll(&mut repolls.0.lock().unwrap().0, &waker).is_pending() {
                break repolls;
            }
        };
        let mut woken = Vec::new();
        while woken.is_empty() {
            thread::sleep(timers.wait().expect("there is a deadline"));
            timers.advance(&mut woken);
        }
        woken.drain(..).for_each(Waker::wake);
        assert!(repolls.0.lock().unwrap().1, "woken, and not ready");
    });
}
