//! The toy runtime of the book's last chapter, held to what a runtime must do.

// It has no unsafe code; and what a second panic throws it forgets, which those that look for leaks tell of.
#![cfg(not(memory_checker))]

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use toy::{JoinHandle, TcpListener, TcpStream, block_on, sleep, spawn};
use watchdog::Watchdog;

#[path = "../examples/book/ch14_same_server/toy.rs"]
mod toy;
mod watchdog;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn it_is_short_enough_to_be_read_at_one_sitting() {
    let lines = include_str!("../examples/book/ch14_same_server/toy.rs")
        .lines()
        .count();
    assert!(lines <= 600, "{lines} lines");
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_spawned_and_woken() {
    let order = block_on(async {
        let (tell, told) = mpsc::channel();
        let tasks = ["a", "b", "c"].map(|name| {
            let tell = tell.clone();
            spawn(async move {
                for turn in 0..2 {
                    tell.send((name, turn)).unwrap();
                    yield_now().await;
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        drop(tell);
        told.iter().collect::<Vec<_>>()
    });
    assert_eq!(
        order,
        [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("c", 1)]
    );
}

#[test]
fn many_wakes_are_one_poll() {
    block_on(async {
        let polls = Rc::new(Cell::new(0));
        let counted = polls.clone();
        let (tell, told) = mpsc::channel();
        let _task = spawn(poll_fn(move |cx| {
            counted.set(counted.get() + 1);
            tell.send(cx.waker().clone()).unwrap();
            Poll::<()>::Pending
        }));
        yield_now().await;
        let waker = told.recv().unwrap();
        (0..3).for_each(|_| waker.wake_by_ref());
        yield_now().await;
        assert_eq!(polls.get(), 2);
    });
}

#[test]
fn a_wake_during_the_poll_is_another_poll() {
    block_on(async {
        let mut polls = 0;
        let task = spawn(poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 3 {
                Poll::Ready(polls)
            } else {
                Poll::Pending
            }
        }));
        assert_eq!(task.await.unwrap(), 3);
    });
}

#[test]
fn wakes_of_other_threads_are_never_lost() {
    let _watchdog = Watchdog::new("wakes of other threads", LIMIT);
    block_on(async {
        for _ in 0..200 {
            let (sums, threads): (Vec<_>, Vec<_>) = (0..4)
                .map(|number| {
                    let (tell, told) = oneshot::channel();
                    let sum = spawn(async move { told.await.unwrap() });
                    (sum, thread::spawn(move || tell.send(number).unwrap()))
                })
                .unzip();
            let mut sum = 0;
            for one in sums {
                sum += one.await.unwrap();
            }
            assert_eq!(sum, 6);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    });
}

#[test]
fn a_sleeping_loop_is_woken_by_another_thread() {
    let _watchdog = Watchdog::new("a sleeping loop", LIMIT);
    let (tell, told) = oneshot::channel();
    let (go, gone) = mpsc::channel();
    let teller = thread::spawn(move || {
        gone.recv().unwrap();
        tell.send("news").unwrap();
    });
    let news = block_on(async move {
        let waits = spawn(told);
        // It waits by then, and nobody is in the queue but this.
        yield_now().await;
        go.send(()).unwrap();
        waits.await.unwrap().unwrap()
    });
    assert_eq!(news, "news");
    teller.join().unwrap();
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines_and_never_early() {
    let _watchdog = Watchdog::new("sleeps", LIMIT);
    block_on(async {
        let (tell, told) = mpsc::channel();
        let tasks = [30, 10, 20, 10].map(|milliseconds| {
            let tell = tell.clone();
            spawn(async move {
                let duration = Duration::from_millis(milliseconds);
                let earliest = Instant::now() + duration;
                let sleep = sleep(duration);
                let latest = Instant::now() + duration;
                sleep.await;
                assert!(Instant::now() >= earliest);
                tell.send((earliest, latest)).unwrap();
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        drop(tell);
        let deadlines: Vec<_> = told.iter().collect();
        assert_eq!(deadlines.len(), 4);
        let in_order = |pair: &[(Instant, Instant)]| pair[0].0 <= pair[1].1;
        assert!(deadlines.windows(2).all(in_order), "{deadlines:?}");
    });
}

#[test]
fn a_dropped_sleep_wakes_nobody() {
    let _watchdog = Watchdog::new("a dropped sleep", LIMIT);
    let wakes = Arc::new(Wakes::default());
    let counted = wakes.clone();
    block_on(async move {
        let waker = Waker::from(counted);
        let mut dropped = Box::pin(sleep(Duration::from_millis(10)));
        let mut kept = Box::pin(sleep(Duration::from_millis(10)));
        let polled = [&mut dropped, &mut kept].map(|sleep| {
            // On a machine that took a nap it may be over by now.
            sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        });
        drop(dropped);
        sleep(Duration::from_millis(20)).await;
        assert_eq!(wakes.0.load(Ordering::Relaxed), u32::from(polled[1]));
    });
}

#[test]
fn who_never_rests_keeps_neither_timers_nor_sockets_from_their_turn() {
    let _watchdog = Watchdog::new("who never rests", LIMIT);
    block_on(async {
        drop(spawn(async {
            loop {
                yield_now().await;
            }
        }));
        sleep(Duration::from_millis(1)).await;
        let (client, server) = connected().await;
        let reads = spawn(async move { server.read(&mut [0]).await.unwrap() });
        yield_now().await;
        client.write_all(b"a").await.unwrap();
        assert_eq!(reads.await.unwrap(), 1);
    });
}

#[test]
fn many_clients_each_get_back_what_they_have_sent() {
    let _watchdog = Watchdog::new("many clients", LIMIT);
    block_on(async {
        let address = serve_echo();
        let clients: Vec<_> = (0..50_u8)
            .map(|number| {
                spawn(async move {
                    let stream = TcpStream::connect(address).await.unwrap();
                    for length in [1, 100, 5_000] {
                        let sent = vec![number; length];
                        stream.write_all(&sent).await.unwrap();
                        assert_eq!(read_exactly(&stream, length).await, sent);
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
    });
}

#[test]
fn more_than_the_system_keeps_goes_both_ways() {
    let _watchdog = Watchdog::new("much", LIMIT);
    const LENGTH: usize = 8 << 20;
    block_on(async {
        let address = serve_echo();
        let stream = Rc::new(TcpStream::connect(address).await.unwrap());
        let writes = stream.clone();
        let writer = spawn(async move { writes.write_all(&vec![7; LENGTH]).await.unwrap() });
        assert_eq!(read_exactly(&stream, LENGTH).await, vec![7; LENGTH]);
        writer.await.unwrap();
    });
}

#[test]
fn what_a_read_leaves_is_found_by_the_next_one() {
    let _watchdog = Watchdog::new("what a read leaves", LIMIT);
    block_on(async {
        let (client, server) = connected().await;
        client.write_all(b"0123456789").await.unwrap();
        let mut read: Vec<u8> = Vec::new();
        while read.len() < 10 {
            let mut buffer = [0; 3];
            let count = server.read(&mut buffer).await.unwrap();
            read.extend(&buffer[..count]);
            // The loop turns in between, and is told nothing new.
            yield_now().await;
        }
        assert_eq!(read, b"0123456789");
    });
}

#[test]
fn who_has_nothing_more_to_send_is_still_answered() {
    let _watchdog = Watchdog::new("half closed", LIMIT);
    block_on(async {
        let (client, server) = connected().await;
        let serves = spawn(async move {
            let mut read = Vec::new();
            loop {
                let mut buffer = [0; 64];
                match server.read(&mut buffer).await.unwrap() {
                    0 => break,
                    count => read.extend(&buffer[..count]),
                }
            }
            server.write_all(&read).await.unwrap();
        });
        yield_now().await;
        client.write_all(b"the last word").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_exactly(&client, 13).await, b"the last word");
        serves.await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "dropped is closed");
    });
}

#[test]
fn who_waits_for_a_reset_connection_is_told() {
    let _watchdog = Watchdog::new("reset", LIMIT);
    block_on(async {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = TcpListener::from_std(listener).unwrap().accept().await.unwrap().0;
        let reads = spawn(async move { server.read(&mut [0]).await });
        yield_now().await;
        // To close with a linger of zero is to reset.
        let client = socket2::Socket::from(client);
        client.set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        let error = reads.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    let _watchdog = Watchdog::new("refused", LIMIT);
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = block_on(TcpStream::connect(address)).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_cancelled_read_leaves_the_bytes_for_the_next_one() {
    let _watchdog = Watchdog::new("a cancelled read", LIMIT);
    block_on(async {
        let (client, server) = connected().await;
        {
            let mut buffer = [0];
            let mut read = pin!(server.read(&mut buffer));
            let is_ready = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_ready())).await;
            assert!(!is_ready);
        }
        client.write_all(b"a").await.unwrap();
        assert_eq!(read_exactly(&server, 1).await, b"a");
    });
}

#[test]
fn a_blocking_client_and_a_socket_with_a_used_descriptor_are_served() {
    let _watchdog = Watchdog::new("a used descriptor", LIMIT);
    let (tell, told) = mpsc::channel();
    let clients = thread::spawn(move || {
        let address: SocketAddr = told.recv().unwrap();
        // One after the other: each takes the descriptor that the one before has left.
        for number in 0..100_u8 {
            let mut stream = net::TcpStream::connect(address).unwrap();
            stream.write_all(&[number]).unwrap();
            let mut reply = [0];
            stream.read_exact(&mut reply).unwrap();
            assert_eq!(reply, [number]);
        }
    });
    let (done, is_done) = oneshot::channel();
    thread::spawn(move || {
        let result = clients.join();
        done.send(result.is_ok()).unwrap();
    });
    let is_well = block_on(async move {
        tell.send(serve_echo()).unwrap();
        is_done.await.unwrap()
    });
    assert!(is_well);
}

#[test]
fn a_panic_goes_to_who_joins_and_the_others_go_on() {
    block_on(async {
        let panics: JoinHandle<()> = spawn(async { panic!("a task's own") });
        let other = spawn(async {
            yield_now().await;
            "fine"
        });
        let panic = panics.await.unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a task's own"));
        assert_eq!(other.await.unwrap(), "fine");
    });
}

#[test]
fn a_destructor_that_panics_is_its_tasks_panic() {
    block_on(async {
        let bomb = PanicsWhenDropped;
        let task = spawn(async move {
            let _bomb = bomb;
            yield_now().await;
        });
        assert_eq!(task.await.unwrap_err().downcast_ref(), Some(&"dropped"));
        // Twice: the second one is nobody's.
        let bomb = PanicsWhenDropped;
        let task: JoinHandle<()> = spawn(poll_fn(move |_| {
            let _bomb = &bomb;
            panic!("polled")
        }));
        assert_eq!(task.await.unwrap_err().downcast_ref(), Some(&"polled"));
    });
}

#[test]
fn every_future_is_dropped_when_the_runtime_ends_whoever_has_a_waker() {
    let (dropped, count) = mpsc::channel();
    let (keep, kept) = mpsc::channel();
    block_on(async {
        for _ in 0..5 {
            let (dropped, keep) = (dropped.clone(), keep.clone());
            let tells = TellsWhenDropped(dropped);
            drop(spawn(async move {
                let _tells = tells;
                poll_fn(|cx| {
                    keep.send(cx.waker().clone()).unwrap();
                    Poll::<()>::Pending
                })
                .await;
            }));
        }
        // They are dropped in no order, and some are to come behind one that panics.
        for _ in 0..8 {
            drop(spawn(async {
                let _bomb = PanicsWhenDropped;
                pending::<()>().await;
            }));
        }
        drop(spawn({
            let tells = TellsWhenDropped(dropped.clone());
            async move { drop(tells) }
        }));
        yield_now().await;
    });
    assert_eq!(count.try_iter().count(), 6);
    // Woken too late, by another thread: there is nobody.
    let wakers: Vec<_> = kept.try_iter().collect();
    assert_eq!(wakers.len(), 5);
    thread::spawn(move || wakers.into_iter().for_each(|waker| waker.wake()))
        .join()
        .unwrap();
}

#[test]
fn a_panic_of_the_main_future_drops_the_tasks_too() {
    let (dropped, count) = mpsc::channel();
    let panics = thread::spawn(move || {
        block_on(async {
            let tells = TellsWhenDropped(dropped);
            drop(spawn(async move {
                let _tells = tells;
                pending::<()>().await;
            }));
            yield_now().await;
            panic!("the main future's own");
        })
    });
    assert!(panics.join().is_err());
    assert_eq!(count.try_iter().count(), 1);
}

#[test]
fn what_a_destructor_spawns_at_the_end_is_dropped() {
    struct Spawns;
    impl Drop for Spawns {
        fn drop(&mut self) {
            drop(spawn(pending::<()>()));
        }
    }
    block_on(async {
        let spawns = Spawns;
        drop(spawn(async move {
            let _spawns = spawns;
            pending::<()>().await;
        }));
        yield_now().await;
    });
}

#[test]
fn who_joins_a_task_that_was_dropped_is_told() {
    let mut handle = None;
    block_on(async { handle = Some(spawn(pending::<()>())) });
    let panic = block_on(handle.expect("it was spawned")).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the runtime ended before the task"));
}

#[test]
fn two_loops_cannot_have_one_thread() {
    let nested = thread::spawn(|| block_on(async { block_on(async {}) }));
    assert!(nested.join().is_err());
    let outside = thread::spawn(|| drop(spawn(async {})));
    assert!(outside.join().is_err());
}

/// Echoes to whoever comes, in a task.
fn serve_echo() -> SocketAddr {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    drop(spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(spawn(async move {
                let mut buffer = [0; 1024];
                loop {
                    match stream.read(&mut buffer).await.unwrap() {
                        0 => return,
                        count => stream.write_all(&buffer[..count]).await.unwrap(),
                    }
                }
            }));
        }
    }));
    address
}

/// Both ends of a connection.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

async fn read_exactly(stream: &TcpStream, length: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < length {
        let mut buffer = vec![0; length - read.len()];
        let count = stream.read(&mut buffer).await.unwrap();
        assert_ne!(count, 0, "it has ended after {} bytes", read.len());
        read.extend(&buffer[..count]);
    }
    read
}

async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

struct TellsWhenDropped(mpsc::Sender<()>);

impl Drop for TellsWhenDropped {
    fn drop(&mut self) {
        // Who counts may have gone.
        let _ = self.0.send(());
    }
}
