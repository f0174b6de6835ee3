//! What the budget of a task covers and what it does not: the lists of docs/porting.md.

use std::cell::Cell;
use std::future;
use std::rc::Rc;

use futures_lite::StreamExt;
use reveille::io::{self, AsyncWriteExt};
use reveille::net::UdpSocket;
use reveille::task::{consume_budget, spawn_local, yield_now};
use reveille::{block_on, join, select, time};
use tokio::sync::Mutex;

/// What a task may complete in one poll, as in tokio.
const BUDGET: usize = 128;

const MANY: usize = 3 * BUDGET;

/// How many of many operations, each of which is ready at once, a task completes before another one runs.
async fn completed_in_one_poll(operation: impl AsyncFn() + 'static) -> usize {
    let completed = Rc::new(Cell::new(0));
    let busy = spawn_local({
        let completed = completed.clone();
        async move {
            for _ in 0..MANY {
                operation().await;
                completed.set(completed.get() + 1);
            }
        }
    });
    let other = spawn_local(async move { completed.get() });
    busy.await.unwrap();
    other.await.unwrap()
}

#[test]
fn sockets_and_pipes_count() {
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(socket.local_addr().unwrap()).await.unwrap();
        let sends = async move || assert_eq!(socket.send(b"x").await.unwrap(), 1);
        assert_eq!(completed_in_one_poll(sends).await, BUDGET);

        let (written, _reading) = io::duplex(MANY);
        let written = Mutex::new(written);
        let writes = async move || written.lock().await.write_all(b"x").await.unwrap();
        assert_eq!(completed_in_one_poll(writes).await, BUDGET);
    });
}

#[test]
fn timers_and_joins_count() {
    block_on(async {
        let past = time::Instant::now();
        let sleeps = async move || time::sleep_until(past).await;
        assert_eq!(completed_in_one_poll(sleeps).await, BUDGET);

        let ended: Vec<_> = (0..MANY).map(|_| spawn_local(async {})).collect();
        while !ended.iter().all(|task| task.is_finished()) {
            yield_now().await;
        }
        let ended = Cell::new(ended);
        let joins = async move || {
            let mut left = ended.take();
            let task = left.pop().unwrap();
            ended.set(left);
            task.await.unwrap();
        };
        assert_eq!(completed_in_one_poll(joins).await, BUDGET);
        assert_eq!(completed_in_one_poll(consume_budget).await, BUDGET);
    });
}

#[test]
fn channels_and_locks_do_not_count() {
    block_on(async {
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        (0..MANY).for_each(|number| sender.unbounded_send(number).unwrap());
        let receiver = Mutex::new(receiver);
        let receives = async move || assert!(receiver.lock().await.next().await.is_some());
        assert_eq!(completed_in_one_poll(receives).await, MANY);

        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (0..MANY).for_each(|number| sender.send(number).unwrap());
        let receiver = Mutex::new(receiver);
        let receives = async move || assert!(receiver.lock().await.recv().await.is_some());
        assert_eq!(completed_in_one_poll(receives).await, MANY);
    });
}

#[test]
fn a_select_counts_and_a_join_does_not() {
    block_on(async {
        let (sender, receiver) = futures_channel::mpsc::unbounded();
        (0..MANY).for_each(|number| sender.unbounded_send(number).unwrap());
        let receiver = Mutex::new(receiver);
        let selects = async move || {
            let mut receiver = receiver.lock().await;
            select! {
                number = receiver.next() => assert!(number.is_some()),
                () = future::pending() => unreachable!(),
            }
        };
        assert_eq!(completed_in_one_poll(selects).await, BUDGET);

        let joins = async || assert_eq!(join!(future::ready(1), future::ready(2)), (1, 2));
        assert_eq!(completed_in_one_poll(joins).await, MANY);
        let joins = async || assert_eq!(join!(consume_budget(), future::ready(2)), ((), 2));
        assert_eq!(completed_in_one_poll(joins).await, BUDGET);
    });
}
