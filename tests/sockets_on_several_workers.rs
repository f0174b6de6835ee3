//! A socket that tasks wait for on several workers of one runtime is registered once. Alone in its process, because it looks
//! at the epolls.
#![cfg(target_os = "linux")]

mod watchdog;

use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use watchdog::Watchdog;

const WORKERS: usize = 4;

/// How many epolls of this process watch `descriptor`, as the kernel tells.
fn epolls_that_watch(descriptor: i32) -> usize {
    let line = |line: &str| {
        let watched = line
            .strip_prefix("tfd:")
            .and_then(|rest| rest.split_whitespace().next());
        watched.is_some_and(|watched| watched.parse() == Ok(descriptor))
    };
    let descriptors = fs::read_dir("/proc/self/fdinfo").unwrap().filter_map(Result::ok);
    // mio holds each epoll by two descriptors.
    let mut epolls: Vec<String> = descriptors
        .filter_map(|info| fs::read_to_string(info.path()).ok())
        .filter(|info| info.lines().any(line))
        .map(|info| info.lines().filter(|line| line.starts_with("tfd:")).collect())
        .collect();
    epolls.sort();
    epolls.dedup();
    epolls.len()
}

/// Polls `future` once, to no avail, while every other worker does the same with its own.
async fn wait_together(barrier: &Barrier, future: &mut (impl Future + Unpin)) {
    // Whoever is here keeps its worker, so all workers are here when it opens.
    barrier.wait();
    poll_fn(|cx| {
        assert!(std::pin::Pin::new(&mut *future).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    barrier.wait();
}

#[test]
fn tasks_on_every_worker_that_wait_for_one_socket_need_one_registration() {
    let _watchdog = Watchdog::new("tasks that share a socket", Duration::from_secs(30));
    let runtime = Builder::multi_thread().worker_threads(WORKERS).build().unwrap();
    runtime
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let client = TcpStream::connect(listener.local_addr()?).await?;
            let server = Arc::new(listener.accept().await?.0);
            let barrier = Arc::new(Barrier::new(WORKERS));
            let polled = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..WORKERS)
                .map(|_| {
                    let (server, barrier, polled) = (server.clone(), barrier.clone(), polled.clone());
                    reveille::spawn(async move {
                        let mut readable = server.readable();
                        wait_together(&barrier, &mut readable).await;
                        polled.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(epolls_that_watch(server.as_raw_fd()), 1);
                        // Before anybody goes on, and gives a worker a chance to wait twice.
                        barrier.wait();
                        readable.await
                    })
                })
                .collect();
            // Not when the first is registered: another one's first look would find the byte.
            while polled.load(Ordering::SeqCst) < WORKERS {
                reveille::task::yield_now().await;
            }
            client.write_all(b"x").await?;
            for task in tasks {
                task.await.unwrap()?;
            }
            assert_eq!(epolls_that_watch(server.as_raw_fd()), 1);
            io::Result::Ok(())
        })
        .unwrap();
}
