//! Exercise 12: the task that nobody dropped. To chapter 12. A broken runtime: tasks are stranded at its end.
//!
//! When `block_on` returns, some tasks still wait. Their futures hold things whose destructors matter: a file to be flushed, a
//! count to go down. The task `waits` is dropped with its runtime. So is `flushes`, which is in the queue. But two tasks wait for each
//! other, each with the waker of the other one, and a waker is a reference to the task, and the task has the future:
//!
//! ```text
//! 2 of 4 destructors have run
//! ```
//!
//! Mend `block_on` and `spawn`, for which `Runtime` may get what it needs. At the end of the runtime the futures of all tasks are to be dropped, whoever has a waker of them.
//!
//! Hint: the runtime has to know its tasks, and must not keep those that are complete for ever; a `Weak` does both. A destructor may
//! spawn and wake. So nothing may be locked or borrowed while a future is dropped.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Runtime {
    queue: Mutex<VecDeque<Arc<Task>>>,
}

struct Task {
    /// `None` once it is complete, or was cancelled.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    runtime: Weak<Runtime>,
}

thread_local! {
    static CURRENT: RefCell<Weak<Runtime>> = const { RefCell::new(Weak::new()) };
}

/// Runs a future to its end, and tasks meanwhile. It need not sleep: in here only tasks wake each other.
fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = Arc::new(Runtime::default());
    CURRENT.set(Arc::downgrade(&runtime));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        let task = runtime.queue.lock().unwrap().pop_front();
        task.expect("nobody is in the queue, and the main future waits")
            .run();
    }
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    let Some(runtime) = CURRENT.with_borrow(Weak::upgrade) else {
        return;
    };
    let task = Arc::new(Task {
        future: Mutex::new(Some(Box::pin(future))),
        runtime: Arc::downgrade(&runtime),
    });
    runtime.queue.lock().unwrap().push_back(task);
}

impl Task {
    fn run(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut future = self.future.lock().unwrap();
        if let Some(polled) = &mut *future {
            if polled.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *future = None;
            }
        }
    }
}

impl Wake for Task {
    /// A task that is queued twice is polled twice, which is harmless.
    fn wake(self: Arc<Self>) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.queue.lock().unwrap().push_back(self);
        }
    }
}

/// Something whose destructor matters. When it is dropped it spawns, as a destructor may that closes a connection.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        spawn(async {});
    }
}

/// So that each of two has the other's waker.
type Pair = Arc<Mutex<[Option<Waker>; 2]>>;

async fn waits_for_the_other(pair: Pair, me: usize, held: Counted) {
    poll_fn(|cx| {
        pair.lock().unwrap()[me] = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
    drop(held);
}

/// Lets so many tasks run.
async fn tasks_have_run(count: u32) {
    let mut left = count;
    poll_fn(|_| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[test]
fn at_its_end_a_runtime_drops_all_futures() {
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = || Counted(dropped.clone());
    block_on(async {
        let pair = Pair::default();
        spawn(waits_for_the_other(pair.clone(), 0, counted()));
        spawn(waits_for_the_other(pair, 1, counted()));
        let waits = counted();
        spawn(async move {
            let _waits = waits;
            pending().await
        });
        tasks_have_run(3).await;
        let flushes = counted();
        spawn(async move {
            let _flushes = flushes;
        });
    });
    let dropped = dropped.load(Ordering::Relaxed);
    assert_eq!(dropped, 4, "{dropped} of 4 destructors have run");
}

#[test]
fn a_task_that_is_complete_was_dropped_before() {
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = Counted(dropped.clone());
    let before_the_end = block_on(async {
        spawn(async move { drop(counted) });
        tasks_have_run(1).await;
        dropped.load(Ordering::Relaxed)
    });
    assert_eq!(before_the_end, 1);
}
