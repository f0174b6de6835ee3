//! Where the loop sleeps, as in chapter 6.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Parker {
    token: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    /// Sleeps until it is unparked, at most for `timeout`.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        let token = self.token.lock().unwrap();
        let is_asleep = |token: &mut bool| !*token;
        let mut token = match timeout {
            None => self.bell.wait_while(token, is_asleep).unwrap(),
            Some(timeout) => self.bell.wait_timeout_while(token, timeout, is_asleep).unwrap().0,
        };
        *token = false;
    }

    pub(crate) fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.bell.notify_one();
    }
}
