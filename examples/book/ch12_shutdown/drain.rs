//! A server that is asked to end: it begins nothing new, finishes what it has begun, and waits for that so long and no longer.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::join::{JoinError, JoinHandle};
use crate::runtime::{Runtime, spawn};
use crate::time::{now, sleep, timeout};

// ANCHOR: run
pub(crate) fn run() {
    println!("a server is asked to end, within a second:");
    let runtime = Runtime::new();
    let unfinished = runtime.block_on(async {
        let stop = Stop::default();
        let server = spawn("server", serve(stop.clone()));
        sleep(Duration::from_millis(450)).await;
        stop.call();
        let requests = server.await.expect("the server returns");
        println!("    {:?}: no request begins any more", now());
        timeout(Duration::from_secs(1), all_ended(&requests)).await;
        println!("    {:?}: tasks left: {}", now(), runtime.tasks());
        requests
    });
    runtime.shut_down();
    for (index, request) in unfinished.iter().enumerate() {
        if let Some(Err(JoinError::Cancelled)) = request.take_result() {
            println!("    request {} was cancelled", index + 1);
        }
    }
}
// ANCHOR_END: run

// ANCHOR: serve
/// Begins a request every 100 ms, until it is told to stop. Those that it has begun.
async fn serve(stop: Stop) -> Vec<JoinHandle<()>> {
    let mut requests = Vec::new();
    while timeout(Duration::from_millis(100), stop.is_called())
        .await
        .is_none()
    {
        let number = requests.len() + 1;
        requests.push(spawn(format!("request {number}"), answer(number)));
    }
    requests
}

async fn answer(number: usize) {
    sleep(Duration::from_millis(300) * number as u32).await;
    println!("    {:?}: request {number} is answered", now());
}
// ANCHOR_END: serve

async fn all_ended(requests: &[JoinHandle<()>]) {
    for request in requests {
        request.ended().await;
    }
}

/// One who tells, and any number who wait to be told.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    is_called: bool,
    wakers: Vec<Waker>,
}

impl Stop {
    fn call(&self) {
        let mut waiting = self.0.lock().unwrap();
        waiting.is_called = true;
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn is_called(&self) {
        poll_fn(|cx| {
            let mut waiting = self.0.lock().unwrap();
            if waiting.is_called {
                return Poll::Ready(());
            }
            if !waiting.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}
