//! B12: a waker is anybody's code. One whose clone, wake and drop call back into the runtime (spawn, abort, set and
//! drop a sleep, wait on and drop a socket) must find no lock of ours held: it would deadlock, which the watchdog ends.
//! And a leaf operation never polls its task on the waker's stack.

mod meddling;
mod watchdog;

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use meddling::{Meddle, waker};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::runtime::{Builder, Handle};
use reveille::time::{interval, sleep, timeout};
use watchdog::Watchdog;

/// What a meddling waker does things to, each time it is cloned, woken or dropped.
struct Meddler {
    handle: Handle,
    listener: TcpListener,
    wakes: AtomicUsize,
    meddled: AtomicUsize,
}

thread_local! {
    /// A meddler's own wakers meddle no further.
    static MEDDLING: Cell<bool> = const { Cell::new(false) };
}

impl Meddle for Meddler {
    fn meddle(&self) {
        if MEDDLING.replace(true) {
            return;
        }
        self.meddled.fetch_add(1, Ordering::Relaxed);
        let cx = &mut Context::from_waker(Waker::noop());
        let spawned = self.handle.spawn(std::future::pending::<()>());
        spawned.abort();
        drop(spawned);
        let mut sleep = sleep(Duration::from_millis(1));
        assert!(Pin::new(&mut sleep).poll(cx).is_pending());
        drop(sleep);
        let mut accept = self.listener.accept();
        let _ = Pin::new(&mut accept).poll(cx);
        drop(accept);
        MEDDLING.set(false);
    }

    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.meddle();
    }
}

/// Polls `operation` with a meddling waker until it is ready; between two polls the runtime runs until it was woken.
fn drive<F: Future>(runtime: &reveille::runtime::Runtime, meddler: &Arc<Meddler>, operation: F) -> F::Output {
    let mut operation = pin!(operation);
    let polling = Cell::new(false);
    loop {
        let waker = waker(meddler.clone());
        let before = meddler.wakes.load(Ordering::Relaxed);
        let polled = {
            let _current = runtime.enter();
            assert!(!polling.replace(true), "polled on its own waker's stack");
            let polled = operation.as_mut().poll(&mut Context::from_waker(&waker));
            polling.set(false);
            polled
        };
        if let Poll::Ready(output) = polled {
            return output;
        }
        // The clone that the operation keeps is the only one from here on.
        drop(waker);
        while meddler.wakes.load(Ordering::Relaxed) == before {
            runtime.block_on(sleep(Duration::from_micros(100)));
        }
    }
}

#[test]
fn every_leaf_operation_survives_a_waker_that_calls_back() {
    let _watchdog = Watchdog::new("a leaf operation with a meddling waker", Duration::from_secs(120));
    let runtime = Builder::current_thread().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let meddler = Arc::new(Meddler {
        handle: runtime.handle().clone(),
        listener: runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap(),
        wakes: AtomicUsize::new(0),
        meddled: AtomicUsize::new(0),
    });

    drive(&runtime, &meddler, sleep(Duration::from_millis(2)));
    assert!(
        drive(
            &runtime,
            &meddler,
            timeout(Duration::from_millis(2), std::future::pending::<()>())
        )
        .is_err()
    );
    drive(&runtime, &meddler, async {
        let mut ticks = interval(Duration::from_millis(1));
        ticks.tick().await;
        ticks.tick().await;
    });

    let address = listener.local_addr().unwrap();
    let later = runtime.spawn(async move {
        sleep(Duration::from_millis(2)).await;
        TcpStream::connect(address).await
    });
    let (server, _) = drive(&runtime, &meddler, listener.accept()).unwrap();
    let client = drive(&runtime, &meddler, later).unwrap().unwrap();
    let again = drive(&runtime, &meddler, TcpStream::connect(address)).unwrap();
    drop(again);

    let reply = runtime.spawn(async move {
        sleep(Duration::from_millis(2)).await;
        server.write_all(b"reply").await.map(|()| server)
    });
    let mut buffer = [0; 5];
    drive(&runtime, &meddler, client.read_exact(&mut buffer)).unwrap();
    assert_eq!(&buffer, b"reply");
    let server = drive(&runtime, &meddler, reply).unwrap().unwrap();

    // More than the socket buffers take, so that the write has to wait for the reader.
    let drain = runtime.spawn(async move {
        sleep(Duration::from_millis(2)).await;
        let mut total = 0;
        let mut chunk = vec![0; 1 << 16];
        while let Ok(count @ 1..) = server.read(&mut chunk).await {
            total += count;
        }
        total
    });
    let big = vec![7; 8 << 20];
    drive(&runtime, &meddler, client.write_all(&big)).unwrap();
    drop(client);
    assert_eq!(drive(&runtime, &meddler, drain).unwrap(), big.len());

    let udp = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let to = udp.local_addr().unwrap();
    drop(runtime.spawn(async move {
        sleep(Duration::from_millis(2)).await;
        UdpSocket::bind("127.0.0.1:0").await?.send_to(b"x", to).await
    }));
    assert_eq!(
        drive(&runtime, &meddler, udp.recv_from(&mut buffer)).unwrap().0,
        1
    );
    drive(&runtime, &meddler, reveille::task::yield_now());
    assert!(
        meddler.meddled.load(Ordering::Relaxed) > 20,
        "the wakers hardly meddled"
    );
}

#[test]
fn a_waker_that_panics_keeps_no_other_waiter_from_being_woken() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics, as planned");
        }
    }

    let _watchdog = Watchdog::new("a batch with a waker that panics", Duration::from_secs(60));
    // While time stands the three wait for one deadline, however slow the machine is.
    let runtime = Builder::current_thread().start_paused(true).build().unwrap();
    let deadline = runtime.block_on(async { reveille::time::Instant::now() }) + Duration::from_millis(5);
    let before = runtime.spawn(reveille::time::sleep_until(deadline));
    let mut bad = reveille::time::sleep_until(deadline);
    {
        let _current = runtime.enter();
        let panics = Waker::from(Arc::new(Panics));
        assert!(
            Pin::new(&mut bad)
                .poll(&mut Context::from_waker(&panics))
                .is_pending()
        );
    }
    let after = runtime.spawn(reveille::time::sleep_until(deadline));
    runtime.block_on(before).unwrap();
    runtime.block_on(after).unwrap();
    assert_eq!(
        runtime.block_on(async { reveille::spawn(async { 1 }).await.unwrap() }),
        1
    );
}
