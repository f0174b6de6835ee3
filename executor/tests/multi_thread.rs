//! The multi-thread executor from outside.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use reveille_executor::{Config, MultiThread, ThreadPark, spawn, spawn_local, yield_now};

fn executor(workers: usize) -> MultiThread {
    let parks = (0..workers).map(|_| ThreadPark::new());
    MultiThread::new(parks, Config::default()).unwrap()
}

#[test]
fn tasks_run_to_their_end_on_any_number_of_workers() {
    for workers in [1, 2, 4] {
        let executor = executor(workers);
        let sum = executor.block_on(async {
            let tasks: Vec<_> = (0..10_000_u64)
                .map(|n| {
                    spawn(async move {
                        yield_now().await;
                        n
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 9_999 * 10_000 / 2);
    }
}

#[test]
fn a_spawn_from_a_foreign_thread_wakes_a_parked_worker() {
    for workers in [1, 2, 4] {
        let executor = executor(workers);
        let handle = executor.handle();
        for n in 0..2_000 {
            let (sender, receiver) = mpsc::channel();
            drop(handle.spawn(async move { sender.send(n).unwrap() }));
            assert_eq!(receiver.recv().unwrap(), n);
        }
    }
}

#[test]
fn several_threads_block_on_one_executor_at_once() {
    let executor = executor(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..500 {
                    assert_eq!(
                        executor.block_on(async { spawn(async move { n }).await.unwrap() }),
                        n
                    );
                }
            });
        }
    });
}

#[test]
fn dropping_the_executor_drops_every_future() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    for workers in [1, 2, 4] {
        let drops = Arc::new(AtomicUsize::new(0));
        let executor = executor(workers);
        for n in 0..1_000 {
            let count = Count(drops.clone());
            drop(executor.handle().spawn(async move {
                let _count = count;
                if n % 3 == 0 {
                    std::future::pending::<()>().await;
                }
                loop {
                    yield_now().await;
                }
            }));
        }
        drop(executor);
        assert_eq!(drops.load(Ordering::Relaxed), 1_000);
    }
}

#[test]
fn local_tasks_work_in_block_on_and_on_workers() {
    let executor = executor(2);
    let here = thread::current().id();
    let (there, local) = executor.block_on(async {
        let local = spawn_local(async { thread::current().id() });
        let there = spawn(async {
            let worker = thread::current().id();
            let rc = std::rc::Rc::new(5);
            let task = spawn_local(async move {
                yield_now().await;
                (*rc, thread::current().id())
            });
            drop(task);
            worker
        });
        (there.await.unwrap(), local.await.unwrap())
    });
    assert_eq!(local, here);
    assert_ne!(there, here);
}

#[test]
fn tasks_that_always_wake_themselves_take_turns_on_a_worker() {
    let executor = executor(1);
    let log = Arc::new(Mutex::new(Vec::new()));
    let players = executor.handle().spawn({
        let log = log.clone();
        async move {
            ["a", "b", "c"].map(|name| {
                let log = log.clone();
                spawn(async move {
                    for _ in 0..100 {
                        log.lock().unwrap().push(name);
                        yield_now().await;
                    }
                })
            })
        }
    });
    executor.block_on(async {
        for player in players.await.unwrap() {
            player.await.unwrap();
        }
    });
    let log = log.lock().unwrap();
    let (first, others) = log.split_at(3);
    assert!(others.chunks(3).all(|turn| turn == first), "{log:?}");
}

#[test]
fn what_a_poll_spawns_runs_in_that_order_on_one_worker() {
    let executor = executor(1);
    let log = Arc::new(Mutex::new(Vec::new()));
    let spawner = executor.handle().spawn({
        let log = log.clone();
        async move {
            let spawn_one = |number| {
                let log = log.clone();
                spawn(async move { log.lock().unwrap().push(number) })
            };
            (0..10).map(spawn_one).collect::<Vec<_>>()
        }
    });
    executor.block_on(async {
        for task in spawner.await.unwrap() {
            task.await.unwrap();
        }
    });
    assert_eq!(*log.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn what_a_task_that_wakes_itself_queues_runs_before_its_next_poll_but_one() {
    let executor = executor(1);
    let log = Arc::new(Mutex::new(Vec::new()));
    let alone = executor.handle().spawn({
        let log = log.clone();
        async move {
            for poll in 0..10 {
                if poll == 5 {
                    let log = log.clone();
                    drop(spawn(async move { log.lock().unwrap().push("other") }));
                }
                log.lock().unwrap().push("alone");
                yield_now().await;
            }
        }
    });
    executor.block_on(alone).unwrap();
    let log = log.lock().unwrap();
    let other = log.iter().position(|name| *name == "other");
    assert!(matches!(other, Some(6 | 7)), "{log:?}");
}

#[test]
fn what_a_foreign_thread_spawns_waits_for_61_polls_of_a_task_that_is_alone_at_most() {
    let executor = executor(1);
    let handle = executor.handle();
    let alone = executor.handle().spawn(async move {
        // The tick at which it begins is another one each time.
        for polls in 0..200 {
            for _ in 0..polls {
                yield_now().await;
            }
            let handle = handle.clone();
            let probe = thread::spawn(move || handle.spawn(async {})).join().unwrap();
            let mut waited = 0;
            while !probe.is_finished() {
                yield_now().await;
                waited += 1;
            }
            assert!(waited <= 62, "{waited} polls");
        }
    });
    executor.block_on(alone).unwrap();
}
