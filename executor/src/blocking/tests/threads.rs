//! How many threads there are, and what is called on them.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::watchdog::watched;
use super::{BlockingPool, PoolConfig, end, failing, join, occupy, pool_of, spawn};

#[test]
fn an_idle_thread_is_used_again() {
    watched(|| {
        let (start_thread, attempts) = failing(|_| false);
        let pool = BlockingPool::new(PoolConfig {
            keep_alive: Duration::MAX,
            start_thread,
            ..PoolConfig::default()
        });
        for _ in 0..50 {
            join(spawn(&pool, || ())).unwrap();
            while pool.metrics().idle_threads == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
        end(&pool);
    });
}

#[test]
fn there_are_never_more_threads_than_allowed() {
    watched(|| {
        let (start_thread, attempts) = failing(|_| false);
        let pool = BlockingPool::new(PoolConfig {
            max_threads: 3,
            keep_alive: Duration::MAX,
            start_thread,
            ..PoolConfig::default()
        });
        let jobs: Vec<_> = (0..100).map(|_| spawn(&pool, thread::yield_now)).collect();
        for job in jobs {
            join(job).unwrap();
        }
        assert!(attempts.load(Ordering::Relaxed) <= 3);
        end(&pool);
    });
}

#[test]
fn a_thread_without_work_ends() {
    watched(|| {
        let pool = BlockingPool::new(PoolConfig {
            keep_alive: Duration::ZERO,
            ..PoolConfig::default()
        });
        join(spawn(&pool, || ())).unwrap();
        // Not closed: it ends by itself.
        assert!(pool.wait_for_end(None));
        assert_eq!(pool.metrics().threads, 0);
        join(spawn(&pool, || ())).expect("another one is started");
        end(&pool);
    });
}

#[test]
fn threads_do_not_keep_the_pool_for_ever() {
    watched(|| {
        let pool = BlockingPool::new(PoolConfig {
            keep_alive: Duration::ZERO,
            ..PoolConfig::default()
        });
        join(spawn(&pool, || ())).unwrap();
        let weak = Arc::downgrade(&pool);
        drop(pool);
        while weak.strong_count() > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn hooks_run_once_on_each_thread_and_their_panics_harm_nobody() {
    watched(|| {
        let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let hook = |index: usize| -> crate::config::Hook {
            let counts = counts.clone();
            Arc::new(move || {
                counts[index].fetch_add(1, Ordering::Relaxed);
                panic!("a hook that panics");
            })
        };
        let pool = BlockingPool::new(PoolConfig {
            keep_alive: Duration::MAX,
            max_threads: 1,
            thread_name: "of-the-pool".to_owned(),
            on_thread_start: Some(hook(0)),
            on_thread_stop: Some(hook(1)),
            ..PoolConfig::default()
        });
        for _ in 0..3 {
            let name = join(spawn(&pool, || thread::current().name().map(str::to_owned)));
            assert_eq!(name.unwrap().as_deref(), Some("of-the-pool"));
        }
        end(&pool);
        assert_eq!(
            counts.each_ref().map(|count| count.load(Ordering::Relaxed)),
            [1, 1]
        );
    });
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn every_job_runs_inside_of_around() {
    watched(|| {
        let pool = pool_of(2);
        pool.set_around(Arc::new(|work| {
            INSIDE.set(true);
            work();
            INSIDE.set(false);
        }));
        let both = Arc::new(Barrier::new(2));
        let jobs = [0, 1].map(|_| {
            let both = both.clone();
            spawn(&pool, move || {
                both.wait();
                INSIDE.get()
            })
        });
        for job in jobs {
            assert!(join(job).unwrap());
        }
        end(&pool);
    });
}

#[test]
fn an_around_that_fails_loses_no_job() {
    watched(|| {
        let pool = pool_of(1);
        pool.set_around(Arc::new(|_| panic!("an around that panics")));
        join(spawn(&pool, || ())).unwrap();
        end(&pool);
    });
}

#[test]
fn an_around_that_holds_the_pool_goes_with_the_close() {
    watched(|| {
        let pool = pool_of(1);
        let held = pool.clone();
        pool.set_around(Arc::new(move |work| {
            let _ = held.metrics();
            work();
        }));
        join(spawn(&pool, || ())).unwrap();
        end(&pool);
        let weak = Arc::downgrade(&pool);
        drop(pool);
        while weak.strong_count() > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn a_substitute_runs_beyond_the_limit() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let (done, is_done) = channel();
        pool.run_detached(Box::new(move || done.send(()).unwrap()))
            .map_err(|_| ())
            .unwrap();
        is_done
            .recv()
            .expect("it ran although the only thread for jobs is busy");
        drop(release);
        join(busy).unwrap();
        end(&pool);
    });
}

#[test]
fn a_substitute_takes_no_thread_away_from_jobs() {
    watched(|| {
        let pool = pool_of(1);
        join(spawn(&pool, || ())).unwrap();
        while pool.metrics().idle_threads == 0 {
            thread::yield_now();
        }
        // It takes the idle thread, and stays.
        let (release, released) = channel::<()>();
        pool.run_detached(Box::new(move || {
            let _ = released.recv();
        }))
        .map_err(|_| ())
        .unwrap();
        join(spawn(&pool, || ())).expect("there is room for a thread for jobs");
        assert_eq!(pool.metrics().substitutes, 1);
        drop(release);
        end(&pool);
    });
}

#[test]
fn a_substitute_that_panics_is_only_that() {
    watched(|| {
        let pool = pool_of(1);
        pool.run_detached(Box::new(|| panic!("a substitute that panics")))
            .map_err(|_| ())
            .unwrap();
        join(spawn(&pool, || ())).unwrap();
        end(&pool);
    });
}

#[test]
fn after_the_close_a_substitute_is_given_back() {
    watched(|| {
        let pool = pool_of(1);
        pool.close();
        let (ran, has_run) = channel();
        let (_, work) = pool
            .run_detached(Box::new(move || ran.send(()).unwrap()))
            .expect_err("the pool is closed");
        work();
        has_run.try_recv().expect("the work came back whole");
    });
}
