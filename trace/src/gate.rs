//! A gate before each poll, so that a person can take the real loop step by step.
//!
//! While it is closed, a thread that is about to poll a task waits here until it is let through; whoever opens the gate lets all
//! through. It is for looking at a program, not for one that others depend on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Closes the gate: from now on each poll waits for a [`step`].
pub fn close() {
    lock().permits = 0;
    // Relaxed: a poll that does not see it yet has begun before.
    CLOSED.store(true, Ordering::Relaxed);
}

/// Opens it again. Who waits goes on.
pub fn open() {
    CLOSED.store(false, Ordering::Relaxed);
    let _state = lock();
    CHANGED.notify_all();
}

/// Lets one poll through: one that waits, or the next.
pub fn step() {
    lock().permits += 1;
    CHANGED.notify_one();
}

/// Whether the gate is closed.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// How many threads wait for a step.
pub fn waiting() -> usize {
    lock().waiting
}

/// Waits until this thread may poll. Whether it had to.
pub(crate) fn pass() -> bool {
    if !is_closed() {
        return false;
    }
    let mut state = lock();
    state.waiting += 1;
    // The flag is read under the lock under which `open` notifies, so that its notification is not missed.
    while is_closed() && state.permits == 0 {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.permits = state.permits.saturating_sub(1);
    state.waiting -= 1;
    true
}

struct State {
    /// How many polls may begin.
    permits: usize,
    waiting: usize,
}

static CLOSED: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State {
    permits: 0,
    waiting: 0,
});
static CHANGED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// One test, since there is one gate.
    #[test]
    fn each_step_lets_one_through_and_opening_lets_all() {
        assert!(!pass());
        close();
        let (passed, passes) = mpsc::channel();
        let walkers: Vec<_> = (0..3)
            .map(|_| {
                let passed = passed.clone();
                thread::spawn(move || {
                    assert!(pass());
                    passed.send(()).unwrap();
                })
            })
            .collect();
        step();
        passes.recv().unwrap();
        step();
        passes.recv().unwrap();
        // It may be on its way there still.
        while waiting() == 0 {
            thread::yield_now();
        }
        assert!(passes.try_recv().is_err(), "one came through without a step");
        open();
        passes.recv().unwrap();
        walkers.into_iter().for_each(|walker| walker.join().unwrap());
        assert!(!is_closed() && waiting() == 0);
    }
}
