//! The runtime of chapter 5, which now also has a clock and timers.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::clock::Clock;
use crate::join::{JoinHandle, promise};
use crate::parker::Parker;
use crate::story::{self, Event};
use crate::wheel::Wheel;

// ANCHOR: runtime
pub(crate) struct Runtime {
    queue: Mutex<VecDeque<Arc<Task>>>,
    pub(crate) parker: Parker,
    pub(crate) time: Mutex<Time>,
}

pub(crate) struct Time {
    pub(crate) clock: Clock,
    pub(crate) wheel: Wheel<Waker>,
}
// ANCHOR_END: runtime

// ANCHOR: block_on
/// Runs a future to its end on this thread, and meanwhile every task that is spawned in it.
pub(crate) fn block_on<F>(clock: Clock, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = Arc::new(Runtime {
        queue: Mutex::default(),
        parker: Parker::default(),
        time: Mutex::new(Time {
            clock,
            wheel: Wheel::new(0),
        }),
    });
    CURRENT.set(Some(runtime.clone()));
    let main = spawn("main", future);
    let output = loop {
        if let Some(output) = main.take_output() {
            break output;
        }
        match runtime.pop() {
            Some(task) => task.run(),
            None => runtime.wait(),
        }
        runtime.fire_timers();
    };
    CURRENT.set(None);
    output
}
// ANCHOR_END: block_on

// ANCHOR: wait
impl Runtime {
    /// With nothing to run: until the next deadline, or until something is woken.
    fn wait(&self) {
        let mut time = self.time.lock().unwrap();
        let next = time.wheel.next_deadline().map(Duration::from_millis);
        let timeout = match (&mut time.clock, next) {
            // Nobody has anything to do before that.
            (Clock::Standing { at }, Some(next)) => {
                story::tell(Event::Park(Some(next.saturating_sub(*at))));
                *at = next;
                return story::set_time(next);
            }
            (clock, next) => next.map(|next| next.saturating_sub(clock.now())),
        };
        drop(time);
        self.parker.park(timeout);
    }

    fn fire_timers(&self) {
        let mut time = self.time.lock().unwrap();
        let tick = time.clock.tick();
        let mut fired = Vec::new();
        time.wheel.advance(tick, &mut fired);
        // Wakers may run any code, so they run when nothing is locked.
        drop(time);
        for (key, waker) in fired {
            story::tell(Event::TimerFire(key.id));
            waker.wake();
        }
    }
}
// ANCHOR_END: wait

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
        self.queued.swap(false, Ordering::AcqRel);
        story::tell(Event::Poll(self.name));
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

impl Runtime {
    fn push(&self, task: Arc<Task>) {
        self.queue.lock().unwrap().push_back(task);
        self.parker.unpark();
    }

    fn pop(&self) -> Option<Arc<Task>> {
        self.queue.lock().unwrap().pop_front()
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

/// The time by this runtime's clock.
pub(crate) fn now() -> Duration {
    current().time.lock().unwrap().clock.now()
}

/// How many timers are set.
pub(crate) fn timers() -> usize {
    current().time.lock().unwrap().wheel.len()
}

pub(crate) fn current() -> Arc<Runtime> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("this is called inside block_on")
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
}
