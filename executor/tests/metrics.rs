//! What the metrics say is what happened, and what a shutdown says of what is left.

mod watchdog;

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use reveille_executor::{
    Config, CurrentThread, Handle, Metrics, MultiThread, Park, ThreadPark, spawn, spawn_blocking,
    spawn_local, yield_now,
};
use watchdog::watched;

fn workers(count: usize) -> MultiThread {
    MultiThread::new((0..count).map(|_| ThreadPark::new()), Config::default()).unwrap()
}

/// 3 tasks of 11 polls each, after 1 of 1.
async fn script() {
    spawn(async {}).await.unwrap();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            spawn(async {
                for _ in 0..10 {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

const POLLS_OF_SCRIPT: u64 = 34;

fn assert_script(metrics: &Metrics) {
    assert_eq!(metrics.workers.len(), 1);
    assert_eq!(metrics.workers[0].polls, POLLS_OF_SCRIPT);
    assert_eq!(metrics.workers[0].steals, 0);
    assert_eq!(metrics.workers[0].queue_depth, 0);
    assert_eq!(metrics.injector_depth, 0);
    assert_eq!(metrics.tasks_spawned, 4);
    assert_eq!(metrics.tasks_alive, 0);
    assert_eq!(metrics.tasks_ended(), 4);
}

#[test]
fn a_scripted_run_is_counted_exactly() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        for _ in 0..3 {
            let before = executor.handle().metrics();
            executor.block_on(script());
            assert_script(&executor.handle().metrics().since(&before));
        }
        assert_eq!(executor.handle().metrics().workers[0].polls, 3 * POLLS_OF_SCRIPT);
        let executor = workers(1);
        for _ in 0..3 {
            let before = executor.handle().metrics();
            executor.block_on(script());
            // A joiner may know of the end just before the runtime's table does.
            while executor.handle().metrics().tasks_alive > 0 {
                thread::yield_now();
            }
            assert_script(&executor.handle().metrics().since(&before));
        }
    });
}

#[test]
fn each_poll_of_a_task_that_wakes_itself_alone_is_counted() {
    watched(|| {
        let alone = || async {
            for _ in 0..999 {
                yield_now().await;
            }
        };
        let executor = CurrentThread::new(ThreadPark::new());
        executor.block_on(executor.handle().spawn(alone())).unwrap();
        assert_eq!(executor.handle().metrics().workers[0].polls, 1000);
        let executor = workers(1);
        executor.block_on(executor.handle().spawn(alone())).unwrap();
        assert_eq!(executor.handle().metrics().workers[0].polls, 1000);
    });
}

/// Says when it is about to sleep.
struct Tells(ThreadPark, mpsc::Sender<()>);

impl Park for Tells {
    fn enter(&mut self) {
        self.0.enter();
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        // Whoever does not want to know has gone.
        let _ = self.1.send(());
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
fn polls_before_a_sleep_are_counted_when_it_begins() {
    watched(|| {
        let (sleeps, is_asleep) = mpsc::channel();
        let executor = CurrentThread::new(Tells(ThreadPark::new(), sleeps));
        let handle = executor.handle();
        let (send_waker, waker) = mpsc::channel::<Waker>();
        let woken = Arc::new(AtomicBool::new(false));
        let waits = executor.handle().spawn({
            let woken = woken.clone();
            poll_fn(move |cx| {
                if woken.load(Ordering::SeqCst) {
                    return Poll::Ready(());
                }
                send_waker.send(cx.waker().clone()).unwrap();
                Poll::Pending
            })
        });
        let observer = thread::spawn(move || {
            let waker = waker.recv().unwrap();
            is_asleep.recv().unwrap();
            let polls = handle.metrics().workers[0].polls;
            woken.store(true, Ordering::SeqCst);
            waker.wake();
            polls
        });
        executor.block_on(waits).unwrap();
        assert_eq!(observer.join().unwrap(), 1);
        let metrics = executor.handle().metrics();
        assert_eq!(metrics.workers[0].polls, 2);
        assert!(metrics.workers[0].parks >= 1);
        assert!(metrics.workers[0].driver_turns >= metrics.workers[0].parks);
    });
}

/// Tasks that end in each possible way, and some that do not: 40, of which 20 stay.
async fn all_kinds() {
    let quick: Vec<_> = (0..5).map(|_| spawn(async {})).collect();
    let local: Vec<_> = (0..5).map(|_| spawn_local(yield_now())).collect();
    let endless: Vec<_> = (0..20).map(|_| spawn(pending::<()>())).collect();
    let aborted: Vec<_> = (0..5).map(|_| spawn(pending::<()>())).collect();
    let failing: Vec<_> = (0..5)
        .map(|_| {
            spawn(async {
                yield_now().await;
                std::panic::resume_unwind(Box::new("not printed"))
            })
        })
        .collect();
    for task in aborted {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    for task in failing {
        let task: reveille_executor::JoinHandle<()> = task;
        assert!(task.await.unwrap_err().is_panic());
    }
    for task in quick.into_iter().chain(local) {
        task.await.unwrap();
    }
    drop(endless);
}

#[test]
fn spawned_is_alive_and_ended() {
    watched(|| {
        let check = |handle: Handle, rounds: u64| {
            let metrics = handle.metrics();
            assert_eq!(metrics.tasks_spawned, 40 * rounds);
            // A task is released just after its joiner is told.
            while handle.metrics().tasks_alive as u64 > 20 * rounds {
                thread::yield_now();
            }
            let metrics = handle.metrics();
            assert_eq!(metrics.tasks_alive as u64, 20 * rounds);
            assert_eq!(metrics.tasks_ended(), 20 * rounds);
        };
        let executor = CurrentThread::new(ThreadPark::new());
        for round in 1..4 {
            executor.block_on(all_kinds());
            check(executor.handle(), round);
        }
        let handle = executor.handle();
        drop(executor);
        assert_eq!(handle.metrics().tasks_alive, 0);
        assert_eq!(handle.metrics().tasks_ended(), 120);
        for count in [1, 2, 4] {
            let executor = workers(count);
            for round in 1..4 {
                executor.block_on(all_kinds());
                check(executor.handle(), round);
            }
            let handle = executor.handle();
            drop(executor);
            assert_eq!(handle.metrics().tasks_alive, 0);
            assert_eq!(handle.metrics().tasks_ended(), 120);
        }
    });
}

#[test]
fn local_tasks_are_alive_while_they_are() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let handle = executor.handle();
        executor.block_on(async {
            let _never = spawn_local(pending::<()>());
            yield_now().await;
            assert_eq!(handle.metrics().tasks_alive, 1);
        });
        assert_eq!(handle.metrics().tasks_alive, 0);
        assert_eq!(handle.metrics().tasks_spawned, 1);
        let executor = workers(2);
        let never = executor.handle().spawn_on(1, pending::<()>);
        assert_eq!(executor.handle().metrics().tasks_alive, 1);
        never.abort();
        assert!(executor.block_on(never).unwrap_err().is_cancelled());
    });
}

/// A park that knows for how long it slept.
struct TimedPark {
    inner: ThreadPark,
    nanoseconds: Arc<AtomicU64>,
}

impl Park for TimedPark {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        let since = Instant::now();
        self.inner.park(timeout, woken);
        let slept = u64::try_from(since.elapsed().as_nanos()).unwrap();
        self.nanoseconds.fetch_add(slept, Ordering::SeqCst);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.inner.turn(woken);
    }

    fn unparker(&self) -> Waker {
        self.inner.unparker()
    }
}

fn timed_park() -> (TimedPark, Arc<AtomicU64>) {
    let nanoseconds = Arc::new(AtomicU64::new(0));
    let park = TimedPark {
        inner: ThreadPark::new(),
        nanoseconds: nanoseconds.clone(),
    };
    (park, nanoseconds)
}

/// A task that waits for another thread, which takes its time, again and again.
async fn slow_ping_pong() {
    for _ in 0..20 {
        let (sender, receiver) = mpsc::channel::<Waker>();
        thread::spawn(move || {
            let waker = receiver.recv().unwrap();
            thread::sleep(Duration::from_millis(2));
            waker.wake();
        });
        let mut asked = false;
        poll_fn(|cx| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            sender.send(cx.waker().clone()).unwrap();
            Poll::Pending
        })
        .await;
    }
}

#[test]
fn who_sleeps_is_not_busy() {
    watched(|| {
        let (park, slept) = timed_park();
        let executor = CurrentThread::new(park);
        executor
            .block_on(executor.handle().spawn(slow_ping_pong()))
            .unwrap();
        let check = |slept: &AtomicU64, metrics: Metrics| {
            let slept = Duration::from_nanos(slept.load(Ordering::SeqCst));
            let busy = metrics.workers[0].busy;
            assert!(slept > Duration::from_millis(20), "{slept:?}");
            assert!(
                busy + slept <= metrics.elapsed,
                "busy {busy:?} and asleep {slept:?} in {:?}",
                metrics.elapsed
            );
        };
        check(&slept, executor.handle().metrics());
        let (park, slept) = timed_park();
        let executor = MultiThread::new([park], Config::default()).unwrap();
        executor
            .block_on(executor.handle().spawn(slow_ping_pong()))
            .unwrap();
        // Before it adds what it sleeps now.
        check(&slept, executor.handle().metrics());
    });
}

/// Busy for two milliseconds; what the metrics of before and after differ by, and at least how much time passed.
async fn work() -> (Metrics, Duration) {
    let handle = Handle::try_current().unwrap();
    let before = handle.metrics();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    let worked = since.elapsed();
    (handle.metrics().since(&before), worked)
}

#[test]
fn the_poll_that_runs_now_counts_as_busy() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let (metrics, worked) = executor.block_on(executor.handle().spawn(work())).unwrap();
        assert!(metrics.workers[0].busy >= worked);
        let executor = workers(2);
        let (metrics, worked) = executor.block_on(executor.handle().spawn(work())).unwrap();
        let busiest = metrics.workers.iter().map(|worker| worker.busy).max();
        assert!(busiest.unwrap() >= worked);
    });
}

fn assert_not_less(later: &Metrics, earlier: &Metrics) {
    assert!(later.elapsed >= earlier.elapsed);
    assert!(later.tasks_spawned >= earlier.tasks_spawned);
    assert!(later.tasks_ended() >= earlier.tasks_ended());
    for (later, earlier) in later.workers.iter().zip(&earlier.workers) {
        assert!(later.polls >= earlier.polls);
        assert!(later.busy >= earlier.busy, "{:?} {:?}", later.busy, earlier.busy);
        assert!(later.parks >= earlier.parks);
        assert!(later.steals >= earlier.steals);
        assert!(later.driver_turns >= earlier.driver_turns);
    }
    let counts = later
        .schedule_latency
        .buckets()
        .zip(earlier.schedule_latency.buckets());
    for ((bucket, later), (_, earlier)) in counts {
        assert!(later >= earlier, "{bucket:?}");
    }
    assert!(later.blocking.jobs_run >= earlier.blocking.jobs_run);
    assert!(later.blocking.queue_latency_total >= earlier.blocking.queue_latency_total);
    for worker in &later.workers {
        assert!(worker.busy <= later.elapsed);
    }
}

/// Sleeps, wakes, spawns, ends.
async fn bustle() {
    for _ in 0..200 {
        let (sender, receiver) = mpsc::channel::<()>();
        spawn(async move { sender.send(()).unwrap() }).await.unwrap();
        receiver.recv().unwrap();
        let local = spawn_local(async { yield_now().await });
        spawn_blocking(|| {}).await.unwrap();
        local.await.unwrap();
    }
}

#[test]
fn counters_only_rise_while_others_look() {
    watched(|| {
        let observe = |handle: Handle| {
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = stop.clone();
            let observer = thread::spawn(move || {
                let mut before = handle.metrics();
                while !stopped.load(Ordering::SeqCst) {
                    let now = handle.metrics();
                    assert_not_less(&now, &before);
                    before = now;
                }
            });
            move || {
                stop.store(true, Ordering::SeqCst);
                observer.join().unwrap();
            }
        };
        let executor = CurrentThread::new(ThreadPark::new());
        let stop = observe(executor.handle());
        executor.block_on(bustle());
        stop();
        for count in [1, 2, 4] {
            let executor = workers(count);
            let stop = observe(executor.handle());
            executor.block_on(async {
                let tasks: Vec<_> = (0..4).map(|_| executor.handle().spawn_on(0, bustle)).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            stop();
        }
    });
}

#[test]
fn one_task_in_127_is_timed_on_its_way_through_the_queue() {
    watched(|| {
        // On a thread of its own, where no task was counted yet.
        let executor = CurrentThread::new(ThreadPark::new());
        executor.block_on(async {
            spawn(async {
                for _ in 0..127 * 100 - 1 {
                    yield_now().await;
                }
            })
            .await
            .unwrap();
        });
        assert_eq!(executor.handle().metrics().schedule_latency.count(), 100);
    });
}

#[test]
fn a_task_that_had_to_wait_is_seen_to() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        executor.block_on(async {
            let blocker = spawn(async { thread::sleep(Duration::from_millis(20)) });
            let others: Vec<_> = (0..127).map(|_| spawn(async {})).collect();
            blocker.await.unwrap();
            for other in others {
                other.await.unwrap();
            }
        });
        let latency = executor.handle().metrics().schedule_latency;
        assert!(latency.count() >= 1);
        assert!(
            latency.quantile(1.0).unwrap() > Duration::from_millis(20),
            "{latency:?}"
        );
    });
}

#[test]
fn stolen_and_injected_tasks_are_timed_too() {
    watched(|| {
        for count in [1, 2, 4] {
            let executor = workers(count);
            let handle = executor.handle();
            // All through the injector, from this thread.
            let tasks: Vec<_> = (0..127 * 64).map(|_| handle.spawn(yield_now())).collect();
            executor.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            let timed = handle.metrics().schedule_latency.count();
            // More than 64 are not under way at once, nor is a sample worth waiting for a lock.
            assert!((32..=64 * 2 + count as u64).contains(&timed), "{timed}");
        }
    });
}

#[test]
fn queues_are_as_deep_as_they_are() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let handle = executor.handle();
        let queued = |handle: &Handle| {
            let metrics = handle.metrics();
            metrics.workers[0].queue_depth + metrics.injector_depth
        };
        let from_elsewhere: Vec<_> = (0..3).map(|_| handle.spawn(async {})).collect();
        assert_eq!(handle.metrics().injector_depth, 3);
        executor.block_on(async {
            for task in from_elsewhere {
                task.await.unwrap();
            }
            let tasks: Vec<_> = (0..5).map(|_| spawn(async {})).collect();
            assert_eq!(handle.metrics().workers[0].queue_depth, 5);
            drop(tasks);
        });
        // They wait for the next `block_on`.
        assert_eq!(queued(&handle), 5);
        executor.block_on(async { yield_now().await });
        assert_eq!(queued(&handle), 0);

        let executor = workers(1);
        let handle = executor.handle();
        let task = executor.handle().spawn(async move {
            let tasks: Vec<_> = (0..5).map(|_| spawn(async {})).collect();
            // The monitor may have moved them on.
            let mut depth = queued(&handle);
            while depth != 5 {
                depth = queued(&handle);
            }
            drop(tasks);
        });
        executor.block_on(task).unwrap();
    });
}

#[test]
fn the_blocking_pool_is_part_of_it() {
    watched(|| {
        let mut config = Config::default();
        config.max_blocking_threads = 1;
        let executor = CurrentThread::with_config(ThreadPark::new(), &config);
        let handle = executor.handle();
        let (release, released) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel::<()>();
        let first = handle.spawn_blocking(move || {
            begin.send(()).unwrap();
            released.recv().unwrap();
        });
        begun.recv().unwrap();
        let others: Vec<_> = (0..3).map(|_| handle.spawn_blocking(|| {})).collect();
        let blocking = handle.metrics().blocking;
        assert_eq!((blocking.threads, blocking.queue_depth), (1, 3));
        assert_eq!((blocking.jobs_run, blocking.idle_threads), (1, 0));
        release.send(()).unwrap();
        executor.block_on(async {
            first.await.unwrap();
            for other in others {
                other.await.unwrap();
            }
        });
        let blocking = handle.metrics().blocking;
        assert_eq!((blocking.jobs_run, blocking.queue_depth), (4, 0));
        assert!(blocking.queue_latency_max <= blocking.queue_latency_total);
        assert!(blocking.queue_latency_max > Duration::ZERO);
    });
}

#[test]
fn a_task_that_has_ended_on_another_worker_is_neither_alive_nor_left() {
    watched(|| {
        let executor = workers(2);
        let handle = executor.handle();
        let (busy, is_busy) = mpsc::channel();
        let [(release, released), (release_other, other_released)] = [(); 2].map(|()| mpsc::channel::<()>());
        drop(executor.handle().spawn(async move {
            // Its worker is kept, so these go to the other one: what is in the queue in this order, and then what is next here.
            // The first is alive whether a worker was found for it by now or not.
            drop(spawn(std::future::pending::<()>()));
            let ended = spawn(async {});
            let (began, has_begun) = mpsc::channel();
            drop(spawn(async move {
                began.send(()).unwrap();
                let _ = other_released.recv();
            }));
            has_begun.recv().unwrap();
            assert!(ended.is_finished());
            busy.send(handle.metrics().tasks_alive).unwrap();
            let _ = released.recv();
        }));
        // The two that block, and the one that waits.
        assert_eq!(is_busy.recv().unwrap(), 3);
        let report = executor.shut_down(Duration::ZERO);
        assert_eq!(report.tasks().len(), 3, "{report}");
        drop((release, release_other));
    });
}

#[test]
fn a_task_whose_output_is_being_dropped_is_left_until_that_is_done() {
    struct Blocks(mpsc::Sender<()>, mpsc::Receiver<()>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            let _ = self.1.recv();
        }
    }
    watched(|| {
        let executor = workers(2);
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let blocks = Blocks(begun, released);
        let (detached, is_detached) = mpsc::channel::<()>();
        // By a foreign thread: in the table of no worker. It ends when its handle is gone, which would drop the output here.
        drop(executor.handle().spawn(async move {
            let _ = is_detached.recv();
            blocks
        }));
        drop(detached);
        has_begun.recv().unwrap();
        let report = executor.shut_down(Duration::ZERO);
        assert_eq!(report.tasks().len(), 1, "{report}");
        drop(release);
    });
}
