//! A runtime on one thread, which can end a task before it is complete, and which finds out when everybody waits.
//!
//! Its tasks stay on their thread, so they need not be `Send`, and an `Rc` is enough for what they share.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::join::{JoinHandle, promise};
use crate::story::{self, Event};
use crate::watched;

// ANCHOR: task
pub(crate) struct Task {
    /// `None` once it is complete, or was aborted.
    future: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    is_aborted: Cell<bool>,
    woken: Arc<Woken>,
}

impl Task {
    /// Drops the future: at once, or, if it is just being polled, at the end of that poll.
    pub(crate) fn abort(&self) {
        story::tell(Event::Abort(self.woken.name));
        self.is_aborted.set(true);
        if let Ok(mut slot) = self.future.try_borrow_mut() {
            let future = slot.take();
            // Its destructors may run any code, so they run when nothing is borrowed.
            drop(slot);
            drop(future);
            story::tell(Event::Cancelled(self.woken.name));
        }
    }
}
// ANCHOR_END: task

/// As in chapter 4.
struct Woken {
    name: &'static str,
    is_woken: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        match self.is_woken.swap(true, Ordering::AcqRel) {
            true => story::tell(Event::WakeOfQueued(self.name)),
            false => story::tell(Event::Wake(self.name)),
        }
    }
}

impl Task {
    /// Polls it if it is woken. Whether it was.
    fn run(&self) -> bool {
        if !self.woken.is_woken.swap(false, Ordering::AcqRel) {
            return false;
        }
        let waker = Waker::from(self.woken.clone());
        let mut slot = self.future.borrow_mut();
        if let Some(future) = &mut *slot {
            story::tell(Event::Poll(self.woken.name));
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            story::tell(self.polled(polled));
            if polled.is_ready() || self.is_aborted.get() {
                let future = slot.take();
                drop(slot);
                drop(future);
                story::tell(Event::Cancelled(self.woken.name));
            }
        }
        true
    }

    /// The end of its poll, in which this task and the poll's own waker refer to what is woken.
    fn polled(&self, polled: Poll<()>) -> Event<'_> {
        Event::Polled {
            task: self.woken.name,
            polled,
            wakers: Arc::strong_count(&self.woken) - 2,
        }
    }

    fn is_over(&self) -> bool {
        self.future.borrow().is_none()
    }
}

// ANCHOR: block_on
/// Runs a future to its end, and meanwhile the tasks that are spawned in it; what is left of those is dropped.
///
/// Nothing wakes tasks from outside here: there are no timers, no sockets and no other threads. So when nobody is woken,
/// nobody ever will be.
pub(crate) fn block_on<T: 'static>(future: impl Future<Output = T> + 'static) -> Result<T, AllWait> {
    let main = spawn("main", future);
    let result = loop {
        let tasks = TASKS.with_borrow(Vec::clone);
        // By turns, those in front first.
        let ran = tasks.iter().filter(|task| task.run()).count();
        TASKS.with_borrow_mut(|tasks| tasks.retain(|task| !task.is_over()));
        if let Some(output) = main.take_output() {
            break Ok(output);
        }
        if ran == 0 {
            break Err(AllWait {
                owed: watched::woken_and_not_polled(),
            });
        }
    };
    // A destructor may spawn.
    while let Some(task) = TASKS.with_borrow_mut(Vec::pop) {
        task.abort();
    }
    result
}
// ANCHOR_END: block_on

pub(crate) fn spawn<T: 'static>(
    name: &'static str,
    future: impl Future<Output = T> + 'static,
) -> JoinHandle<T> {
    let (promise, outcome) = promise();
    let task = Rc::new(Task {
        future: RefCell::new(Some(Box::pin(async move { promise.keep(future.await) }))),
        is_aborted: Cell::new(false),
        woken: Arc::new(Woken {
            name,
            is_woken: AtomicBool::new(true),
        }),
    });
    story::tell(Event::Spawn(name));
    TASKS.with_borrow_mut(|tasks| tasks.push(task.clone()));
    JoinHandle::new(task, outcome)
}

/// How many tasks there are beside the main one.
pub(crate) fn tasks() -> usize {
    TASKS.with_borrow(|tasks| tasks.iter().filter(|task| !task.is_over_or_runs()).count())
}

impl Task {
    /// Who asks is a task himself, and borrowed meanwhile.
    fn is_over_or_runs(&self) -> bool {
        self.future.try_borrow().map_or(true, |future| future.is_none())
    }
}

/// Nobody can go on.
#[derive(Debug)]
pub(crate) struct AllWait {
    /// The numbers of the futures that were woken and then not polled.
    owed: Vec<u32>,
}

impl fmt::Display for AllWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owed[..] {
            [number] => write!(f, "futurelock detected: future #{number} woken, not polled"),
            _ => write!(f, "all wait; woken and not polled: {:?}", self.owed),
        }
    }
}

thread_local! {
    static TASKS: RefCell<Vec<Rc<Task>>> = const { RefCell::new(Vec::new()) };
}
