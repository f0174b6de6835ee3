//! What becomes of a job.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use reveille_context::{coop, task};

use super::super::{BlockingPool, PoolConfig};
use super::watchdog::watched;
use super::{end, failing, join, occupy, pool_of, spawn};

#[test]
fn a_job_runs_on_another_thread_and_its_handle_gives_its_output() {
    watched(|| {
        let pool = pool_of(4);
        let thread = join(spawn(&pool, || std::thread::current().id())).unwrap();
        assert_ne!(thread, std::thread::current().id());
        end(&pool);
    });
}

#[test]
fn the_current_task_in_a_job_is_the_job() {
    watched(|| {
        let pool = pool_of(1);
        let handle = spawn(&pool, task::current);
        let id = handle.id();
        assert_eq!(join(handle).unwrap(), Some(id));
        end(&pool);
    });
}

#[test]
fn a_job_has_no_budget() {
    watched(|| {
        let pool = pool_of(1);
        let spent = spawn(&pool, || {
            let cx = &mut Context::from_waker(Waker::noop());
            (0..10 * u32::from(coop::BUDGET)).all(|_| match coop::poll_proceed(cx) {
                Poll::Ready(progress) => {
                    progress.made();
                    true
                }
                Poll::Pending => false,
            })
        });
        assert!(join(spent).unwrap(), "a blocking job ran out of budget");
        end(&pool);
    });
}

#[test]
fn a_panic_is_a_join_error_and_the_thread_lives() {
    watched(|| {
        let pool = pool_of(1);
        let before = join(spawn(&pool, || std::thread::current().id())).unwrap();
        let error = join(spawn(&pool, || panic!("a job that panics"))).unwrap_err();
        assert!(error.is_panic());
        let after = join(spawn(&pool, || std::thread::current().id())).unwrap();
        assert_eq!(before, after);
        end(&pool);
    });
}

#[test]
fn a_job_that_is_aborted_before_it_starts_never_runs() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let ran = Arc::new(AtomicBool::new(false));
        let job = spawn(&pool, {
            let ran = ran.clone();
            move || ran.store(true, Ordering::Relaxed)
        });
        job.abort();
        drop(release);
        assert!(join(job).unwrap_err().is_cancelled());
        assert!(!ran.load(Ordering::Relaxed), "an aborted job ran");
        join(busy).unwrap();
        end(&pool);
    });
}

#[test]
fn a_job_that_runs_cannot_be_aborted() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        busy.abort();
        drop(release);
        join(busy).expect("it was running");
        end(&pool);
    });
}

#[test]
fn the_close_cancels_what_is_queued_and_drops_its_closures() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let (kept, dropped) = channel::<()>();
        let queued = spawn(&pool, move || drop(kept));
        pool.close();
        assert!(dropped.recv().is_err(), "the closure is still there");
        assert!(join(queued).unwrap_err().is_cancelled());
        assert!(
            join(spawn(&pool, || ())).unwrap_err().is_cancelled(),
            "a job entered after the close"
        );
        drop(release);
        join(busy).expect("it was running");
        end(&pool);
    });
}

#[test]
fn what_is_mandatory_is_done_after_the_close() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let cancelled = spawn(&pool, || ());
        let mandatory = pool.spawn_mandatory(|| 7, Location::caller());
        let aborted = pool.spawn_mandatory(|| (), Location::caller());
        aborted.abort();
        pool.close();
        assert!(join(cancelled).unwrap_err().is_cancelled());
        assert!(!mandatory.is_finished());
        let late = pool.spawn_mandatory(|| (), Location::caller());
        assert!(
            join(late).unwrap_err().is_cancelled(),
            "a job entered after the close"
        );
        assert!(!pool.wait_for_end(Some(Instant::now())), "it is waited for");
        drop(release);
        join(busy).expect("it was running");
        assert_eq!(join(mandatory).unwrap(), 7);
        assert!(join(aborted).unwrap_err().is_cancelled());
        end(&pool);
    });
}

#[test]
fn what_is_mandatory_is_cancelled_if_no_thread_is_left_and_none_can_be_started() {
    watched(|| {
        let (start_thread, _) = failing(|_| true);
        let pool = BlockingPool::new(PoolConfig {
            start_thread,
            ..PoolConfig::default()
        });
        let job = pool.spawn_mandatory(|| (), Location::caller());
        assert!(join(job).unwrap_err().is_cancelled());
        end(&pool);
    });
}

#[test]
fn a_closure_that_spawns_as_it_is_dropped_by_the_close_finds_it_closed() {
    struct Spawns(
        Arc<super::BlockingPool>,
        Arc<Mutex<Option<crate::JoinHandle<()>>>>,
    );
    impl Drop for Spawns {
        fn drop(&mut self) {
            *self.1.lock().unwrap() = Some(spawn(&self.0, || ()));
        }
    }
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let second = Arc::new(Mutex::new(None));
        let spawns = Spawns(pool.clone(), second.clone());
        let first = spawn(&pool, move || drop(spawns));
        pool.close();
        assert!(join(first).unwrap_err().is_cancelled());
        let second = second.lock().unwrap().take().expect("the closure was dropped");
        assert!(join(second).unwrap_err().is_cancelled());
        drop(release);
        join(busy).unwrap();
        end(&pool);
    });
}

#[test]
fn the_end_of_the_wait_names_what_still_runs() {
    watched(|| {
        let pool = pool_of(2);
        let (release, busy) = occupy(&pool);
        let spawned_at = Location::caller();
        let (began, has_begun) = channel();
        let (finish, finished) = channel::<()>();
        let named = pool.spawn_blocking(
            move || {
                began.send(()).unwrap();
                let _ = finished.recv();
            },
            spawned_at,
            Some("look-up".into()),
        );
        has_begun.recv().unwrap();
        assert_eq!(pool.jobs().len(), 2);
        pool.close();
        drop(release);
        join(busy).unwrap();
        // A job is listed until its thread has noted its end.
        while pool.jobs().len() > 1 {
            std::thread::yield_now();
        }
        assert!(!pool.wait_for_end(Some(Instant::now() + Duration::from_millis(1))));
        let left = pool.jobs();
        let [job] = left.as_slice() else {
            panic!("{left:?}")
        };
        assert_eq!(job.id, named.id());
        assert_eq!(job.name.as_deref(), Some("look-up"));
        assert_eq!(job.spawned_at, spawned_at);
        assert!(job.running_for.is_some());
        drop(finish);
        join(named).unwrap();
        end(&pool);
    });
}

#[test]
fn queued_and_running_jobs_are_listed() {
    watched(|| {
        let pool = pool_of(1);
        let (release, busy) = occupy(&pool);
        let queued = spawn(&pool, || ());
        let jobs = pool.jobs();
        assert_eq!(
            jobs.iter().map(|job| job.id).collect::<Vec<_>>(),
            [busy.id(), queued.id()]
        );
        assert_eq!(
            jobs.iter()
                .map(|job| job.running_for.is_some())
                .collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(pool.metrics().queue_depth, 1);
        drop(release);
        join(queued).unwrap();
        join(busy).unwrap();
        end(&pool);
        assert!(pool.jobs().is_empty());
        let metrics = pool.metrics();
        assert_eq!((metrics.jobs_begun, metrics.queue_depth), (2, 0));
        assert!(metrics.queue_latency_total >= metrics.queue_latency_max);
        assert!(metrics.queue_latency_max > Duration::ZERO);
    });
}

#[test]
fn a_job_that_waits_for_its_own_pool_waits_for_the_others_only() {
    watched(|| {
        let pool = pool_of(2);
        let inner = pool.clone();
        let left = join(spawn(&pool, move || {
            inner.close();
            assert!(inner.wait_for_end(None));
            inner.jobs()
        }))
        .unwrap();
        assert_eq!(left.len(), 1, "it runs itself: {left:?}");
        end(&pool);
    });
}
