//! Threads that are started as they are needed: for blocking jobs, names, workers that block, and threads without a runtime.

use std::panic::catch_unwind;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream, lookup_host};
use reveille::runtime::Runtime;
use reveille::task::{block_in_place, spawn_blocking};
use reveille::time::sleep;

use crate::stage::{again, injected, told_of};

pub(crate) fn scene(runtime: Runtime, has_workers: bool) {
    runtime.block_on(async {
        for number in 0..3 {
            // Two at once, so that there are two threads.
            let other = spawn_blocking(move || number);
            let result = again!("spawn_blocking", spawn_blocking(move || number + 1).await);
            assert_eq!(result, number + 1);
            match other.await {
                Ok(result) => assert_eq!(result, number),
                Err(error) => told_of("spawn_blocking", error),
            }
        }
        for _ in 0..2 {
            let found = again!("lookup_host", lookup_host("localhost:80").await);
            assert!(found.count() > 0);
        }
        for _ in 0..2 {
            let mut tasks = Vec::new();
            for number in 0..3 {
                tasks.push(reveille::spawn(async move {
                    sleep(Duration::from_millis(1)).await;
                    number
                }));
            }
            if has_workers {
                reveille::spawn(async { block_in_place(|| ()) }).await.unwrap();
            }
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), number);
            }
        }
    });
}

/// The process's own threads for sockets and timers, which stay: as do three descriptors.
pub(crate) fn without_a_runtime() {
    pollster::block_on(async {
        let listener = again!("bind", TcpListener::bind("127.0.0.1:0").await);
        let address = again!("local_addr", listener.local_addr());
        let client = again!("connect", TcpStream::connect(address).await);
        let (_server, _) = again!("accept", listener.accept().await);
        drop(client);
    });
    // A sleep has no error to return.
    let slept = || pollster::block_on(sleep(Duration::from_millis(1)));
    while let Err(panic) = catch_unwind(slept) {
        let text = panic.downcast_ref::<String>().expect("a formatted text");
        assert!(injected().is_some() && text.contains("os error"), "{text}");
    }
}
