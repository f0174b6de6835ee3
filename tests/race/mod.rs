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
/// After so many microseconds without a poll a monitor may take a worker's driver.
const STUCK_AFTER: u64 = 1000;

/// What the busy code and the starved task tell each other.
pub(crate) struct Race {
    bound: u64,
    /// Polls of the busy code.
    polls: AtomicU64,
    /// Their number when the event was there, plus one; 0 before.
    due: AtomicU64,
    done: AtomicBool,
    /// Whether a monitor drives where the thread stands still.
    is_watched: bool,
    began: Instant,
    /// When the busy code was polled last, in microseconds since then.
    polled: AtomicU64,
}

impl Race {
    /// Beside code that runs on so many threads: on several there is no bound, since how many polls one makes while
    /// another stands still is up to the system.
    pub(crate) fn new(threads: usize, is_watched: bool) -> Arc<Self> {
        let bound = if threads == 1 { BOUND } else { u64::MAX };
        Arc::new(Self {
            bound,
            polls: AtomicU64::new(0),
            due: AtomicU64::new(0),
            done: AtomicBool::new(false),
            is_watched,
            began: Instant::now(),
            polled: AtomicU64::new(0),
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
        if self.is_watched {
            self.count_anew_after_a_pause(polls);
        }
        let due = self.due.load(Ordering::SeqCst);
        let waited = polls.saturating_sub(due);
        assert!(due == 0 || waited <= self.bound, "starved for {waited} polls");
        !self.done.load(Ordering::SeqCst)
    }

    /// The system had others run, long enough for a monitor to take the driver. When that thread goes on is up to the system too.
    fn count_anew_after_a_pause(&self, polls: u64) {
        let now = self.began.elapsed().as_micros() as u64;
        let paused = now.saturating_sub(self.polled.swap(now, Ordering::SeqCst)) >= STUCK_AFTER;
        if paused && self.due.load(Ordering::SeqCst) != 0 {
            self.due.store(polls, Ordering::SeqCst);
        }
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
