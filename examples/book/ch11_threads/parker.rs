//! Where a thread sleeps: the parker of chapter 3.

use crate::primitive::{Condvar, Mutex};

pub(crate) struct Parker {
    token: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            token: Mutex::new(false),
            bell: Condvar::new(),
        }
    }

    pub(crate) fn park(&self) {
        let mut token = self.token.lock().unwrap();
        // loom's models are of the queues and the parkers, and tell nobody.
        #[cfg(not(loom))]
        if !*token {
            crate::story::tell(crate::story::Event::Park(None));
        }
        while !*token {
            token = self.bell.wait(token).unwrap();
        }
        *token = false;
    }

    pub(crate) fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.bell.notify_one();
    }
}
