//! Tasks that are not `Send` stay on their worker's thread: polled there, woken to there, dropped there.

mod watchdog;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::task::{block_in_place, spawn_local, yield_now};
use reveille::time::sleep;
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::multi_thread();
    builder
        .worker_threads(workers)
        .on_slow_poll(|_| {})
        .build()
        .unwrap()
}

fn here() -> ThreadId {
    thread::current().id()
}

/// Says on which thread it is dropped.
struct DropsAt(Sender<ThreadId>, PhantomData<Rc<()>>);

impl Drop for DropsAt {
    fn drop(&mut self) {
        let _ = self.0.send(here());
    }
}

#[test]
fn an_rc_lives_across_an_await_on_any_worker() {
    let _watchdog = Watchdog::new("local tasks with an Rc", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                runtime.spawn(async move {
                    let home = here();
                    let (sender, receiver) = mpsc::channel();
                    {
                        let count = Rc::new(Cell::new(0));
                        for _ in 0..4 {
                            let (count, sender) = (count.clone(), sender.clone());
                            drop(spawn_local(async move {
                                for turn in 0..10 {
                                    assert_eq!(here(), home);
                                    if turn % 5 == 0 {
                                        sleep(Duration::from_micros(200)).await;
                                    } else {
                                        yield_now().await;
                                    }
                                    count.set(count.get() + 1);
                                }
                                sender.send(count.get()).unwrap();
                            }));
                        }
                    }
                    drop(sender);
                    receiver
                })
            })
            .collect();
        for task in tasks {
            let counts = runtime.block_on(task).unwrap();
            assert_eq!(counts.iter().max(), Some(40));
        }
    }
}

#[test]
fn a_task_that_was_sent_to_a_worker_runs_on_that_one() {
    let _watchdog = Watchdog::new("tasks sent to workers", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let home = |worker| {
            runtime
                .block_on(runtime.handle().spawn_on(worker, || async { here() }))
                .unwrap()
        };
        let homes: Vec<_> = (0..workers).map(home).collect();
        for (worker, home) in homes.iter().enumerate() {
            assert_eq!(homes.iter().filter(|other| *other == home).count(), 1);
            let task = runtime.handle().spawn_on(worker, || {
                let made = here();
                async move {
                    let rc = Rc::new(made);
                    for _ in 0..20 {
                        yield_now().await;
                        assert_eq!(here(), *rc);
                    }
                    made
                }
            });
            assert_eq!(runtime.block_on(task).unwrap(), *home);
        }
    }
}

#[test]
fn a_wake_from_another_thread_runs_the_task_at_home_only() {
    let _watchdog = Watchdog::new("foreign wakes of local tasks", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        for worker in 0..workers {
            let (sender, wakers) = mpsc::channel::<(ThreadId, Waker)>();
            let (tell, told) = mpsc::channel::<bool>();
            let task = runtime.handle().spawn_on(worker, move || {
                let not_send = Rc::new(here());
                poll_fn(move |cx| {
                    if told.try_recv() == Ok(true) {
                        return Poll::Ready(*not_send);
                    }
                    sender.send((here(), cx.waker().clone())).unwrap();
                    Poll::Pending
                })
            });
            let mut polled = Vec::new();
            for round in 0..300 {
                let (at, waker) = wakers.recv().unwrap();
                polled.push(at);
                tell.send(round == 299).unwrap();
                match round % 3 {
                    0 => waker.wake(),
                    1 => thread::scope(|scope| drop(scope.spawn(|| waker.wake_by_ref()))),
                    // By another worker, or the same.
                    _ => drop(runtime.spawn(async move { waker.wake() })),
                }
            }
            let home = runtime.block_on(task).unwrap();
            assert_ne!(home, here());
            assert!(polled.iter().all(|at| *at == home));
        }
    }
}

/// The future belongs to a thread even if nobody there knows of it any more.
#[test]
fn whoever_drops_the_last_waker_the_future_is_dropped_at_home() {
    let _watchdog = Watchdog::new("last wakers of local tasks", LIMIT);
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        for round in 0..100 {
            let (dropped, drops) = mpsc::channel();
            let (sender, wakers) = mpsc::channel::<Waker>();
            let task = runtime.handle().spawn_on(round % workers, move || {
                let guard = DropsAt(dropped, PhantomData);
                let made = here();
                let mut sender = Some(sender);
                poll_fn(move |cx| {
                    let _guard = &guard;
                    if let Some(sender) = sender.take() {
                        sender.send(cx.waker().clone()).unwrap();
                        return Poll::Pending;
                    }
                    Poll::Ready(made)
                })
            });
            let waker = wakers.recv().unwrap();
            let second = waker.clone();
            if round % 2 == 0 {
                // It completes, and the wakers outlive it.
                waker.wake();
                let home = runtime.block_on(task).unwrap();
                assert_eq!(drops.recv().unwrap(), home);
            } else {
                // It is cancelled by a thread that is none of the runtime's.
                task.abort();
                drop(waker);
                assert!(runtime.block_on(task).unwrap_err().is_cancelled());
                let home = drops.recv().unwrap();
                let worker = runtime.handle().spawn_on(round % workers, || async { here() });
                assert_eq!(home, runtime.block_on(worker).unwrap());
            }
            drop(second);
            assert!(drops.recv().is_err(), "dropped twice");
        }
    }
}

#[test]
fn local_tasks_are_dropped_on_their_thread_before_it_ends() {
    let _watchdog = Watchdog::new("local tasks of a runtime that ends", LIMIT);
    for workers in [1, 2, 4] {
        for how in 0..3 {
            let ended = Arc::new(Mutex::new(Vec::new()));
            let ends = ended.clone();
            let (dropped, drops) = mpsc::channel();
            let runtime = Builder::multi_thread()
                .worker_threads(workers)
                .on_thread_stop(move || ends.lock().unwrap().push(here()))
                .build()
                .unwrap();
            let (sender, wakers) = mpsc::channel::<(ThreadId, Waker)>();
            for task in 0..workers * 4 {
                let (dropped, sender) = (dropped.clone(), sender.clone());
                drop(runtime.handle().spawn_on(task % workers, move || async move {
                    let _guard = DropsAt(dropped, PhantomData);
                    poll_fn(|cx| {
                        sender.send((here(), cx.waker().clone())).unwrap();
                        Poll::<()>::Pending
                    })
                    .await;
                }));
            }
            let held: Vec<_> = (0..workers * 4).map(|_| wakers.recv().unwrap()).collect();
            match how {
                0 => drop(runtime),
                1 => assert!(runtime.shutdown(LIMIT).is_complete()),
                _ => runtime.shutdown_background(),
            }
            drop(dropped);
            let mut homes: Vec<_> = held.iter().map(|(home, _)| *home).collect();
            for _ in 0..workers * 4 {
                let at = drops.recv().unwrap();
                let home = homes.iter().position(|home| *home == at);
                homes.swap_remove(home.expect("dropped elsewhere"));
            }
            // Woken and dropped when the runtime is gone.
            for (_, waker) in held {
                waker.wake_by_ref();
                drop(waker);
            }
            assert!(drops.recv().is_err(), "dropped twice");
        }
    }
}

#[test]
fn what_is_sent_to_a_worker_whose_thread_has_ended_is_cancelled() {
    let _watchdog = Watchdog::new("a task for a worker that is gone", LIMIT);
    let runtime = runtime(2);
    let handle = runtime.handle().clone();
    drop(runtime);
    for worker in 0..2 {
        let (dropped, drops) = mpsc::channel::<()>();
        let task = handle.spawn_on(worker, move || async move { drop(dropped) });
        assert!(pollster::block_on(task).unwrap_err().is_cancelled());
        assert!(drops.recv().is_err(), "its closure is dropped");
    }
}

#[test]
fn local_tasks_of_a_root_are_dropped_before_its_block_on_returns() {
    let _watchdog = Watchdog::new("local tasks of a root", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (dropped, drops) = mpsc::channel();
        let theirs = dropped.clone();
        runtime.block_on(async move {
            let home = here();
            let ran = Rc::new(Cell::new(0));
            let done = ran.clone();
            let first = spawn_local(async move {
                sleep(Duration::from_millis(1)).await;
                done.set(1);
                assert_eq!(here(), home);
            });
            drop(spawn_local(async move {
                let _guard = DropsAt(theirs, PhantomData);
                pending::<()>().await;
            }));
            first.await.unwrap();
            assert_eq!(ran.get(), 1);
        });
        assert_eq!(drops.try_recv(), Ok(here()));
    }
}

/// The thread that stands in for a worker that blocks in place does not run its local tasks.
#[test]
fn local_tasks_stand_still_while_their_worker_blocks_in_place() {
    let _watchdog = Watchdog::new("local tasks of a worker that blocks in place", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let task = runtime.spawn(async move {
            let home = here();
            let theirs = counted.clone();
            let (ended, end) = mpsc::channel();
            drop(spawn_local(async move {
                let _not_send = Rc::new(());
                theirs.fetch_add(1, Ordering::SeqCst);
                yield_now().await;
                assert_eq!(here(), home);
                ended.send(()).unwrap();
            }));
            block_in_place(|| {
                // The worker's other tasks run meanwhile, so the local one could have, too.
                let handle = reveille::runtime::Handle::current();
                for _ in 0..20 {
                    handle.block_on(reveille::spawn(yield_now())).unwrap();
                }
                assert_eq!(counted.load(Ordering::SeqCst), 0);
            });
            assert_eq!(here(), home);
            end
        });
        runtime.block_on(task).unwrap().recv().unwrap();
        assert_eq!(polls.load(Ordering::SeqCst), 1);
    }
}

/// A waker that is woken while its task is dropped by its thread's end.
#[test]
fn wakes_race_with_the_end_of_the_home_thread() {
    struct Holds(Arc<Mutex<Option<Waker>>>, PhantomData<Rc<()>>);
    impl Future for Holds {
        type Output = ();
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            *self.0.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    let _watchdog = Watchdog::new("wakes of local tasks beside the end of their thread", LIMIT);
    for round in 0..60 {
        let runtime = runtime(1 + round % 2);
        let slot = Arc::new(Mutex::new(None));
        let theirs = slot.clone();
        drop(runtime.handle().spawn_on(0, move || Holds(theirs, PhantomData)));
        let waker = loop {
            if let Some(waker) = slot.lock().unwrap().clone() {
                break waker;
            }
            thread::yield_now();
        };
        let alive = Arc::downgrade(&slot);
        drop(slot);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100 {
                    waker.wake_by_ref();
                }
            });
            drop(runtime);
        });
        assert!(alive.upgrade().is_none(), "the future outlived its runtime");
    }
}
