//! A runtime whose threads look a while before they wait.

mod watchdog;

use std::io::{Read, Write};
use std::panic;
use std::thread;
use std::time::Duration;

use reveille::net::TcpListener;
use reveille::runtime::{Builder, Runtime};
use reveille::time::{Instant, sleep};
use watchdog::Watchdog;

/// As long as it may be, so that most answers come while somebody looks.
const LONGEST: Duration = Duration::from_millis(1);

fn runtimes() -> [Runtime; 3] {
    let of_workers = |count| {
        let mut builder = Builder::multi_thread();
        builder.worker_threads(count).look_before_park(LONGEST).build()
    };
    let current_thread = Builder::current_thread().look_before_park(LONGEST).build();
    [current_thread, of_workers(1), of_workers(4)].map(Result::unwrap)
}

#[test]
fn messages_timers_and_wakes_from_elsewhere_reach_a_thread_that_looks() {
    const ROUNDS: usize = 500;
    let _watchdog = Watchdog::new("looking", Duration::from_secs(60));
    for runtime in runtimes() {
        let answering = runtime.spawn(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                let mut byte = [0];
                for _ in 0..ROUNDS {
                    stream.write_all(b"x").unwrap();
                    stream.read_exact(&mut byte).unwrap();
                }
            });
            let (stream, _) = listener.accept().await.unwrap();
            let mut byte = [0];
            for round in 0..ROUNDS {
                stream.read_exact(&mut byte).await.unwrap();
                stream.write_all(&byte).await.unwrap();
                if round % 50 == 0 {
                    let (short, start) = (Duration::from_micros(300), Instant::now());
                    sleep(short).await;
                    assert!(start.elapsed() >= short, "early");
                }
            }
            client
        });
        let client = runtime.block_on(answering).unwrap();
        client.join().unwrap();

        let handle = runtime.handle().clone();
        let elsewhere = thread::spawn(move || {
            for _ in 0..ROUNDS {
                handle.block_on(handle.spawn(async {})).unwrap();
            }
        });
        // Somebody drives a current-thread runtime meanwhile.
        runtime.block_on(async {
            while !elsewhere.is_finished() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        elsewhere.join().unwrap();
    }
}

#[test]
fn a_look_is_no_wait() {
    let impossible = Duration::from_micros(1001);
    let refused = panic::catch_unwind(|| {
        Builder::current_thread().look_before_park(impossible);
    });
    assert!(refused.is_err(), "it was to look for {impossible:?}");
    let none = Builder::current_thread().look_before_park(Duration::ZERO).build();
    assert_eq!(none.unwrap().block_on(async { 42 }), 42);
}
