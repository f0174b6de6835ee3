//! B12: wakers run or dropped under a lock of ours.
//!
//! A waker whose clone, wake and drop each call back into the executor that calls it: they spawn, abort, join, drop
//! handles. If a lock of ours were held meanwhile, the call back would wait for it for ever, which the watchdog
//! reports.

mod counting_park;
mod gate;
mod watchdog;

use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;

use counting_park::CountingPark;
use gate::Key;
use reveille_executor::{CurrentThread, Handle, JoinHandle, Park, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

/// What a reentrant waker acts on, and how often each of its functions did.
struct Target {
    handle: Handle,
    kept: Mutex<Option<JoinHandle<()>>>,
    inner: Option<Waker>,
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
}

thread_local! {
    /// A call back that wakes is not called back again.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Target {
    fn new(handle: Handle, inner: Option<Waker>) -> Arc<Self> {
        Arc::new(Self {
            handle,
            kept: Mutex::new(None),
            inner,
            clones: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
            drops: AtomicUsize::new(0),
        })
    }

    /// Calls everything of the executor that can be called from anywhere.
    fn call_back(&self) {
        if INSIDE.with(|inside| inside.replace(true)) {
            return;
        }
        drop(self.handle.spawn(yield_now()));
        let aborted = self.handle.spawn(std::future::pending());
        aborted.abort();
        let mut joined = pin!(self.handle.spawn(async {}));
        let _ = joined.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let _entered = self.handle.enter();
        if Handle::try_current().is_some() {
            drop(spawn(async {}));
        }
        let earlier = self.kept.lock().unwrap().replace(aborted);
        if let Some(earlier) = earlier {
            let _ = earlier.is_finished();
            drop(earlier);
        }
        INSIDE.with(|inside| inside.set(false));
    }

    fn counts(&self) -> [usize; 3] {
        [&self.clones, &self.wakes, &self.drops].map(|count| count.load(Ordering::SeqCst))
    }
}

fn reentrant(target: &Arc<Target>) -> Waker {
    // SAFETY: the table's functions treat the data as the `Arc<Target>` that it is.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(target.clone()).cast(), &TABLE)) }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: a waker holds one count of its target, which stays its own.
        let target = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Target>()) });
        target.clones.fetch_add(1, Ordering::SeqCst);
        target.call_back();
        RawWaker::new(Arc::into_raw(Arc::clone(&target)).cast(), &TABLE)
    },
    |data| {
        // SAFETY: the waker's count is used up with it.
        let target = unsafe { Arc::from_raw(data.cast::<Target>()) };
        wake(&target);
    },
    |data| {
        // SAFETY: as in clone.
        let target = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Target>()) });
        wake(&target);
    },
    |data| {
        // SAFETY: the waker's count is used up with it.
        let target = unsafe { Arc::from_raw(data.cast::<Target>()) };
        target.drops.fetch_add(1, Ordering::SeqCst);
        target.call_back();
    },
);

fn wake(target: &Target) {
    target.wakes.fetch_add(1, Ordering::SeqCst);
    target.call_back();
    if let Some(inner) = &target.inner {
        inner.wake_by_ref();
    }
}

fn poll<T>(task: &mut JoinHandle<T>, waker: &Waker) -> bool {
    Pin::new(task).poll(&mut Context::from_waker(waker)).is_ready()
}

#[test]
fn b12_a_reentrant_waker_waits_for_a_task_is_replaced_and_is_woken() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let key = Key::default();
        let mut task = executor.handle().spawn(key.gate());
        let targets = [0, 1].map(|_| Target::new(executor.handle(), None));
        let wakers = targets.each_ref().map(reentrant);
        assert!(!poll(&mut task, &wakers[0]));
        assert_eq!(targets[0].counts(), [1, 0, 0]);
        assert!(!poll(&mut task, &wakers[1]));
        assert_eq!(targets[0].counts(), [1, 0, 1]);
        executor.block_on(yield_now());
        key.open();
        executor.block_on(yield_now());
        assert_eq!(targets[1].counts(), [1, 1, 0]);
        assert!(poll(&mut task, &wakers[1]));
    });
}

#[test]
fn b12_a_reentrant_waker_is_dropped_with_its_handle() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let mut task = executor.handle().spawn(async {});
        let target = Target::new(executor.handle(), None);
        let waker = reentrant(&target);
        assert!(!poll(&mut task, &waker));
        drop(task);
        drop(waker);
        assert_eq!(target.counts(), [1, 0, 2]);
        executor.block_on(yield_now());
    });
}

#[test]
fn b12_a_reentrant_waker_is_woken_by_a_shutdown() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let key = Key::default();
        let target = Target::new(executor.handle(), None);
        let waker = reentrant(&target);
        let mut tasks = [
            executor.handle().spawn(key.gate()),
            executor.handle().spawn(key.gate()),
        ];
        executor.block_on(yield_now());
        for task in &mut tasks {
            assert!(!poll(task, &waker));
        }
        drop(executor);
        assert_eq!(target.counts(), [2, 2, 0]);
        for task in tasks {
            assert!(pollster::block_on(task).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn b12_a_reentrant_waker_is_woken_by_the_end_of_a_local_task() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let target = Target::new(executor.handle(), None);
        let waker = reentrant(&target);
        let mut kept = None;
        executor.block_on(async {
            let mut ends = spawn_local(yield_now());
            assert!(!poll(&mut ends, &waker));
            let cancelled = kept.insert(spawn_local(std::future::pending::<()>()));
            assert!(!poll(cancelled, &waker));
            yield_now().await;
            yield_now().await;
            assert_eq!(target.counts(), [2, 1, 0]);
        });
        assert_eq!(target.counts()[1], 2, "the second ended with the block_on");
    });
}

#[test]
fn b12_a_reentrant_waker_is_given_out_by_the_park() {
    watched(|| {
        let (park, counts) = CountingPark::new();
        let executor = CurrentThread::new(park);
        let mut target = None;
        executor.block_on(std::future::poll_fn(|cx| {
            if target.is_some() {
                return Poll::Ready(());
            }
            let new = Target::new(executor.handle(), Some(cx.waker().clone()));
            counts.add_event(reentrant(&new));
            target = Some(new);
            Poll::Pending
        }));
        assert_eq!(target.unwrap().counts(), [0, 1, 0]);
    });
}

/// A park whose unparker is a reentrant waker: it is called wherever a foreign wake ends.
struct ReentrantPark {
    inner: ThreadPark,
    target: Arc<Mutex<Option<Arc<Target>>>>,
}

impl Park for ReentrantPark {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<std::time::Duration>, woken: &mut Vec<Waker>) {
        self.inner.park(timeout, woken);
    }

    fn turn(&mut self, _: &mut Vec<Waker>) {}

    fn unparker(&self) -> Waker {
        struct Unparker(Waker, Arc<Mutex<Option<Arc<Target>>>>);
        impl std::task::Wake for Unparker {
            fn wake(self: Arc<Self>) {
                let target = self.1.lock().unwrap().clone();
                if let Some(target) = target {
                    target.call_back();
                }
                self.0.wake_by_ref();
            }
        }
        Waker::from(Arc::new(Unparker(self.inner.unparker(), self.target.clone())))
    }
}

#[test]
fn b12_a_reentrant_unparker_is_called_by_spawns_wakes_and_aborts_from_elsewhere() {
    watched(|| {
        let place = Arc::new(Mutex::new(None));
        let executor = CurrentThread::new(ReentrantPark {
            inner: ThreadPark::new(),
            target: place.clone(),
        });
        *place.lock().unwrap() = Some(Target::new(executor.handle(), None));
        let keys: Vec<_> = (0..20).map(|_| Key::default()).collect();
        let tasks: Vec<_> = keys
            .iter()
            .map(|key| executor.handle().spawn(key.gate()))
            .collect();
        let foreign = thread::spawn({
            let handle = executor.handle();
            move || {
                for (index, key) in keys.iter().enumerate() {
                    drop(handle.spawn(async {}));
                    match index % 2 {
                        0 => key.open(),
                        _ => tasks[index].abort(),
                    }
                }
                tasks
            }
        });
        let tasks = foreign.join().unwrap();
        executor.block_on(async {
            for (index, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.is_ok(), index % 2 == 0);
            }
        });
        drop(executor);
        // Breaks the circle of the unparker, its target and the home that holds the unparker.
        drop(place.lock().unwrap().take());
    });
}
