//! Exercise 3: the bell that was rung too early. To chapter 3. A broken runtime: a wake that comes before the sleep is lost.
//!
//! This is `block_on` with its parker. So that each run is the same, the thread does not sleep in the system: `Bell` is a model
//! of a condition variable. A ring ends the sleep of who sleeps, and is nothing if nobody does. What other threads do is a list,
//! and they do it while this one sleeps.
//!
//! The courier of the first test is slow, and all is well. The second one is quick. He is there before `poll` has returned,
//! and then the thread sleeps for ever:
//!
//! ```text
//! the thread sleeps, and nobody is left who would ring
//! ```
//!
//! Mend `Parker`. `Bell` is the system's, and stays as it is.
//!
//! Hint: who parks has to know whether there was an unpark since he parked last.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(parker.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        parker.park();
    }
}

#[derive(Default)]
struct Parker {
    bell: Bell,
}

impl Parker {
    fn park(&self) {
        self.bell.sleep();
    }

    fn unpark(&self) {
        self.bell.ring();
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }
}

/// The system's: a condition variable.
#[derive(Default)]
struct Bell {
    is_slept_on: AtomicBool,
}

impl Bell {
    fn sleep(&self) {
        self.is_slept_on.store(true, Ordering::Relaxed);
        while self.is_slept_on.load(Ordering::Relaxed) {
            let deed = OTHERS.with_borrow_mut(VecDeque::pop_front);
            deed.expect("the thread sleeps, and nobody is left who would ring")();
        }
    }

    fn ring(&self) {
        self.is_slept_on.store(false, Ordering::Relaxed);
    }
}

thread_local! {
    /// What other threads are going to do, while this one sleeps.
    static OTHERS: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// A parcel that is ordered by the first poll, and how many polls there were. `bring` is the courier, who wakes.
async fn parcel(bring: impl Fn(Waker)) -> u32 {
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        bring(cx.waker().clone());
        Poll::Pending
    })
    .await;
    polls
}

#[test]
fn a_wake_during_the_sleep_ends_it() {
    let slowly = |waker: Waker| OTHERS.with_borrow_mut(|others| others.push_back(Box::new(|| waker.wake())));
    assert_eq!(block_on(parcel(slowly)), 2);
}

#[test]
fn a_wake_before_the_sleep_is_not_lost() {
    assert_eq!(block_on(parcel(Waker::wake)), 2);
}

#[test]
fn two_wakes_end_one_sleep() {
    let parker = Arc::new(Parker::default());
    parker.unpark();
    parker.unpark();
    parker.park();

    let (other, is_rung) = (parker.clone(), Arc::new(AtomicBool::new(false)));
    let rings = is_rung.clone();
    let deed = move || {
        rings.store(true, Ordering::Relaxed);
        other.unpark();
    };
    OTHERS.with_borrow_mut(|others| others.push_back(Box::new(deed)));
    parker.park();
    assert!(is_rung.load(Ordering::Relaxed), "the second sleep was none");
}
