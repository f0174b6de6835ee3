//! Where who looks a name up and who waits for it meet.

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync;
use std::task::{Context, Poll};

use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::primitive::{Mutex, lock};

/// What a look-up came to; several may share it.
pub(crate) type Found = Result<Vec<SocketAddr>, NotFound>;

/// The meeting point of one look-up with the thread that makes it.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    inner: Mutex<Meeting>,
}

/// Who comes first leaves something for the other.
#[derive(Debug, Default)]
struct Meeting {
    found: Option<Found>,
    waiter: Option<Waiter>,
}

impl Exchange {
    /// Hands over what was found, and wakes whoever waits for it, after unlocking.
    pub(crate) fn finish(&self, found: Found) {
        let mut meeting = lock(&self.inner);
        meeting.found = Some(found);
        let waiter = meeting.waiter.take();
        drop(meeting);
        if let Some(waiter) = waiter {
            wake::wake(waiter.into_waker());
        }
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>, location: &'static Location<'static>) -> Poll<Found> {
        // Made before locking: cloning a waker runs foreign code, and so does dropping the old one, after unlocking.
        let mut waiter = Some(Waiter::new(cx.waker().clone(), location));
        let mut meeting = lock(&self.inner);
        let found = meeting.found.take();
        if found.is_none() {
            mem::swap(&mut meeting.waiter, &mut waiter);
        }
        drop(meeting);
        drop(waiter);
        found.map_or(Poll::Pending, Poll::Ready)
    }

    pub(crate) fn withdraw(&self) {
        let waiter = lock(&self.inner).waiter.take();
        drop(waiter);
    }

    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(super) fn is_unlocked(&self) -> bool {
        self.inner.try_lock().is_ok()
    }
}

/// The error, and the name that it was about.
#[derive(Clone, Debug)]
pub(crate) struct NotFound {
    host: String,
    error: sync::Arc<io::Error>,
}

impl NotFound {
    pub(crate) fn new(host: &str, error: io::Error) -> Self {
        Self {
            host: host.to_owned(),
            error: error.into(),
        }
    }
}

impl From<NotFound> for io::Error {
    fn from(not_found: NotFound) -> Self {
        Self::new(not_found.error.kind(), not_found)
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot find the address of `{}`: {}", self.host, self.error)
    }
}

impl Error for NotFound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    /// Counts the wakes at which the exchange was not locked.
    struct LooksAgain {
        exchange: Arc<Exchange>,
        found_unlocked: AtomicUsize,
    }

    impl Wake for LooksAgain {
        fn wake(self: Arc<Self>) {
            let unlocked = self.exchange.is_unlocked();
            self.found_unlocked
                .fetch_add(usize::from(unlocked), Ordering::SeqCst);
        }
    }

    fn exchange() -> (Arc<Exchange>, Arc<LooksAgain>, Waker) {
        let exchange = Arc::new(Exchange::default());
        let task = Arc::new(LooksAgain {
            exchange: exchange.clone(),
            found_unlocked: AtomicUsize::new(0),
        });
        let waker = Waker::from(task.clone());
        (exchange, task, waker)
    }

    #[test]
    fn what_is_found_wakes_the_last_who_asked_without_a_lock() {
        let (exchange, task, waker) = exchange();
        let poll = |waker| exchange.poll(&mut Context::from_waker(waker), Location::caller());
        assert!(poll(Waker::noop()).is_pending());
        assert!(poll(&waker).is_pending());
        exchange.finish(Ok(Vec::new()));
        assert_eq!(task.found_unlocked.load(Ordering::SeqCst), 1);
        assert!(poll(&waker).is_ready());
    }

    #[test]
    fn who_gives_up_leaves_no_waker_behind() {
        let (exchange, task, waker) = exchange();
        let cx = &mut Context::from_waker(&waker);
        assert!(exchange.poll(cx, Location::caller()).is_pending());
        exchange.withdraw();
        drop(waker);
        assert_eq!(Arc::strong_count(&task), 1);
        exchange.finish(Ok(Vec::new()));
        assert_eq!(task.found_unlocked.load(Ordering::SeqCst), 0);
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use std::task::{Wake, Waker};

    use loom::sync::Notify;

    use super::*;
    use crate::primitive::Arc;

    struct Signal(Notify);

    impl Wake for Signal {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.notify();
        }
    }

    #[test]
    fn what_is_found_while_somebody_asks_reaches_him() {
        loom::model(|| {
            let exchange = Arc::new(Exchange::default());
            let finder = {
                let exchange = exchange.clone();
                loom::thread::spawn(move || exchange.finish(Ok(Vec::new())))
            };
            let signal = std::sync::Arc::new(Signal(Notify::new()));
            let waker = Waker::from(signal.clone());
            let cx = &mut Context::from_waker(&waker);
            while exchange.poll(cx, Location::caller()).is_pending() {
                signal.0.wait();
            }
            finder.join().unwrap();
        });
    }
}
