//! The runtime of chapter 6, which now also has threads for what blocks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

use crate::join::{JoinHandle, promise};
use crate::parker::Parker;
use crate::pool::Pool;
use crate::story::{self, Event};
use crate::timers::Timers;

// ANCHOR: runtime
pub(crate) struct Runtime {
    queue: Mutex<VecDeque<Arc<Task>>>,
    parker: Parker,
    pub(crate) timers: Mutex<Timers>,
    pool: Pool,
}

/// Runs a future to its end on this thread, and meanwhile every task that is spawned in it. `limit` is how many threads
/// its pool may have.
pub(crate) fn block_on<F>(limit: usize, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = Arc::new(Runtime {
        queue: Mutex::default(),
        parker: Parker::default(),
        timers: Mutex::default(),
        pool: Pool::new(limit),
    });
    CURRENT.set(Some(runtime.clone()));
    let main = spawn("main", future);
    let output = loop {
        if let Some(output) = main.take_output() {
            break output;
        }
        match runtime.pop() {
            Some(task) => task.run(),
            None => runtime.park(),
        }
        runtime.fire_timers();
    };
    CURRENT.set(None);
    runtime.pool.close();
    output
}
// ANCHOR_END: runtime

// ANCHOR: spawn_blocking
/// Runs `work` on a thread of the pool, where it may block.
pub(crate) fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<thread::Result<T>> {
    pool().submit(work)
}
// ANCHOR_END: spawn_blocking

pub(crate) fn pool() -> Pool {
    current().pool.clone()
}

impl Runtime {
    fn park(&self) {
        let next = self.timers.lock().unwrap().next_deadline();
        let timeout = next.map(|next| next.saturating_duration_since(Instant::now()));
        story::tell(Event::Park(timeout));
        self.parker.park(timeout);
    }

    fn fire_timers(&self) {
        let due = self.timers.lock().unwrap().take_due(Instant::now());
        for (timer, waker) in due {
            story::tell(Event::TimerFire(timer));
            waker.wake();
        }
    }

    pub(crate) fn unpark(&self) {
        self.parker.unpark();
    }

    fn push(&self, task: Arc<Task>) {
        self.queue.lock().unwrap().push_back(task);
        self.unpark();
    }

    fn pop(&self) -> Option<Arc<Task>> {
        self.queue.lock().unwrap().pop_front()
    }
}

struct Task {
    name: &'static str,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    queued: AtomicBool,
    runtime: Weak<Runtime>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if let Some(runtime) = self.runtime.upgrade() {
            if self.queued.swap(true, Ordering::AcqRel) {
                return story::tell(Event::WakeOfQueued(self.name));
            }
            story::tell(Event::Wake(self.name));
            runtime.push(self);
        }
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        story::tell(Event::Poll(self.name));
        self.queued.swap(false, Ordering::AcqRel);
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap();
        if let Some(future) = &mut *slot {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            story::tell(self.polled(polled));
            if polled.is_ready() {
                *slot = None;
            }
        }
    }

    /// The end of its poll, in which the loop and the poll's own waker refer to it, and the queue if it is in there.
    fn polled(self: &Arc<Self>, polled: Poll<()>) -> Event<'_> {
        let is_queued = self.queued.load(Ordering::Relaxed);
        Event::Polled {
            task: self.name,
            polled,
            wakers: Arc::strong_count(self) - 2 - usize::from(is_queued),
        }
    }
}

pub(crate) fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = current();
    let (promise, handle) = promise();
    let task = Task {
        name,
        future: Mutex::new(Some(Box::pin(async move { promise.keep(future.await) }))),
        queued: AtomicBool::new(true),
        runtime: Arc::downgrade(&runtime),
    };
    story::tell(Event::Spawn(name));
    runtime.push(Arc::new(task));
    handle
}

/// Lets everybody run who is in the queue now.
pub(crate) async fn yield_now() {
    Yield { yielded: false }.await;
}

struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

pub(crate) fn current() -> Arc<Runtime> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("this is called inside block_on")
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
}
