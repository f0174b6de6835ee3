//! B3: on a multi-thread runtime a wake that comes after a task's last poll began leads to another poll, which sees
//! what was written before the wake.
//!
//! Each round hands a number to a task and wakes it, and goes on only when the task has answered: a wake that is lost
//! stands still until the watchdog ends it. `REVEILLE_STRESS=full` runs far more rounds.

mod watchdog;

use std::future::{Future, poll_fn};
use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::task::JoinHandle;
use watchdog::Watchdog;

const WORKERS: [usize; 3] = [1, 2, 4];

fn is_full() -> bool {
    std::env::var("REVEILLE_STRESS").is_ok_and(|stress| stress == "full")
}

fn rounds() -> u64 {
    if is_full() { 300_000 } else { 2_000 }
}

fn watched(what: &'static str) -> Watchdog {
    Watchdog::new(what, Duration::from_secs(if is_full() { 3_600 } else { 60 }))
}

fn runtime(workers: usize) -> Runtime {
    Builder::multi_thread().worker_threads(workers).build().unwrap()
}

/// Waits for none to some microseconds, without a clock.
fn dawdle(round: u64) {
    for _ in 0..(round * 37) % 701 {
        spin_loop();
    }
}

/// A number that is handed to a task, which hands it back. All Relaxed but for the wake: what a poll must see it sees
/// through the runtime.
#[derive(Default)]
struct Slot {
    given: AtomicU64,
    taken: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Slot {
    fn poll_until(&self, last: u64, cx: &mut Context<'_>) -> Poll<()> {
        // The waker first, the number second, as every waiting future must.
        let mut waker = self.waker.lock().unwrap();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        let given = self.given.load(Ordering::Relaxed);
        self.taken.store(given, Ordering::Release);
        if given == last {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// One clone for all rounds, so that nothing but the wake orders what the two threads do.
    fn waker(&self) -> Waker {
        loop {
            if let Some(waker) = self.waker.lock().unwrap().clone() {
                return waker;
            }
            thread::yield_now();
        }
    }

    fn wait_until_taken(&self, number: u64) {
        while self.taken.load(Ordering::Acquire) < number {
            thread::yield_now();
        }
    }
}

fn spawn_taker(runtime: &Runtime, slot: &Arc<Slot>, last: u64) -> JoinHandle<()> {
    let slot = slot.clone();
    runtime.spawn(poll_fn(move |cx| slot.poll_until(last, cx)))
}

#[test]
fn every_wake_by_reference_is_followed_by_a_poll_that_sees_what_came_before() {
    let _watchdog = watched("wakes by reference");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let slot = Arc::<Slot>::default();
        let task = spawn_taker(&runtime, &slot, rounds());
        let waker = slot.waker();
        for number in 1..=rounds() {
            slot.given.store(number, Ordering::Relaxed);
            waker.wake_by_ref();
            slot.wait_until_taken(number);
            dawdle(number);
        }
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn every_wake_by_value_is_followed_by_a_poll() {
    let _watchdog = watched("wakes by value");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let slot = Arc::<Slot>::default();
        let task = spawn_taker(&runtime, &slot, rounds());
        for number in 1..=rounds() {
            let waker = slot.waker();
            slot.given.store(number, Ordering::Relaxed);
            waker.wake();
            slot.wait_until_taken(number);
        }
        runtime.block_on(task).unwrap();
    }
}

/// The second of two threads finds the task scheduled, running or idle; in each case its number must be seen.
#[test]
fn two_threads_that_wake_one_task_are_both_heard() {
    let _watchdog = watched("two threads that wake one task");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let slots: Arc<[Slot; 2]> = Arc::default();
        let both = slots.clone();
        let task = runtime.spawn(poll_fn(move |cx| {
            let done = both
                .each_ref()
                .map(|slot| slot.poll_until(rounds(), cx).is_ready());
            if done == [true; 2] {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        thread::scope(|scope| {
            for slot in slots.iter() {
                scope.spawn(|| {
                    let waker = slot.waker();
                    for number in 1..=rounds() {
                        slot.given.store(number, Ordering::Relaxed);
                        waker.wake_by_ref();
                        slot.wait_until_taken(number);
                        dawdle(number);
                    }
                });
            }
        });
        runtime.block_on(task).unwrap();
    }
}

/// The waker is called by another task of the runtime: it goes to a worker's slot, not through the injector.
#[test]
fn tasks_that_wake_each_other_lose_no_turn() {
    let _watchdog = watched("tasks that hand a number round");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let ring: Arc<[Slot; 5]> = Arc::default();
        let players: Vec<_> = (0..ring.len())
            .map(|me| {
                let ring = ring.clone();
                let mut passed = 0;
                runtime.spawn(poll_fn(move |cx| {
                    let done = ring[me].poll_until(rounds(), cx);
                    let number = ring[me].taken.load(Ordering::Relaxed);
                    if number > passed {
                        passed = number;
                        let next = &ring[(me + 1) % ring.len()];
                        // Who comes last in the ring ends the round, and begins the next.
                        let number = if me + 1 == ring.len() { number + 1 } else { number };
                        next.given.fetch_max(number.min(rounds()), Ordering::Relaxed);
                        let waker = next.waker.lock().unwrap().clone();
                        if let Some(waker) = waker {
                            waker.wake();
                        }
                    }
                    done
                }))
            })
            .collect();
        ring.iter().for_each(|slot| drop(slot.waker()));
        ring[0].given.store(1, Ordering::Relaxed);
        ring[0].waker().wake();
        for player in players {
            runtime.block_on(player).unwrap();
        }
    }
}

#[test]
fn a_wake_from_within_its_own_poll_is_followed_by_another() {
    let _watchdog = watched("tasks that wake themselves");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let mut polls = 0;
                runtime.spawn(poll_fn(move |cx| {
                    polls += 1;
                    if polls == rounds() {
                        return Poll::Ready(polls);
                    }
                    match (polls + task) % 3 {
                        0 => cx.waker().wake_by_ref(),
                        1 => {
                            let waker = cx.waker().clone();
                            waker.wake();
                        }
                        _ => {
                            cx.waker().wake_by_ref();
                            cx.waker().wake_by_ref();
                        }
                    }
                    Poll::Pending
                }))
            })
            .collect();
        for task in tasks {
            assert_eq!(runtime.block_on(task).unwrap(), rounds());
        }
    }
}

/// Foreign wakes and an abort at once: the future is dropped once, and whoever joins is told.
#[test]
fn an_abort_among_wakes_is_heard() {
    struct Drops(Arc<AtomicU64>);
    impl Drop for Drops {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let _watchdog = watched("aborts among wakes");
    for workers in WORKERS {
        let runtime = runtime(workers);
        let drops = Arc::new(AtomicU64::new(0));
        let over = AtomicBool::new(false);
        let waker = Mutex::new(Waker::noop().clone());
        let rounds = rounds() / 3;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let waker = waker.lock().unwrap().clone();
                    waker.wake_by_ref();
                    waker.wake();
                }
            });
            for round in 0..rounds {
                let slot = Arc::<Slot>::default();
                let (count, theirs) = (Drops(drops.clone()), slot.clone());
                let task = runtime.spawn(async move {
                    let _count = count;
                    poll_fn(|cx| theirs.poll_until(1, cx)).await;
                });
                *waker.lock().unwrap() = slot.waker();
                dawdle(round);
                task.abort();
                assert!(runtime.block_on(task).unwrap_err().is_cancelled());
                assert_eq!(drops.load(Ordering::Relaxed), round + 1);
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}

/// A task that nobody will wake any more keeps no future but its own, and does not keep the runtime from ending.
#[test]
fn the_drop_of_the_last_waker_races_with_a_wake() {
    struct Held(Arc<Mutex<Vec<Waker>>>);
    impl Future for Held {
        type Output = ();
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.0
                .lock()
                .unwrap()
                .extend([cx.waker().clone(), cx.waker().clone()]);
            Poll::Pending
        }
    }

    let _watchdog = watched("the last wakers of tasks");
    for workers in WORKERS {
        let runtime = runtime(workers);
        for round in 0..rounds() / 3 {
            let wakers = Arc::<Mutex<Vec<Waker>>>::default();
            let alive = Arc::downgrade(&wakers);
            let task = runtime.spawn(Held(wakers.clone()));
            let taken = loop {
                let taken = std::mem::take(&mut *wakers.lock().unwrap());
                if taken.len() == 2 {
                    break taken;
                }
                thread::yield_now();
            };
            drop(wakers);
            let [one, other] = <[Waker; 2]>::try_from(taken).unwrap();
            drop(task);
            thread::scope(|scope| {
                scope.spawn(|| one.wake());
                dawdle(round);
                drop(other);
            });
            // It was polled again, and keeps wakers of itself: only its future holds them, and they it.
            if round % 64 == 0 {
                while alive
                    .upgrade()
                    .is_some_and(|held| held.lock().unwrap().is_empty())
                {
                    thread::yield_now();
                }
            }
        }
    }
}
