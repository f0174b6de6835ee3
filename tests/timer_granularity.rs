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

/// In a task, so that a worker's driver waits for it. How long it took.
fn sleep_once(runtime: &Runtime) -> Duration {
    let sleeper = runtime.spawn(async {
        let start = Instant::now();
        sleep(SHORT).await;
        start.elapsed()
    });
    let took = runtime.block_on(sleeper).unwrap();
    assert!(took >= SHORT, "early, after {took:?}");
    took
}

/// A wait that is rounded takes a millisecond at least. On a busy machine many others do so as well, so a tenth will do.
#[cfg(all(
    any(target_os = "android", target_os = "linux"),
    not(mio_unsupported_force_poll_poll)
))]
#[test]
fn a_short_sleep_is_not_rounded_to_a_millisecond() {
    const ROUNDS: usize = 2000;
    let _watchdog = Watchdog::new("short sleeps", Duration::from_secs(60));
    for runtime in runtimes() {
        let quick = (0..ROUNDS)
            .map(|_| sleep_once(&runtime))
            .filter(|took| *took < Duration::from_millis(1));
        let enough = ROUNDS / 10;
        assert_eq!(quick.take(enough).count(), enough, "of {ROUNDS} sleeps");
    }
}

#[test]
fn it_is_never_early() {
    let _watchdog = Watchdog::new("short sleeps", Duration::from_secs(60));
    for runtime in runtimes() {
        for _ in 0..100 {
            sleep_once(&runtime);
        }
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
