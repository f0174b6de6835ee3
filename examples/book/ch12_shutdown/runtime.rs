//! The runtime of chapter 5 with a list of its tasks, which it drops at its end. Its clock stands, as one of chapter 6.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};

use crate::contained::Contained;
use crate::join::{JoinHandle, promise};
use crate::story::{self, Event};
use crate::time::Timers;

pub(crate) struct Runtime(Arc<Shared>);

// ANCHOR: shared
pub(crate) struct Shared {
    queue: Mutex<VecDeque<Arc<Task>>>,
    owned: Mutex<Owned>,
    pub(crate) timers: Mutex<Timers>,
}

/// All tasks that are not over, by the order in which they were spawned.
#[derive(Default)]
struct Owned {
    tasks: BTreeMap<u64, Arc<Task>>,
    spawned: u64,
    is_closed: bool,
}
// ANCHOR_END: shared

pub(crate) struct Task {
    number: u64,
    name: String,
    /// `None` once it is over.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    queued: AtomicBool,
    runtime: Weak<Shared>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if let Some(runtime) = self.runtime.upgrade() {
            if self.queued.swap(true, Ordering::AcqRel) {
                story::tell(Event::WakeOfQueued(&self.name));
            } else {
                story::tell(Event::Wake(&self.name));
                runtime.queue.lock().unwrap().push_back(self);
            }
        }
    }
}

impl Task {
    fn run(self: Arc<Self>, runtime: &Shared) {
        self.queued.swap(false, Ordering::AcqRel);
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap();
        let Some(future) = &mut *slot else { return };
        story::tell(Event::Poll(&self.name));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        story::tell(self.polled(polled));
        if polled.is_ready() {
            *slot = None;
            drop(slot);
            runtime.owned.lock().unwrap().tasks.remove(&self.number);
        }
    }

    // ANCHOR: cancel
    /// Drops the future, whose destructors may run any code: they may spawn, wake, and panic.
    fn cancel(&self) {
        let future = self.future.lock().unwrap().take();
        story::tell(Event::ShutDown(&self.name));
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }
    // ANCHOR_END: cancel

    /// The end of its poll, in which the loop, the list and the poll's own waker refer to it, and the queue if it is in there.
    fn polled(self: &Arc<Self>, polled: Poll<()>) -> Event<'_> {
        let is_queued = self.queued.load(Ordering::Relaxed);
        Event::Polled {
            task: &self.name,
            polled,
            wakers: Arc::strong_count(self) - 3 - usize::from(is_queued),
        }
    }
}

/// Who was forgotten tells of its own end.
impl Drop for Task {
    fn drop(&mut self) {
        if self.future.get_mut().is_ok_and(|future| future.is_some()) {
            story::tell(Event::ShutDown(&self.name));
        }
    }
}

impl Runtime {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            queue: Mutex::default(),
            owned: Mutex::default(),
            timers: Mutex::default(),
        }))
    }

    /// Runs a future to its end, and meanwhile the tasks. It is polled and dropped here, so it may borrow, and a panic of it
    /// is the caller's.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = Entered::new(&self.0);
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        story::tell(Event::Root(ROOT));
        loop {
            if woken.0.swap(false, Ordering::AcqRel) {
                story::tell(Event::Poll(ROOT));
                let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
                story::tell(woken.polled(polled.is_ready()));
                if let Poll::Ready(output) = polled {
                    return output;
                }
            }
            // Those that are queued now; who wakes itself comes after the main future.
            let queued = self.0.queue.lock().unwrap().split_off(0);
            if queued.is_empty() && !woken.0.load(Ordering::Acquire) {
                let fired = self.0.timers.lock().unwrap().step();
                fired.expect("all wait, and there is no timer").wake();
            }
            for task in queued {
                task.run(&self.0);
            }
        }
    }

    // ANCHOR: shut_down
    /// Cancels all tasks, in the order in which they were spawned. How many there were.
    pub(crate) fn shut_down(self) -> usize {
        self.cancel_tasks()
    }

    fn cancel_tasks(&self) -> usize {
        // A destructor may ask for the runtime that it is in.
        let _entered = Entered::new(&self.0);
        let tasks = {
            let mut owned = self.0.owned.lock().unwrap();
            // In one step with taking the list: what is spawned after that would be in no list.
            owned.is_closed = true;
            std::mem::take(&mut owned.tasks)
        };
        let count = tasks.len();
        cancel_all(tasks.into_values());
        count
    }
    // ANCHOR_END: shut_down

    /// Loses the list, and with it the tasks that nobody else refers to.
    pub(crate) fn forget_tasks(self) -> Vec<Weak<Task>> {
        let tasks = std::mem::take(&mut self.0.owned.lock().unwrap().tasks);
        tasks.values().map(Arc::downgrade).collect()
    }

    /// How many tasks are not over.
    pub(crate) fn tasks(&self) -> usize {
        self.0.owned.lock().unwrap().tasks.len()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.cancel_tasks();
    }
}

pub(crate) fn cancel_all(tasks: impl Iterator<Item = Arc<Task>>) {
    for task in tasks {
        task.cancel();
    }
}

// ANCHOR: spawn
pub(crate) fn spawn<F>(name: impl Into<String>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = current();
    let (promise, handle) = promise();
    let future = Contained::new(future);
    let mut owned = runtime.owned.lock().unwrap();
    if owned.is_closed {
        // The future, and the promise that goes with it, are dropped: it is as if the task had been cancelled at once.
        drop(owned);
        drop(future);
        return handle;
    }
    owned.spawned += 1;
    let task = Arc::new(Task {
        number: owned.spawned,
        name: name.into(),
        future: Mutex::new(Some(Box::pin(async move { promise.keep(future.await) }))),
        queued: AtomicBool::new(true),
        runtime: Arc::downgrade(&runtime),
    });
    owned.tasks.insert(task.number, task.clone());
    drop(owned);
    story::tell(Event::Spawn(&task.name));
    runtime.queue.lock().unwrap().push_back(task);
    handle
}
// ANCHOR_END: spawn

pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whether the main future was woken.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        story::tell(Event::Wake(ROOT));
        self.0.swap(true, Ordering::AcqRel);
    }
}

/// The main future.
const ROOT: &str = "main";

impl Woken {
    /// As of a task: the end of a poll of the main future.
    fn polled(self: &Arc<Self>, is_ready: bool) -> Event<'static> {
        Event::Polled {
            task: ROOT,
            polled: if is_ready { Poll::Ready(()) } else { Poll::Pending },
            wakers: Arc::strong_count(self) - 2,
        }
    }
}

pub(crate) fn current() -> Arc<Shared> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("this is called inside a runtime")
}

/// The runtime is this thread's, until this is dropped.
struct Entered;

impl Entered {
    fn new(runtime: &Arc<Shared>) -> Self {
        CURRENT.set(Some(runtime.clone()));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}
