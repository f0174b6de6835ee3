//! The blocking pool's threads and its callers, in every order.
//!
//! `ci/loom` runs them; each has broken twins in `tests/planted/blocking_*.patch`. A job that nobody comes for is a
//! deadlock, which loom reports; `State::check` looks at every change besides. What a model observes it notes in std's
//! atomics, which loom does not see, so that observing orders nothing.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use loom::thread;

use super::{BlockingPool, PoolConfig};
use crate::primitive::{Ordering, Thread, current_thread, lock, park_thread, spawn_thread};
use crate::task::{JoinError, JoinHandle};

#[test]
fn a_push_meets_the_idle_time_out() {
    loom::model(|| {
        let pool = pool(2, |_| false);
        let first = spawn(&pool, || ());
        pool.time_out();
        let second = spawn(&pool, || ());
        join(first).unwrap();
        join(second).unwrap();
        end(&pool);
    });
}

#[test]
fn two_pushes_meet_an_idle_thread() {
    loom::model(|| {
        let pool = pool(1, |_| false);
        let pusher = thread::spawn({
            let pool = pool.clone();
            move || join(spawn(&pool, || ())).unwrap()
        });
        join(spawn(&pool, || ())).unwrap();
        pusher.join().unwrap();
        end(&pool);
    });
}

#[test]
fn a_push_meets_a_thread_that_does_not_start() {
    loom::model(|| {
        let pool = pool(2, |attempt| attempt == 0);
        let ran = Arc::new(Counter::new(0));
        let pusher = thread::spawn({
            let (pool, ran) = (pool.clone(), ran.clone());
            move || outcome(join(spawn(&pool, count(&ran))))
        });
        let mut succeeded = outcome(join(spawn(&pool, count(&ran))));
        succeeded += pusher.join().unwrap();
        assert_eq!(
            succeeded,
            ran.load(Ordering::Relaxed),
            "a handle does not tell what became of its job"
        );
        end(&pool);
    });
}

#[test]
fn pushes_meet_a_thread_that_does_not_start_and_one_that_is_there() {
    explore_large(|| {
        // The first thread is there; what is pushed while it is busy has another one started, in vain.
        let pool = pool(2, |attempt| attempt > 0);
        let first = spawn(&pool, || ());
        let pusher = thread::spawn({
            let pool = pool.clone();
            move || spawn(&pool, || ())
        });
        let third = spawn(&pool, || ());
        join(first).expect("its thread started");
        join(pusher.join().unwrap()).expect("a thread was there");
        join(third).expect("a thread was there");
        end(&pool);
    });
}

#[test]
fn a_push_meets_the_idle_time_out_and_a_thread_that_does_not_start() {
    loom::model(|| {
        let pool = pool(2, |attempt| attempt > 0);
        let first = spawn(&pool, || ());
        pool.time_out();
        // Either the first thread takes it, or there is none and the handle says so.
        let second = outcome(join(spawn(&pool, || ())));
        assert!(second <= 1);
        join(first).unwrap();
        end(&pool);
    });
}

#[test]
fn a_close_meets_a_push() {
    loom::model(|| {
        let pool = pool(2, |_| false);
        let ran = Arc::new(Counter::new(0));
        let pusher = thread::spawn({
            let (pool, ran) = (pool.clone(), ran.clone());
            move || outcome(join(spawn(&pool, count(&ran))))
        });
        pool.close();
        assert!(pool.wait_for_end(None));
        let before = ran.load(Ordering::Relaxed);
        let succeeded = pusher.join().unwrap();
        assert_eq!(
            before,
            ran.load(Ordering::Relaxed),
            "a job ran after the shutdown"
        );
        assert_eq!(succeeded, before);
        end(&pool);
    });
}

#[test]
fn a_close_meets_a_push_of_what_is_mandatory() {
    loom::model(|| {
        let pool = pool(1, |_| false);
        let ran = Arc::new(Counter::new(0));
        let pusher = thread::spawn({
            let (pool, ran) = (pool.clone(), ran.clone());
            move || outcome(join(pool.spawn_mandatory(count(&ran), Location::caller())))
        });
        pool.close();
        let succeeded = pusher.join().unwrap();
        assert_eq!(succeeded, ran.load(Ordering::Relaxed));
        end(&pool);
    });
}

#[test]
fn a_close_meets_the_thread_of_what_is_mandatory() {
    loom::model(|| {
        let pool = pool(1, |_| false);
        let ran = Arc::new(Counter::new(0));
        drop(pool.spawn_mandatory(count(&ran), Location::caller()));
        end(&pool);
        assert_eq!(ran.load(Ordering::Relaxed), 1, "it was promised");
    });
}

#[test]
fn an_abort_meets_the_start() {
    loom::model(|| {
        let pool = pool(1, |_| false);
        let ran = Arc::new(Counter::new(0));
        let job = spawn(&pool, count(&ran));
        job.abort();
        assert_eq!(outcome(join(job)), ran.load(Ordering::Relaxed));
        assert_eq!(Arc::strong_count(&ran), 1, "the closure was not dropped");
        end(&pool);
    });
}

#[test]
fn a_substitute_meets_a_push_for_the_only_thread() {
    explore_large(|| {
        let pool = pool(1, |_| false);
        join(spawn(&pool, || ())).unwrap();
        // If that thread is idle by now it stands in, until the job has run: for that there must be another.
        let gate = Arc::new(loom::sync::Notify::new());
        let stands_in = pool.run_detached(Box::new({
            let gate = gate.clone();
            move || gate.wait()
        }));
        assert!(stands_in.is_ok());
        join(spawn(&pool, || ())).unwrap();
        gate.notify();
        end(&pool);
    });
}

/// Explores with two preemptions at most: three threads with several jobs are the largest models here.
fn explore_large(model: impl Fn() + Send + Sync + 'static) {
    let mut search = loom::model::Builder::new();
    search.preemption_bound = Some(search.preemption_bound.map_or(2, |bound| bound.min(2)));
    search.check(model);
}

/// A pool whose attempts to start a thread fail where `fails` says so.
fn pool(max_threads: usize, fails: impl Fn(usize) -> bool + Send + Sync + 'static) -> Arc<BlockingPool> {
    let attempts = Counter::new(0);
    BlockingPool::new(PoolConfig {
        max_threads,
        keep_alive: Duration::MAX,
        start_thread: Box::new(move |name, stack_size, main| {
            // An attempt takes its time, also one that fails.
            thread::yield_now();
            if fails(attempts.fetch_add(1, Ordering::Relaxed)) {
                return Err(io::Error::from(io::ErrorKind::WouldBlock));
            }
            spawn_thread(name, stack_size, main).map(drop)
        }),
        ..PoolConfig::default()
    })
}

impl BlockingPool {
    /// From now on whoever waits for work has waited long enough.
    fn time_out(&self) {
        let state = lock(&self.state);
        self.keep_alive.end();
        drop(state);
        self.work.notify_all();
    }
}

#[track_caller]
fn spawn(pool: &Arc<BlockingPool>, closure: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    pool.spawn_blocking(closure, Location::caller(), None)
}

fn count(ran: &Arc<Counter>) -> impl FnOnce() + Send + 'static {
    let ran = ran.clone();
    move || {
        ran.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many jobs ran: one, or none, and then because it was cancelled.
fn outcome(joined: Result<(), JoinError>) -> usize {
    match joined {
        Ok(()) => 1,
        Err(error) => {
            assert!(error.is_cancelled(), "{error}");
            0
        }
    }
}

fn end(pool: &BlockingPool) {
    pool.close();
    assert!(pool.wait_for_end(None));
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn join(mut handle: JoinHandle<()>) -> Result<(), JoinError> {
    let waker = Waker::from(Arc::new(Unpark(current_thread())));
    loop {
        match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park_thread(),
        }
    }
}
