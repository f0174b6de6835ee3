//! B5: a runtime sleeps until a far deadline; an earlier one that another thread sets must end that sleep. Were it not
//! so, each of these would wait for an hour, which the watchdog does not.

mod watchdog;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Handle};
use reveille::time::{Instant, sleep};
use watchdog::Watchdog;

const HOUR: Duration = Duration::from_secs(3600);

/// Opened by one thread, awaited by another.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waiter: Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        let waiter = self.waiter.lock().unwrap().take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        *self.waiter.lock().unwrap() = Some(cx.waker().clone());
        if self.open.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Calls `outside` on a thread that has entered a runtime whose own thread sleeps for an hour.
fn beside_a_sleeping_runtime(outside: impl FnOnce(&Handle)) {
    let _watchdog = Watchdog::new("a sleep beside a longer one", Duration::from_secs(60));
    let gate = Arc::new(Gate::default());
    let (give_handle, handle) = std::sync::mpsc::channel();
    let sleeper = thread::spawn({
        let gate = gate.clone();
        move || {
            let runtime = Builder::current_thread().build().unwrap();
            let far = runtime.spawn(sleep(HOUR));
            runtime.block_on(async {
                // One turn, so that the far sleep is in the wheel before the other thread begins.
                reveille::task::yield_now().await;
                give_handle.send(Handle::current()).unwrap();
                poll_fn(|cx| gate.poll(cx)).await;
            });
            assert!(!far.is_finished());
        }
    });
    let handle = handle.recv().unwrap();
    {
        let _current = handle.enter();
        outside(&handle);
    }
    gate.open();
    sleeper.join().unwrap();
}

#[test]
fn a_sleep_that_another_thread_polls_fires() {
    beside_a_sleeping_runtime(|_handle| {
        for micros in [0, 1, 1000].into_iter().cycle().take(150) {
            let deadline = Instant::now() + Duration::from_micros(micros);
            pollster::block_on(reveille::time::sleep_until(deadline));
            assert!(Instant::now() >= deadline, "fired early");
        }
    });
}

#[test]
fn a_sleep_that_another_thread_spawns_fires() {
    beside_a_sleeping_runtime(|handle| {
        for micros in [0, 1, 1000].into_iter().cycle().take(150) {
            let task = handle.spawn(sleep(Duration::from_micros(micros)));
            pollster::block_on(task).unwrap();
        }
    });
}

#[test]
fn a_far_sleep_that_another_thread_moves_near_fires() {
    beside_a_sleeping_runtime(|_handle| {
        let mut moved = Box::pin(sleep(HOUR));
        assert!(moved.as_mut().poll_once().is_pending());
        moved.as_mut().reset(Instant::now() + Duration::from_millis(1));
        pollster::block_on(moved);
    });
}

#[test]
fn a_near_sleep_that_is_moved_far_does_not_fire() {
    beside_a_sleeping_runtime(|_handle| {
        let mut moved = Box::pin(sleep(Duration::from_millis(1)));
        assert!(moved.as_mut().poll_once().is_pending());
        moved.as_mut().reset(Instant::now() + HOUR);
        pollster::block_on(sleep(Duration::from_millis(5)));
        assert!(
            moved.as_mut().poll_once().is_pending(),
            "fired at its old deadline"
        );
    });
}

/// Polling by hand.
trait PollOnce {
    fn poll_once(self) -> Poll<()>;
}

impl<F: Future<Output = ()>> PollOnce for std::pin::Pin<&mut F> {
    fn poll_once(self) -> Poll<()> {
        self.poll(&mut Context::from_waker(Waker::noop()))
    }
}
