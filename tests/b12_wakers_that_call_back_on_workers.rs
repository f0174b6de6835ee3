//! B12 on workers: wakers that call back into the runtime, or panic, when a worker clones, wakes or drops them. A lock
//! of ours that is held then is a deadlock, which the watchdog ends.

mod meddling;
mod watchdog;

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use meddling::{Meddle, waker};
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Handle, Runtime};
use reveille::time::{sleep, sleep_until, timeout};
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

/// What a meddling waker does things to, each time it is cloned, woken or dropped, on whatever thread.
struct Meddler {
    handle: Handle,
    listener: TcpListener,
    meddled: AtomicUsize,
    wakes: Mutex<usize>,
    woken: Condvar,
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
        let _current = self.handle.enter();
        let meddled = self.meddled.fetch_add(1, Ordering::Relaxed);
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
        drop(self.handle.spawn_blocking(|| ()));
        let _ = self.handle.metrics();
        if meddled % 4 == 0 {
            drop(self.handle.spawn_on(0, || async {}));
        }
        MEDDLING.set(false);
    }

    fn wake(&self) {
        *self.wakes.lock().unwrap() += 1;
        self.woken.notify_all();
        self.meddle();
    }
}

/// Polls `operation` with meddling wakers until it is ready, sleeping in between until it was woken.
fn drive<F: Future>(meddler: &Arc<Meddler>, operation: F) -> F::Output {
    let mut operation = pin!(operation);
    let _current = meddler.handle.enter();
    loop {
        let before = *meddler.wakes.lock().unwrap();
        let waker = waker(meddler.clone());
        if let Poll::Ready(output) = operation.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        // The clone that the operation keeps is the only one from here on.
        drop(waker);
        let wakes = meddler.wakes.lock().unwrap();
        drop(meddler.woken.wait_while(wakes, |wakes| *wakes == before).unwrap());
    }
}

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::multi_thread();
    builder
        .worker_threads(workers)
        .on_slow_poll(|_| {})
        .build()
        .unwrap()
}

#[test]
fn every_leaf_operation_survives_a_waker_that_calls_back() {
    let _watchdog = Watchdog::new("a leaf operation with a meddling waker", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let listener = listen();
        let meddler = Arc::new(Meddler {
            handle: runtime.handle().clone(),
            listener: listen(),
            meddled: AtomicUsize::new(0),
            wakes: Mutex::new(0),
            woken: Condvar::new(),
        });
        drive(&meddler, sleep(Duration::from_millis(2)));
        let elapsed = drive(
            &meddler,
            timeout(Duration::from_millis(2), std::future::pending::<()>()),
        );
        assert!(elapsed.is_err());

        let address = listener.local_addr().unwrap();
        let later = runtime.spawn(async move {
            sleep(Duration::from_millis(2)).await;
            TcpStream::connect(address).await
        });
        let (server, _) = drive(&meddler, listener.accept()).unwrap();
        let client = drive(&meddler, later).unwrap().unwrap();
        let reply = runtime.spawn(async move {
            sleep(Duration::from_millis(2)).await;
            server.write_all(b"reply").await.map(|()| server)
        });
        let mut buffer = [0; 5];
        drive(&meddler, client.read_exact(&mut buffer)).unwrap();
        assert_eq!(&buffer, b"reply");
        let server = drive(&meddler, reply).unwrap().unwrap();

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
        drive(&meddler, client.write_all(&big)).unwrap();
        drop(client);
        assert_eq!(drive(&meddler, drain).unwrap(), big.len());

        // Jobs, tasks that are aborted and tasks that panic.
        assert_eq!(drive(&meddler, runtime.spawn_blocking(|| 7)).unwrap(), 7);
        let aborted = runtime.spawn(std::future::pending::<()>());
        aborted.abort();
        assert!(drive(&meddler, aborted).unwrap_err().is_cancelled());
        let local = runtime
            .handle()
            .spawn_on(workers - 1, || sleep(Duration::from_millis(1)));
        drive(&meddler, local).unwrap();

        // The end of the runtime is what wakes and drops these.
        let waker = waker(meddler.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut pending_sleep = sleep(LIMIT * 60);
        let mut pending_accept = listener.accept();
        let mut pending_join = runtime.spawn(std::future::pending::<()>());
        {
            let _current = runtime.enter();
            assert!(Pin::new(&mut pending_sleep).poll(cx).is_pending());
            assert!(Pin::new(&mut pending_accept).poll(cx).is_pending());
            assert!(Pin::new(&mut pending_join).poll(cx).is_pending());
        }
        let before = *meddler.wakes.lock().unwrap();
        drop(runtime);
        assert_eq!(*meddler.wakes.lock().unwrap(), before + 3);
        assert!(
            meddler.meddled.load(Ordering::Relaxed) > 20,
            "the wakers hardly meddled"
        );
    }
}

/// And the worker that called it lives on.
#[test]
fn a_waker_that_panics_keeps_no_other_waiter_from_being_woken() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            // No message: the hook is not called.
            std::panic::resume_unwind(Box::new("as planned"));
        }
    }

    let _watchdog = Watchdog::new("a batch with a waker that panics", LIMIT);
    let mut pending = 0;
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        for _ in 0..5 {
            let deadline = reveille::time::Instant::now() + Duration::from_millis(30);
            let before: Vec<_> = (0..4).map(|_| runtime.spawn(sleep_until(deadline))).collect();
            let mut bad: Vec<_> = (0..4).map(|_| sleep_until(deadline)).collect();
            let mut join = runtime.spawn(sleep_until(deadline));
            {
                let _current = runtime.enter();
                let panics = Waker::from(Arc::new(Panics));
                let cx = &mut Context::from_waker(&panics);
                for bad in &mut bad {
                    // On a slow machine the deadline may have passed.
                    pending += usize::from(Pin::new(bad).poll(cx).is_pending());
                }
                let _ = Pin::new(&mut join).poll(cx);
            }
            let after: Vec<_> = (0..4).map(|_| runtime.spawn(sleep_until(deadline))).collect();
            for task in before.into_iter().chain(after) {
                runtime.block_on(task).unwrap();
            }
            for worker in 0..workers {
                runtime
                    .block_on(runtime.handle().spawn_on(worker, || async {}))
                    .unwrap();
            }
        }
        assert!(runtime.shutdown(LIMIT).is_complete());
    }
    assert!(pending > 0, "none of the bad wakers was kept");
}
