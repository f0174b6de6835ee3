//! A stand-in for std's `park` and `unpark` under loom, whose own ends also a wait for a mutex or for a thread's end,
//! and so fails models of code that is right.

use std::sync::Arc;

use loom::sync::{Condvar, Mutex};

/// A thread, to be unparked.
#[derive(Clone)]
pub(crate) struct Thread(Arc<Parker>);

struct Parker {
    unparked: Mutex<bool>,
    condvar: Condvar,
}

loom::thread_local! {
    static CURRENT: Thread = Thread(Arc::new(Parker {
        unparked: Mutex::new(false),
        condvar: Condvar::new(),
    }));
}

pub(crate) fn current_thread() -> Thread {
    CURRENT.with(Thread::clone)
}

pub(crate) fn park_thread() {
    let Thread(parker) = current_thread();
    let mut unparked = parker.unparked.lock().unwrap();
    while !*unparked {
        unparked = parker.condvar.wait(unparked).unwrap();
    }
    *unparked = false;
}

impl Thread {
    pub(crate) fn unpark(&self) {
        *self.0.unparked.lock().unwrap() = true;
        self.0.condvar.notify_one();
    }
}
