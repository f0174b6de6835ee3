//! Names to addresses.
//!
//! The system's resolver blocks, so each look-up is a thread of its own: it leaves what it found under a mutex and
//! wakes whoever waits for it.

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use reveille_context::coop;
use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::primitive::{Arc, Mutex, lock};
use crate::to_socket_addrs::{SocketAddrs, ToSocketAddrs};

/// Looks a host up: the system's `getaddrinfo`, on another thread. An address is taken as it is, at once.
///
/// Each look-up of a name starts a thread of its own for now; a pool with a bound will come.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if a string is not of the form `host:port`; what the system says,
/// with the name, if it cannot be found; and that of starting a thread.
///
/// # Cancel safety
///
/// Safe: what is found is dropped, and dropping the future does not wait for the look-up to end.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     for address in reveille_net::lookup_host("localhost:80").await? {
///         assert!(address.ip().is_loopback());
///     }
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn lookup_host<T: ToSocketAddrs>(host: T) -> LookupHost {
    LookupHost {
        resolve: host.resolve(),
        location: Location::caller(),
    }
}

/// The future of [`lookup_host`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct LookupHost {
    resolve: Resolve,
    location: &'static Location<'static>,
}

impl Future for LookupHost {
    type Output = io::Result<SocketAddrs>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        self.resolve.poll(cx, location)
    }
}

/// Addresses, or how to get them: what every [`ToSocketAddrs`] becomes. Public only in name.
#[derive(Debug)]
pub struct Resolve(State);

#[derive(Debug)]
enum State {
    /// No look-up is needed, and this is the outcome.
    Known(io::Result<SocketAddrs>),
    Name {
        host: String,
        port: u16,
    },
    LookedUp(Lookup),
    Finished,
}

impl Resolve {
    pub(crate) fn known(addresses: SocketAddrs) -> Self {
        Self(State::Known(Ok(addresses)))
    }

    pub(crate) fn failed(error: io::Error) -> Self {
        Self(State::Known(Err(error)))
    }

    pub(crate) fn name(host: &str, port: u16) -> Self {
        let host = host.to_owned();
        Self(State::Name { host, port })
    }

    /// The addresses; starts the look-up if there has to be one.
    ///
    /// # Panics
    ///
    /// When polled after it was ready.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<SocketAddrs>> {
        loop {
            match mem::replace(&mut self.0, State::Finished) {
                State::Known(outcome) => return Poll::Ready(outcome),
                State::Name { host, port } => self.0 = State::LookedUp(Lookup::start(host, port)?),
                State::LookedUp(lookup) => {
                    let outcome = lookup.poll(cx, location);
                    if outcome.is_pending() {
                        self.0 = State::LookedUp(lookup);
                    }
                    return outcome.map_ok(SocketAddrs::many);
                }
                State::Finished => panic!("a future was polled after it was ready; await it only once"),
            }
        }
    }
}

type Found = io::Result<Vec<SocketAddr>>;

/// A look-up that another thread makes.
#[derive(Debug)]
struct Lookup {
    exchange: Arc<Exchange>,
}

impl Lookup {
    fn start(host: String, port: u16) -> io::Result<Self> {
        let exchange = Arc::new(Exchange::default());
        let lookup = Self {
            exchange: exchange.clone(),
        };
        thread::Builder::new()
            .name("reveille-lookup".into())
            .spawn(move || exchange.finish(look_up(host, port)))?;
        Ok(lookup)
    }

    fn poll(&self, cx: &mut Context<'_>, location: &'static Location<'static>) -> Poll<Found> {
        let progress = ready!(coop::poll_proceed(cx));
        let found = ready!(self.exchange.poll(cx, location));
        progress.made();
        Poll::Ready(found)
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.exchange.withdraw();
    }
}

/// Blocks.
fn look_up(host: String, port: u16) -> Found {
    match (host.as_str(), port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(io::Error::new(error.kind(), NotFound { host, error })),
    }
}

/// Where the two threads meet.
#[derive(Debug, Default)]
struct Exchange {
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
    fn finish(&self, found: Found) {
        let mut meeting = lock(&self.inner);
        meeting.found = Some(found);
        let waiter = meeting.waiter.take();
        drop(meeting);
        if let Some(waiter) = waiter {
            wake::wake(waiter.into_waker());
        }
    }

    fn poll(&self, cx: &mut Context<'_>, location: &'static Location<'static>) -> Poll<Found> {
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

    fn withdraw(&self) {
        let waiter = lock(&self.inner).waiter.take();
        drop(waiter);
    }
}

/// The system's error, and the name that it was about.
#[derive(Debug)]
struct NotFound {
    host: String,
    error: io::Error,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot find the address of `{}`: {}", self.host, self.error)
    }
}

impl Error for NotFound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
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
            let unlocked = self.exchange.inner.try_lock().is_ok();
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
        let lookup = Lookup {
            exchange: exchange.clone(),
        };
        assert!(
            lookup
                .poll(&mut Context::from_waker(&waker), Location::caller())
                .is_pending()
        );
        drop((lookup, waker));
        assert_eq!(Arc::strong_count(&task), 1);
        exchange.finish(Ok(Vec::new()));
        assert_eq!(task.found_unlocked.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_lookup_that_nobody_polls_starts_no_thread() {
        let mut resolve = Resolve::name("localhost", 80);
        assert!(matches!(resolve.0, State::Name { .. }));
        let cx = &mut Context::from_waker(Waker::noop());
        let _ = resolve.poll(cx, Location::caller());
        assert!(!matches!(resolve.0, State::Name { .. }));
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use std::task::{Wake, Waker};

    use loom::sync::Notify;

    use super::*;

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
