//! What must not keep the other workers, or the end of the runtime, from going on: waits across threads at shutdown,
//! nested blocking, hooks that block, drivers that panic.

#[path = "watchdog/mod.rs"]
mod watchdog;

use std::cell::RefCell;
use std::future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use watchdog::watched;

use reveille_executor::{
    Config, Handle, MultiThread, Park, ThreadPark, block_in_place, spawn, spawn_blocking, yield_now,
};

fn executor(workers: usize, config: Config) -> MultiThread {
    let parks = (0..workers).map(|_| ThreadPark::new());
    MultiThread::new(parks, config).unwrap()
}

/// Sends when it is dropped, by being dropped.
struct Sender(#[expect(dead_code, reason = "dropped")] mpsc::Sender<()>);

#[test]
fn a_task_that_blocks_until_a_local_task_of_another_worker_is_dropped_ends_with_the_runtime() {
    watched(|| {
        let executor = executor(2, Config::default());
        let (sender, receiver) = mpsc::channel();
        let sender = Sender(sender);
        let (started, start) = mpsc::channel();
        let (go_on, told) = mpsc::channel::<()>();
        // On one worker a local task that never ends; on the other a task that waits for it to be dropped. The first
        // keeps its worker until the other runs: taken by the same worker, it would wait for ever.
        drop(executor.handle().spawn_on(1, move || async move {
            let _sender = sender;
            started.send(()).unwrap();
            told.recv().unwrap();
            future::pending::<()>().await;
        }));
        start.recv().unwrap();
        let (blocked, block) = mpsc::channel();
        drop(executor.handle().spawn_on(0, move || async move {
            // A task of its own, since this one is local.
            drop(spawn(async move {
                blocked.send(()).unwrap();
                block_in_place(|| receiver.recv().unwrap_err());
            }));
        }));
        block.recv().unwrap();
        go_on.send(()).unwrap();
        drop(executor);
    });
}

#[test]
fn block_in_place_inside_a_nested_block_on_keeps_its_wakes() {
    watched(|| {
        let executor = executor(1, Config::default());
        let task = executor.handle().spawn(async {
            block_in_place(|| {
                let handle = Handle::try_current().unwrap();
                handle.block_on(async {
                    block_in_place(|| ());
                    spawn_blocking(|| 1).await.unwrap()
                })
            })
        });
        assert_eq!(executor.block_on(task).unwrap(), 1);
    });
}

#[test]
fn block_in_place_in_a_hook_keeps_the_shard() {
    watched(|| {
        let mut config = Config::default();
        let hooks = Arc::new(AtomicUsize::new(0));
        config.on_thread_unpark = Some(Arc::new({
            let hooks = hooks.clone();
            move || {
                block_in_place(|| hooks.fetch_add(1, Ordering::Relaxed));
            }
        }));
        let executor = executor(2, config);
        for _ in 0..200 {
            let both = executor.block_on(async {
                let other = spawn(yield_now());
                spawn(yield_now()).await.unwrap();
                other.await
            });
            both.unwrap();
        }
        assert!(hooks.load(Ordering::Relaxed) > 0);
    });
}

/// Panics in the one thing that it is told to, and then once more when it is dropped.
struct Breaks {
    inside: ThreadPark,
    breaks: Arc<AtomicBool>,
    on_enter: bool,
    is_broken: bool,
}

impl Drop for Breaks {
    fn drop(&mut self) {
        assert!(!self.is_broken, "a broken driver that breaks again");
    }
}

impl Park for Breaks {
    fn enter(&mut self) {
        self.is_broken = self.on_enter;
        assert!(!self.on_enter, "a driver that breaks when it is entered");
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.inside.park(timeout, woken);
        self.is_broken = self.breaks.load(Ordering::Relaxed);
        assert!(!self.is_broken, "a driver that breaks when it parks");
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.inside.turn(woken);
    }

    fn unparker(&self) -> Waker {
        self.inside.unparker()
    }
}

#[test]
fn a_driver_that_panics_ends_the_runtime_and_nobody_hangs() {
    watched(|| {
        for (workers, on_enter) in [(1, false), (2, false), (1, true), (2, true)] {
            let breaks = Arc::new(AtomicBool::new(false));
            let parks = (0..workers).map(|_| Breaks {
                inside: ThreadPark::new(),
                breaks: breaks.clone(),
                on_enter,
                is_broken: false,
            });
            let executor = MultiThread::new(parks, Config::default()).unwrap();
            let waits = executor.handle().spawn(future::pending::<()>());
            breaks.store(true, Ordering::Relaxed);
            // Each wakes a worker that is parked; one that was awake just then parks afterwards, and breaks at the next.
            while !waits.is_finished() {
                let runs = executor.handle().spawn(yield_now());
                // Whether it was quick enough or not, it ends.
                let _ = executor.block_on(runs);
            }
            assert!(executor.block_on(waits).unwrap_err().is_cancelled());
            drop(executor);
        }
    });
}

/// Counts those that live.
struct Counted(ThreadPark, #[expect(dead_code, reason = "counted")] Arc<()>);

impl Park for Counted {
    fn enter(&mut self) {
        self.0.enter();
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.0.park(timeout, woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.0.turn(woken);
    }

    fn unparker(&self) -> Waker {
        self.0.unparker()
    }
}

#[test]
fn no_driver_outlives_its_runtime_however_long_a_handle_does() {
    watched(|| {
        let alive = Arc::new(());
        let parks = (0..3).map(|_| Counted(ThreadPark::new(), alive.clone()));
        let executor = MultiThread::new(parks, Config::default()).unwrap();
        let handle = executor.handle();
        assert_eq!(Arc::strong_count(&alive), 4);
        drop(executor);
        assert_eq!(Arc::strong_count(&alive), 1);
        drop(handle);
    });
}

#[test]
fn a_runtime_dropped_by_a_thread_local_of_its_pool_waits_for_the_other_jobs() {
    /// Drops the runtime, and says whether the other job had ended by then.
    struct Last(Option<MultiThread>, Arc<AtomicBool>, mpsc::Sender<bool>);
    impl Drop for Last {
        fn drop(&mut self) {
            drop(self.0.take());
            self.2.send(self.1.load(Ordering::SeqCst)).unwrap();
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    watched(|| {
        let mut config = Config::default();
        // So that the thread ends with its job.
        config.thread_keep_alive = Duration::ZERO;
        let executor = executor(1, config);
        let handle = executor.handle();
        let has_ended = Arc::new(AtomicBool::new(false));
        let (release, blocked) = mpsc::channel::<()>();
        drop(handle.spawn_blocking({
            let has_ended = has_ended.clone();
            move || {
                blocked.recv().unwrap_err();
                has_ended.store(true, Ordering::SeqCst);
            }
        }));
        let (sender, receiver) = mpsc::channel();
        let last = Last(Some(executor), has_ended, sender);
        drop(handle.spawn_blocking(move || LAST.set(Some(last))));
        while !handle.is_closed() {
            thread::yield_now();
        }
        // For as long as a drop that waits for nobody would take.
        let early = receiver.recv_timeout(Duration::from_millis(100));
        drop(release);
        let job_had_ended = early.unwrap_or_else(|_| receiver.recv().unwrap());
        assert!(
            job_had_ended,
            "the drop waited for its own thread, in place of the job's"
        );
    });
}

#[test]
fn the_monitor_turns_the_driver_of_a_worker_whose_polls_are_each_a_bit_too_short_to_be_stuck() {
    /// Counts the turns that no worker made.
    struct Counts(ThreadPark, Arc<AtomicUsize>);
    impl Park for Counts {
        fn enter(&mut self) {}
        fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
            self.0.park(timeout, woken);
        }
        fn turn(&mut self, woken: &mut Vec<Waker>) {
            let by_the_monitor = thread::current().name() == Some("reveille-monitor");
            self.1.fetch_add(usize::from(by_the_monitor), Ordering::Relaxed);
            self.0.turn(woken);
        }
        fn unparker(&self) -> Waker {
            self.0.unparker()
        }
    }

    watched(|| {
        const WANTED: usize = 20;
        let turns = Arc::new(AtomicUsize::new(0));
        let executor =
            MultiThread::new([Counts(ThreadPark::new(), turns.clone())], Config::default()).unwrap();
        // The worker itself looks at the clock every 32 polls, some six milliseconds.
        let polls = executor.handle().spawn(async move {
            let mut counted = 0;
            for polls in 0..20_000 {
                let (began, before) = (Instant::now(), turns.load(Ordering::Relaxed));
                while began.elapsed() < Duration::from_micros(200) {}
                yield_now().await;
                // One that a busy machine has made long is a stuck one, which others see to.
                if began.elapsed() < Duration::from_micros(500) {
                    counted += turns.load(Ordering::Relaxed) - before;
                }
                if counted >= WANTED {
                    return polls;
                }
            }
            usize::MAX
        });
        let polls = executor.block_on(polls).unwrap();
        assert!(polls < 20_000, "the driver is left to a worker that is late");
    });
}

#[test]
fn a_stop_hook_that_still_runs_is_in_the_report() {
    watched(|| {
        let mut config = Config::default();
        config.thread_keep_alive = Duration::ZERO;
        let (stopping, stops) = mpsc::channel();
        let (release, blocked) = mpsc::channel::<()>();
        let (stopping, blocked) = (std::sync::Mutex::new(stopping), std::sync::Mutex::new(blocked));
        config.on_thread_stop = Some(Arc::new(move || {
            if thread::current().name() == Some("reveille-blocking") {
                stopping.lock().unwrap().send(()).unwrap();
                let _ = blocked.lock().unwrap().recv();
            }
        }));
        let executor = executor(1, config);
        executor
            .block_on(executor.handle().spawn_blocking(|| ()))
            .unwrap();
        stops.recv().unwrap();
        let report = executor.shut_down(Duration::from_millis(200));
        assert!(
            report.blocking_jobs().is_empty() && report.threads() >= 1,
            "{report}"
        );
        assert!(!report.is_complete());
        drop(release);
    });
}

#[test]
fn a_waker_that_blocks_a_driver_does_not_keep_a_parked_worker_from_being_notified() {
    watched(|| {
        /// Blocks the worker that calls it.
        struct Blocks(std::sync::Mutex<mpsc::Receiver<()>>, mpsc::Sender<()>);
        impl std::task::Wake for Blocks {
            fn wake(self: Arc<Self>) {
                self.1.send(()).unwrap();
                let _ = self.0.lock().unwrap().recv();
            }
        }

        /// Calls a waker when it has parked.
        struct Wakes {
            inside: ThreadPark,
            waker: Arc<std::sync::Mutex<Option<Waker>>>,
        }
        impl Park for Wakes {
            fn enter(&mut self) {}
            fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
                self.inside.park(timeout, woken);
                woken.extend(self.waker.lock().unwrap().take());
            }
            fn turn(&mut self, _: &mut Vec<Waker>) {}
            fn unparker(&self) -> Waker {
                self.inside.unparker()
            }
        }

        let waker = Arc::new(std::sync::Mutex::new(None));
        let parks = (0..2).map(|_| Wakes {
            inside: ThreadPark::new(),
            waker: waker.clone(),
        });
        let executor = MultiThread::new(parks, Config::default()).unwrap();
        let (release, blocked) = mpsc::channel();
        let (calls, call) = mpsc::channel();
        *waker.lock().unwrap() = Some(Arc::new(Blocks(std::sync::Mutex::new(blocked), calls)).into());
        // One worker wakes up for this task, and is kept by the waker before it gets to it.
        let first = executor.handle().spawn(async {});
        call.recv().unwrap();
        executor.block_on(first).unwrap();
        executor.block_on(executor.handle().spawn(async {})).unwrap();
        drop(release);
    });
}

#[test]
fn block_in_place_with_another_runtime_entered_leaves_the_shard_to_others() {
    watched(|| {
        let [one, other] = [(); 2].map(|()| executor(1, Config::default()));
        let (handle, entered) = (one.handle(), other.handle());
        let (ran, has_run) = mpsc::channel();
        let task = one.handle().spawn(async move {
            let _other = entered.enter();
            block_in_place(|| {
                drop(handle.spawn(async move { ran.send(()).unwrap() }));
                has_run.recv().unwrap();
                entered.block_on(async {});
            });
        });
        one.block_on(task).unwrap();
        // Its worker goes on.
        one.block_on(one.handle().spawn(async {})).unwrap();
    });
}

#[test]
fn block_in_place_without_another_thread_keeps_the_shard() {
    watched(|| {
        let executor = executor(1, Config::default());
        let handle = executor.handle();
        let idle = handle.spawn(future::pending::<()>());
        let (begun, has_begun) = mpsc::channel();
        let task = handle.spawn({
            let handle = handle.clone();
            async move {
                begun.send(()).unwrap();
                while !handle.is_closed() {
                    thread::yield_now();
                }
                // The pool is closed by then, or soon.
                for _ in 0..1_000 {
                    block_in_place(|| handle.block_on(async {}));
                }
            }
        });
        has_begun.recv().unwrap();
        drop(executor);
        assert!(task.is_finished() && idle.is_finished());
    });
}
