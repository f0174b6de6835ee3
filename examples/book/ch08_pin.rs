//! What `Pin` promises, whom it binds, and how one gets from a pinned value to its parts. Chapter 8 of the book.
//!
//! ```console
//! $ cargo run --example ch08_pin
//! ```

use std::cell::Cell;
use std::mem;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;

fn main() {
    move_a_value_that_points_to_itself();
    move_a_future_that_borrows_from_itself();
    move_a_future_that_does_not();
    join_by_hand();
    join_with_a_macro();
}

// ANCHOR: pointer
/// A number, and where it lies.
struct PointsToItself {
    number: u32,
    pointer: *const u32,
}

impl PointsToItself {
    fn point(&mut self) {
        self.pointer = &raw const self.number;
    }

    /// Compares addresses. Nobody reads through the pointer.
    fn is_right(&self) -> bool {
        self.pointer == &raw const self.number
    }
}

fn move_a_value_that_points_to_itself() {
    println!("a value that points to itself:");
    let mut value = PointsToItself {
        number: 42,
        pointer: ptr::null(),
    };
    value.point();
    println!("    its pointer leads to {}", whose(value.is_right()));
    let moved = Box::new(value);
    println!("    moved, it leads to {}", whose(moved.is_right()));
}
// ANCHOR_END: pointer

fn whose(is_right: bool) -> &'static str {
    if is_right {
        "its own number"
    } else {
        "where the number was"
    }
}

// ANCHOR: borrows
/// Both variables are in use after the await, so both lie in the future: a number, and a pointer to it.
async fn borrows_from_itself() -> u32 {
    let number = twice(21);
    let reference = &number;
    let address = ptr::from_ref(reference);
    Later::default().await;
    println!("    its number is at {}", place(address == &raw const number));
    *reference
}
// ANCHOR_END: borrows

// ANCHOR: pinned
fn move_a_future_that_borrows_from_itself() {
    println!("a future that borrows from itself:");
    let mut cx = Context::from_waker(Waker::noop());
    let future = borrows_from_itself();
    // It moves into the box, which is no harm: it was not polled, so there is no number yet.
    let mut boxed = Box::pin(future);
    println!("    polled: {:?}", boxed.as_mut().poll(&mut cx));

    // What moves now is the box, a pointer. What it points to does not.
    let (of_future, of_box) = (address_of(&*boxed), address_of(&boxed));
    let outer = Box::new(boxed);
    println!(
        "    put into another box: the box is at {}",
        place(of_box == address_of(&*outer))
    );
    println!(
        "    the future is at {}",
        place(of_future == address_of(&**outer))
    );
    let mut boxed = *outer;
    println!("    taken out, and polled: {:?}", boxed.as_mut().poll(&mut cx));
}
// ANCHOR_END: pinned

fn address_of<T>(value: &T) -> *const () {
    ptr::from_ref(value).cast()
}

fn place(is_same: bool) -> &'static str {
    if is_same {
        "the same place"
    } else {
        "another place"
    }
}

fn twice(number: u32) -> u32 {
    2 * number
}

// ANCHOR: unpin
fn move_a_future_that_does_not() {
    println!("a future that does not:");
    let mut cx = Context::from_waker(Waker::noop());
    let mut later = Later::default();
    println!("    polled: {:?}", Pin::new(&mut later).poll(&mut cx));
    // `Later` is `Unpin`, so `Pin` promises nothing of it, and it moves.
    let mut moved = Box::new(later);
    println!("    moved, and polled: {:?}", Pin::new(&mut *moved).poll(&mut cx));
}
// ANCHOR_END: unpin

// ANCHOR: counted
/// Counts how often a future is polled.
struct Counted<'a, F> {
    future: F,
    polls: &'a Cell<u32>,
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.set(self.polls.get() + 1);
        // SAFETY: `future` is pinned whenever the whole is. Nothing here moves it or gives out a `&mut` to it, there is
        // no `Drop` that could, and the whole is `Unpin` only if `future` is.
        let future = unsafe { self.map_unchecked_mut(|whole| &mut whole.future) };
        future.poll(cx)
    }
}
// ANCHOR_END: counted

// ANCHOR: join
/// Two futures in one task: their outputs, when both are ready.
struct Join<A: Future, B: Future> {
    a: Stage<A>,
    b: Stage<B>,
}

/// A future, then its output.
enum Stage<F: Future> {
    Running(F),
    Done(F::Output),
    Taken,
}

impl<A: Future, B: Future> Future for Join<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of `whole`; it is taken apart into its two fields at once.
        let whole = unsafe { self.get_unchecked_mut() };
        // SAFETY: both are pinned whenever the whole is. They are reached in this function alone, there is no `Drop`,
        // and the whole is `Unpin` only if both are.
        let (mut a, mut b) = unsafe { (Pin::new_unchecked(&mut whole.a), Pin::new_unchecked(&mut whole.b)) };
        // Both in any case: each of them has to leave its waker.
        let (a_is_done, b_is_done) = (a.as_mut().poll(cx), b.as_mut().poll(cx));
        if !(a_is_done && b_is_done) {
            return Poll::Pending;
        }
        Poll::Ready((a.take_output(), b.take_output()))
    }
}
// ANCHOR_END: join

// ANCHOR: stage
impl<F: Future> Stage<F> {
    /// Polls the future unless it is done. Whether it is.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        // SAFETY: nothing is moved out of it.
        if let Self::Running(future) = unsafe { self.as_mut().get_unchecked_mut() } {
            // SAFETY: it is pinned whenever the whole is: it is dropped where it lies, by `set`, and never moved.
            let future = unsafe { Pin::new_unchecked(future) };
            match future.poll(cx) {
                Poll::Ready(output) => self.set(Self::Done(output)),
                Poll::Pending => return false,
            }
        }
        true
    }

    fn take_output(self: Pin<&mut Self>) -> F::Output {
        // SAFETY: what is moved out of it is an output. That was never pinned, and a future is left where it is.
        let whole = unsafe { self.get_unchecked_mut() };
        assert!(!matches!(whole, Self::Running(_)), "a future is still running");
        match mem::replace(whole, Self::Taken) {
            Self::Done(output) => output,
            _ => panic!("polled after it was ready"),
        }
    }
}
// ANCHOR_END: stage

// ANCHOR: macro
pin_project! {
    /// The same without unsafe code of ours.
    #[project = Halves]
    struct ProjectedJoin<A: Future, B: Future> {
        #[pin]
        a: ProjectedStage<A>,
        #[pin]
        b: ProjectedStage<B>,
    }
}

pin_project! {
    #[project = Parts]
    enum ProjectedStage<F: Future> {
        Running { #[pin] future: F },
        // Not pinned, so the projection hands out a `&mut` to it.
        Done { output: Option<F::Output> },
    }
}

impl<A: Future, B: Future> Future for ProjectedJoin<A, B> {
    type Output = (A::Output, B::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Halves { mut a, mut b } = self.project();
        let (a_is_done, b_is_done) = (a.as_mut().poll(cx), b.as_mut().poll(cx));
        if !(a_is_done && b_is_done) {
            return Poll::Pending;
        }
        Poll::Ready((a.take_output(), b.take_output()))
    }
}

impl<F: Future> ProjectedStage<F> {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        if let Parts::Running { future } = self.as_mut().project() {
            match future.poll(cx) {
                Poll::Ready(output) => self.set(Self::Done { output: Some(output) }),
                Poll::Pending => return false,
            }
        }
        true
    }

    fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project() {
            Parts::Done { output } => output.take().expect("polled after it was ready"),
            Parts::Running { .. } => panic!("a future is still running"),
        }
    }
}
// ANCHOR_END: macro

// ANCHOR: joined
fn join_by_hand() {
    println!("join, by hand:");
    let polls = [Cell::new(0), Cell::new(0)];
    let joined = Join {
        a: Stage::Running(counted(one_wait(), &polls[0])),
        b: Stage::Running(counted(two_waits(), &polls[1])),
    };
    show(joined, &polls);
}

fn join_with_a_macro() {
    println!("join, with a macro:");
    let polls = [Cell::new(0), Cell::new(0)];
    let joined = ProjectedJoin {
        a: ProjectedStage::Running {
            future: counted(one_wait(), &polls[0]),
        },
        b: ProjectedStage::Running {
            future: counted(two_waits(), &polls[1]),
        },
    };
    show(joined, &polls);
}

async fn one_wait() -> &'static str {
    Later::default().await;
    "one"
}

async fn two_waits() -> &'static str {
    Later::default().await;
    Later::default().await;
    "two"
}
// ANCHOR_END: joined

fn counted<F>(future: F, polls: &Cell<u32>) -> Counted<'_, F> {
    Counted { future, polls }
}

fn show<F: Future<Output = (&'static str, &'static str)>>(joined: F, [a, b]: &[Cell<u32>; 2]) {
    let (outputs, polls) = poll_while_woken(joined);
    println!("    {outputs:?} after {polls} polls");
    println!(
        "    the futures in it were polled {} and {} times",
        a.get(),
        b.get()
    );
}

/// As the executor of chapter 4: a future that is not woken is not polled.
fn poll_while_woken<F: Future>(future: F) -> (F::Output, u32) {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut polls = 0;
    while woken.0.swap(false, Ordering::AcqRel) {
        polls += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return (output, polls);
        }
    }
    panic!("nobody has woken it")
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.swap(true, Ordering::AcqRel);
    }
}

/// As in chapter 1: not ready when it is asked first.
#[derive(Default)]
struct Later {
    asked: bool,
}

impl Future for Later {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.asked {
            return Poll::Ready(());
        }
        self.asked = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
