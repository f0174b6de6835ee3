//! B9: a task that blocks its worker takes nothing along: the worker's sockets, timers and queued tasks are seen to by
//! somebody else **before** the blocker is released.
//!
//! Order, not time: the test itself holds what the blockers wait for, and lets go only after everything else was seen to
//! work. What does not work stands still until the watchdog ends it.

mod watchdog;

use std::future::Future;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Runtime};
use reveille::task::{Id, JoinHandle, yield_now};
use reveille::time::sleep;
use watchdog::Watchdog;

/// Something blocks in it until [`open`](Self::open), and says that it does.
struct Gate {
    arrived: Receiver<()>,
    opener: Sender<()>,
}

/// The other side of a [`Gate`].
struct Entrance {
    arrive: Sender<()>,
    opened: Receiver<()>,
}

fn gate() -> (Gate, Entrance) {
    let (arrive, arrived) = mpsc::channel();
    let (opener, opened) = mpsc::channel();
    (Gate { arrived, opener }, Entrance { arrive, opened })
}

impl Gate {
    fn wait_for_arrival(&self) {
        self.arrived.recv().unwrap();
    }

    fn open(self) {
        self.opener.send(()).unwrap();
    }
}

impl Entrance {
    /// Blocks the thread, as no task should.
    fn pass(self) {
        self.arrive.send(()).unwrap();
        self.opened.recv().unwrap();
    }
}

/// A runtime whose sockets and timers all belong to one worker's driver.
struct Stage {
    runtime: Runtime,
    /// Whose polls `on_slow_poll` has reported.
    slow: Arc<Mutex<Vec<Id>>>,
    address: SocketAddr,
    /// Served by a task that waits already.
    connection: std::net::TcpStream,
    ticks: Arc<AtomicUsize>,
    ticking: Option<JoinHandle<()>>,
}

/// What the other workers do once the stage is set.
#[derive(Clone, Copy)]
enum Others {
    Sleep,
    /// They run tasks that yield for ever.
    YieldUntil(&'static AtomicBool),
}

impl Stage {
    fn new(workers: usize, others: Others, blockers: Vec<Entrance>) -> (Self, Vec<Blocker>) {
        let slow = Arc::<Mutex<Vec<Id>>>::default();
        let reports = slow.clone();
        let runtime = Builder::multi_thread()
            .worker_threads(workers)
            .slow_poll_threshold(Duration::from_millis(20))
            .on_slow_poll(move |poll| reports.lock().unwrap().push(poll.task))
            .build()
            .unwrap();
        // All workers but one are kept away while sockets and timers find their driver.
        let gates: Vec<_> = (1..workers).map(|_| keep_one_away(&runtime, others)).collect();
        gates.iter().for_each(Gate::wait_for_arrival);

        let (address, listener) = runtime
            .block_on(runtime.spawn(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                (listener.local_addr().unwrap(), listener)
            }))
            .unwrap();
        let blockers = blockers
            .into_iter()
            .map(|entrance| Blocker::new(&runtime, entrance))
            .collect();
        drop(runtime.spawn(serve(listener)));
        let ticks = Arc::new(AtomicUsize::new(0));
        let ticked = ticks.clone();
        let ticking = runtime.spawn(async move {
            loop {
                sleep(Duration::from_millis(5)).await;
                ticked.fetch_add(1, Ordering::SeqCst);
            }
        });
        let stage = Self {
            connection: std::net::TcpStream::connect(address).unwrap(),
            runtime,
            slow,
            address,
            ticks,
            ticking: Some(ticking),
        };
        stage.echo(&stage.connection);
        gates.into_iter().for_each(Gate::open);
        (stage, blockers)
    }

    fn echo(&self, mut connection: &std::net::TcpStream) {
        connection.write_all(b"ping").unwrap();
        let mut answer = [0; 4];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ping");
    }

    /// Returns once everything but the blockers has been seen to work.
    fn everything_works(&self) {
        let ticks = self.ticks.load(Ordering::SeqCst);
        self.echo(&self.connection);
        self.echo(&std::net::TcpStream::connect(self.address).unwrap());
        let (sender, receiver) = mpsc::channel();
        let job = sender.clone();
        drop(self.runtime.spawn(async move {
            sleep(Duration::from_millis(2)).await;
            sender.send("task").unwrap();
        }));
        assert_eq!(receiver.recv().unwrap(), "task");
        drop(self.runtime.spawn_blocking(move || job.send("job").unwrap()));
        assert_eq!(receiver.recv().unwrap(), "job");
        while self.ticking.is_some() && self.ticks.load(Ordering::SeqCst) < ticks + 2 {
            thread::yield_now();
        }
    }

    fn stop_ticking(&mut self) {
        let ticking = self.ticking.take().unwrap();
        ticking.abort();
        assert!(self.runtime.block_on(ticking).unwrap_err().is_cancelled());
    }

    /// Has them block, and waits until they do. On a slow machine a poll of before that may have been reported as well.
    fn block(&self, blockers: &mut [Blocker], gates: &[Gate]) {
        self.slow.lock().unwrap().clear();
        blockers.iter_mut().for_each(Blocker::block);
        gates.iter().for_each(Gate::wait_for_arrival);
    }

    /// Waits until a poll of each of them was reported.
    fn wait_for_reports(&self, blockers: &[Blocker]) {
        let mut blocked: Vec<_> = blockers.iter().map(|blocker| blocker.task.id()).collect();
        blocked.sort_unstable();
        loop {
            let mut reported = self.slow.lock().unwrap().clone();
            reported.retain(|task| blocked.contains(task));
            reported.sort_unstable();
            if reported == blocked {
                return;
            }
            assert!(
                reported.len() <= blocked.len(),
                "{reported:?} were reported, not {blocked:?}"
            );
            thread::yield_now();
        }
    }
}

fn keep_one_away(runtime: &Runtime, others: Others) -> Gate {
    let (gate, entrance) = gate();
    drop(runtime.spawn(async move {
        entrance.pass();
        if let Others::YieldUntil(over) = others {
            while !over.load(Ordering::SeqCst) {
                yield_now().await;
            }
        }
    }));
    gate
}

async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        drop(reveille::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                stream.write_all(&buffer[..length]).await.unwrap();
            }
        }));
    }
}

/// A task that blocks its worker as soon as the driver has woken it.
struct Blocker {
    task: JoinHandle<()>,
    poke: std::net::TcpStream,
}

impl Blocker {
    fn new(runtime: &Runtime, entrance: Entrance) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let poke = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = listener.accept().unwrap().0;
        let (waits, waiting) = mpsc::channel();
        let task = runtime.spawn(async move {
            let stream = TcpStream::from_std(stream).unwrap();
            waits.send(()).unwrap();
            stream.readable().await.unwrap();
            entrance.pass();
        });
        waiting.recv().unwrap();
        Self { task, poke }
    }

    fn block(&mut self) {
        self.poke.write_all(b"x").unwrap();
    }
}

fn gates(count: usize) -> (Vec<Gate>, Vec<Entrance>) {
    (0..count).map(|_| gate()).unzip()
}

/// `blocked` of the workers are blocked, and everything works; then they are released.
fn the_rest_goes_on(workers: usize, blocked: usize, others: Others) {
    let (gates, entrances) = gates(blocked);
    let (stage, mut blockers) = Stage::new(workers, others, entrances);
    // Dropped before the runtime, which waits for them, if something fails.
    let gates = gates;
    stage.block(&mut blockers, &gates);
    stage.everything_works();
    stage.wait_for_reports(&blockers);
    stage.everything_works();
    gates.into_iter().for_each(Gate::open);
    for blocker in blockers {
        stage.runtime.block_on(blocker.task).unwrap();
    }
    stage.everything_works();
}

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn one_blocked_worker_of_two_or_four() {
    let _watchdog = Watchdog::new("one blocked worker", LIMIT);
    the_rest_goes_on(2, 1, Others::Sleep);
    the_rest_goes_on(4, 1, Others::Sleep);
}

#[test]
fn one_blocked_worker_beside_one_that_always_has_something_to_run() {
    static OVER: AtomicBool = AtomicBool::new(false);
    let _watchdog = Watchdog::new("one blocked and one busy worker", LIMIT);
    the_rest_goes_on(2, 1, Others::YieldUntil(&OVER));
    OVER.store(true, Ordering::SeqCst);
}

#[test]
fn all_but_one_of_four_are_blocked() {
    let _watchdog = Watchdog::new("three blocked workers of four", LIMIT);
    the_rest_goes_on(4, 3, Others::Sleep);
}

#[test]
fn when_all_are_blocked_each_is_named_and_everything_resumes_after_the_release() {
    let _watchdog = Watchdog::new("all workers blocked", LIMIT);
    for workers in [1, 2, 4] {
        let (gates, entrances) = gates(workers);
        let (stage, mut blockers) = Stage::new(workers, Others::Sleep, entrances);
        let gates = gates;
        stage.block(&mut blockers, &gates);
        stage.wait_for_reports(&blockers);
        // All of this waits for a worker, and none of it is lost.
        let mut late = std::net::TcpStream::connect(stage.address).unwrap();
        late.write_all(b"late").unwrap();
        let spawned = stage
            .runtime
            .spawn(async { sleep(Duration::from_millis(1)).await });
        assert!(!spawned.is_finished());
        gates.into_iter().for_each(Gate::open);
        let mut answer = [0; 4];
        late.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"late");
        stage.runtime.block_on(spawned).unwrap();
        stage.everything_works();
        // Still one report for each.
        stage.wait_for_reports(&blockers);
    }
}

#[test]
fn a_destructor_that_blocks_is_as_a_poll_that_blocks() {
    struct BlocksInDrop(Option<Entrance>);
    impl Drop for BlocksInDrop {
        fn drop(&mut self) {
            self.0.take().unwrap().pass();
        }
    }

    let _watchdog = Watchdog::new("a destructor that blocks its worker", LIMIT);
    let (stage, _) = Stage::new(2, Others::Sleep, Vec::new());
    let (gate, entrance) = gate();
    let guard = BlocksInDrop(Some(entrance));
    let task = stage.runtime.spawn(async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    });
    task.abort();
    gate.wait_for_arrival();
    stage.everything_works();
    gate.open();
    assert!(stage.runtime.block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_root_that_blocks_keeps_only_its_own_thread() {
    let _watchdog = Watchdog::new("a root that blocks", LIMIT);
    for workers in [1, 2] {
        let (stage, _) = Stage::new(workers, Others::Sleep, Vec::new());
        let (gate, entrance) = gate();
        thread::scope(|scope| {
            scope.spawn(|| {
                stage.runtime.block_on(async {
                    sleep(Duration::from_millis(1)).await;
                    entrance.pass();
                });
            });
            gate.wait_for_arrival();
            stage.everything_works();
            gate.open();
        });
    }
}

/// A foreign waker, called by whoever turns the driver. Those that the driver found along with it wait behind it, so
/// here there is none.
#[test]
fn a_waker_that_blocks_its_worker_keeps_nobody_else_waiting() {
    struct Blocks(Mutex<Option<Entrance>>);
    impl Wake for Blocks {
        fn wake(self: Arc<Self>) {
            let entrance = self.0.lock().unwrap().take();
            if let Some(entrance) = entrance {
                entrance.pass();
            }
        }
    }

    let _watchdog = Watchdog::new("a waker that blocks its worker", LIMIT);
    let (mut stage, _) = Stage::new(2, Others::Sleep, Vec::new());
    stage.stop_ticking();
    let (gate, entrance) = gate();
    let waker = Waker::from(Arc::new(Blocks(Mutex::new(Some(entrance)))));
    let mut timer = sleep(Duration::from_millis(3));
    {
        let _current = stage.runtime.enter();
        let polled = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    gate.wait_for_arrival();
    stage.everything_works();
    gate.open();
}
