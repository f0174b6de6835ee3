//! What a waker asks of a future, and what becomes of one that does not keep to it. Chapter 4 of the book.
//!
//! ```console
//! $ cargo run --example ch04_waker
//! ```

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn main() {
    println!("a future that keeps no waker:");
    let letterbox = Rc::new(RefCell::new(Letterbox::default()));
    let mut task = Task::new(Letter::of(&letterbox, Keeps::NoWaker));
    println!("    {}", task.run());
    deliver(&letterbox, "a letter");
    println!("    a letter comes: {}", task.run());

    println!("a future that keeps its waker:");
    let letterbox = Rc::new(RefCell::new(Letterbox::default()));
    let mut task = Task::new(Letter::of(&letterbox, Keeps::TheLatest));
    println!("    {}", task.run());
    deliver(&letterbox, "a letter");
    println!("    a letter comes: {}", task.run());

    println!("three wakes before the next poll:");
    let letterbox = Rc::new(RefCell::new(Letterbox::default()));
    let mut task = Task::new(Letter::of(&letterbox, Keeps::TheLatest));
    println!("    {}", task.run());
    (0..3).for_each(|_| ring(&letterbox));
    println!("    nothing in the box: {}", task.run());

    println!("a wake before the poll has returned:");
    let mut task = Task::new(Yield { yielded: false });
    println!("    {}", task.run());

    for keeps in [Keeps::TheFirst, Keeps::TheLatest] {
        println!("moved to another task, of its wakers it keeps {keeps:?}:");
        move_to_another_task(keeps);
    }
}

// ANCHOR: move
fn move_to_another_task(keeps: Keeps) {
    let letterbox = Rc::new(RefCell::new(Letterbox::default()));
    let mut one = Task::new(Letter::of(&letterbox, keeps));
    println!("    one:     {}", one.run());
    let woken = one.woken.clone();
    let mut another = Task::new(one.into_future());
    println!("    another: {}", another.run());
    deliver(&letterbox, "a letter");
    let who = if woken.0.load(Ordering::Acquire) {
        "one"
    } else {
        "another"
    };
    println!("    a letter comes and wakes {who}");
    println!("    another: {}", another.run());
}
// ANCHOR_END: move

// ANCHOR: task
/// A future, and whether it was woken since it was polled last.
struct Task<F> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
    polls: u32,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        // A swap, not a store: of several wakers the poll is to see what each has done, not the last one alone.
        self.0.swap(true, Ordering::AcqRel);
    }
}
// ANCHOR_END: task

// ANCHOR: run
impl<F: Future<Output = &'static str>> Task<F> {
    /// Polls the future for as long as it is woken; how that ended.
    fn run(&mut self) -> String {
        // Cleared before the poll: a wake during the poll counts.
        while self.woken.0.swap(false, Ordering::AcqRel) {
            self.polls += 1;
            let waker = Waker::from(self.woken.clone());
            let mut cx = Context::from_waker(&waker);
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut cx) {
                return format!("poll {} gave {output:?}", self.polls);
            }
        }
        match self.wakers() {
            0 => format!("polls: {}, wakers: 0. Nobody can wake it: it is lost", self.polls),
            kept => format!("polls: {}, wakers: {kept}. It waits", self.polls),
        }
    }

    /// How many wakers of this task there are, wherever they are kept.
    fn wakers(&self) -> usize {
        Arc::strong_count(&self.woken) - 1
    }
}
// ANCHOR_END: run

impl<F> Task<F> {
    /// As if it had been woken, so that it is polled a first time.
    fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            woken: Arc::new(Woken(AtomicBool::new(true))),
            polls: 0,
        }
    }

    /// Takes the future out. It may move, although it was polled, since it is `Unpin`.
    fn into_future(self) -> F
    where
        F: Unpin,
    {
        *Pin::into_inner(self.future)
    }
}

// ANCHOR: letter
/// The next letter in a letterbox.
struct Letter {
    letterbox: Rc<RefCell<Letterbox>>,
    keeps: Keeps,
}

#[derive(Default)]
struct Letterbox {
    letter: Option<&'static str>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug)]
enum Keeps {
    NoWaker,
    TheFirst,
    TheLatest,
}

impl Future for Letter {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        let mut letterbox = self.letterbox.borrow_mut();
        if let Some(letter) = letterbox.letter.take() {
            return Poll::Ready(letter);
        }
        match (self.keeps, &mut letterbox.waker) {
            (Keeps::NoWaker, _) | (Keeps::TheFirst, Some(_)) => {}
            // Clones only if the two would not wake the same task.
            (Keeps::TheLatest, Some(waker)) => waker.clone_from(cx.waker()),
            (_, none) => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
// ANCHOR_END: letter

impl Letter {
    fn of(letterbox: &Rc<RefCell<Letterbox>>, keeps: Keeps) -> Self {
        let letterbox = letterbox.clone();
        Self { letterbox, keeps }
    }
}

// ANCHOR: deliver
fn deliver(letterbox: &RefCell<Letterbox>, letter: &'static str) {
    letterbox.borrow_mut().letter = Some(letter);
    ring(letterbox);
}

fn ring(letterbox: &RefCell<Letterbox>) {
    // Called when nothing is borrowed: a waker may run any code, this letterbox's too.
    let waker = letterbox.borrow().waker.clone();
    if let Some(waker) = waker {
        waker.wake();
    }
}
// ANCHOR_END: deliver

// ANCHOR: yield
/// Lets others run: it is woken before it says `Pending`.
struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        if self.yielded {
            return Poll::Ready("my turn again");
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: yield
