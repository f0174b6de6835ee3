//! B14: a server is out of file descriptors, and its loop asks for the next connection again and again. Whoever would free
//! some must run all the same, and the clients that wait are served then, with nothing new to happen.
//!
//! The limit is the process's, so the test runs itself once more, in a process with a low one.
#![cfg(unix)]

mod watchdog;

use std::env;
use std::fs::File;
use std::future::Future;
use std::net;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use reveille::net::TcpListener;
use reveille::runtime::{Builder, Runtime};
use reveille::task::yield_now;
use watchdog::Watchdog;

const FEW: &str = "REVEILLE_TEST_FEW_DESCRIPTORS";

#[test]
fn a_loop_over_accept_errors_lets_others_run_and_serves_when_there_are_descriptors_again() {
    if env::var_os(FEW).is_some() {
        return with_few_descriptors();
    }
    let name = "a_loop_over_accept_errors_lets_others_run_and_serves_when_there_are_descriptors_again";
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 96 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FEW, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with few descriptors: {text}");
}

fn with_few_descriptors() {
    let _watchdog = Watchdog::new("a server out of descriptors", Duration::from_secs(20));
    serves_again(on(&Builder::current_thread().build().unwrap()));
    for workers in [1, 2, 4] {
        serves_again(on(&Builder::multi_thread()
            .worker_threads(workers)
            .build()
            .unwrap()));
    }
    serves_again(on_threads);
}

type Server = Pin<Box<dyn Future<Output = usize> + Send>>;
type Frees = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Each is a task.
fn on(runtime: &Runtime) -> impl FnOnce(Server, Frees) -> usize {
    |server, frees| {
        let (server, frees) = (runtime.spawn(server), runtime.spawn(frees));
        runtime.block_on(frees).unwrap();
        runtime.block_on(server).unwrap()
    }
}

/// A thread for each, with no runtime. (Nobody there gives a budget to operations that fail at once, so as parts of one future
/// the server would not let the other have its turn.)
fn on_threads(server: Server, frees: Frees) -> usize {
    let server = thread::spawn(|| pollster::block_on(server));
    pollster::block_on(frees);
    server.join().unwrap()
}

fn serves_again(run: impl FnOnce(Server, Frees) -> usize) {
    const CLIENTS: usize = 3;
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let clients = [(); CLIENTS].map(|()| net::TcpStream::connect(address).unwrap());
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    let errors = Arc::new(AtomicUsize::new(0));
    let seen = errors.clone();
    let server = Box::pin(async move {
        let mut streams = Vec::new();
        while streams.len() < CLIENTS {
            match listener.accept().await {
                Ok((stream, _)) => streams.push(stream),
                Err(_) => drop(seen.fetch_add(1, Ordering::SeqCst)),
            }
        }
        streams.len()
    });
    let frees = Box::pin(async move {
        // More than one poll of the server may bring.
        while errors.load(Ordering::SeqCst) < 1_000 {
            yield_now().await;
        }
        drop(files);
    });
    assert_eq!(run(server, frees), CLIENTS);
    drop(clients);
}
