//! Exercise 4: three futures that hang. To chapter 4.
//!
//! Each of the three neglects one duty of a future that is written by hand, and has a test that says what comes of it:
//!
//! ```text
//! the count waits, and nobody has a waker of it
//! woken is the task where the future was
//! when the task was woken there was nothing to find
//! ```
//!
//! Mend all three. Each takes a line or two, and a field may become superfluous.
//!
//! Hint: go through the three duties at the head of chapter 4, and ask of each future which one it does not keep to. The second and
//! the third may happen to work, for years.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Ready when as many have come as it waits for.
struct Count<'a> {
    visitors: &'a RefCell<Visitors>,
    awaited: u32,
    has_asked: bool,
}

#[derive(Default)]
struct Visitors {
    come: u32,
    waker: Option<Waker>,
}

impl Future for Count<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let visitors = self.visitors;
        let mut visitors = visitors.borrow_mut();
        if visitors.come >= self.awaited {
            return Poll::Ready(());
        }
        if !self.has_asked {
            self.has_asked = true;
            visitors.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Who comes in tells it whoever waits.
fn come_in(visitors: &RefCell<Visitors>) {
    let waker = {
        let mut visitors = visitors.borrow_mut();
        visitors.come += 1;
        visitors.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Ready when the lamp is lit.
struct Lit<'a>(&'a RefCell<Lamp>);

#[derive(Default)]
struct Lamp {
    is_lit: bool,
    waker: Option<Waker>,
}

impl Future for Lit<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut lamp = self.0.borrow_mut();
        if lamp.is_lit {
            return Poll::Ready(());
        }
        lamp.waker.get_or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

fn light(lamp: &RefCell<Lamp>) {
    let waker = {
        let mut lamp = lamp.borrow_mut();
        lamp.is_lit = true;
        lamp.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The next letter.
struct Letter<'a>(&'a RefCell<Letterbox>);

#[derive(Default)]
struct Letterbox {
    letter: Option<&'static str>,
    waker: Option<Waker>,
}

impl Future for Letter<'_> {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        let mut letterbox = self.0.borrow_mut();
        if let Some(letter) = letterbox.letter.take() {
            return Poll::Ready(letter);
        }
        letterbox.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// `meanwhile` is what another thread may do as soon as the task is woken: it polls it.
fn deliver(letterbox: &RefCell<Letterbox>, letter: &'static str, meanwhile: impl FnOnce()) {
    let waker = letterbox.borrow_mut().waker.take();
    if let Some(waker) = waker {
        waker.wake();
    }
    meanwhile();
    letterbox.borrow_mut().letter = Some(letter);
}

/// A task that counts its wakes.
#[derive(Default)]
struct Task {
    wakes: AtomicU32,
}

impl Task {
    fn new() -> (Arc<Self>, Waker) {
        let task = Arc::new(Self::default());
        (task.clone(), Waker::from(task))
    }

    fn wakes(&self) -> u32 {
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_is_still_pending_can_be_woken_again() {
    let visitors = RefCell::default();
    let (task, waker) = Task::new();
    let mut cx = Context::from_waker(&waker);
    let mut count = pin!(Count {
        visitors: &visitors,
        awaited: 2,
        has_asked: false,
    });
    assert_eq!(count.as_mut().poll(&mut cx), Poll::Pending);
    come_in(&visitors);
    assert_eq!(count.as_mut().poll(&mut cx), Poll::Pending);
    come_in(&visitors);
    assert_eq!(task.wakes(), 2, "the count waits, and nobody has a waker of it");
    assert_eq!(count.poll(&mut cx), Poll::Ready(()));
}

#[test]
fn who_has_moved_to_another_task_is_woken_there() {
    let lamp = RefCell::default();
    let ((one, first), (another, latest)) = (Task::new(), Task::new());
    let mut lit = Lit(&lamp);
    let polled = Pin::new(&mut lit).poll(&mut Context::from_waker(&first));
    assert_eq!(polled, Poll::Pending);
    let polled = Pin::new(&mut lit).poll(&mut Context::from_waker(&latest));
    assert_eq!(polled, Poll::Pending);
    light(&lamp);
    assert_eq!(
        (one.wakes(), another.wakes()),
        (0, 1),
        "woken is the task where the future was"
    );
}

#[test]
fn who_is_woken_finds_what_it_was_woken_for() {
    let letterbox = RefCell::default();
    let (task, waker) = Task::new();
    let mut cx = Context::from_waker(&waker);
    let mut letter = pin!(Letter(&letterbox));
    assert_eq!(letter.as_mut().poll(&mut cx), Poll::Pending);
    let mut is_found = false;
    deliver(&letterbox, "a letter", || {
        is_found = task.wakes() == 1 && letter.poll(&mut cx) == Poll::Ready("a letter");
    });
    assert!(is_found, "when the task was woken there was nothing to find");
}
