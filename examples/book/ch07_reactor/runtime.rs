//! The runtime of chapter 6, which now parks where the system tells it of sockets.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::join::{JoinHandle, promise};
use crate::reactor::{Reactor, Sockets};
use crate::story::{self, Event};
use crate::timers::Timers;

// ANCHOR: runtime
pub(crate) struct Runtime {
    queue: Mutex<VecDeque<Arc<Task>>>,
    pub(crate) timers: Mutex<Timers>,
    pub(crate) sockets: Sockets,
    /// The loop's.
    thread: ThreadId,
    told: Told,
}
// ANCHOR_END: runtime

// ANCHOR: block_on
/// Runs a future to its end on this thread, and meanwhile every task that is spawned in it.
pub(crate) fn block_on<F>(told: Told, future: F) -> io::Result<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (mut reactor, sockets) = Reactor::new()?;
    let runtime = Arc::new(Runtime {
        queue: Mutex::default(),
        timers: Mutex::default(),
        sockets,
        thread: thread::current().id(),
        told,
    });
    CURRENT.set(Some(runtime.clone()));
    let main = spawn("main", future);
    let mut polls = 0;
    let output = loop {
        if let Some(output) = main.take_output() {
            break output;
        }
        match runtime.pop() {
            Some(task) => {
                task.run(&runtime);
                polls += 1;
                // Tasks that always have something to do must not keep the others' events from them.
                if polls % POLLS_BEFORE_A_LOOK == 0 {
                    runtime.turn(&mut reactor, Some(Duration::ZERO));
                }
            }
            None => runtime.park(&mut reactor),
        }
    };
    CURRENT.set(None);
    Ok(output)
}

const POLLS_BEFORE_A_LOOK: u32 = 64;
// ANCHOR_END: block_on

// ANCHOR: park
impl Runtime {
    /// With nothing to run: until somebody is in the queue.
    fn park(&self, reactor: &mut Reactor) {
        self.tell(Event::Park(None));
        while self.queue.lock().unwrap().is_empty() {
            let next = self.timers.lock().unwrap().next_deadline();
            let timeout = next.map(|next| next.saturating_duration_since(Instant::now()));
            self.turn(reactor, timeout);
        }
    }

    /// Waits for events at most for `timeout`, and wakes whoever waits for them, or for a deadline that has passed.
    fn turn(&self, reactor: &mut Reactor, timeout: Option<Duration>) {
        // Wakers may run any code, so they run when nothing is locked.
        for (token, waker) in reactor.turn(&self.sockets, timeout) {
            self.tell(Event::Ready(token.0 as u64));
            waker.wake();
        }
        let due = self.timers.lock().unwrap().take_due(Instant::now());
        due.into_iter().for_each(Waker::wake);
    }

    /// There is something new for the loop: it shall look again before it sleeps on.
    pub(crate) fn unpark(&self) {
        // On its own thread it is awake, and looks before it sleeps.
        if thread::current().id() != self.thread {
            self.sockets.ring();
        }
    }

    fn push(&self, task: Arc<Task>) {
        self.queue.lock().unwrap().push_back(task);
        self.unpark();
    }
    // ANCHOR_END: park

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
            let name = self.name;
            if !self.queued.swap(true, Ordering::AcqRel) {
                runtime.push(self);
                runtime.tell(Event::Wake(name));
            }
        }
    }
}

impl Task {
    fn run(self: Arc<Self>, runtime: &Runtime) {
        self.queued.swap(false, Ordering::AcqRel);
        ON_THE_CPU.set(self.name);
        runtime.tell(Event::Poll(self.name));
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap();
        if let Some(future) = &mut *slot {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            runtime.tell(self.polled(polled));
            if polled.is_ready() {
                *slot = None;
            }
        }
        ON_THE_CPU.set(NOBODY);
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
    runtime.push(Arc::new(task));
    runtime.tell(Event::Spawn(name));
    handle
}

// ANCHOR: current
pub(crate) fn current() -> Arc<Runtime> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("there is no reactor here: this is for the inside of block_on")
}
// ANCHOR_END: current

const NOBODY: &str = "-";

thread_local! {
    static CURRENT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
    static ON_THE_CPU: Cell<&'static str> = const { Cell::new(NOBODY) };
}

#[derive(PartialEq)]
pub(crate) enum Told {
    Aloud,
    Silently,
}

/// Prints what has happened, and how things stand after it, as in chapter 5.
pub(crate) fn tell(event: Event<'_>) {
    CURRENT.with_borrow(|runtime| runtime.iter().for_each(|runtime| runtime.tell(event)));
}

impl Runtime {
    fn tell(&self, event: Event<'_>) {
        if self.told == Told::Silently {
            return;
        }
        story::tell(event);
        // On the page this is a part of the socket's picture.
        if !matches!(event, Event::WaitToRead(_) | Event::WaitToWrite(_)) {
            let names: Vec<_> = self.queue.lock().unwrap().iter().map(|task| task.name).collect();
            let (queue, cpu) = (format!("[{}]", names.join(" ")), ON_THE_CPU.get());
            println!("    {event:<19} queue {queue:<13} cpu {cpu}");
        }
    }
}
