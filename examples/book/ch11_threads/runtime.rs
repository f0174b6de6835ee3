//! A runtime with several workers: the tasks of chapter 5, which may now be run by any of them.

use std::cell::RefCell;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crate::join::{JoinHandle, promise};
use crate::parker::Parker;
use crate::story::{self, Event};
use crate::workers::Workers;

pub(crate) struct Runtime {
    workers: Workers<Arc<Task>>,
}

// ANCHOR: task
pub(crate) struct Task {
    name: &'static str,
    stage: Mutex<Stage>,
    runtime: Weak<Runtime>,
}

/// Where a task stands. Who polls it takes the future out, so nobody else can poll it at the same time.
enum Stage {
    Idle(Boxed),
    Queued(Boxed),
    Polled,
    /// It is polled, and was woken meanwhile.
    PolledAndWoken,
    Over,
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut stage = self.stage.lock().unwrap();
        match mem::replace(&mut *stage, Stage::Over) {
            Stage::Idle(future) => {
                *stage = Stage::Queued(future);
                drop(stage);
                story::tell(Event::Wake(self.name));
                self.push();
            }
            Stage::Polled => {
                *stage = Stage::PolledAndWoken;
                story::tell(Event::WakeOfPolled(self.name));
            }
            as_it_was => *stage = as_it_was,
        }
    }
}

impl Task {
    fn run(self: Arc<Self>) {
        story::tell(Event::Poll(self.name));
        let taken = mem::replace(&mut *self.stage.lock().unwrap(), Stage::Polled);
        let Stage::Queued(mut future) = taken else {
            unreachable!("it was in a queue");
        };
        let waker = Waker::from(self.clone());
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            drop(future);
            story::tell(self.polled(polled));
            *self.stage.lock().unwrap() = Stage::Over;
            return;
        }
        let mut stage = self.stage.lock().unwrap();
        story::tell(self.polled(polled));
        if let Stage::PolledAndWoken = *stage {
            *stage = Stage::Queued(future);
            drop(stage);
            story::tell(Event::Requeue(self.name));
            self.push();
        } else {
            *stage = Stage::Idle(future);
        }
    }

    /// To the worker that this is called on, else where any worker takes it from.
    fn push(self: Arc<Self>) {
        if let Some(runtime) = self.runtime.upgrade() {
            let worker = CURRENT.with_borrow(|current| current.as_ref()?.worker_of(&runtime));
            runtime.workers.push(worker, self);
        }
    }
}
// ANCHOR_END: task

impl Task {
    /// The end of its poll, in which its worker and the poll's own waker refer to it.
    fn polled(self: &Arc<Self>, polled: Poll<()>) -> Event<'_> {
        Event::Polled {
            task: self.name,
            polled,
            wakers: Arc::strong_count(self) - 2,
        }
    }
}

// ANCHOR: block_on
/// Runs a future to its end on this thread, and meanwhile what is spawned in it on so many others.
pub(crate) fn block_on<F: Future>(workers: usize, future: F) -> F::Output {
    story::tell(Event::Workers(workers as u32));
    let runtime = Arc::new(Runtime {
        workers: Workers::new(workers),
    });
    thread::scope(|scope| {
        // Also if the future panics: the scope waits for the workers.
        let _close = CloseOnDrop(&runtime);
        for worker in 0..workers {
            let runtime = runtime.clone();
            scope.spawn(move || runtime.work(worker));
        }
        runtime.run_on_this_thread(future)
    })
}

impl Runtime {
    fn work(self: Arc<Self>, worker: usize) {
        let _entered = Entered::new(&self, Some(worker));
        story::tell(Event::Worker(worker as u32));
        while let Some(task) = self.workers.next(worker) {
            task.run();
        }
        story::tell(Event::Unpark);
    }

    /// The `block_on` of chapter 3.
    fn run_on_this_thread<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let _entered = Entered::new(self, None);
        let mut future = pin!(future);
        let unpark = Arc::new(Unpark(Parker::new()));
        let waker = Waker::from(unpark.clone());
        story::tell(Event::Root(ROOT));
        loop {
            story::tell(Event::Poll(ROOT));
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            story::tell(unpark.polled(polled.is_ready()));
            if let Poll::Ready(output) = polled {
                return output;
            }
            unpark.0.park();
        }
    }
}
// ANCHOR_END: block_on

struct CloseOnDrop<'a>(&'a Runtime);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.workers.close();
    }
}

struct Unpark(Parker);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        story::tell(Event::Wake(ROOT));
        self.0.unpark();
    }
}

/// The future of `block_on`.
const ROOT: &str = "main";

impl Unpark {
    /// As of a task: the end of a poll of the root.
    fn polled(self: &Arc<Self>, is_ready: bool) -> Event<'static> {
        Event::Polled {
            task: ROOT,
            polled: if is_ready { Poll::Ready(()) } else { Poll::Pending },
            wakers: Arc::strong_count(self) - 2,
        }
    }
}

pub(crate) fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (promise, handle) = promise();
    let future = Box::pin(async move { promise.keep(future.await) });
    let task = Task {
        name,
        stage: Mutex::new(Stage::Queued(future)),
        runtime: Arc::downgrade(&current()),
    };
    story::tell(Event::Spawn(name));
    Arc::new(task).push();
    handle
}

/// How often a worker has taken from another one's queue.
pub(crate) fn steals() -> usize {
    current().workers.steals()
}

fn current() -> Arc<Runtime> {
    CURRENT
        .with_borrow(|current| Some(current.as_ref()?.runtime.clone()))
        .expect("this is called inside block_on")
}

/// Whose this thread is, and as which worker.
struct Current {
    runtime: Arc<Runtime>,
    worker: Option<usize>,
}

impl Current {
    fn worker_of(&self, runtime: &Arc<Runtime>) -> Option<usize> {
        self.worker.filter(|_| Arc::ptr_eq(&self.runtime, runtime))
    }
}

struct Entered;

impl Entered {
    fn new(runtime: &Arc<Runtime>, worker: Option<usize>) -> Self {
        let runtime = runtime.clone();
        CURRENT.set(Some(Current { runtime, worker }));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.take();
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}
