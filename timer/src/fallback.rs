//! The timers for threads that have none: a thread of the process, started when it is first needed.
//!
//! So a sleep works under any executor. The thread is never stopped; it ends with the process.

use std::io;
use std::process;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use reveille_context::event::{self, Event, Role};
use reveille_context::wake;

use crate::timers::{Handle, Timers};

/// The process's timers.
///
/// # Panics
///
/// If the thread cannot be started. The next call tries again.
pub(crate) fn handle() -> Handle {
    get_or_start(&FALLBACK, start)
}

/// The timers, and the process whose thread keeps them: a forked child has the memory, but not the thread.
type Running = (u32, Handle);

static FALLBACK: Mutex<Option<Running>> = Mutex::new(None);

fn get_or_start(fallback: &Mutex<Option<Running>>, start: impl FnOnce() -> io::Result<Handle>) -> Handle {
    let mut fallback = fallback.lock().unwrap_or_else(PoisonError::into_inner);
    let process = process::id();
    if let Some((owner, handle)) = &*fallback {
        if *owner == process && !handle.is_closed() {
            return handle.clone();
        }
    }
    let started = start();
    let gone = match &started {
        Ok(handle) => fallback.replace((process, handle.clone())),
        Err(_) => None,
    };
    drop(fallback);
    drop(gone);
    started.unwrap_or_else(|error| {
        panic!(
            "cannot start the thread `reveille-timer`, which keeps time for threads outside a runtime: {error}; \
             poll the timer inside a runtime, or raise the limit on threads"
        )
    })
}

fn start() -> io::Result<Handle> {
    let parker = Arc::new(Parker::default());
    let timers = Timers::new(Waker::from(parker.clone()));
    let handle = timers.handle();
    thread::Builder::new()
        .name("reveille-timer".into())
        .spawn(move || run(timers, &parker))?;
    Ok(handle)
}

fn run(mut timers: Timers, parker: &Parker) {
    event::emit(move || Event::Thread { role: Role::Driver });
    let mut woken = Vec::new();
    loop {
        timers.advance(&mut woken);
        wake::wake_all(&mut woken);
        parker.park(timers.wait());
    }
}

/// Blocks one thread, with a timeout exact to what the system's futex gives.
#[derive(Default)]
struct Parker {
    /// Set by the unparker, and so also seen by a wait that begins later.
    unparked: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn park(&self, timeout: Option<Duration>) {
        if timeout == Some(Duration::ZERO) {
            return;
        }
        let mut unparked = self.unparked.lock().unwrap_or_else(PoisonError::into_inner);
        if !*unparked {
            // Waking for nothing is allowed: the caller looks at its timers and comes back.
            unparked = match timeout {
                Some(timeout) => {
                    let waited = self.changed.wait_timeout(unparked, timeout);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(unparked)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
        *unparked = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.unparked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn an_unpark_before_the_wait_counts() {
        let parker = Arc::new(Parker::default());
        parker.wake_by_ref();
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            parker.park(None);
            done.send(()).unwrap();
        });
        let waited = finished.recv_timeout(Duration::from_secs(20));
        waited.expect("the wait has not ended");
    }

    #[test]
    fn a_thread_that_cannot_be_started_is_tried_again() {
        let fallback = Mutex::new(None);
        let refuse = || Err(io::Error::from(io::ErrorKind::WouldBlock));
        let failed = catch_unwind(AssertUnwindSafe(|| get_or_start(&fallback, refuse)));
        let message = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(
            message.starts_with("cannot start the thread `reveille-timer`"),
            "{message}"
        );
        let handle = get_or_start(&fallback, start);
        assert!(get_or_start(&fallback, refuse).is(&handle));
    }
}
