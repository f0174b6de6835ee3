//! What others wait for while a task blocks its worker.
//!
//! A task reads from a connection, so that its driver wakes it, and then blocks its thread until it is released. It is
//! released when what is measured has completed, or after [`LIMIT`]: a figure of 200 means that the worker's sockets or
//! timers stood still. Before each trial the runtime is idle.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::gate::Gate;
use crate::measure::Figures;
use crate::{Net, block_on};

/// So long a blocker is left alone.
const LIMIT: Duration = Duration::from_millis(200);
const TRIALS: usize = 9;
/// The sleep whose lateness is measured.
const SLEEP: Duration = Duration::from_millis(10);

/// The median and the worst of some trials, in milliseconds: a message echoed on another connection; how late a sleep
/// ends that was begun on the worker that is blocked then; a task spawned by a thread that is not the runtime's.
pub(crate) fn stuck_worker<R: Net>() -> Figures {
    block_on::<R, _>(async {
        let (listener, address) = R::bind().await.expect("a loopback port");
        let (tell_blocks, blocks) = mpsc::channel();
        let (tell_slept, slept) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let done = Arc::new(Gate::default());
        let (handle, opens) = (R::handle(), done.clone());
        let client = thread::spawn(move || {
            // Also if it panics: then the main thread finds that, and does not wait for ever.
            let _opens = OpenWhenDropped(opens);
            Client::<R>::connect(handle, address, [blocks, slept], release).measure()
        });
        let echo = R::accept(&listener).await.expect("a connection");
        drop(R::spawn(R::echo(echo, 64)));
        let blocker = R::accept(&listener).await.expect("a connection");
        drop(R::spawn(block_when_told::<R>(
            blocker,
            [tell_blocks, tell_slept],
            released,
        )));
        done.pass().await;
        client.join().expect("it does not panic")
    })
}

struct OpenWhenDropped(Arc<Gate>);

impl Drop for OpenWhenDropped {
    fn drop(&mut self) {
        self.0.open();
    }
}

const BLOCK: u8 = 0;
const BEGIN_TO_SLEEP: u8 = 1;

/// Tells that it is about to block, or that a sleep has begun, by the one channel, and how late that sleep ended by the
/// other.
async fn block_when_told<R: Net>(
    mut stream: R::Stream,
    [tell, slept]: [Sender<Duration>; 2],
    released: Receiver<()>,
) {
    let released = Mutex::new(released);
    let mut byte = [0];
    while let Ok(1) = R::read(&mut stream, &mut byte).await {
        if byte == [BLOCK] {
            let _ = tell.send(Duration::ZERO);
            let _ = released.lock().expect("nobody panics").recv();
        } else {
            let (tell, slept) = (tell.clone(), slept.clone());
            drop(R::spawn(async move {
                let deadline = Instant::now() + SLEEP;
                let sleep = R::sleep(SLEEP);
                let _ = tell.send(Duration::ZERO);
                sleep.await;
                let _ = slept.send(Instant::now() - deadline);
            }));
        }
    }
}

struct Client<R: Net> {
    handle: R::Handle,
    echo: TcpStream,
    blocker: TcpStream,
    told: Receiver<Duration>,
    slept: Receiver<Duration>,
    release: Sender<()>,
}

impl<R: Net> Client<R> {
    fn connect(
        handle: R::Handle,
        address: SocketAddr,
        [told, slept]: [Receiver<Duration>; 2],
        release: Sender<()>,
    ) -> Self {
        let connect = || {
            let stream = TcpStream::connect(address).expect("the listener is there");
            stream.set_nodelay(true).expect("a TCP socket");
            stream
        };
        Self {
            handle,
            echo: connect(),
            blocker: connect(),
            told,
            slept,
            release,
        }
    }

    fn measure(mut self) -> Figures {
        let trial: [fn(&mut Self) -> Duration; 3] = [Self::echo, Self::sleep, Self::foreign_spawn];
        let names = [
            ["echo_ms", "echo_worst_ms"],
            ["sleep_late_ms", "sleep_late_worst_ms"],
            ["foreign_spawn_ms", "foreign_spawn_worst_ms"],
        ];
        let mut figures = Vec::new();
        for (trial, [median, worst]) in trial.into_iter().zip(names) {
            let mut times: Vec<_> = (0..TRIALS)
                .map(|_| {
                    // Whoever ran for the last trial sleeps by now.
                    thread::sleep(Duration::from_millis(20));
                    trial(&mut self).as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            figures.extend([(median, times[TRIALS / 2]), (worst, times[TRIALS - 1])]);
        }
        figures
    }

    fn echo(&mut self) -> Duration {
        self.block();
        let start = Instant::now();
        self.echo.write_all(b"x").expect("an open connection");
        let mut answer = [0];
        self.echo.set_read_timeout(Some(LIMIT)).expect("not zero");
        let mut read = self.echo.read_exact(&mut answer);
        self.release();
        if matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            self.echo.set_read_timeout(None).expect("always allowed");
            read = self.echo.read_exact(&mut answer);
        }
        read.expect("an answer");
        start.elapsed()
    }

    fn sleep(&mut self) -> Duration {
        self.blocker
            .write_all(&[BEGIN_TO_SLEEP])
            .expect("an open connection");
        self.told.recv().expect("the sleep begins");
        thread::sleep(SLEEP / 5);
        self.block();
        let first = self.slept.recv_timeout(LIMIT);
        self.release();
        first.or_else(|_| self.slept.recv()).expect("the sleep ends")
    }

    fn foreign_spawn(&mut self) -> Duration {
        self.block();
        let (sender, receiver) = mpsc::channel();
        let start = Instant::now();
        drop(R::spawn_with(&self.handle, async move {
            let _ = sender.send(start.elapsed());
        }));
        let first = receiver.recv_timeout(LIMIT);
        self.release();
        first.or_else(|_| receiver.recv()).expect("the task runs")
    }

    /// Returns when the blocker is about to block.
    fn block(&mut self) {
        self.blocker.write_all(&[BLOCK]).expect("an open connection");
        self.told.recv().expect("the blocker runs");
        // A task of the stuck worker is seen to after a millisecond; so the blocker has blocked, and nobody has come yet.
        thread::sleep(Duration::from_micros(100));
    }

    fn release(&self) {
        self.release.send(()).expect("the blocker waits");
    }
}
