//! Everything at once: driving handed over, wakes and aborts from other threads, local tasks, embeddings, blocking in place,
//! shutdowns. Every future and output is dropped, and what the runtime shares is freed. Random, with a fixed seed for each round;
//! `REVEILLE_STRESS=full` makes a thousand rounds.

mod watchdog;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille_executor::{
    Config, CurrentThread, Handle, MultiThread, ThreadPark, block_in_place, spawn, spawn_local, yield_now,
};
use watchdog::watched;

#[derive(Default)]
struct Bag {
    wakers: Mutex<Vec<Waker>>,
    alive: AtomicI64,
    outputs: AtomicI64,
}

/// An output, and what a panic throws.
struct Out(Arc<Bag>);

impl Drop for Out {
    fn drop(&mut self) {
        self.0.outputs.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps wakers of itself, gives some away, and calls those of others.
struct Restless {
    bag: Arc<Bag>,
    kept: Vec<Waker>,
    polls: u32,
    seed: u64,
}

fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

impl Restless {
    fn new(bag: &Arc<Bag>, seed: u64) -> Self {
        bag.alive.fetch_add(1, Ordering::Relaxed);
        Self {
            bag: bag.clone(),
            kept: Vec::new(),
            polls: 0,
            seed: seed * 2654435761 + 88172645463325252,
        }
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        self.bag.alive.fetch_sub(1, Ordering::Relaxed);
        // Wakes itself while it is dropped.
        if let Some(waker) = self.kept.pop() {
            waker.wake();
        }
    }
}

impl Future for Restless {
    type Output = Out;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Out> {
        let this = &mut *self;
        this.polls += 1;
        let random = next(&mut this.seed);
        let clones = if random % 17 == 0 { 300 } else { random % 5 };
        for _ in 0..clones {
            this.kept.push(cx.waker().clone());
        }
        let given = this.kept.len().min((random >> 8) as usize % 4);
        let mut wakers = this.bag.wakers.lock().unwrap();
        for waker in this.kept.drain(..given) {
            wakers.push(waker);
        }
        wakers.push(cx.waker().clone());
        // Some of others' wakers come along.
        let mut mine = Vec::new();
        for _ in 0..(random >> 12) % 3 {
            let len = wakers.len();
            if len > 0 {
                mine.push(wakers.swap_remove((random >> 16) as usize % len));
            }
        }
        drop(wakers);
        for (index, waker) in mine.into_iter().enumerate() {
            match (random >> (20 + index)) % 3 {
                0 => waker.wake(),
                1 => waker.wake_by_ref(),
                _ => drop(waker),
            }
        }
        if this.kept.len() > 200 {
            this.kept.clear();
        }
        if this.polls > 3 + (random >> 32) as u32 % 8 {
            this.bag.outputs.fetch_add(1, Ordering::Relaxed);
            if (random >> 40) % 11 == 0 {
                std::panic::resume_unwind(Box::new(Out(this.bag.clone())));
            }
            return Poll::Ready(Out(this.bag.clone()));
        }
        if (random >> 44) % 4 == 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

fn foreign(bag: Arc<Bag>, stop: Arc<AtomicBool>, handle: Handle, mut seed: u64) -> impl FnOnce() + Send {
    move || {
        let mut handles = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let random = next(&mut seed);
            let waker = {
                let mut wakers = bag.wakers.lock().unwrap();
                let len = wakers.len();
                (len > 0).then(|| wakers.swap_remove(random as usize % len))
            };
            match (waker, random >> 20 & 3) {
                (Some(waker), 0) => waker.wake(),
                (Some(waker), 1) => {
                    waker.wake_by_ref();
                    let clone = waker.clone();
                    drop(waker);
                    clone.wake();
                }
                (Some(waker), 2) => bag.wakers.lock().unwrap().push(waker),
                (Some(waker), _) => drop(waker),
                (None, _) => thread::yield_now(),
            }
            if random >> 30 & 31 == 0 && handles.len() < 200 {
                handles.push(handle.spawn(Restless::new(&bag, random >> 33)));
            }
            if random >> 36 & 15 == 0 && !handles.is_empty() {
                let task = handles.swap_remove((random >> 40) as usize % handles.len());
                match random >> 50 & 3 {
                    0 => drop(task),
                    1 => task.abort(),
                    2 => {
                        task.abort();
                        task.abort();
                        handles.push(task);
                    }
                    _ => {
                        let abort = task.abort_handle();
                        drop(task);
                        abort.abort();
                    }
                }
            }
        }
    }
}

async fn root(bag: Arc<Bag>, seed: u64, rounds: u64) {
    let mut tasks = Vec::new();
    for round in 0..rounds {
        tasks.push(spawn(Restless::new(&bag, seed + round)));
        let local = spawn_local(Restless::new(&bag, seed + round + 1000));
        if round % 3 == 0 {
            tasks.push(local);
        }
        if round % 4 == 0 {
            tasks.swap_remove(round as usize % tasks.len()).abort();
        }
        yield_now().await;
    }
    // A bounded wait for some.
    for task in tasks.drain(..) {
        let abort = task.abort_handle();
        let mut patience = 20;
        let mut task = std::pin::pin!(task);
        poll_fn(|cx| {
            if task.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            patience -= 1;
            if patience == 0 {
                abort.abort();
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

fn check(bag: &Arc<Bag>, sentinel: std::sync::Weak<()>) {
    assert_eq!(bag.alive.load(Ordering::Relaxed), 0, "futures");
    // The foreign threads' handles are gone; so are all outputs.
    assert_eq!(bag.outputs.load(Ordering::Relaxed), 0, "outputs");
    bag.wakers.lock().unwrap().clear();
    // A thread of the pool may still be about to end; the watchdog knows how long that may take.
    while sentinel.strong_count() > 0 {
        thread::yield_now();
    }
}

fn rounds(round: impl FnMut(u64)) {
    let full = std::env::var("REVEILLE_STRESS").is_ok_and(|stress| stress == "full");
    (1..=if full { 1000 } else { 4 }).for_each(round);
}

/// Never asks; held by the runtime's shared part alone.
struct Rest(Arc<()>);

impl reveille_executor::OnQuiescent for Rest {
    fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) == 0
    }

    fn reached(&self, _: &mut Vec<Waker>) {}
}

fn config() -> (Config, std::sync::Weak<()>) {
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    let mut config = Config::default();
    config.panic_policy = reveille_executor::PanicPolicy::Store;
    config.on_quiescent = Some(Arc::new(Rest(alive)));
    (config, weak)
}

#[test]
fn everything_is_dropped_while_the_driving_is_handed_over_and_at_the_end() {
    watched(|| {
        rounds(|n| {
            let bag = Arc::new(Bag::default());
            let (config, sentinel) = config();
            let executor = CurrentThread::with_config(ThreadPark::new(), &config);
            drop(config);
            let stop = Arc::new(AtomicBool::new(false));
            let foreigners: Vec<_> = (0..2)
                .map(|k| {
                    thread::spawn(foreign(
                        bag.clone(),
                        stop.clone(),
                        executor.handle(),
                        n * 77 + k + 1,
                    ))
                })
                .collect();
            thread::scope(|scope| {
                for k in 0..3 {
                    let (executor, bag) = (&executor, &bag);
                    scope.spawn(move || {
                        for round in 0..3 {
                            executor.block_on(root(bag.clone(), n * 31 + k * 7 + round, 10));
                        }
                    });
                }
            });
            if n % 2 == 0 {
                let mut embedded = executor.embed().unwrap();
                let local = embedded.spawn_local(Restless::new(&bag, n));
                for _ in 0..20 {
                    embedded.poll_once(Some(Duration::ZERO));
                    if let Some(waker) = bag.wakers.lock().unwrap().pop() {
                        waker.wake_by_ref();
                        drop(waker);
                    }
                    drop(executor.handle().spawn(Restless::new(&bag, n + 5)));
                }
                drop(local);
            }
            // The foreigners go on during the shutdown.
            drop(executor);
            stop.store(true, Ordering::Relaxed);
            foreigners.into_iter().for_each(|thread| thread.join().unwrap());
            check(&bag, sentinel);
        });
    });
}

#[test]
fn everything_is_dropped_while_workers_block_in_place_and_at_the_end() {
    watched(|| {
        rounds(|n| {
            let bag = Arc::new(Bag::default());
            let (config, sentinel) = config();
            let executor = MultiThread::new((0..2).map(|_| ThreadPark::new()), config).unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let foreigners: Vec<_> = (0..2)
                .map(|k| {
                    thread::spawn(foreign(
                        bag.clone(),
                        stop.clone(),
                        executor.handle(),
                        n * 99 + k + 1,
                    ))
                })
                .collect();
            for k in 0..4_u64 {
                let bag = bag.clone();
                drop(executor.handle().spawn_on(k as usize % 2, move || {
                    let mut inner = Box::pin(Restless::new(&bag, n + k));
                    let mut polls = 0;
                    poll_fn(move |cx| {
                        polls += 1;
                        if polls % 2 == 0 {
                            let handle = Handle::try_current().unwrap();
                            let mut nested = Box::pin(Restless::new(&bag, n + k + 50));
                            let waker = cx.waker().clone();
                            block_in_place(|| {
                                waker.wake_by_ref();
                                let mut left = 5;
                                handle.block_on(poll_fn(|cx| {
                                    left -= 1;
                                    cx.waker().wake_by_ref();
                                    let by_value = waker.clone();
                                    by_value.wake();
                                    if left == 0 {
                                        Poll::Ready(())
                                    } else {
                                        nested.as_mut().poll(cx).map(drop)
                                    }
                                }));
                            });
                        }
                        if polls < 9 {
                            inner.as_mut().poll(cx).map(drop)
                        } else {
                            Poll::Ready(())
                        }
                    })
                }));
            }
            for k in 0..6 {
                let bag = bag.clone();
                drop(executor.handle().spawn(async move {
                    for round in 0..5 {
                        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                        block_in_place(|| {
                            waker.wake_by_ref();
                            drop(waker.clone());
                            Handle::try_current()
                                .unwrap()
                                .block_on(root(bag.clone(), n + k + round, 2));
                        });
                        drop(waker);
                        yield_now().await;
                        spawn(Restless::new(&bag, n + k)).abort();
                    }
                }));
            }
            executor.block_on(root(bag.clone(), n * 3, 6));
            drop(executor);
            stop.store(true, Ordering::Relaxed);
            foreigners.into_iter().for_each(|thread| thread.join().unwrap());
            check(&bag, sentinel);
        });
    });
}
