//! Who polls, and when again? The same future by a loop that never sleeps, and by one that sleeps until it is woken.
//! Chapter 3 of the book.
//!
//! ```console
//! $ cargo run --example ch03_block_on
//! ```

use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let (parcel, polls) = spin_on(Delivery::new("a book"));
    println!("spinning: got {parcel} after {polls} polls");

    let (parcel, polls) = block_on(Delivery::new("a book"));
    println!("sleeping: got {parcel} after {polls} polls");

    println!("rung before it slept:");
    println!("    a bell without a memory: {}", without_a_memory());
    println!("    the parker:              {}", with_a_memory());
}

// ANCHOR: spin
/// Asks again and again. It needs no waker, and one processor for as long as it waits.
fn spin_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}
// ANCHOR_END: spin

// ANCHOR: block_on
/// Asks, and then sleeps until somebody says that it is worth asking again.
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
// ANCHOR_END: block_on

// ANCHOR: parker
/// Where a thread sleeps until it is unparked. An unpark that comes first is remembered: that is the token.
#[derive(Default)]
struct Parker {
    token: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    fn park(&self) {
        let mut token = self.token.lock().unwrap();
        // A loop: a condition variable may return although nobody rang.
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

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }
}
// ANCHOR_END: parker

// ANCHOR: delivery
/// A parcel that another thread brings, and how many polls that took. It is ordered by the first one.
struct Delivery {
    parcel: &'static str,
    polls: u64,
    door: Option<Arc<Mutex<Door>>>,
}

#[derive(Default)]
struct Door {
    parcel: Option<&'static str>,
    waker: Option<Waker>,
}

impl Future for Delivery {
    type Output = (&'static str, u64);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls += 1;
        let (parcel, polls) = (self.parcel, self.polls);
        let door = self.door.get_or_insert_with(|| order(parcel));
        // One lock for both: the courier comes either before we look, or after our waker is there.
        let mut door = door.lock().unwrap();
        match door.parcel.take() {
            Some(parcel) => Poll::Ready((parcel, polls)),
            None => {
                door.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn order(parcel: &'static str) -> Arc<Mutex<Door>> {
    let door = Arc::new(Mutex::new(Door::default()));
    let courier = door.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        let mut door = courier.lock().unwrap();
        door.parcel = Some(parcel);
        let waker = door.waker.take();
        // First the lock is released, then the bell rung: who wakes up will want the lock.
        drop(door);
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    door
}
// ANCHOR_END: delivery

impl Delivery {
    fn new(parcel: &'static str) -> Self {
        Self {
            parcel,
            polls: 0,
            door: None,
        }
    }
}

// ANCHOR: token
/// Rung first, waited for afterwards: nobody was there to hear it.
fn without_a_memory() -> &'static str {
    let (lock, bell) = (Mutex::new(()), Condvar::new());
    bell.notify_one();
    // Without this deadline it would wait for ever.
    let deadline = Instant::now() + Duration::from_millis(20);
    let mut guard = lock.lock().unwrap();
    while Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        guard = bell.wait_timeout(guard, left).unwrap().0;
    }
    "slept on, until it gave up"
}

fn with_a_memory() -> &'static str {
    let parker = Parker::default();
    parker.unpark();
    parker.park();
    "did not sleep at all"
}
// ANCHOR_END: token
