//! What B8 looks for: something is there to be seen, and code that is always busy counts how many polls it makes before
//! it is.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use reveille::net::TcpListener;
use reveille::time::sleep;

/// Four times the driver's interval.
const BOUND: u64 = 4 * 256;

/// What the busy code and the starved task tell each other.
pub(crate) struct Race {
    bound: u64,
    /// Polls of the busy code.
    polls: AtomicU64,
    /// Their number when the event was there, plus one; 0 before.
    due: AtomicU64,
    done: AtomicBool,
}

impl Race {
    /// Beside code that runs on so many workers: on several there is no bound, since how many polls one makes while
    /// another stands still is up to the system.
    pub(crate) fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            bound: if workers == 1 { BOUND } else { u64::MAX },
            polls: AtomicU64::new(0),
            due: AtomicU64::new(0),
            done: AtomicBool::new(false),
        })
    }

    pub(crate) fn event_is_there(&self) {
        let polls = self.polls.load(Ordering::SeqCst);
        let _ = self
            .due
            .compare_exchange(0, polls + 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Counts a poll of the busy code; whether it goes on.
    pub(crate) fn poll(&self) -> bool {
        let polls = self.polls.fetch_add(1, Ordering::SeqCst) + 1;
        let due = self.due.load(Ordering::SeqCst);
        let waited = polls.saturating_sub(due);
        assert!(due == 0 || waited <= self.bound, "starved for {waited} polls");
        !self.done.load(Ordering::SeqCst)
    }
}

pub(crate) type Starved = fn(Arc<Race>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

fn a_sleep(race: Arc<Race>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let deadline = Instant::now() + Duration::from_millis(10);
    let watched = race.clone();
    // A millisecond is the granularity that `sleep` promises.
    thread::spawn(move || {
        thread::sleep((deadline + Duration::from_millis(1)).saturating_duration_since(Instant::now()));
        watched.event_is_there();
    });
    Box::pin(async move {
        sleep(deadline.saturating_duration_since(Instant::now())).await;
        race.done.store(true, Ordering::SeqCst);
    })
}

fn an_accept(race: Arc<Race>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let watched = race.clone();
        let client = thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            let stream = std::net::TcpStream::connect(address).unwrap();
            watched.event_is_there();
            stream
        });
        listener.accept().await.unwrap();
        race.done.store(true, Ordering::SeqCst);
        drop(client.join());
    })
}

fn a_foreign_wake(race: Arc<Race>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let told = Arc::new(AtomicBool::new(false));
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let (watched, tell, wake) = (race.clone(), told.clone(), waker.clone());
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(2));
        tell.store(true, Ordering::SeqCst);
        let waker = wake.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
        watched.event_is_there();
    });
    Box::pin(async move {
        poll_fn(|cx| {
            *waker.lock().unwrap() = Some(cx.waker().clone());
            match told.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        race.done.store(true, Ordering::SeqCst);
    })
}

pub(crate) const ALL: [Starved; 3] = [a_sleep, an_accept, a_foreign_wake];
