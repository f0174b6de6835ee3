//! Panics in tasks, in destructors and in wakers harm nobody else.

mod gate;
mod watchdog;

use std::future::{self, Future};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use gate::Key;
use reveille_executor::{CurrentThread, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

#[test]
fn a_panic_travels_to_who_joins_with_its_payload_and_its_message() {
    watched(|| {
        executor().block_on(async {
            let key = Key::default();
            let gate = key.gate();
            let task = spawn(async move {
                let _gate = gate;
                if true {
                    panic!("a literal");
                }
            });
            let id = task.id();
            let error = task.await.unwrap_err();
            assert_eq!(key.drops(), 1);
            assert!(error.is_panic() && !error.is_cancelled());
            assert_eq!(error.id(), id);
            assert_eq!(error.to_string(), format!("task {id} panicked: a literal"));
            assert_eq!(
                format!("{error:?}"),
                format!("JoinError(task {id} panicked: a literal)")
            );
            assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "a literal");

            let error = spawn(async { panic!("number {}", 3) as () }).await.unwrap_err();
            assert!(error.to_string().ends_with("panicked: number 3"));

            let task = spawn(async { panic::panic_any(77_u8) as () });
            let id = task.id();
            let error = task.await.unwrap_err();
            assert_eq!(error.to_string(), format!("task {id} panicked"));
            assert_eq!(*error.try_into_panic().unwrap().downcast::<u8>().unwrap(), 77);
        });
    });
}

#[test]
fn into_panic_of_a_cancelled_task_panics_and_says_why() {
    watched(|| {
        executor().block_on(async {
            let task = spawn(future::pending::<()>());
            task.abort();
            let error = task.await.unwrap_err();
            let panic = catch_unwind(AssertUnwindSafe(|| error.into_panic())).unwrap_err();
            let message = panic.downcast::<String>().unwrap();
            assert!(message.contains("was cancelled, it did not panic"), "{message}");
        });
    });
}

#[test]
fn a_task_that_panics_does_not_stop_the_others() {
    watched(|| {
        executor().block_on(async {
            let first = spawn(async { panic!("the first") as () });
            let second = spawn(async {
                yield_now().await;
                2
            });
            assert_eq!(second.await.unwrap(), 2);
            assert!(first.await.unwrap_err().is_panic());
        });
    });
}

/// A future or an output whose destructor panics.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("a destructor");
    }
}

#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct CountDrop(Drops);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Ready at once with an output that counts its drop; panics when it is dropped.
struct ReadyThenPanics(
    Drops,
    #[allow(dead_code, reason = "for its destructor")] PanicsInDrop,
);

impl Future for ReadyThenPanics {
    type Output = CountDrop;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<CountDrop> {
        Poll::Ready(CountDrop(self.0.clone()))
    }
}

#[test]
fn a_panic_in_a_futures_destructor_is_the_tasks_and_the_output_is_dropped() {
    watched(|| {
        let drops = Drops::default();
        executor().block_on(async {
            let error = spawn(ReadyThenPanics(drops.clone(), PanicsInDrop))
                .await
                .err()
                .unwrap();
            assert!(error.to_string().ends_with("panicked: a destructor"), "{error}");
        });
        assert_eq!(drops.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_panic_in_an_aborted_futures_destructor_is_the_tasks() {
    watched(|| {
        executor().block_on(async {
            let task = spawn(async {
                let _panics = PanicsInDrop;
                future::pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_panic());
        });
    });
}

#[test]
fn a_panic_in_a_detached_outputs_destructor_stops_nobody() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            drop(spawn(async { PanicsInDrop }));
            let next = spawn(key.gate());
            yield_now().await;
            key.open();
            next.await.unwrap();
        });
    });
}

#[test]
fn a_panic_in_the_destructor_of_an_output_that_nobody_takes_ends_with_the_handle() {
    executor().block_on(async {
        let handle = spawn(async { PanicsInDrop });
        while !handle.is_finished() {
            yield_now().await;
        }
        drop(handle);
        assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
    });
}

#[test]
fn a_panic_in_a_local_tasks_destructor_does_not_stop_the_end_of_its_block_on() {
    watched(|| {
        let drops = Drops::default();
        executor().block_on(async {
            drop(spawn_local(async {
                let _panics = PanicsInDrop;
                future::pending::<()>().await;
            }));
            let count = CountDrop(drops.clone());
            drop(spawn_local(async move {
                let _count = count;
                future::pending::<()>().await;
            }));
            yield_now().await;
        });
        assert_eq!(drops.0.load(Ordering::SeqCst), 1);
    });
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("a waker");
    }
}

#[test]
fn a_joiners_waker_that_panics_does_not_stop_the_executor() {
    watched(|| {
        let executor = executor();
        let mut task = executor.handle().spawn(async { 4 });
        let waker = Waker::from(Arc::new(PanickingWaker));
        assert!(
            Pin::new(&mut task)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        executor.block_on(async { assert_eq!(spawn(async { 5 }).await.unwrap(), 5) });
        assert_eq!(executor.block_on(task).unwrap(), 4);
    });
}

/// A waker that panics when it is cloned while bit 0 of this is set, and when it is dropped while bit 1 is.
static FRAGILE: AtomicUsize = AtomicUsize::new(0);

static FRAGILE_TABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        assert!(FRAGILE.load(Ordering::SeqCst) & 1 == 0, "a waker's clone");
        RawWaker::new(data, &FRAGILE_TABLE)
    },
    |_| (),
    |_| (),
    |_| assert!(FRAGILE.load(Ordering::SeqCst) & 2 == 0, "a waker's drop"),
);

#[test]
fn a_joiners_waker_that_panics_in_clone_or_drop_leaves_the_handle_whole() {
    watched(|| {
        let executor = executor();
        let drops = Drops::default();
        let mut task = executor.handle().spawn({
            let drops = drops.clone();
            async move {
                yield_now().await;
                CountDrop(drops)
            }
        });
        // SAFETY: the table ignores its data.
        let waker = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &FRAGILE_TABLE)) };
        let cx = &mut Context::from_waker(&waker);

        FRAGILE.store(1, Ordering::SeqCst);
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut task).poll(cx).is_pending()));
        assert!(polled.is_err());
        FRAGILE.store(0, Ordering::SeqCst);
        assert!(Pin::new(&mut task).poll(cx).is_pending());
        // The waker that the handle drops with itself panics, and yet the handle's share of the task is given up.
        FRAGILE.store(2, Ordering::SeqCst);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
        FRAGILE.store(0, Ordering::SeqCst);
        assert!(dropped.is_ok(), "a foreign waker's panic came out of the handle");
        executor.block_on(async {
            yield_now().await;
            yield_now().await;
        });
        assert_eq!(
            drops.0.load(Ordering::SeqCst),
            1,
            "the detached output was not dropped"
        );
    });
}

#[test]
fn a_panic_of_the_root_comes_out_and_the_thread_and_the_executor_go_on() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let drops = Drops::default();
        let mut task = None;
        let panic = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                task = Some(spawn(key.gate()));
                let count = CountDrop(drops.clone());
                drop(spawn_local(async move {
                    let _count = count;
                    future::pending::<()>().await;
                }));
                yield_now().await;
                // Queued when the root panics: it must still be there for the next `block_on`.
                key.open();
                panic!("the root");
            })
        }));
        assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "the root");
        assert_eq!(
            drops.0.load(Ordering::SeqCst),
            1,
            "local tasks end with their block_on"
        );
        assert!(reveille_executor::Handle::try_current().is_none());
        assert_eq!(reveille_context::task::current(), None);
        executor.block_on(async {
            task.unwrap().await.unwrap();
            spawn_local(async {}).await.unwrap();
        });
        assert_eq!(key.polls(), 2);
    });
}

#[test]
fn a_panic_in_the_roots_destructor_comes_out_and_the_executor_goes_on() {
    watched(|| {
        let executor = executor();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                let _panics = PanicsInDrop;
                yield_now().await;
            })
        }));
        assert!(panic.is_err());
        assert_eq!(executor.block_on(async { spawn(async { 1 }).await.unwrap() }), 1);
    });
}

#[test]
fn a_panic_that_nobody_joins_is_one_line_on_stderr() {
    watched(|| {
        const SELF: &str = "a_panic_that_nobody_joins_is_one_line_on_stderr";
        if std::env::var_os("REVEILLE_TEST_PANICS").is_some() {
            executor().block_on(async {
                drop(spawn(async { panic!("detached") as () }));
                let kept = spawn(async { panic!("never awaited") as () });
                let joined = spawn(async { panic!("joined") as () });
                yield_now().await;
                drop(kept);
                assert!(joined.await.is_err());
                let cancelled = spawn(future::pending::<()>());
                cancelled.abort();
                drop(cancelled);
                yield_now().await;
            });
            return;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", SELF, "--nocapture"])
            .env("REVEILLE_TEST_PANICS", "1")
            // A backtrace takes long enough to be told as a slow poll.
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        assert!(output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        let lines: Vec<_> = stderr
            .lines()
            .filter(|line| line.starts_with("reveille:"))
            .collect();
        assert_eq!(lines.len(), 2, "{stderr}");
        assert!(
            lines[0].contains("panicked: detached, and nobody joined it (spawned at "),
            "{stderr}"
        );
        assert!(lines[1].contains("panicked: never awaited"), "{stderr}");
        assert!(lines.iter().all(|line| line.contains("panics.rs:")), "{stderr}");
    });
}
