//! The life of one task, in every order that its threads can run in.
//!
//! `ci/loom` runs them; each has broken twins in `tests/planted/task_*.patch`. What a model observes it notes in
//! std's atomics, which loom does not see, so that observing orders nothing. A lost wake is a deadlock, which loom
//! reports.

mod bound;
mod yard;

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use crate::primitive::{Ordering, SegQueue, Thread, current_thread, park_thread};
use yard::{Counts, Yard};

#[test]
fn two_wakes_during_polls_are_both_seen() {
    loom::model(|| {
        let yard = Yard::new();
        let data = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let drops = Counts::default();
        let (future, seen) = (UntilBoth(data.clone()), drops.future());
        let (waker, handle) = yard.spawn(async move {
            let _seen = seen;
            future.await;
        });
        yard.run_one();
        let by_ref = thread::spawn({
            let (data, waker) = (data.clone(), waker.clone());
            move || {
                data[0].store(1, Ordering::Relaxed);
                waker.wake_by_ref();
            }
        });
        let by_value = thread::spawn(move || {
            data[1].store(1, Ordering::Relaxed);
            waker.wake();
        });
        yard.run_until_finished(&handle);
        by_ref.join().unwrap();
        by_value.join().unwrap();
        drop(handle);
        drops.assert(1, 0);
        yard.assert_last();
    });
}

#[test]
fn a_wake_that_finds_the_count_full_is_seen() {
    loom::model(|| {
        let yard = Yard::new();
        let data = Arc::new(AtomicUsize::new(0));
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(Until(data.clone())));
        // It is queued, so these only count.
        (0..3).for_each(|_| waker.wake_by_ref());
        let waking = thread::spawn(move || {
            data.store(1, Ordering::Relaxed);
            waker.wake_by_ref();
        });
        yard.run_until_finished(&handle);
        waking.join().unwrap();
        drop(handle);
        drops.assert(1, 1);
        yard.assert_last();
    });
}

#[test]
fn an_abort_meets_a_start_that_sets_the_count_back() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(std::future::pending()));
        (0..3).for_each(|_| waker.wake_by_ref());
        drop(waker);
        let handle = Arc::new(handle);
        let aborter = thread::spawn({
            let handle = handle.clone();
            move || handle.abort()
        });
        yard.run_until_finished(&handle);
        aborter.join().unwrap();
        drop(handle);
        drops.assert(1, 0);
        yard.assert_last();
    });
}

#[test]
fn a_task_that_woke_itself_goes_on_where_another_thread_takes_it() {
    loom::model(|| {
        let yard = Yard::new();
        let data = Arc::new(AtomicUsize::new(0));
        let drops = Counts::default();
        let (future, seen) = (SelfWake { left: 1 }, drops.future());
        let (waker, handle) = yard.spawn({
            let data = data.clone();
            async move {
                let _seen = seen;
                future.await;
                Until(data).await;
            }
        });
        let waking = thread::spawn(move || {
            data.store(1, Ordering::Relaxed);
            waker.wake();
        });
        // The end of this poll writes nothing, unless the wake came in between.
        yard.run_one();
        let other = thread::spawn({
            let yard = yard.clone();
            move || yard.run_elsewhere()
        });
        yard.run_until_finished(&handle);
        waking.join().unwrap();
        other.join().unwrap();
        drop(handle);
        drops.assert(1, 0);
        yard.assert_last();
    });
}

#[test]
fn a_join_and_a_dropped_waker_meet_the_completion() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready());
        let dropper = thread::spawn(move || drop(waker));
        let joiner = thread::spawn(move || block_on(handle).expect("the task returned"));
        yard.run_one();
        dropper.join().unwrap();
        let output = joiner.join().unwrap();
        drops.assert(1, 0);
        drop(output);
        drops.assert(1, 1);
        yard.assert_last();
    });
}

#[test]
fn a_handle_that_is_polled_and_dropped_meets_the_completion() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, mut handle) = yard.spawn(drops.ready());
        drop(waker);
        let join_wakes = Arc::new(Wakes::default());
        let dropper = thread::spawn({
            let join_wakes = join_wakes.clone();
            move || {
                let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(&join_wakes.into()));
                drop(handle);
                polled.is_ready()
            }
        });
        yard.run_one();
        dropper.join().unwrap();
        drops.assert(1, 1);
        assert_eq!(Arc::strong_count(&join_wakes), 1, "the join waker leaked");
        yard.assert_last();
    });
}

#[test]
fn an_abort_handle_meets_the_completion_and_the_last_drop() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready());
        drop(waker);
        let first = handle.abort_handle();
        let second = first.clone();
        let aborter = thread::spawn(move || {
            first.abort();
            drop(first);
        });
        let dropper = thread::spawn(move || {
            drop(handle);
            drop(second);
        });
        yard.run_one();
        aborter.join().unwrap();
        dropper.join().unwrap();
        // The output is dropped if it was made: an abort may come first.
        drops.assert_future_once();
        yard.assert_last();
    });
}

#[test]
fn a_changed_join_waker_is_the_one_that_is_woken() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, mut handle) = yard.spawn(drops.ready());
        drop(waker);
        let joiner = thread::spawn(move || {
            let first = Waker::from(Arc::new(Wakes::default()));
            if let Poll::Ready(output) = Pin::new(&mut handle).poll(&mut Context::from_waker(&first)) {
                return output.is_ok();
            }
            block_on(handle).is_ok()
        });
        yard.run_one();
        assert!(joiner.join().unwrap());
        drops.assert(1, 1);
        yard.assert_last();
    });
}

#[test]
fn an_abort_meets_a_self_wake_and_a_completion() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(SelfWake { left: 1 }));
        drop(waker);
        let handle = Arc::new(handle);
        let aborter = thread::spawn({
            let handle = handle.clone();
            move || handle.abort()
        });
        yard.run_until_finished(&handle);
        aborter.join().unwrap();
        let cancelled = match block_on(Arc::into_inner(handle).unwrap()) {
            Ok(_output) => false,
            Err(error) => error.is_cancelled(),
        };
        drops.assert(1, usize::from(!cancelled));
        yard.assert_last();
    });
}

#[test]
fn an_abort_meets_a_wake_of_an_idle_task() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let data = Arc::new(AtomicUsize::new(0));
        let (waker, handle) = yard.spawn(drops.ready_after(Until(data.clone())));
        yard.run_one();
        let waking = thread::spawn(move || {
            data.store(1, Ordering::Relaxed);
            waker.wake();
        });
        let handle = Arc::new(handle);
        let aborter = thread::spawn({
            let handle = handle.clone();
            move || handle.abort()
        });
        yard.run_until_finished(&handle);
        waking.join().unwrap();
        aborter.join().unwrap();
        let cancelled = block_on(Arc::into_inner(handle).unwrap()).is_err();
        drops.assert(1, usize::from(!cancelled));
        yard.assert_last();
    });
}

#[test]
fn an_abort_during_a_poll_that_stays_pending_is_not_lost() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(std::future::pending()));
        drop(waker);
        let handle = Arc::new(handle);
        let aborter = thread::spawn({
            let handle = handle.clone();
            move || handle.abort()
        });
        yard.run_until_finished(&handle);
        aborter.join().unwrap();
        assert!(block_on(Arc::into_inner(handle).unwrap()).is_err());
        drops.assert(1, 0);
        yard.assert_last();
    });
}

#[test]
fn shutdown_waits_for_a_task_between_its_bit_and_its_push() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(std::future::pending()));
        yard.run_one();
        let waking = thread::spawn(move || waker.wake());
        yard.shut_down();
        drops.assert(1, 0);
        assert!(handle.is_finished());
        waking.join().unwrap();
        drop(handle);
        assert!(yard.queue.pop().is_none());
        yard.assert_last();
    });
}

#[test]
fn shutdown_meets_an_abort_and_a_wake() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready_after(std::future::pending()));
        yard.run_one();
        let aborter = thread::spawn(move || handle.abort());
        let waking = thread::spawn(move || waker.wake_by_ref());
        yard.shut_down();
        drops.assert(1, 0);
        aborter.join().unwrap();
        waking.join().unwrap();
        yard.assert_last();
    });
}

#[test]
fn the_last_of_three_references_frees_the_cell() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let (waker, handle) = yard.spawn(drops.ready());
        yard.run_one();
        let waking = thread::spawn({
            let waker = waker.clone();
            move || waker.wake()
        });
        let dropper = thread::spawn(move || drop(waker));
        drop(handle);
        waking.join().unwrap();
        dropper.join().unwrap();
        drops.assert(1, 1);
        yard.assert_last();
    });
}

#[test]
fn wakers_that_are_cloned_in_a_poll_are_counted_when_it_ends() {
    loom::model(|| {
        let yard = Yard::new();
        let drops = Counts::default();
        let given = Arc::new(SegQueue::new());
        let (waker, handle) = yard.spawn(drops.ready_after(GivesAway {
            given: given.clone(),
            left: 2,
        }));
        drop(waker);
        // It may come before the wakers do; what is left then is seen to below.
        let foreign = thread::spawn({
            let given = given.clone();
            move || {
                given.pop().map(Waker::wake);
                drop(given.pop());
            }
        });
        yard.run_one();
        if let Some(task) = yard.pop() {
            yard.run(task);
        }
        foreign.join().unwrap();
        while let Some(waker) = given.pop() {
            waker.wake();
        }
        if let Some(task) = yard.pop() {
            yard.run(task);
        }
        assert!(handle.is_finished());
        drop(handle);
        drops.assert(1, 1);
        drop(given);
        yard.assert_last();
    });
}

/// Ready when its datum is set; it counts on being woken and leaves no waker.
struct Until(Arc<AtomicUsize>);

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.load(Ordering::Relaxed) {
            0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }
}

/// Ready when both data are set.
struct UntilBoth(Arc<[AtomicUsize; 2]>);

impl Future for UntilBoth {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.iter().all(|datum| datum.load(Ordering::Relaxed) == 1) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Gives so many wakers away in its first poll, and drops one itself; ready when it is polled again.
struct GivesAway {
    given: Arc<SegQueue<Waker>>,
    left: u32,
}

impl Future for GivesAway {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        for _ in 0..mem::take(&mut self.left) {
            self.given.push(cx.waker().clone());
        }
        drop(cx.waker().clone());
        Poll::Pending
    }
}

struct SelfWake {
    left: u32,
}

impl Future for SelfWake {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[derive(Default)]
struct Wakes(Counter);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for one future, without any of the code under test.
fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(current_thread())));
    loop {
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => park_thread(),
        }
    }
}
