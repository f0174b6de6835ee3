//! What the executor asks of its park: counted, never timed.

mod counting_park;
mod gate;
mod watchdog;

use std::future::{self, Future};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use counting_park::CountingPark;
use gate::Key;
use reveille_executor::{CurrentThread, Park, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

#[test]
fn a_ready_root_neither_parks_nor_turns() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        for _ in 0..10 {
            executor.block_on(async {});
        }
        assert_eq!((counts.parks(), counts.turns(), counts.unparks()), (0, 0, 0));
        assert_eq!(counts.enters(), 10, "once for each time that a thread drives");
    });
}

#[test]
fn tasks_that_wake_each_other_on_the_thread_call_no_unparker_and_do_not_park() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        CurrentThread::new(park).block_on(async {
            let key = Key::default();
            let waiting = spawn(key.gate());
            let local = spawn_local(key.gate());
            spawn(async move {
                yield_now().await;
                key.open();
            })
            .await
            .unwrap();
            local.abort();
            let _ = local.await;
            waiting.abort();
            let _ = waiting.await;
        });
        assert_eq!((counts.parks(), counts.unparks(), counts.interrupts()), (0, 0, 0));
    });
}

#[test]
fn a_park_that_panics_keeps_no_task_from_being_cancelled() {
    /// As soon as there is a task.
    struct Broken(ThreadPark, Arc<Mutex<bool>>);
    impl Park for Broken {
        fn enter(&mut self) {
            assert!(!*self.1.lock().unwrap(), "a broken park");
        }
        fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
            self.0.park(timeout, woken);
        }
        fn turn(&mut self, woken: &mut Vec<Waker>) {
            self.0.turn(woken);
        }
        fn unparker(&self) -> Waker {
            self.0.unparker()
        }
    }
    let broken = Arc::new(Mutex::new(false));
    let executor = CurrentThread::new(Broken(ThreadPark::new(), broken.clone()));
    let task = executor.handle().spawn(future::pending::<()>());
    executor.block_on(yield_now());
    *broken.lock().unwrap() = true;
    drop(executor);
    assert!(task.is_finished());
}

#[test]
fn a_yield_is_not_a_turn() {
    watched(|| {
        const YIELDS: usize = 10_000;
        let (park, counts) = CountingPark::new();
        CurrentThread::new(park).block_on(async {
            spawn(async {
                for _ in 0..YIELDS {
                    yield_now().await;
                }
            })
            .await
            .unwrap();
            for _ in 0..YIELDS {
                yield_now().await;
            }
        });
        // The clock is read every 32 polls and needs two readings; whatever it says, 256 polls are enough.
        let turns = counts.turns();
        assert!(turns <= 2 * YIELDS / 32, "{turns} turns");
        assert!(turns >= 2 * YIELDS / (256 + 64), "{turns} turns");
        assert_eq!(counts.parks(), 0);
    });
}

#[test]
fn each_sleep_is_one_park_and_at_most_one_interrupt() {
    watched(|| {
        const ROUNDS: usize = 300;
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        for _ in 0..ROUNDS {
            let key = Key::default();
            let task = executor.handle().spawn(key.gate());
            let wakers: Vec<_> = (0..2)
                .map(|_| {
                    let key = key.clone();
                    thread::spawn(move || {
                        while key.polls() == 0 {
                            thread::yield_now();
                        }
                        for _ in 0..5 {
                            key.wake();
                        }
                        key.open();
                    })
                })
                .collect();
            executor.block_on(task).unwrap();
            for waker in wakers {
                waker.join().unwrap();
            }
        }
        let (parks, interrupts) = (counts.parks(), counts.interrupts());
        assert!(interrupts <= parks, "{interrupts} interrupts of {parks} parks");
        // A park needs a reason: that nothing could be run, and so one for each time that something came.
        assert!(parks <= counts.unparks() + ROUNDS, "{parks} parks");
    });
}

#[test]
fn a_wake_from_elsewhere_while_the_thread_is_busy_interrupts_nothing() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        executor.block_on(async {
            let key = Key::default();
            let task = spawn(key.gate());
            yield_now().await;
            for _ in 0..10 {
                let key = key.clone();
                thread::spawn(move || key.wake()).join().unwrap();
                yield_now().await;
            }
            thread::spawn({
                let key = key.clone();
                move || key.open()
            })
            .join()
            .unwrap();
            task.await.unwrap();
            assert_eq!(key.polls(), 12);
        });
        assert_eq!(counts.interrupts(), 0);
    });
}

#[test]
fn a_thread_that_waits_for_another_that_drives_never_touches_the_park() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = Arc::new(CurrentThread::new(park));
        let (finish, drives) = (Key::default(), Key::default());
        let driver = thread::spawn({
            let (executor, finish, drives) = (executor.clone(), finish.gate(), drives.clone());
            move || {
                executor.block_on(async move {
                    drives.open();
                    finish.await;
                })
            }
        });
        pollster::block_on(drives.gate());
        executor.block_on(async {
            spawn_local(yield_now()).await.unwrap();
            yield_now().await;
        });
        assert_eq!(counts.enters(), 1);
        assert_eq!(counts.unparks(), 0);
        finish.open();
        driver.join().unwrap();
    });
}

#[test]
fn wakers_that_the_park_gives_out_are_called_and_one_that_panics_harms_no_other() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        let keys = [Key::default(), Key::default()];
        let mut gates = keys.each_ref().map(|key| Box::pin(key.gate()));
        let mut first = true;
        executor.block_on(future::poll_fn(|cx| {
            for gate in &mut gates {
                let _ = gate.as_mut().poll(cx);
            }
            if std::mem::take(&mut first) {
                for key in keys.clone() {
                    counts.add_event(Arc::new(Panics).into());
                    counts.add_event(Waker::from(Arc::new(Opens(key))));
                }
                return Poll::Pending;
            }
            assert!(keys.iter().all(|key| key.polls() > 1));
            Poll::Ready(())
        }));
        assert_eq!(counts.parks(), 1);
    });
}

struct Opens(Key);

impl Wake for Opens {
    fn wake(self: Arc<Self>) {
        self.0.open();
    }
}

/// A park that calls wakers itself and does not come back before it is unparked.
struct WakesItself {
    inner: ThreadPark,
    events: Arc<Mutex<Vec<Waker>>>,
}

impl Park for WakesItself {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        for waker in std::mem::take(&mut *self.events.lock().unwrap()) {
            waker.wake();
        }
        self.inner.park(timeout, woken);
    }

    fn turn(&mut self, _: &mut Vec<Waker>) {}

    fn unparker(&self) -> Waker {
        self.inner.unparker()
    }
}

#[test]
fn a_park_may_call_wakers_itself() {
    watched(|| {
        let events = Arc::new(Mutex::new(Vec::new()));
        let executor = CurrentThread::new(WakesItself {
            inner: ThreadPark::new(),
            events: events.clone(),
        });
        let wait = || {
            let (events, mut first) = (events.clone(), true);
            future::poll_fn(move |cx| {
                if std::mem::take(&mut first) {
                    events.lock().unwrap().push(cx.waker().clone());
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
        };
        executor.block_on(wait());
        executor.block_on(async { spawn(wait()).await.unwrap() });
        executor.block_on(async { spawn_local(wait()).await.unwrap() });
    });
}
