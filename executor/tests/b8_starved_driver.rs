//! B8: the driver is starved because there is always something to run.
//!
//! An event that the park holds, and a wake from another thread, must reach their tasks within four times 256 polls,
//! counted, whatever else is ready.

mod counting_park;
mod gate;
mod watchdog;

use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use counting_park::{CountingPark, Counts};
use gate::Key;
use reveille_executor::{CurrentThread, spawn, yield_now};
use watchdog::watched;

const BOUND: usize = 4 * 256;

struct Opens(Key);

impl Wake for Opens {
    fn wake(self: Arc<Self>) {
        self.0.open();
    }
}

/// As a sleep that is over or a connection that is there: ready one turn of the park after it was polled first.
async fn event(counts: Arc<Counts>) {
    let key = Key::default();
    counts.add_event(Waker::from(Arc::new(Opens(key.clone()))));
    key.gate().await;
}

/// Woken by another thread before its first poll has returned, so that the wake goes through the mailbox.
fn foreign_wake() -> impl Future<Output = ()> + Send + 'static {
    let key = Key::default();
    let mut gate = Box::pin(key.gate());
    future::poll_fn(move |cx| {
        let polled = gate.as_mut().poll(cx);
        if polled.is_pending() && key.polls() == 1 {
            let key = key.clone();
            thread::spawn(move || key.open()).join().unwrap();
        }
        polled
    })
}

/// Tasks that wait for an event, and for a wake from another thread and then an event; how many are left.
fn spawn_waiting(counts: &Arc<Counts>) -> Arc<AtomicUsize> {
    let left = Arc::new(AtomicUsize::new(2));
    for foreign in [true, false] {
        let (left, counts) = (left.clone(), counts.clone());
        drop(spawn(async move {
            if foreign {
                foreign_wake().await;
            }
            event(counts).await;
            left.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    left
}

/// Polls counted until nothing is left to come; wakes itself each time.
struct Busy {
    left: Arc<AtomicUsize>,
    polls: usize,
}

impl Future for Busy {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.polls += 1;
        if self.left.load(Ordering::SeqCst) == 0 {
            return Poll::Ready(self.polls);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn b8_1_a_task_that_wakes_itself_in_each_poll() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let polls = CurrentThread::new(park).block_on(async {
            let left = spawn_waiting(&counts);
            spawn(Busy { left, polls: 0 }).await.unwrap()
        });
        assert!(polls <= BOUND, "{polls} polls");
        assert_eq!(counts.parks(), 0);
    });
}

#[test]
fn b8_2_a_loop_of_yields_in_the_root_and_in_a_task() {
    watched(|| {
        for in_a_task in [true, false] {
            let (park, counts) = CountingPark::new();
            let yields = CurrentThread::new(park).block_on(async {
                let left = spawn_waiting(&counts);
                let yielding = async move {
                    let mut yields = 0;
                    while left.load(Ordering::SeqCst) > 0 {
                        yield_now().await;
                        yields += 1;
                    }
                    yields
                };
                if in_a_task {
                    spawn(yielding).await.unwrap()
                } else {
                    yielding.await
                }
            });
            assert!(yields <= BOUND, "{yields} yields");
            assert_eq!(counts.parks(), 0);
        }
    });
}

#[test]
fn b8_4_an_executor_driven_only_by_block_ons_of_ready_roots() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        let entered = executor.handle().enter();
        let left = spawn_waiting(&counts);
        drop(entered);
        let mut bursts = 0;
        while left.load(Ordering::SeqCst) > 0 {
            executor.block_on(async {});
            bursts += 1;
            assert!(bursts <= BOUND, "{bursts} block_ons");
        }
        assert_eq!(counts.parks(), 0);
    });
}

#[test]
fn b8_5_two_tasks_that_wake_each_other() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let polls = CurrentThread::new(park).block_on(async {
            let left = spawn_waiting(&counts);
            let (ping, pong) = (Key::default(), Key::default());
            let players = [(ping.clone(), pong.clone()), (pong, ping)].map(|(own, other)| {
                let left = left.clone();
                let (mut polls, mut gate) = (0, Box::pin(own.gate()));
                spawn(future::poll_fn(move |cx| {
                    let _ = gate.as_mut().poll(cx);
                    polls += 1;
                    other.wake();
                    if left.load(Ordering::SeqCst) == 0 {
                        return Poll::Ready(polls);
                    }
                    if own.polls() == 1 {
                        // The serve: the other may not be there yet.
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }))
            });
            let mut polls = 0;
            for player in players {
                polls += player.await.unwrap();
            }
            polls
        });
        assert!(polls <= BOUND, "{polls} polls");
        assert_eq!(counts.parks(), 0);
    });
}
