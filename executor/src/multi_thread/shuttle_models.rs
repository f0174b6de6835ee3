//! The whole scheduler, its monitor included, under schedules drawn at random and by PCT (Burckhardt and others, *A
//! randomized scheduler with probabilistic guarantees of finding bugs*, ASPLOS 2010).
//!
//! `ci/shuttle` runs them. A lost wake is a deadlock, which shuttle reports, or a model without end; what is not dropped
//! exactly once is counted. Shuttle knows no weak memory: that is loom's part.

use std::env;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Waker};

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Runner, thread};

use crate::config::Config;
use crate::multi_thread::MultiThread;
use crate::primitive::{Mutex, Ordering, lock};
use crate::{ThreadPark, block_in_place, spawn, spawn_local, yield_now};

#[test]
fn one_worker_at_random() {
    run(RandomScheduler::new(iterations()), 1);
}

#[test]
fn one_worker_by_pct() {
    run(PctScheduler::new(3, iterations()), 1);
}

#[test]
fn two_workers_at_random() {
    run(RandomScheduler::new(iterations()), 2);
}

#[test]
fn two_workers_by_pct() {
    run(PctScheduler::new(3, iterations()), 2);
}

/// Schedules for each of the four.
fn iterations() -> usize {
    let asked = env::var("SHUTTLE_ITERATIONS").ok();
    asked.map_or(250, |number| {
        number.parse().expect("SHUTTLE_ITERATIONS is a number")
    })
}

fn run(scheduler: impl Scheduler + 'static, workers: usize) {
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 18;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || model(workers));
}

/// A few random pieces of work from several threads, then the end, with some work left.
fn model(workers: usize) {
    let tally = Tally::default();
    let parks = (0..workers).map(|_| ThreadPark::new());
    let executor = MultiThread::new(parks, Config::default()).unwrap();
    let foreign = thread::spawn({
        let (handle, tally) = (executor.handle(), tally.clone());
        move || {
            drop(handle.spawn(tally.track(yields(1))));
            // Where no runtime's thread helps, one's own `block_on`.
            handle.block_on(work(tally));
        }
    });
    executor.block_on(work(tally.clone()));
    if thread_rng().gen_bool(0.5) {
        foreign.join().unwrap();
        end(executor, &tally);
    } else {
        // Its work meets the shutdown; what is refused is cancelled.
        let (entered, inside) = (Signal::default(), Signal::default());
        let waiting = executor.handle().spawn(tally.track({
            let (entered, inside) = (entered.clone(), inside.clone());
            async move {
                entered.send();
                inside.await;
            }
        }));
        executor.block_on(entered);
        let waker = thread::spawn(move || inside.send());
        foreign.join().unwrap();
        end(executor, &tally);
        waker.join().unwrap();
        assert!(waiting.is_finished(), "a task outlived its executor");
    }
}

fn end(executor: MultiThread, tally: &Tally) {
    // Some work is left.
    for _ in 0..2 {
        drop(executor.handle().spawn(tally.track(future::pending::<()>())));
    }
    let late = thread::spawn({
        let (handle, tally) = (executor.handle(), tally.clone());
        move || drop(handle.spawn(tally.track(future::pending::<()>())))
    });
    drop(executor);
    late.join().unwrap();
    let (made, dropped) = tally.read();
    assert_eq!(made, dropped, "futures made and dropped");
}

/// A piece of work, chosen at random, which completes.
async fn work(tally: Tally) {
    match thread_rng().gen_range(0..6) {
        0 => {
            let tasks = [0, 1, 2].map(|count| spawn(tally.track(yields(count))));
            for task in tasks {
                task.await.unwrap();
            }
        }
        1 => {
            // Two tasks wake each other.
            let (ping, pong) = (Signal::default(), Signal::default());
            let other = spawn(tally.track({
                let (ping, pong) = (ping.clone(), pong.clone());
                async move {
                    ping.await;
                    pong.send();
                }
            }));
            spawn(tally.track(async move {
                ping.send();
                pong.await;
            }))
            .await
            .unwrap();
            other.await.unwrap();
        }
        2 => {
            let signal = Signal::default();
            let local = spawn_local(tally.track(signal.clone()));
            spawn(tally.track(async move { signal.send() })).await.unwrap();
            local.await.unwrap();
        }
        3 => {
            let task = spawn(tally.track(future::pending::<()>()));
            let other = spawn(tally.track(yields(1)));
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            other.await.unwrap();
        }
        4 => {
            // A worker blocks until another task has run, which it has pushed itself.
            let parent = spawn(tally.clone().track(async move {
                let signal = Signal::default();
                let child = spawn(tally.track({
                    let signal = signal.clone();
                    async move { signal.send() }
                }));
                block_in_place(|| crate::Handle::try_current().unwrap().block_on(signal));
                child.await.unwrap();
            }));
            parent.await.unwrap();
        }
        _ => {
            let handle = crate::Handle::try_current().expect("a `block_on` has one");
            let tracked = tally.guard();
            let task = handle.spawn_on(0, move || async move {
                let _tracked = tracked;
                spawn_local(yields(1)).await.unwrap();
            });
            task.await.unwrap();
        }
    }
}

async fn yields(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// How many futures were made and dropped.
#[derive(Clone, Default)]
struct Tally(Arc<(Counter, Counter)>);

struct Tracked(Tally);

impl Tally {
    fn guard(&self) -> Tracked {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        Tracked(self.clone())
    }

    fn track<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let tracked = self.guard();
        async move {
            let _tracked = tracked;
            future.await
        }
    }

    fn read(&self) -> (usize, usize) {
        (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed))
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.0.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sent once; waits for one task.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(bool, Option<Waker>)>>);

impl Signal {
    fn send(&self) {
        let mut state = lock(&self.0);
        state.0 = true;
        let waker = state.1.take();
        drop(state);
        waker.map(Waker::wake);
    }
}

impl Future for Signal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}
