//! Code that calls tokio's runtime, inside `compat` on a runtime of ours.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::compat;
use reveille::runtime::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

mod watchdog;
use watchdog::Watchdog;

/// As a crate would do it that knows only tokio: a server with a task per connection, and a client.
async fn echoes_by_tokio() -> io::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await
    });
    let mut client = tokio::net::TcpStream::connect(address).await?;
    client.write_all(b"through tokio").await?;
    client.shutdown().await?;
    let mut text = String::new();
    let read = client.read_to_string(&mut text);
    tokio::time::timeout(Duration::from_secs(60), read).await??;
    assert_eq!(server.await.unwrap()?, 13);
    Ok(text)
}

#[test]
fn tasks_timers_and_sockets_of_tokio_work_on_one_thread_and_on_several() {
    let _watchdog = Watchdog::new("an echo by tokio", Duration::from_secs(60));
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        let runtime = builder.build().unwrap();
        // In the root future, and in tasks.
        assert_eq!(
            runtime.block_on(compat(echoes_by_tokio())).unwrap(),
            "through tokio"
        );
        let texts = runtime.block_on(async {
            let tasks: Vec<_> = (0..8)
                .map(|_| reveille::spawn(compat(echoes_by_tokio())))
                .collect();
            let mut texts = Vec::new();
            for task in tasks {
                texts.push(task.await.unwrap().unwrap());
            }
            texts
        });
        assert_eq!(texts, ["through tokio"; 8]);
    }
}

#[test]
fn without_it_tokio_finds_no_runtime() {
    // What the others show would be worth nothing if this worked.
    let outcome = catch_unwind(AssertUnwindSafe(|| reveille::block_on(echoes_by_tokio())));
    let panic = outcome.unwrap_err();
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap();
    assert!(message.contains("no reactor running"), "{message}");
}

#[test]
fn the_future_itself_stays_where_it_is_awaited() {
    let _watchdog = Watchdog::new("two kinds of tasks", Duration::from_secs(60));
    reveille::block_on(compat(async {
        let here = thread::current().id();
        // Not `Send`, and still there after a wait for tokio's thread.
        let local = std::rc::Rc::new(1);
        let there = tokio::spawn(async { thread::current().id() }).await.unwrap();
        assert_ne!(here, there);
        assert_eq!(here, thread::current().id());
        assert_eq!(*local, 1);
        let ours = reveille::task::spawn_local(async { thread::current().id() });
        assert_eq!(ours.await.unwrap(), here);
    }));
}

#[test]
fn tokio_is_there_while_the_future_is_dropped() {
    struct SpawnsWhenDropped(mpsc::Sender<bool>);
    impl Drop for SpawnsWhenDropped {
        fn drop(&mut self) {
            // Pools of connections do so.
            let spawned = tokio::runtime::Handle::try_current().map(|handle| handle.spawn(async {}));
            self.0.send(spawned.is_ok()).unwrap();
        }
    }

    let (sender, receiver) = mpsc::channel();
    let never = SpawnsWhenDropped(sender.clone());
    drop(compat(async move {
        let _never = never;
    }));
    assert_eq!(receiver.recv(), Ok(true), "never polled");

    let waiting = SpawnsWhenDropped(sender.clone());
    {
        let mut future = pin!(compat(async move {
            let _waiting = waiting;
            std::future::pending::<()>().await;
        }));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(cx).is_pending());
    }
    assert_eq!(receiver.recv(), Ok(true), "dropped while it waits");

    let cancelled = SpawnsWhenDropped(sender);
    reveille::block_on(async {
        let task = reveille::spawn(compat(async move {
            let _cancelled = cancelled;
            std::future::pending::<()>().await;
        }));
        reveille::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(receiver.recv(), Ok(true), "cancelled");
}

#[test]
fn nothing_of_tokio_is_left_behind_after_a_poll() {
    struct Asks;
    impl Future for Asks {
        type Output = bool;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
            Poll::Ready(tokio::runtime::Handle::try_current().is_ok())
        }
    }

    reveille::block_on(async {
        assert!(compat(Asks).await);
        assert!(!Asks.await);
    });
}

#[test]
fn a_runtime_of_tokio_that_is_there_is_the_one_that_is_used() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let id = runtime.handle().id();
    let found = runtime.block_on(compat(async { tokio::runtime::Handle::current().id() }));
    assert_eq!(found, id);
}
