//! B15: threads that cannot be started, and the jobs that count on them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::watchdog::watched;
use super::{BlockingPool, PoolConfig, end, failing, join, occupy, spawn};

fn pool(
    max_threads: usize,
    fails: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> (Arc<BlockingPool>, Arc<AtomicUsize>) {
    let (start_thread, attempts) = failing(fails);
    let pool = BlockingPool::new(PoolConfig {
        max_threads,
        keep_alive: Duration::MAX,
        start_thread,
        ..PoolConfig::default()
    });
    (pool, attempts)
}

#[test]
fn b15_a_job_for_which_there_is_no_thread_at_all_fails() {
    watched(|| {
        for failures in 0..4 {
            let (pool, _) = pool(4, move |attempt| attempt < failures);
            let outcomes: Vec<_> = (0..8).map(|_| join(spawn(&pool, || ())).is_ok()).collect();
            // Each was joined before the next was spawned: those whose thread did not start fail, the others run.
            let expected: Vec<_> = (0..8).map(|job| job >= failures).collect();
            assert_eq!(outcomes, expected);
            assert_eq!(pool.metrics().failed_starts, failures as u64);
            end(&pool);
        }
    });
}

#[test]
fn b15_jobs_from_many_threads_all_end_whatever_starts_fail() {
    watched(|| {
        for round in 0..200_usize {
            let (pool, _) = pool(3, move |attempt| attempt < round % 5);
            let ran = Arc::new(AtomicUsize::new(0));
            let barrier = Arc::new(Barrier::new(4));
            let spawners: Vec<_> = (0..4)
                .map(|_| {
                    let (pool, ran, barrier) = (pool.clone(), ran.clone(), barrier.clone());
                    thread::spawn(move || {
                        barrier.wait();
                        let ran = move || ran.fetch_add(1, Ordering::Relaxed);
                        join(spawn(&pool, ran)).is_ok()
                    })
                })
                .collect();
            let joined = spawners.into_iter().map(|spawner| spawner.join().unwrap());
            let succeeded = joined.filter(|ok| *ok).count();
            assert_eq!(
                succeeded,
                ran.load(Ordering::Relaxed),
                "a handle does not tell what became of its job"
            );
            end(&pool);
        }
    });
}

#[test]
fn b15_a_job_stays_queued_while_another_thread_is_there() {
    watched(|| {
        let (pool, _) = pool(2, |attempt| attempt > 0);
        let (release, busy) = occupy(&pool);
        let queued = spawn(&pool, || ());
        assert!(!queued.is_finished());
        assert_eq!(pool.metrics().queue_depth, 1);
        drop(release);
        join(queued).expect("the busy thread came back for it");
        join(busy).unwrap();
        end(&pool);
    });
}

#[test]
fn b15_a_later_push_makes_good_for_failed_starts() {
    watched(|| {
        let (pool, attempts) = pool(4, |attempt| (1..3).contains(&attempt));
        let (release, busy) = occupy(&pool);
        // Three jobs that must run at once, while the first thread is busy. The starts for two of them fail.
        let meet = Arc::new(Barrier::new(3));
        let jobs = [0, 1, 2].map(|_| {
            let meet = meet.clone();
            spawn(&pool, move || meet.wait().is_leader())
        });
        for job in jobs {
            join(job).unwrap();
        }
        assert_eq!(attempts.load(Ordering::Relaxed), 6, "one each, and two again");
        drop(release);
        join(busy).unwrap();
        end(&pool);
    });
}

#[test]
fn b15_substitutes_do_not_count_as_threads_for_jobs() {
    watched(|| {
        let (pool, _) = pool(2, |attempt| attempt > 0);
        let (release, released) = channel::<()>();
        pool.run_detached(Box::new(move || {
            let _ = released.recv();
        }))
        .map_err(|_| ())
        .unwrap();
        // The only thread stands in for a worker. Nobody would ever take the job.
        assert!(join(spawn(&pool, || ())).unwrap_err().is_cancelled());
        drop(release);
        end(&pool);
    });
}

#[test]
fn b15_a_substitute_without_a_thread_is_given_back() {
    watched(|| {
        let (pool, _) = pool(2, |_| true);
        let (ran, has_run) = channel();
        let (_, work) = pool
            .run_detached(Box::new(move || ran.send(()).unwrap()))
            .expect_err("no thread can be started");
        work();
        has_run.try_recv().expect("the work came back whole");
        end(&pool);
    });
}

#[test]
fn b15_a_name_that_no_thread_can_have_is_a_failed_start() {
    watched(|| {
        let pool = BlockingPool::new(PoolConfig {
            thread_name: "\0".to_owned(),
            ..PoolConfig::default()
        });
        assert!(join(spawn(&pool, || ())).unwrap_err().is_cancelled());
        end(&pool);
    });
}
