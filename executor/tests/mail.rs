//! Tasks of one thread that others wake: what comes of mail that leads to nothing.

mod watchdog;

use std::future::{self, Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille_executor::{
    Config, CurrentThread, MultiThread, PanicPolicy, TaskStage, ThreadPark, spawn, yield_now,
};
use watchdog::watched;

type Wakers = Arc<Mutex<Vec<Waker>>>;

/// Leaves its waker, and waits for ever.
fn waits(wakers: &Wakers) -> impl Future<Output = ()> + Send + use<> {
    let wakers = wakers.clone();
    poll_fn(move |cx| {
        wakers.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
}

async fn waiting(count: usize) -> Wakers {
    let wakers = Wakers::default();
    (0..count).for_each(|_| drop(spawn(waits(&wakers))));
    while wakers.lock().unwrap().len() < count {
        yield_now().await;
    }
    wakers
}

fn wake_from_elsewhere(wakers: Vec<Waker>) {
    let thread = thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
    thread.join().unwrap();
}

/// More tasks than mails are opened at a time, mailed when the shutdown completes them all at once.
#[test]
fn a_shutdown_after_a_panic_opens_all_mail_that_comes_too_late() {
    watched(|| {
        let mut config = Config::default();
        config.panic_policy = PanicPolicy::ShutdownRuntime;
        let executor = CurrentThread::with_config(ThreadPark::new(), &config);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                let wakers = waiting(2000).await;
                drop(spawn(async move {
                    wake_from_elsewhere(std::mem::take(&mut *wakers.lock().unwrap()));
                    panic!("a task");
                }));
                // So that the batch in which it panics leaves something in the queue.
                (0..32).for_each(|_| drop(spawn(async {})));
                future::pending::<()>().await;
            });
        }));
        assert!(panicked.is_err());
    });
}

#[test]
fn a_local_task_that_runs_and_was_woken_is_told_as_running() {
    watched(|| {
        let executor = MultiThread::new([ThreadPark::new()], Config::default()).unwrap();
        let (give, given) = mpsc::channel::<Waker>();
        let (release, released) = mpsc::channel::<()>();
        let _task = executor.handle().spawn_on(0, move || {
            poll_fn(move |cx| {
                give.send(cx.waker().clone()).unwrap();
                let _ = released.recv();
                Poll::Ready(())
            })
        });
        given.recv().unwrap().wake_by_ref();
        let report = executor.shut_down(Duration::from_millis(50));
        let stages: Vec<_> = report.tasks().iter().map(|task| task.stage).collect();
        drop(release);
        assert_eq!(stages, [TaskStage::Running]);
    });
}

/// How many latencies are noted of tasks that their own thread woke, and others did as well or not.
fn latencies(also_from_elsewhere: bool) -> u64 {
    // On a thread of its own, on which nothing was counted before.
    let thread = thread::spawn(move || {
        let executor = CurrentThread::new(ThreadPark::new());
        executor.block_on(async {
            let wakers = waiting(127).await;
            drop(spawn(async move {
                let woken = std::mem::take(&mut *wakers.lock().unwrap());
                woken.iter().for_each(Waker::wake_by_ref);
                if also_from_elsewhere {
                    wake_from_elsewhere(woken);
                }
            }));
            for _ in 0..50 {
                yield_now().await;
            }
        });
        executor.handle().metrics().schedule_latency.count()
    });
    thread.join().unwrap()
}

#[test]
fn mail_to_tasks_that_are_queued_is_no_latency() {
    assert_eq!(latencies(true), latencies(false));
}
