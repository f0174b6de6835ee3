//! What becomes of an executor's tasks when it is dropped.

mod gate;
mod watchdog;

use std::future;
use std::sync::{Arc, Mutex};
use std::thread;

use gate::{Gate, Key};
use reveille_executor::{CurrentThread, Handle, JoinHandle, ThreadPark, spawn, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

fn assert_cancelled<T>(task: JoinHandle<T>) {
    assert!(task.is_finished());
    assert!(pollster::block_on(task).err().unwrap().is_cancelled());
}

#[test]
fn idle_queued_new_and_mailed_tasks_are_dropped_with_their_executor() {
    watched(|| {
        let executor = executor();
        let keys: Vec<_> = (0..4).map(|_| Key::default()).collect();
        let (idle, queued) = executor.block_on(async {
            let tasks = (spawn(keys[0].gate()), spawn(keys[1].gate()));
            yield_now().await;
            keys[1].wake();
            tasks
        });
        let new = executor.handle().spawn(keys[2].gate());
        let mailed = thread::spawn({
            let (handle, gate) = (executor.handle(), keys[3].gate());
            move || handle.spawn(gate)
        });
        let mailed = mailed.join().unwrap();
        drop(executor);
        for (key, polls) in keys.iter().zip([1, 1, 0, 0]) {
            assert_eq!((key.polls(), key.drops()), (polls, 1));
        }
        for task in [idle, queued, new, mailed] {
            assert_cancelled(task);
        }
    });
}

#[test]
fn a_waker_that_outlives_its_executor_does_nothing() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let task = executor.handle().spawn(key.gate());
        executor.block_on(yield_now());
        drop(executor);
        key.open();
        let waker = key.take_waker().unwrap();
        waker.wake_by_ref();
        let second = waker.clone();
        second.wake();
        thread::spawn(move || drop(waker)).join().unwrap();
        assert_cancelled(task);
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

#[test]
fn a_handle_that_outlives_its_executor_spawns_cancelled_tasks() {
    let (executor, key) = (executor(), Key::default());
    let handle = executor.handle();
    drop(executor);
    let task = handle.spawn(key.gate());
    assert_eq!((key.polls(), key.drops()), (0, 1));
    assert_cancelled(task);
}

/// A destructor that does what it is told.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn spawn_with_destructor(handle: &Handle, destructor: impl FnMut() + Send + 'static) -> JoinHandle<()> {
    let on_drop = OnDrop(destructor);
    handle.spawn(async move {
        let _on_drop = on_drop;
        future::pending::<()>().await;
    })
}

#[test]
fn a_task_spawned_by_a_destructor_during_shutdown_is_cancelled() {
    watched(|| {
        let executor = executor();
        let spawned = Arc::new(Mutex::new(Vec::new()));
        let key = Key::default();
        let task = spawn_with_destructor(&executor.handle(), {
            let (spawned, key, handle) = (spawned.clone(), key.clone(), executor.handle());
            move || {
                let tasks = [handle.spawn(key.gate()), spawn(key.gate())];
                spawned.lock().unwrap().extend(tasks);
            }
        });
        executor.block_on(yield_now());
        drop(executor);
        assert!(
            pollster::block_on(task).unwrap_err().is_cancelled(),
            "the destructor panicked"
        );
        assert_eq!((key.polls(), key.drops()), (0, 2));
        for task in spawned.lock().unwrap().drain(..) {
            assert_cancelled(task);
        }
        assert!(Handle::try_current().is_none());
    });
}

#[test]
fn a_destructor_that_panics_during_shutdown_stops_no_other() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let before = executor.handle().spawn(key.gate());
        let panics = spawn_with_destructor(&executor.handle(), || panic!("a destructor"));
        let after = executor.handle().spawn(key.gate());
        executor.block_on(yield_now());
        drop(executor);
        assert_eq!(key.drops(), 2);
        assert_cancelled(before);
        assert!(pollster::block_on(panics).unwrap_err().is_panic());
        assert_cancelled(after);
    });
}

#[test]
fn destructors_that_wake_abort_and_drop_each_other_end() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let other = Arc::new(Mutex::new(Some(executor.handle().spawn(key.gate()))));
        let wakes = spawn_with_destructor(&executor.handle(), {
            let key = key.clone();
            move || key.wake()
        });
        let aborts = spawn_with_destructor(&executor.handle(), {
            let other = other.clone();
            move || {
                if let Some(task) = &*other.lock().unwrap() {
                    task.abort();
                }
            }
        });
        let drops = spawn_with_destructor(&executor.handle(), move || {
            drop(other.lock().unwrap().take());
        });
        executor.block_on(yield_now());
        drop(executor);
        for task in [wakes, aborts, drops] {
            assert_cancelled(task);
        }
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

#[test]
fn a_task_that_joins_another_is_dropped_with_it() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let inner = executor.handle().spawn(key.gate());
        let outer = executor.handle().spawn(async move { inner.await.is_ok() });
        executor.block_on(yield_now());
        drop(executor);
        assert_cancelled(outer);
        assert_eq!(key.drops(), 1);
    });
}

#[test]
fn an_executor_is_dropped_inside_the_block_on_of_another() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let inner = executor();
            let task = inner.handle().spawn(key.gate());
            drop(inner);
            assert!(task.await.unwrap_err().is_cancelled());
            // The outer one is still current.
            spawn(async {}).await.unwrap();
        });
        assert_eq!(key.drops(), 1);
    });
}

#[test]
fn an_executor_is_dropped_while_other_threads_wake_and_spawn() {
    watched(|| {
        for _ in 0..200 {
            let (executor, key) = (executor(), Key::default());
            let woken = executor.handle().spawn(key.gate());
            executor.block_on(yield_now());
            let waking = thread::spawn({
                let key = key.clone();
                move || key.wake()
            });
            let spawning = thread::spawn({
                let (handle, gate): (_, Gate) = (executor.handle(), key.gate());
                move || handle.spawn(gate)
            });
            drop(executor);
            assert!(woken.is_finished());
            waking.join().unwrap();
            assert_cancelled(woken);
            assert_cancelled(spawning.join().unwrap());
            assert_eq!(key.drops(), 2);
        }
    });
}
