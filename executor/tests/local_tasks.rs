//! Tasks that may not leave their thread.

mod gate;
mod watchdog;

use std::cell::{Cell, RefCell};
use std::future;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, ThreadId};

use gate::Key;
use reveille_executor::{CurrentThread, JoinHandle, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

/// Notes the thread that it is dropped on, which nothing but `!Send` keeps it on.
struct NoteThread(Rc<Cell<Option<ThreadId>>>);

impl Drop for NoteThread {
    fn drop(&mut self) {
        self.0.set(Some(thread::current().id()));
    }
}

#[test]
fn a_local_task_shares_an_rc_and_returns_one() {
    watched(|| {
        executor().block_on(async {
            let shared = Rc::new(RefCell::new(vec![1]));
            let task = spawn_local({
                let shared = shared.clone();
                async move {
                    yield_now().await;
                    shared.borrow_mut().push(2);
                    shared
                }
            });
            shared.borrow_mut().push(3);
            let same = task.await.unwrap();
            assert!(Rc::ptr_eq(&same, &shared));
            assert_eq!(*shared.borrow(), [1, 3, 2]);
        });
    });
}

#[test]
fn a_local_task_is_spawned_from_a_task_that_is_not() {
    watched(|| {
        let output = executor().block_on(async {
            let (give, take) = mpsc::channel();
            let outer = spawn(async move {
                drop(spawn_local(async move {
                    let number = Rc::new(11);
                    yield_now().await;
                    give.send(*number).unwrap();
                }));
            });
            outer.await.unwrap();
            yield_now().await;
            yield_now().await;
            take.recv().unwrap()
        });
        assert_eq!(output, 11);
    });
}

#[test]
fn a_local_task_woken_from_another_thread_runs_on_its_own() {
    watched(|| {
        let executor = executor();
        let home = thread::current().id();
        let polled_on = Rc::new(RefCell::new(Vec::new()));
        for _ in 0..50 {
            let key = Key::default();
            executor.block_on(async {
                let task = spawn_local({
                    let (gate, polled_on) = (key.gate(), polled_on.clone());
                    async move {
                        polled_on.borrow_mut().push(thread::current().id());
                        gate.await;
                        polled_on.borrow_mut().push(thread::current().id());
                    }
                });
                yield_now().await;
                let opener = thread::spawn(move || key.open());
                task.await.unwrap();
                opener.join().unwrap();
            });
        }
        assert_eq!(*polled_on.borrow(), vec![home; 100]);
    });
}

#[test]
fn a_local_task_is_dropped_on_its_thread_before_its_block_on_returns() {
    watched(|| {
        let dropped_on = Rc::new(Cell::new(None));
        let mut spawned = None;
        executor().block_on(async {
            let note = NoteThread(dropped_on.clone());
            spawned = Some(spawn_local(async move {
                let _note = note;
                future::pending::<()>().await;
            }));
            yield_now().await;
        });
        let task = spawned.unwrap();
        assert_eq!(dropped_on.get(), Some(thread::current().id()));
        assert!(pollster::block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_local_task_that_was_never_polled_is_dropped_too() {
    watched(|| {
        let dropped_on = Rc::new(Cell::new(None));
        executor().block_on(async {
            let note = NoteThread(dropped_on.clone());
            drop(spawn_local(async move {
                let _note = note;
            }));
        });
        assert_eq!(dropped_on.get(), Some(thread::current().id()));
    });
}

#[test]
fn a_local_task_whose_last_waker_is_held_elsewhere_is_dropped_on_its_thread_all_the_same() {
    watched(|| {
        let dropped_on = Rc::new(Cell::new(None));
        let key = Key::default();
        executor().block_on(async {
            let (note, gate) = (NoteThread(dropped_on.clone()), key.gate());
            drop(spawn_local(async move {
                let _note = note;
                gate.await;
            }));
            yield_now().await;
        });
        assert_eq!(dropped_on.get(), Some(thread::current().id()));
        let waker = key.take_waker().unwrap();
        let holder = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        holder.join().unwrap();
        assert_eq!(key.polls(), 1);
    });
}

#[test]
fn local_tasks_are_dropped_while_another_thread_wakes_them() {
    watched(|| {
        let executor = executor();
        for _ in 0..200 {
            let dropped_on = Rc::new(Cell::new(None));
            let key = Key::default();
            let waking = executor.block_on(async {
                let (note, gate) = (NoteThread(dropped_on.clone()), key.gate());
                drop(spawn_local(async move {
                    let _note = note;
                    gate.await;
                    future::pending::<()>().await;
                }));
                yield_now().await;
                thread::spawn(move || key.wake())
            });
            assert_eq!(dropped_on.get(), Some(thread::current().id()));
            waking.join().unwrap();
        }
    });
}

#[test]
fn a_local_task_spawned_by_a_destructor_at_the_end_is_cancelled() {
    watched(|| {
        struct SpawnsInDrop(Rc<RefCell<Option<JoinHandle<()>>>>, Rc<Cell<Option<ThreadId>>>);
        impl Drop for SpawnsInDrop {
            fn drop(&mut self) {
                let note = NoteThread(self.1.clone());
                let task = spawn_local(async move {
                    let _note = note;
                    unreachable!("a task that was cancelled before its first poll");
                });
                *self.0.borrow_mut() = Some(task);
            }
        }
        let (place, dropped_on) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(None)));
        executor().block_on(async {
            let spawns = SpawnsInDrop(place.clone(), dropped_on.clone());
            drop(spawn_local(async move {
                let _spawns = spawns;
                future::pending::<()>().await;
            }));
            yield_now().await;
        });
        assert_eq!(dropped_on.get(), Some(thread::current().id()));
        let task = place.borrow_mut().take().unwrap();
        assert!(pollster::block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn spawn_local_on_a_thread_that_runs_no_tasks_panics_and_says_what_to_do() {
    watched(|| {
        let executor = executor();
        let _entered = executor.handle().enter();
        let panic = catch_unwind(|| spawn_local(async {})).unwrap_err();
        let message = panic.downcast::<&str>().unwrap();
        assert!(
            message.starts_with("`spawn_local` was called on a thread that runs no tasks"),
            "{message}"
        );
        assert!(message.contains("inside `block_on`"), "{message}");
    });
}

#[test]
fn a_thread_that_does_not_drive_runs_its_own_local_tasks() {
    watched(|| {
        let executor = Arc::new(executor());
        let (finish, until) = (Key::default(), Key::default());
        let driver = thread::spawn({
            let (executor, finish, until) = (executor.clone(), finish.gate(), until.clone());
            move || {
                executor.block_on(async {
                    until.open();
                    finish.await;
                })
            }
        });
        pollster::block_on(until.gate());
        // The other thread drives now, and does until this one is done.
        executor.block_on(async {
            let key = Key::default();
            let home = thread::current().id();
            let rc = Rc::new(5);
            let gate = key.gate();
            let task = spawn_local(async move {
                yield_now().await;
                gate.await;
                (thread::current().id(), *rc)
            });
            let on_driver = spawn(async { thread::current().id() }).await.unwrap();
            assert_ne!(on_driver, home);
            let opener = thread::spawn(move || key.open());
            assert_eq!(task.await.unwrap(), (home, 5));
            opener.join().unwrap();
        });
        finish.open();
        driver.join().unwrap();
    });
}

#[test]
fn a_task_that_was_queued_beside_a_local_one_goes_on_on_another_thread() {
    watched(|| {
        let executor = executor();
        let mut task = None;
        executor.block_on(async {
            drop(spawn_local(future::pending::<()>()));
            // Nothing is polled between here and the end of this `block_on`.
            task = Some(spawn(async { 7 }));
        });
        let output = thread::scope(|scope| scope.spawn(|| executor.block_on(task.unwrap())).join());
        assert_eq!(output.unwrap().unwrap(), 7);
    });
}
