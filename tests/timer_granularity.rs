//! Timers of a runtime that was asked for less than a millisecond's granularity.

mod watchdog;

use std::panic;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Runtime};
use reveille::time::{Instant, sleep, timeout};
use watchdog::Watchdog;

const FINE: Duration = Duration::from_micros(20);
const SHORT: Duration = Duration::from_micros(100);
const HOUR: Duration = Duration::from_secs(3600);

fn runtimes() -> [Runtime; 3] {
    let of_workers = |count| {
        let mut builder = Builder::multi_thread();
        builder.worker_threads(count).timer_granularity(FINE).build()
    };
    let current_thread = Builder::current_thread().timer_granularity(FINE).build();
    [current_thread, of_workers(1), of_workers(4)].map(Result::unwrap)
}

/// In a task, so that a worker's driver waits for it.
fn sleep_once(runtime: &Runtime) {
    let sleeper = runtime.spawn(async {
        let start = Instant::now();
        sleep(SHORT).await;
        assert!(start.elapsed() >= SHORT, "early, after {:?}", start.elapsed());
    });
    runtime.block_on(sleeper).unwrap();
}

/// The two race on two threads: rounded to milliseconds, a sleep takes more than five times as long.
#[cfg(all(
    any(target_os = "android", target_os = "linux"),
    not(mio_unsupported_force_poll_poll)
))]
#[test]
fn a_short_sleep_is_not_rounded_to_a_millisecond() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    const ROUNDS: usize = 1000;
    let _watchdog = Watchdog::new("short sleeps", Duration::from_secs(60));
    for fine in runtimes() {
        let coarse = Builder::current_thread().build().unwrap();
        let (done, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    sleep_once(&coarse);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
            (0..ROUNDS).for_each(|_| sleep_once(&fine));
            done.store(true, Ordering::Relaxed);
        });
        let rounds = rounds.load(Ordering::Relaxed);
        assert!(
            rounds < ROUNDS / 2,
            "{ROUNDS} fine sleeps took as long as {rounds} others"
        );
    }
}

#[test]
fn it_is_never_early() {
    let _watchdog = Watchdog::new("short sleeps", Duration::from_secs(60));
    for runtime in runtimes() {
        (0..100).for_each(|_| sleep_once(&runtime));
    }
}

#[test]
fn bytes_and_earlier_timers_end_a_wait_for_a_later_one() {
    let _watchdog = Watchdog::new("messages beside a timer", Duration::from_secs(60));
    for runtime in runtimes() {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let server = runtime.spawn(timeout(HOUR, async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                sleep(SHORT).await;
                stream.write_all(&byte).await.unwrap();
            }
        }));
        let client = runtime.spawn(timeout(HOUR, async move {
            let stream = TcpStream::connect(address).await.unwrap();
            for sent in 0..100 {
                stream.write_all(&[sent]).await.unwrap();
                let mut byte = [0];
                stream.read_exact(&mut byte).await.unwrap();
                assert_eq!(byte, [sent]);
            }
        }));
        runtime.block_on(client).unwrap().unwrap();
        runtime.block_on(server).unwrap().unwrap();
    }
}

#[test]
fn what_no_runtime_can_have_is_refused_with_what_to_ask_for() {
    for impossible in [
        Duration::ZERO,
        Duration::from_nanos(999),
        Duration::from_millis(2),
        Duration::MAX,
    ] {
        let refused = panic::catch_unwind(|| {
            Builder::current_thread().timer_granularity(impossible);
        });
        let said = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains("from a microsecond to a millisecond"), "{said}");
    }
}
