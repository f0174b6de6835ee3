//! How a driver waits for timers that are very far away, and for one that is nearer than the system can wait exactly: once, and
//! not again and again.

mod watchdog;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::time::{Instant, sleep, timeout};
use watchdog::Watchdog;

/// A worker, and how often it went to sleep.
fn worker(granularity: Duration) -> (Runtime, Arc<AtomicUsize>) {
    let parks = Arc::new(AtomicUsize::new(0));
    let counted = parks.clone();
    let runtime = Builder::multi_thread()
        .worker_threads(1)
        .timer_granularity(granularity)
        .on_thread_park(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    (runtime, parks)
}

/// The system's own granularity, and one for which the driver waits in another way.
const GRANULARITIES: [Duration; 2] = [Duration::from_millis(1), Duration::from_micros(20)];

#[test]
fn a_worker_with_nothing_but_far_timers_rests() {
    let _watchdog = Watchdog::new("far timers", Duration::from_secs(60));
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    for granularity in GRANULARITIES {
        for far in [MONTH, MONTH * 1200, Duration::MAX] {
            let (runtime, parks) = worker(granularity);
            let (asleep, fell_asleep) = mpsc::channel();
            runtime.spawn(async move {
                let mut timer = pin!(sleep(far));
                let mut limit = pin!(timeout(far, std::future::pending::<()>()));
                std::future::poll_fn(|cx| {
                    assert!(timer.as_mut().poll(cx).is_pending());
                    assert!(limit.as_mut().poll(cx).is_pending());
                    asleep.send(()).unwrap();
                    Poll::<()>::Pending
                })
                .await;
            });
            fell_asleep.recv().unwrap();
            // As long as that lasts it has nothing to do: a wait that the system takes for none would end thousands of times.
            thread::sleep(Duration::from_millis(50));
            let parks = parks.load(Ordering::SeqCst);
            assert!(parks <= 5, "{parks} waits for a timer in {far:?}");
            assert!(fell_asleep.try_recv().is_err(), "{far:?} was over at once");
        }
    }
}

#[test]
fn what_is_left_of_a_millisecond_is_waited_for_in_one_piece() {
    let _watchdog = Watchdog::new("short timers", Duration::from_secs(60));
    for granularity in GRANULARITIES {
        let (runtime, parks) = worker(granularity);
        for _ in 0..50 {
            let before = parks.load(Ordering::SeqCst);
            let short = runtime.spawn(async {
                let deadline = Instant::now() + Duration::from_micros(300);
                let mut short = pin!(sleep(Duration::from_micros(300)));
                let mut polls = 0;
                std::future::poll_fn(|cx| {
                    polls += 1;
                    short.as_mut().poll(cx)
                })
                .await;
                assert!(Instant::now() >= deadline);
                polls
            });
            let polls = runtime.block_on(short).unwrap();
            assert!(polls <= 3, "{polls} polls");
            let waits = parks.load(Ordering::SeqCst) - before;
            assert!(waits <= 3, "{waits} waits for 300 µs");
        }
    }
}
