//! Exercise 5, the second one: the waker that calls back. To chapter 5. A broken runtime: a waker is called while something is
//! locked.
//!
//! A `Gate` lets pass whoever waits for it, once it is open. It is for one thread, so a `RefCell` is all the lock that it needs. With
//! a `Mutex` the same program would stand still in place of panicking, and on several threads it would do so now and then.
//!
//! A waker is somebody else's code. Most put a task into a queue. Some poll it at once, on the stack of who has woken it; and with the
//! last waker of a task goes the task, with all that its future holds. So who calls or drops a waker may be called back in
//! that very moment:
//!
//! ```text
//! the gate was called back while it was borrowed
//! ```
//!
//! Mend `open` and `poll_passed`.
//!
//! Hint: until when does a temporary live that was made between `if let` and the brace? And when exactly is the old waker dropped in an
//! assignment? Take out what is foreign, let go of the lock, and only then have anything to do with it.

use std::cell::{Cell, RefCell, RefMut};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

struct Gate(RefCell<State>);

struct State {
    is_open: bool,
    waker: Option<Waker>,
}

impl Gate {
    fn open(&self) {
        self.borrow().is_open = true;
        if let Some(waker) = self.borrow().waker.take() {
            waker.wake();
        }
    }

    fn poll_passed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.borrow();
        if state.is_open {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn is_open(&self) -> bool {
        self.borrow().is_open
    }

    fn borrow(&self) -> RefMut<'_, State> {
        let borrowed = self.0.try_borrow_mut();
        borrowed.expect("the gate was called back while it was borrowed")
    }
}

thread_local! {
    static GATE: Gate = const {
        Gate(RefCell::new(State {
            is_open: false,
            waker: None,
        }))
    };
    static HAS_PASSED: Cell<bool> = const { Cell::new(false) };
    static LOOKS: Cell<u32> = const { Cell::new(0) };
}

/// A task that is polled when it is woken, and not later.
struct PollsAtOnce;

impl Wake for PollsAtOnce {
    fn wake(self: Arc<Self>) {
        let polled = GATE.with(|gate| gate.poll_passed(&mut Context::from_waker(Waker::noop())));
        HAS_PASSED.set(polled.is_ready());
    }
}

/// A task with a future that has a last look at the gate when it is dropped.
struct LooksWhenDropped;

impl Wake for LooksWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for LooksWhenDropped {
    fn drop(&mut self) {
        assert!(!GATE.with(Gate::is_open));
        LOOKS.set(LOOKS.get() + 1);
    }
}

#[test]
fn a_waker_may_poll_at_once() {
    GATE.with(|gate| {
        let waker = Waker::from(Arc::new(PollsAtOnce));
        let polled = gate.poll_passed(&mut Context::from_waker(&waker));
        assert_eq!(polled, Poll::Pending);
        gate.open();
        assert!(HAS_PASSED.get());
    });
}

#[test]
fn with_a_waker_that_is_replaced_a_task_may_go() {
    GATE.with(|gate| {
        let last = Waker::from(Arc::new(LooksWhenDropped));
        let polled = gate.poll_passed(&mut Context::from_waker(&last));
        assert_eq!(polled, Poll::Pending);
        // Now the gate has the last one.
        drop(last);
        let polled = gate.poll_passed(&mut Context::from_waker(Waker::noop()));
        assert_eq!((polled, LOOKS.get()), (Poll::Pending, 1));
    });
}
