//! The event loop: a queue of tasks, and a loop that polls whoever is at its front. Chapter 5 of the book.
//!
//! ```console
//! $ cargo run --example ch05_task_queue
//! $ cargo run --example ch05_task_queue -- --trace trace.html      # the same events as the recorder's page; also .json
//! ```

#[allow(dead_code, reason = "other chapters have more to tell")]
mod story;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use story::Event;

fn main() -> ExitCode {
    story::told(|| {
        three_tasks();
        a_thread();
    })
}

// ANCHOR: program
fn three_tasks() {
    let sum = block_on(Told::Aloud, async {
        let a = spawn("A", async {
            yield_now().await;
            1
        });
        let b = spawn("B", async {
            yield_now().await;
            yield_now().await;
            2
        });
        let c = spawn("C", async { a.await + 10 });
        b.await + c.await
    });
    println!("the sum is {sum}");
}
// ANCHOR_END: program

// ANCHOR: from_a_thread
fn a_thread() {
    let answer = block_on(Told::Silently, async { on_a_thread(|| 6 * 7).await });
    println!("a thread's answer is {answer}");
}
// ANCHOR_END: from_a_thread

// ANCHOR: task
struct Task {
    name: &'static str,
    /// `None` once it is complete.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// Whether it is in the queue: it is there once, however often it is woken.
    queued: AtomicBool,
    /// Weak, so that a waker that is kept for ever does not keep the runtime.
    runtime: Weak<Runtime>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let Some(runtime) = self.runtime.upgrade() else {
            return;
        };
        let name = self.name;
        if self.queued.swap(true, Ordering::AcqRel) {
            return runtime.tell(Event::WakeOfQueued(name));
        }
        runtime.push(self);
        runtime.tell(Event::Wake(name));
    }
}

impl Task {
    fn run(self: Arc<Self>, runtime: &Runtime) {
        // Before the poll: a wake during the poll queues it again.
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
}
// ANCHOR_END: task

// ANCHOR: runtime
struct Runtime {
    queue: Mutex<VecDeque<Arc<Task>>>,
    parker: Parker,
    told: Told,
}

/// Runs a future to its end on this thread, and meanwhile every task that is spawned in it.
fn block_on<F>(told: Told, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = Arc::new(Runtime {
        queue: Mutex::default(),
        parker: Parker::default(),
        told,
    });
    CURRENT.set(Some(runtime.clone()));
    let main = spawn("main", future);
    let output = loop {
        if let Some(output) = main.take_output() {
            break output;
        }
        match runtime.pop() {
            Some(task) => task.run(&runtime),
            None => runtime.parker.park(),
        }
    };
    CURRENT.set(None);
    output
}

impl Runtime {
    fn push(&self, task: Arc<Task>) {
        self.queue.lock().unwrap().push_back(task);
        // After the push: who is woken by this must find something.
        self.parker.unpark();
    }

    fn pop(&self) -> Option<Arc<Task>> {
        self.queue.lock().unwrap().pop_front()
    }
}
// ANCHOR_END: runtime

// ANCHOR: spawn
fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = CURRENT
        .with_borrow(Clone::clone)
        .expect("spawn is called inside block_on");
    let handle = JoinHandle(Arc::default());
    let outcome = handle.0.clone();
    let task = Task {
        name,
        future: Mutex::new(Some(Box::pin(async move { finish(&outcome, future.await) }))),
        queued: AtomicBool::new(true),
        runtime: Arc::downgrade(&runtime),
    };
    runtime.push(Arc::new(task));
    runtime.tell(Event::Spawn(name));
    handle
}
// ANCHOR_END: spawn

// ANCHOR: join
struct JoinHandle<T>(Arc<Mutex<Outcome<T>>>);

struct Outcome<T> {
    output: Option<T>,
    joiner: Option<Waker>,
}

fn finish<T>(outcome: &Mutex<Outcome<T>>, output: T) {
    let mut outcome = outcome.lock().unwrap();
    outcome.output = Some(output);
    let joiner = outcome.joiner.take();
    drop(outcome);
    if let Some(joiner) = joiner {
        joiner.wake();
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut outcome = self.0.lock().unwrap();
        if let Some(output) = outcome.output.take() {
            return Poll::Ready(output);
        }
        outcome.joiner = Some(cx.waker().clone());
        Poll::Pending
    }
}
// ANCHOR_END: join

impl<T> JoinHandle<T> {
    fn take_output(&self) -> Option<T> {
        self.0.lock().unwrap().output.take()
    }
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self {
            output: None,
            joiner: None,
        }
    }
}

// ANCHOR: on_a_thread
/// Code that blocks, on a thread of its own.
fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let handle = JoinHandle(Arc::default());
    let outcome = handle.0.clone();
    thread::spawn(move || finish(&outcome, work()));
    handle
}
// ANCHOR_END: on_a_thread

// ANCHOR: yield_now
/// Lets everybody run who is in the queue now.
async fn yield_now() {
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
// ANCHOR_END: yield_now

/// As in chapter 3.
#[derive(Default)]
struct Parker {
    token: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    fn park(&self) {
        let mut token = self.token.lock().unwrap();
        while !*token {
            token = self.bell.wait(token).unwrap();
        }
        *token = false;
    }

    fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.bell.notify_one();
    }
}

const NOBODY: &str = "-";

thread_local! {
    /// The runtime that `spawn` goes to.
    static CURRENT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
    /// Who is polled.
    static ON_THE_CPU: Cell<&'static str> = const { Cell::new(NOBODY) };
}

#[derive(PartialEq)]
enum Told {
    Aloud,
    Silently,
}

impl Runtime {
    /// Prints what has happened, and how things stand after it.
    fn tell(&self, event: Event<'_>) {
        if self.told == Told::Aloud {
            let names: Vec<_> = self.queue.lock().unwrap().iter().map(|task| task.name).collect();
            let (queue, cpu) = (format!("[{}]", names.join(" ")), ON_THE_CPU.get());
            println!("{event:<17} queue {queue:<12} cpu {cpu}");
            story::tell(event);
        }
    }
}

impl Task {
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
