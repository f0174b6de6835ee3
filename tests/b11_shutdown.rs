//! B11: a shutdown ends, once, and says what it left: tasks of every kind, on one worker and on two, by drop and by
//! both forms of `shutdown`.
//!
//! What a test needs of the moment at which the runtime closes it sees by spawning: then a task is cancelled at once.
//! Threads and descriptors are counted before and after, so the tests of this file take turns.

mod watchdog;

use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::net::TcpListener;
use reveille::runtime::{Builder, Handle, Runtime, is_shutdown};
use reveille::task::{block_in_place, spawn_local};
use reveille::time::sleep;
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

static TURN: Mutex<()> = Mutex::new(());

/// Counts what this process has while no other test of this file runs.
struct Baseline {
    resources: Resources,
    _turn: MutexGuard<'static, ()>,
}

#[derive(Debug, PartialEq)]
struct Resources {
    threads: usize,
    descriptors: usize,
}

impl Baseline {
    fn take() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // What serves sockets and sleeps of no runtime stays once it is there.
        pollster::block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut accept = std::pin::pin!(listener.accept());
            sleep(Duration::from_millis(1)).await;
            let is_pending = poll_fn(|cx| Poll::Ready(accept.as_mut().poll(cx).is_pending())).await;
            assert!(is_pending);
        });
        Self {
            resources: resources(),
            _turn: turn,
        }
    }

    /// The system may keep an ended thread in its list for a moment.
    fn wait_until_reached(&self) {
        for looks in 0_u64.. {
            let resources = resources();
            if resources == self.resources {
                return;
            }
            if looks == 100_000 {
                eprintln!("still {resources:?}, not {:?}", self.resources);
            }
            thread::yield_now();
        }
    }
}

/// Of the runtimes: their threads are known by their names, and those that serve no runtime stay.
#[cfg(target_os = "linux")]
fn resources() -> Resources {
    let names = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("comm")).ok());
    Resources {
        threads: names
            .filter(|name| OURS.iter().any(|ours| name.starts_with(ours)))
            .count(),
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
    }
}

/// As much of the names as the system keeps.
#[cfg(target_os = "linux")]
const OURS: [&str; 3] = ["reveille-worker", "reveille-monito", "reveille-blocki"];

#[cfg(not(target_os = "linux"))]
fn resources() -> Resources {
    Resources {
        threads: 0,
        descriptors: 0,
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

/// Counts the futures that were dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn guard(&self) -> DropGuard {
        DropGuard(self.0.clone())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn wait_for(&self, count: usize) {
        while self.get() < count {
            thread::yield_now();
        }
    }
}

struct DropGuard(Arc<AtomicUsize>);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs its closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Whether what is spawned now is cancelled at once.
fn is_closed(handle: &Handle) -> bool {
    let task = handle.spawn(pending::<()>());
    let closed = task.is_finished();
    task.abort();
    closed
}

/// How a runtime is ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Drop,
    AtOnce,
    Patient,
    InBackground,
}

const ENDS: [End; 4] = [End::Drop, End::AtOnce, End::Patient, End::InBackground];

impl End {
    fn end(self, runtime: Runtime) {
        match self {
            End::Drop => drop(runtime),
            End::AtOnce => drop(runtime.shutdown(Duration::ZERO)),
            End::Patient => {
                let report = runtime.shutdown(LIMIT);
                assert!(report.is_complete(), "{report}");
            }
            End::InBackground => runtime.shutdown_background(),
        }
    }

    /// Whether everything has ended when this returns.
    fn waits(self) -> bool {
        matches!(self, End::Drop | End::Patient)
    }
}

/// Ends runtimes of one and two workers in every way, each with what `set_up` spawned: it returns how many futures that
/// hold a guard are to be dropped.
fn every_end(what: &'static str, set_up: impl Fn(&Runtime, &Drops) -> usize) {
    let _watchdog = Watchdog::new(what, LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for end in ENDS {
            let drops = Drops::default();
            let runtime = runtime(workers);
            let expected = set_up(&runtime, &drops);
            end.end(runtime);
            if end.waits() {
                assert_eq!(drops.get(), expected, "{end:?} on {workers} workers");
            }
            drops.wait_for(expected);
            baseline.wait_until_reached();
            assert_eq!(drops.get(), expected, "{end:?} on {workers} workers");
        }
    }
}

/// Spawns a task that says when its first poll has come so far as to call this function's argument.
fn spawn_and_wait<F: Future<Output = ()> + Send + 'static>(
    runtime: &Runtime,
    future: impl FnOnce(Sender<()>) -> F,
) {
    let (sender, receiver) = mpsc::channel();
    drop(runtime.spawn(future(sender)));
    receiver.recv().unwrap();
}

#[test]
fn sleeping_tasks_are_dropped() {
    every_end("the end of sleeping tasks", |runtime, drops| {
        for _ in 0..10 {
            let guard = drops.guard();
            spawn_and_wait(runtime, |ready| async move {
                let _guard = guard;
                let mut sleep = std::pin::pin!(sleep(HOUR));
                poll_fn(|cx| {
                    let polled = sleep.as_mut().poll(cx);
                    let _ = ready.send(());
                    polled
                })
                .await;
            });
        }
        10
    });
}

#[test]
fn tasks_in_accept_are_dropped() {
    every_end("the end of tasks in accept", |runtime, drops| {
        for _ in 0..10 {
            let guard = drops.guard();
            spawn_and_wait(runtime, |ready| async move {
                let _guard = guard;
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let mut accept = std::pin::pin!(listener.accept());
                let accepted = poll_fn(|cx| {
                    let polled = accept.as_mut().poll(cx);
                    let _ = ready.send(());
                    polled
                });
                let _ = accepted.await;
            });
        }
        10
    });
}

#[test]
fn tasks_that_wait_for_each_other_are_dropped() {
    every_end("the end of a cycle of joins", |runtime, drops| {
        let mut senders = Vec::new();
        let mut handles = Vec::new();
        for _ in 0..3 {
            let guard = drops.guard();
            let (sender, receiver) = mpsc::channel::<reveille::task::JoinHandle<()>>();
            senders.push(sender);
            let receiver = Mutex::new(receiver);
            handles.push(runtime.spawn(async move {
                let _guard = guard;
                let other = loop {
                    let other = receiver.lock().unwrap().try_recv();
                    match other {
                        Ok(other) => break other,
                        Err(_) => reveille::task::yield_now().await,
                    }
                };
                let _ = other.await;
            }));
        }
        handles.rotate_left(1);
        for (sender, handle) in senders.into_iter().zip(handles) {
            sender.send(handle).unwrap();
        }
        3
    });
}

#[test]
fn tasks_that_always_run_are_dropped() {
    every_end("the end of busy tasks", |runtime, drops| {
        for _ in 0..10 {
            let guard = drops.guard();
            drop(runtime.spawn(async move {
                let _guard = guard;
                loop {
                    reveille::task::yield_now().await;
                }
            }));
        }
        10
    });
}

#[test]
fn local_tasks_are_dropped() {
    every_end("the end of local tasks", |runtime, drops| {
        for _ in 0..5 {
            let (outer, inner) = (drops.guard(), drops.guard());
            spawn_and_wait(runtime, |ready| async move {
                let _guard = outer;
                drop(spawn_local(async move {
                    let _guard = inner;
                    pending::<()>().await;
                }));
                ready.send(()).unwrap();
                pending::<()>().await;
            });
        }
        10
    });
}

#[test]
fn a_destructor_may_spawn() {
    every_end("the end of tasks that spawn", |runtime, drops| {
        for _ in 0..5 {
            let (own, spawned) = (drops.guard(), drops.clone());
            spawn_and_wait(runtime, |ready| async move {
                let _guard = own;
                let _spawns = OnDrop(move || {
                    let (guard, local) = (spawned.guard(), spawned.guard());
                    drop(reveille::spawn(async move {
                        let _guard = guard;
                        pending::<()>().await;
                    }));
                    drop(Handle::current().spawn(async move {
                        let _guard = local;
                        pending::<()>().await;
                    }));
                    drop(reveille::task::spawn_blocking(|| ()));
                });
                ready.send(()).unwrap();
                pending::<()>().await;
            });
        }
        15
    });
}

#[test]
fn a_destructor_that_panics_keeps_nothing_from_being_dropped() {
    every_end("the end of tasks that panic", |runtime, drops| {
        for _ in 0..5 {
            let (own, other) = (drops.guard(), drops.guard());
            spawn_and_wait(runtime, |ready| async move {
                let _guard = own;
                // No message: the hook is not called.
                let _panics = OnDrop(|| std::panic::resume_unwind(Box::new("as planned")));
                ready.send(()).unwrap();
                pending::<()>().await;
            });
            drop(runtime.spawn(async move {
                let _guard = other;
                pending::<()>().await;
            }));
        }
        10
    });
}

/// Its own sockets fail while a runtime shuts down, so whoever blocks on one goes on.
#[test]
fn a_task_that_blocks_in_place_on_a_socket_ends() {
    every_end("the end of a task that blocks in place", |runtime, drops| {
        let guard = drops.guard();
        let failed = drops.clone();
        spawn_and_wait(runtime, |ready| async move {
            let _guard = guard;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            block_in_place(|| {
                let accepted = Handle::current().block_on(async {
                    let mut accept = std::pin::pin!(listener.accept());
                    poll_fn(|cx| {
                        let polled = accept.as_mut().poll(cx);
                        let _ = ready.send(());
                        polled
                    })
                    .await
                });
                let error = accepted.unwrap_err();
                if is_shutdown(&error) {
                    drop(failed.guard());
                }
            });
        });
        2
    });
}

/// A sleep never fails: it goes on without the runtime.
#[test]
fn a_task_that_blocks_in_place_on_a_sleep_ends() {
    every_end("the end of a task that sleeps in place", |runtime, drops| {
        let guard = drops.guard();
        spawn_and_wait(runtime, |ready| async move {
            let _guard = guard;
            block_in_place(|| {
                Handle::current().block_on(async {
                    let mut sleep = std::pin::pin!(sleep(Duration::from_millis(20)));
                    poll_fn(|cx| {
                        let polled = sleep.as_mut().poll(cx);
                        let _ = ready.send(());
                        polled
                    })
                    .await;
                });
            });
        });
        1
    });
}

/// And a join in it fails, since the task is cancelled.
#[test]
fn a_task_that_blocks_in_place_on_another_ends() {
    every_end("the end of a task that joins in place", |runtime, drops| {
        let (guard, other) = (drops.guard(), drops.guard());
        spawn_and_wait(runtime, |ready| async move {
            let _guard = guard;
            let task = reveille::spawn(async move {
                let _guard = other;
                pending::<()>().await;
            });
            block_in_place(|| {
                ready.send(()).unwrap();
                assert!(Handle::current().block_on(task).unwrap_err().is_cancelled());
            });
        });
        2
    });
}

/// What runs is waited for; the task below ends as soon as the runtime closes.
#[test]
fn a_task_in_its_poll_is_waited_for() {
    every_end("the end of a task in its poll", |runtime, drops| {
        let guard = drops.guard();
        let handle = runtime.handle().clone();
        spawn_and_wait(runtime, |ready| async move {
            let _guard = guard;
            ready.send(()).unwrap();
            while !is_closed(&handle) {
                thread::yield_now();
            }
        });
        1
    });
}

#[test]
fn a_job_that_runs_is_waited_for_and_one_that_has_not_begun_is_dropped() {
    every_end("the end of blocking jobs", |runtime, drops| {
        let (running, handle) = (drops.guard(), runtime.handle().clone());
        let (ready, wait) = mpsc::channel();
        drop(runtime.spawn_blocking(move || {
            let _guard = running;
            ready.send(()).unwrap();
            while !is_closed(&handle) {
                thread::yield_now();
            }
        }));
        wait.recv().unwrap();
        1
    });
}

/// The report names what does not end, with its spawn site; later its thread ends all the same.
#[test]
fn a_report_names_what_still_runs() {
    let _watchdog = Watchdog::new("shutdowns of a runtime with a stuck task", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for timeout in [Duration::ZERO, Duration::from_millis(20)] {
            let drops = Drops::default();
            let runtime = runtime(workers);
            let (release, released) = mpsc::channel::<()>();
            let (ready, wait) = mpsc::channel();
            let (guard, began) = (drops.guard(), ready.clone());
            let task_line = line!() + 1;
            drop(runtime.spawn(async move {
                let _guard = guard;
                began.send(()).unwrap();
                released.recv().unwrap();
            }));
            let (finish, finished) = mpsc::channel::<()>();
            let guard = drops.guard();
            let job_line = line!() + 1;
            let job = runtime.spawn_blocking(move || {
                let _guard = guard;
                ready.send(()).unwrap();
                finished.recv().unwrap();
            });
            (0..2).for_each(|_| wait.recv().unwrap());
            let report = runtime.shutdown(timeout);
            assert!(!report.is_complete());
            assert!(report.threads() >= 1);
            let tasks: Vec<_> = report.tasks().iter().map(|task| task.spawned_at.line()).collect();
            assert_eq!(tasks, [task_line], "{report}");
            let jobs: Vec<_> = report
                .blocking_jobs()
                .iter()
                .map(|job| job.spawned_at.line())
                .collect();
            assert_eq!(jobs, [job_line], "{report}");
            assert_eq!(drops.get(), 0);
            release.send(()).unwrap();
            finish.send(()).unwrap();
            drops.wait_for(2);
            drop(job);
            baseline.wait_until_reached();
        }
    }
}

/// The drop of X waits until Y is dropped, whose drop spawns, and wakes X.
#[test]
fn a_destructor_may_wait_for_another_task_to_be_dropped() {
    let _watchdog = Watchdog::new("destructors that wait for each other", LIMIT);
    let baseline = Baseline::take();
    for workers in [2, 4] {
        for end in ENDS {
            for x_first in [true, false] {
                let drops = Drops::default();
                let runtime = runtime(workers);
                let (dropped, wait) = mpsc::channel();
                let x_waker = Arc::new(Mutex::new(None::<Waker>));
                let (x, y) = (drops.guard(), drops.guard());
                let published = x_waker.clone();
                let (y_began, y_begins) = mpsc::channel();
                let x = async move {
                    let _guard = x;
                    let _waits = OnDrop(move || wait.recv().unwrap());
                    poll_fn(|cx| {
                        *published.lock().unwrap() = Some(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                };
                let wakes = x_waker.clone();
                let y = async move {
                    let _guard = y;
                    let _wakes = OnDrop(move || {
                        drop(reveille::spawn(async {}));
                        if let Some(waker) = wakes.lock().unwrap().take() {
                            waker.wake();
                        }
                        dropped.send(()).unwrap();
                    });
                    y_began.send(()).unwrap();
                    pending::<()>().await;
                };
                if x_first {
                    drop(runtime.spawn(x));
                    drop(runtime.spawn(y));
                } else {
                    drop(runtime.spawn(y));
                    drop(runtime.spawn(x));
                }
                y_begins.recv().unwrap();
                while x_waker.lock().unwrap().is_none() {
                    thread::yield_now();
                }
                end.end(runtime);
                drops.wait_for(2);
                baseline.wait_until_reached();
            }
        }
    }
}

#[test]
fn foreign_wakers_fire_during_and_after_the_end() {
    let _watchdog = Watchdog::new("foreign wakers beside the end", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for end in ENDS {
            for _ in 0..10 {
                let drops = Drops::default();
                let runtime = runtime(workers);
                let (sender, wakers) = mpsc::channel();
                for _ in 0..4 {
                    let (guard, sender) = (drops.guard(), sender.clone());
                    let mut first = Some(sender);
                    drop(runtime.spawn(async move {
                        let _guard = guard;
                        poll_fn(|cx| {
                            if let Some(sender) = first.take() {
                                sender.send(cx.waker().clone()).unwrap();
                            }
                            Poll::<()>::Pending
                        })
                        .await;
                    }));
                }
                let wakers: Vec<_> = (0..4).map(|_| wakers.recv().unwrap()).collect();
                let over = AtomicBool::new(false);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        while !over.load(Ordering::SeqCst) {
                            wakers.iter().for_each(Waker::wake_by_ref);
                        }
                    });
                    end.end(runtime);
                    drops.wait_for(4);
                    over.store(true, Ordering::SeqCst);
                });
                wakers.iter().for_each(Waker::wake_by_ref);
                wakers.into_iter().for_each(Waker::wake);
                baseline.wait_until_reached();
                assert_eq!(drops.get(), 4);
            }
        }
    }
}

/// A runtime that is ended by one of its own tasks or jobs: that waits for nothing, and everything ends.
#[test]
fn a_runtime_may_be_ended_from_within() {
    let _watchdog = Watchdog::new("runtimes that end themselves", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for end in [End::Drop, End::AtOnce, End::InBackground] {
            for blocking in [false, true] {
                let drops = Drops::default();
                let runtime = runtime(workers);
                for _ in 0..5 {
                    let guard = drops.guard();
                    spawn_and_wait(&runtime, |ready| async move {
                        let _guard = guard;
                        ready.send(()).unwrap();
                        pending::<()>().await;
                    });
                }
                let handle = runtime.handle().clone();
                let (sender, receiver) = mpsc::channel::<Runtime>();
                let (returned, returns) = mpsc::channel();
                let ends = move || {
                    let runtime = receiver.recv().unwrap();
                    end.end(runtime);
                    returned.send(()).unwrap();
                };
                if blocking {
                    // In a task that blocks in place, which runs tasks as well.
                    drop(handle.spawn(async move { block_in_place(ends) }));
                } else {
                    drop(handle.spawn(async move { ends() }));
                }
                sender.send(runtime).unwrap();
                returns.recv().unwrap();
                drops.wait_for(5);
                assert!(handle.spawn(async {}).is_finished());
                drop(handle);
                baseline.wait_until_reached();
            }
        }
    }
}

#[test]
fn a_runtime_may_be_ended_from_its_blocking_pool() {
    let _watchdog = Watchdog::new("runtimes that are ended by their jobs", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for end in [End::Drop, End::AtOnce, End::InBackground] {
            let runtime = runtime(workers);
            let (sender, receiver) = mpsc::channel::<Runtime>();
            let (returned, returns) = mpsc::channel();
            drop(runtime.spawn_blocking(move || {
                end.end(receiver.recv().unwrap());
                returned.send(()).unwrap();
            }));
            sender.send(runtime).unwrap();
            returns.recv().unwrap();
            baseline.wait_until_reached();
        }
    }
}

/// Whoever is last ends it; the other may be in `block_on` of a handle.
#[test]
fn a_runtime_may_be_ended_by_two_threads() {
    let _watchdog = Watchdog::new("runtimes that two threads end", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2] {
        for _ in 0..20 {
            let drops = Drops::default();
            let runtime = Arc::new(runtime(workers));
            let guard = drops.guard();
            let task = runtime.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            let handle = runtime.handle().clone();
            let other = runtime.clone();
            thread::scope(|scope| {
                scope.spawn(move || assert!(handle.block_on(task).unwrap_err().is_cancelled()));
                scope.spawn(move || drop(other));
                drop(runtime);
            });
            assert_eq!(drops.get(), 1);
            baseline.wait_until_reached();
        }
    }
}

/// Many at once, so that every interleaving of a start with an end has its chance.
#[test]
fn a_runtime_may_end_as_soon_as_it_began() {
    fn busy(drops: &Drops, depth: usize) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (guard, drops) = (drops.guard(), drops.clone());
        async move {
            let _guard = guard;
            if depth > 0 {
                drop(reveille::spawn(
                    Box::pin(busy(&drops, depth - 1)) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
                ));
            }
            pending::<()>().await;
        }
    }

    let _watchdog = Watchdog::new("short lives of runtimes", LIMIT);
    let baseline = Baseline::take();
    for workers in [1, 2, 4] {
        for end in ENDS {
            for _ in 0..10 {
                let drops = Drops::default();
                let made = drops.clone();
                let runtime = runtime(workers);
                drop(runtime.spawn(busy(&made, 5)));
                end.end(runtime);
                baseline.wait_until_reached();
                // Each future is dropped, whether it ran or not: nobody else holds the count. Later than this where the
                // threads of a runtime that goes in the background cannot be counted.
                drop(made);
                assert!(Arc::strong_count(&drops.0) == 1 || cfg!(not(target_os = "linux")));
                while Arc::strong_count(&drops.0) > 1 {
                    thread::yield_now();
                }
            }
        }
    }
}
