//! B8: there is always something to run, and still a sleep, an accept and a wake from another thread are seen within
//! a bounded number of polls, counted from the moment at which they were there to be seen.

mod watchdog;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use reveille::net::TcpListener;
use reveille::runtime::{Builder, Runtime};
use reveille::time::sleep;
use watchdog::Watchdog;

/// Four times the driver's interval.
const BOUND: u64 = 4 * 256;

/// What the busy code and the starved task tell each other.
#[derive(Default)]
struct Race {
    /// Polls of the busy code.
    polls: AtomicU64,
    /// Their number when the event was there, plus one; 0 before.
    due: AtomicU64,
    done: AtomicBool,
}

impl Race {
    fn event_is_there(&self) {
        let polls = self.polls.load(Ordering::SeqCst);
        let _ = self
            .due
            .compare_exchange(0, polls + 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Counts a poll of the busy code; whether it goes on.
    fn poll(&self) -> bool {
        let polls = self.polls.fetch_add(1, Ordering::SeqCst) + 1;
        let due = self.due.load(Ordering::SeqCst);
        assert!(
            due == 0 || polls - due <= BOUND,
            "starved for {} polls",
            polls - due
        );
        !self.done.load(Ordering::SeqCst)
    }
}

type Starved = fn(Arc<Race>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

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
            if told.load(Ordering::SeqCst) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        race.done.store(true, Ordering::SeqCst);
    })
}

const ALL: [(&str, Starved); 3] = [
    ("sleep", a_sleep),
    ("accept", an_accept),
    ("foreign wake", a_foreign_wake),
];

fn runtime() -> Runtime {
    Builder::current_thread().build().unwrap()
}

/// Runs `busy` beside each starved task, in `block_on`.
fn beside<F: Future<Output = ()>>(busy: impl Fn(Arc<Race>) -> F) {
    let _watchdog = Watchdog::new("a busy runtime with one other task", Duration::from_secs(60));
    for (_name, starved) in ALL {
        let race = Arc::new(Race::default());
        let runtime = runtime();
        let task = runtime.spawn(starved(race.clone()));
        runtime.block_on(async {
            busy(race).await;
            task.await.unwrap();
        });
    }
}

#[test]
fn a_root_that_wakes_itself_starves_nobody() {
    beside(|race| {
        poll_fn(move |cx| {
            if race.poll() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    });
}

#[test]
fn a_task_that_yields_forever_starves_nobody() {
    beside(|race| async move {
        let yields = reveille::spawn(async move {
            while race.poll() {
                reveille::task::yield_now().await;
            }
        });
        yields.await.unwrap();
    });
}

#[test]
fn two_tasks_that_wake_each_other_starve_nobody() {
    /// Whose turn it is, and who waits for it.
    #[derive(Default)]
    struct Table {
        turn: usize,
        waiting: [Option<Waker>; 2],
    }

    beside(|race| async move {
        let table: Arc<Mutex<Table>> = Arc::default();
        let players = [0, 1].map(|me| {
            let (race, table) = (race.clone(), table.clone());
            reveille::spawn(poll_fn(move |cx| {
                let over = !race.poll();
                let mut table = table.lock().unwrap();
                if table.turn != me && !over {
                    table.waiting[me] = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                table.turn = 1 - me;
                table.waiting[me] = Some(cx.waker().clone());
                let other = table.waiting[1 - me].take();
                drop(table);
                if let Some(other) = other {
                    other.wake();
                }
                if over { Poll::Ready(()) } else { Poll::Pending }
            }))
        });
        for player in players {
            player.await.unwrap();
        }
    });
}

#[test]
fn a_runtime_driven_by_short_block_ons_gets_to_its_tasks() {
    let _watchdog = Watchdog::new("bursts of block_on", Duration::from_secs(60));
    for (_name, starved) in ALL {
        let race = Arc::new(Race::default());
        let runtime = runtime();
        let task = runtime.spawn(starved(race.clone()));
        while race.poll() {
            runtime.block_on(async {});
        }
        runtime.block_on(task).unwrap();
    }
}
