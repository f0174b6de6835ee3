//! Random graphs of tasks, and random ends of their runtimes: every future that was spawned is dropped exactly once, and
//! so is every output.
//!
//! A graph is made from a seed. A failure prints it; `REVEILLE_SEED=… cargo test --test task_graphs` begins with that one.
//! `REVEILLE_STRESS=full` runs a million graphs instead of ten thousand.

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille_executor::{
    Config, CurrentThread, Handle, JoinHandle, MultiThread, PanicPolicy, ThreadPark, spawn, spawn_local,
    yield_now,
};

/// What a task does, in order; then it completes.
#[derive(Debug)]
enum Step {
    Yield,
    Spawn(Vec<Step>),
    SpawnLocal(Vec<Step>),
    /// Waits for the child that was spawned last.
    Join,
    Abort,
    Detach,
    /// Puts the handle of the child that was spawned last where anybody takes it from.
    GiveAway,
    /// Aborts a task of which somebody gave the handle away.
    AbortGiven,
    /// Polls such a handle once, so that its task has this one's waker, or drops the output here.
    PollGiven,
    /// Waits until somebody pokes that slot.
    Park(usize),
    /// Wakes whoever waits at that slot.
    Poke(usize),
    /// Has it woken by a thread of no runtime.
    PokeFromElsewhere(usize),
    /// Leaves a waker in the slot, where it may outlive the task.
    LeaveWaker(usize),
    Panic,
}

#[derive(Debug)]
enum End {
    /// All parked tasks are let go, and the first ones joined.
    Complete,
    Abort,
    Drop,
    ShutDown,
    ShutDownInBackground,
}

#[derive(Debug)]
struct Graph {
    /// Spawned in `block_on`, by turns with those below.
    roots: Vec<Vec<Step>>,
    /// Spawned by a handle, before anybody is in `block_on`.
    foreign_roots: Vec<Vec<Step>>,
    /// How often the future in `block_on` yields before the end.
    yields: usize,
    end: End,
}

const SLOTS: usize = 3;
/// Tasks in a graph, at most.
const MOST: usize = 24;

struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea, Flood, 2014).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % bound
    }

    fn graph(&mut self) -> Graph {
        let mut left = 2 + self.below(MOST - 2);
        let mut roots = |random: &mut Self| {
            let count = 1 + random.below(3);
            (0..count).map(|_| random.task(&mut left, 3)).collect()
        };
        Graph {
            roots: roots(self),
            foreign_roots: roots(self),
            yields: self.below(8),
            end: match self.below(5) {
                0 => End::Complete,
                1 => End::Abort,
                2 => End::Drop,
                3 => End::ShutDown,
                _ => End::ShutDownInBackground,
            },
        }
    }

    fn task(&mut self, left: &mut usize, depth: usize) -> Vec<Step> {
        *left = left.saturating_sub(1);
        let count = self.below(7);
        (0..count).map(|_| self.step(left, depth)).collect()
    }

    fn step(&mut self, left: &mut usize, depth: usize) -> Step {
        let slot = self.below(SLOTS);
        match self.below(22) {
            0..6 if *left > 0 && depth > 0 => Step::Spawn(self.task(left, depth - 1)),
            6..8 if *left > 0 && depth > 0 => Step::SpawnLocal(self.task(left, depth - 1)),
            8..10 => Step::Join,
            10 => Step::Abort,
            11 => Step::Detach,
            12 => Step::GiveAway,
            13 => Step::AbortGiven,
            14 => Step::PollGiven,
            15 => Step::Park(slot),
            16 => Step::Poke(slot),
            17 => Step::PokeFromElsewhere(slot),
            18 => Step::LeaveWaker(slot),
            19 if self.below(3) == 0 => Step::Panic,
            _ => Step::Yield,
        }
    }
}

/// What all tasks of a graph share.
struct Scene {
    spawned: AtomicUsize,
    futures_dropped: [AtomicU8; MOST * 2],
    outputs_made: [AtomicU8; MOST * 2],
    outputs_dropped: [AtomicU8; MOST * 2],
    slots: [Mutex<Vec<Waker>>; SLOTS],
    /// Nobody parks any more.
    open: AtomicBool,
    given: Mutex<Vec<JoinHandle<Output>>>,
    elsewhere: Sender<Waker>,
}

/// One of a task's two droppables.
struct Token {
    scene: Arc<Scene>,
    number: usize,
    is_output: bool,
}

type Output = Token;

impl Drop for Token {
    fn drop(&mut self) {
        let counts = if self.is_output {
            &self.scene.outputs_dropped
        } else {
            &self.scene.futures_dropped
        };
        counts[self.number].fetch_add(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scene {
    fn new(elsewhere: Sender<Waker>) -> Arc<Self> {
        Arc::new(Self {
            spawned: AtomicUsize::new(0),
            futures_dropped: [const { AtomicU8::new(0) }; MOST * 2],
            outputs_made: [const { AtomicU8::new(0) }; MOST * 2],
            outputs_dropped: [const { AtomicU8::new(0) }; MOST * 2],
            slots: [const { Mutex::new(Vec::new()) }; SLOTS],
            open: AtomicBool::new(false),
            given: Mutex::new(Vec::new()),
            elsewhere,
        })
    }

    /// The future of a new task.
    fn task(self: &Arc<Self>, steps: Vec<Step>) -> Pin<Box<dyn Future<Output = Output> + Send>> {
        let token = Token {
            scene: self.clone(),
            number: self.spawned.fetch_add(1, Ordering::SeqCst),
            is_output: false,
        };
        Box::pin(async move {
            let mut children = Vec::new();
            for step in steps {
                token.scene.perform(step, &mut children).await;
            }
            token.scene.outputs_made[token.number].fetch_add(1, Ordering::SeqCst);
            Token {
                scene: token.scene.clone(),
                number: token.number,
                is_output: true,
            }
        })
    }

    async fn perform(self: &Arc<Self>, step: Step, children: &mut Vec<JoinHandle<Output>>) {
        match step {
            Step::Yield => yield_now().await,
            Step::Spawn(steps) => children.push(spawn(self.task(steps))),
            Step::SpawnLocal(steps) => children.push(self.spawn_local(steps)),
            Step::Join => {
                if let Some(child) = children.pop() {
                    let _ = child.await;
                }
            }
            Step::Abort => children.iter().for_each(JoinHandle::abort),
            Step::Detach => drop(children.pop()),
            Step::GiveAway => lock(&self.given).extend(children.pop()),
            Step::AbortGiven => {
                let given = lock(&self.given).pop();
                if let Some(handle) = given {
                    handle.abort();
                }
            }
            Step::PollGiven => {
                let given = lock(&self.given).pop();
                if let Some(mut handle) = given {
                    poll_fn(|context| {
                        // An output is dropped here.
                        let _ = Pin::new(&mut handle).poll(context);
                        Poll::Ready(())
                    })
                    .await;
                    if !handle.is_finished() {
                        lock(&self.given).push(handle);
                    }
                }
            }
            Step::Park(slot) => {
                let mut polls = 0;
                poll_fn(|context| {
                    lock(&self.slots[slot]).push(context.waker().clone());
                    polls += 1;
                    if polls > 1 || self.open.load(Ordering::SeqCst) {
                        return Poll::Ready(());
                    }
                    Poll::Pending
                })
                .await;
            }
            Step::Poke(slot) => self.poke(slot, Waker::wake),
            Step::PokeFromElsewhere(slot) => self.poke(slot, |waker| drop(self.elsewhere.send(waker))),
            Step::LeaveWaker(slot) => {
                poll_fn(|context| {
                    lock(&self.slots[slot]).push(context.waker().clone());
                    Poll::Ready(())
                })
                .await;
            }
            // Past the panic hook, which would print it.
            Step::Panic => resume_unwind(Box::new("on purpose")),
        }
    }

    fn spawn_local(self: &Arc<Self>, steps: Vec<Step>) -> JoinHandle<Output> {
        let (task, not_send) = (self.task(steps), Rc::new(()));
        spawn_local(async move {
            let output = task.await;
            drop(not_send);
            output
        })
    }

    fn poke(&self, slot: usize, wake: impl Fn(Waker)) {
        let wakers = std::mem::take(&mut *lock(&self.slots[slot]));
        wakers.into_iter().for_each(wake);
    }

    /// The future in `block_on`.
    async fn root(self: Arc<Self>, graph: &mut Graph) {
        let mut handles = Vec::new();
        for (number, steps) in graph.roots.drain(..).enumerate() {
            if number % 2 == 0 {
                handles.push(spawn(self.task(steps)));
            } else {
                handles.push(self.spawn_local(steps));
            }
        }
        for _ in 0..graph.yields {
            yield_now().await;
        }
        match graph.end {
            End::Complete => {
                self.open.store(true, Ordering::SeqCst);
                (0..SLOTS).for_each(|slot| self.poke(slot, Waker::wake));
            }
            End::Abort => handles.iter().for_each(JoinHandle::abort),
            _ => return,
        }
        for handle in handles {
            let _ = handle.await;
        }
    }

    fn all_dropped(&self) -> bool {
        let spawned = self.spawned.load(Ordering::SeqCst);
        let count = |counts: &[AtomicU8]| -> Vec<u8> {
            let of_spawned = counts[..spawned].iter();
            of_spawned.map(|count| count.load(Ordering::SeqCst)).collect()
        };
        let futures = count(&self.futures_dropped);
        assert!(
            futures.iter().all(|count| *count <= 1),
            "a future is dropped twice: {futures:?}"
        );
        let (made, dropped) = (count(&self.outputs_made), count(&self.outputs_dropped));
        assert!(
            dropped.iter().all(|count| *count <= 1),
            "an output is dropped twice: {dropped:?}"
        );
        futures.iter().all(|count| *count == 1) && made == dropped
    }
}

enum Executor {
    CurrentThread(CurrentThread<ThreadPark>),
    MultiThread(MultiThread),
}

impl Executor {
    fn new(workers: usize) -> Self {
        let mut config = Config::default();
        // Thousands of tasks panic, and most are joined by nobody.
        config.panic_policy = PanicPolicy::Store;
        if workers == 0 {
            return Self::CurrentThread(CurrentThread::with_config(ThreadPark::new(), &config));
        }
        let parks = (0..workers).map(|_| ThreadPark::new());
        Self::MultiThread(MultiThread::new(parks, config).expect("the system gives threads"))
    }

    fn handle(&self) -> Handle {
        match self {
            Self::CurrentThread(executor) => executor.handle(),
            Self::MultiThread(executor) => executor.handle(),
        }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self {
            Self::CurrentThread(executor) => executor.block_on(future),
            Self::MultiThread(executor) => executor.block_on(future),
        }
    }

    fn end(self, end: &End) {
        const DEADLINE: Duration = Duration::from_secs(60);
        match (end, self) {
            (End::ShutDown, Self::CurrentThread(executor)) => drop(executor.shut_down(DEADLINE)),
            (End::ShutDown, Self::MultiThread(executor)) => drop(executor.shut_down(DEADLINE)),
            (End::ShutDownInBackground, Self::CurrentThread(executor)) => executor.shut_down_in_background(),
            (End::ShutDownInBackground, Self::MultiThread(executor)) => executor.shut_down_in_background(),
            (_, executor) => drop(executor),
        }
    }
}

fn run(seed: u64, workers: usize, elsewhere: &Sender<Waker>) {
    let mut graph = Random(seed).graph();
    let scene = Scene::new(elsewhere.clone());
    let executor = Executor::new(workers);
    let handle = executor.handle();
    let foreign: Vec<_> = graph
        .foreign_roots
        .drain(..)
        .map(|steps| handle.spawn(scene.task(steps)))
        .collect();
    executor.block_on(scene.clone().root(&mut graph));
    executor.end(&graph.end);
    drop(foreign);
    let given = std::mem::take(&mut *lock(&scene.given));
    drop(given);
    if matches!(graph.end, End::ShutDownInBackground) {
        // Its threads go on by themselves; the watchdog ends this if they do not.
        while !scene.all_dropped() {
            thread::yield_now();
            let given = std::mem::take(&mut *lock(&scene.given));
            drop(given);
        }
    }
    assert!(scene.all_dropped(), "a future or an output is left");
    (0..SLOTS).for_each(|slot| scene.poke(slot, Waker::wake));
}

/// Runs a quarter of the graphs on so many workers; 0 is a current-thread executor.
fn run_graphs(workers: usize) {
    let full = std::env::var("REVEILLE_STRESS").is_ok_and(|stress| stress == "full");
    let count = if full { 250_000 } else { 2_500 };
    let first = match std::env::var("REVEILLE_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => RandomState::new().hash_one(workers),
    };
    let (elsewhere, wakers) = channel::<Waker>();
    thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
    let now = Arc::new(AtomicU64::new(first));
    watch(workers, now.clone());
    for seed in (0..count).map(|number| first.wrapping_add(number)) {
        now.store(seed, Ordering::SeqCst);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed, workers, &elsewhere))) {
            eprintln!(
                "REVEILLE_SEED={seed}, {workers} workers: {:#?}",
                Random(seed).graph()
            );
            resume_unwind(panic);
        }
    }
}

/// Ends the process when a graph has not ended after a long time.
fn watch(workers: usize, now: Arc<AtomicU64>) {
    let alive = Arc::downgrade(&now);
    drop(now);
    thread::spawn(move || {
        let mut before = None;
        while let Some(seed) = alive.upgrade().map(|now| now.load(Ordering::SeqCst)) {
            if before == Some(seed) {
                eprintln!(
                    "watchdog: REVEILLE_SEED={seed}, {workers} workers: not ended after 30 s: {:#?}",
                    Random(seed).graph()
                );
                std::process::abort();
            }
            before = Some(seed);
            thread::sleep(Duration::from_secs(30));
        }
    });
}

#[test]
fn on_a_current_thread_executor_everything_is_dropped_once() {
    run_graphs(0);
}

#[test]
fn on_one_worker_everything_is_dropped_once() {
    run_graphs(1);
}

#[test]
fn on_two_workers_everything_is_dropped_once() {
    run_graphs(2);
}

#[test]
fn on_four_workers_everything_is_dropped_once() {
    run_graphs(4);
}
