//! How a runtime has its names looked up.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use reveille_context::task::TaskId;
use reveille_context::waiter::Waiter;
use reveille_context::wake;
use reveille_reactor::shutdown_error;

use crate::resolve::lookup::Lookup;

/// Looks names up, in place of the system's `getaddrinfo`.
///
/// It is asked for names only: an address never gets here.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
/// use std::pin::Pin;
///
/// use reveille_net::{Resolver, SystemResolver};
///
/// /// A table of its own first, then the system.
/// struct Hosts(Vec<(String, SocketAddr)>);
///
/// impl Resolver for Hosts {
///     fn resolve(
///         &self,
///         host: &str,
///         port: u16,
///     ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
///         match self.0.iter().find(|(name, _)| name == host) {
///             Some((_, address)) => {
///                 let found = vec![SocketAddr::new(address.ip(), port)];
///                 Box::pin(async { Ok(found) })
///             }
///             None => SystemResolver.resolve(host, port),
///         }
///     }
/// }
///
/// let hosts = Hosts(vec![("printer".into(), "192.0.2.7:0".parse().unwrap())]);
/// let found = pollster::block_on(hosts.resolve("printer", 631))?;
/// assert_eq!(found, ["192.0.2.7:631".parse().unwrap()]);
/// # io::Result::Ok(())
/// ```
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, each with `port`, in the order in which they are to be tried.
    ///
    /// The future is dropped when nobody waits for it any more.
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
}

impl<R: Resolver + ?Sized> Resolver for Arc<R> {
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        (**self).resolve(host, port)
    }
}

/// The system's `getaddrinfo`, on a few threads that serve the whole process: what looks names up where nothing
/// else is said.
///
/// Look-ups of the same name at the same time share one call. A look-up that is dropped delays no other one, and
/// neither waits for the end of the process.
///
/// See [`Resolver`] for an example.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    #[track_caller]
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        let location = Location::caller();
        let mut lookup = Lookup::new(host.to_owned(), port);
        Box::pin(std::future::poll_fn(move |cx| lookup.poll(cx, location)))
    }
}

/// The look-ups of one runtime: who makes them, and that they end when it shuts down. For those who build a runtime
/// from parts; a thread makes it its own as it does with a reactor.
///
/// # Examples
///
/// ```
/// use reveille_net::names::Names;
///
/// let names = Names::new(None);
/// let _entered = names.enter();
/// names.close(&mut Vec::new());
/// let error = pollster::block_on(reveille_net::lookup_host("localhost:80")).unwrap_err();
/// assert!(reveille_reactor::is_shutdown(&error));
/// ```
#[derive(Clone)]
pub struct Names(Arc<Inner>);

struct Inner {
    resolver: Option<Arc<dyn Resolver>>,
    waiting: Mutex<Waiting>,
    /// Woken when the system looks no name up any more.
    at_rest: OnceLock<Waker>,
}

#[derive(Default)]
struct Waiting {
    closed: bool,
    next: u64,
    waiters: HashMap<u64, Waiter>,
    /// Look-ups by the system that go on, and how many there ever were.
    asked: usize,
    begun: u64,
}

impl Names {
    /// `None` for the [system's](SystemResolver).
    pub fn new(resolver: Option<Arc<dyn Resolver>>) -> Self {
        Self(Arc::new(Inner {
            resolver,
            waiting: Mutex::default(),
            at_rest: OnceLock::new(),
        }))
    }

    /// Makes these the names of this thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard {
            previous: Self::replace_current(Some(self.clone())),
            not_send: PhantomData,
        }
    }

    /// Makes `names` the current ones of this thread, for who cannot keep the guard of [`enter`](Self::enter).
    /// Returns the ones before.
    pub fn replace_current(names: Option<Self>) -> Option<Self> {
        CURRENT.try_with(|current| current.replace(names)).ok().flatten()
    }

    /// Every look-up on a thread of this runtime fails from now on. Who waits is to be woken by the caller.
    pub fn close(&self, woken: &mut Vec<Waker>) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        woken.extend(waiting.waiters.drain().map(|(_, waiter)| waiter.into_waker()));
    }

    /// Everyone who waits for a name just now, for a task dump.
    pub fn waits(&self) -> Vec<LookupInfo> {
        let waiting = self.waiting();
        let waits = waiting.waiters.values().map(|waiter| LookupInfo {
            task: waiter.task(),
            location: waiter.location(),
        });
        waits.collect()
    }

    /// `None` while the system looks a name up for somebody who waits, else a number that is another one whenever it did in
    /// between: for a clock that is to stand meanwhile. What a [`Resolver`] of one's own does is not counted: it runs in the
    /// runtime itself, and may wait for time.
    pub fn finished(&self) -> Option<u64> {
        let waiting = self.waiting();
        (waiting.asked == 0).then_some(waiting.begun)
    }

    /// Has `waker` woken each time [`finished`](Self::finished) becomes a number again: the last look-up may end on any thread,
    /// also on one that is none of the runtime's. The first one stays.
    pub fn wake_when_finished(&self, waker: Waker) {
        let _ = self.0.at_rest.set(waker);
    }

    /// Those of this thread.
    pub(super) fn current() -> Option<Self> {
        CURRENT
            .try_with(|current| current.borrow().clone())
            .ok()
            .flatten()
    }

    pub(super) fn resolver(&self) -> Option<&Arc<dyn Resolver>> {
        self.0.resolver.as_ref()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that can panic happens under it.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a name; from [`Names::waits`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LookupInfo {
    /// The task that waits, if a runtime of ours polled it.
    pub task: Option<TaskId>,
    /// Where the operation was begun.
    pub location: &'static Location<'static>,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("closed", &self.waiting().closed)
            .finish_non_exhaustive()
    }
}

/// Certain [`Names`] are this thread's while this lives; made by [`Names::enter`].
#[must_use = "the names are current only while the guard lives"]
#[derive(Debug)]
pub struct EnterGuard {
    previous: Option<Names>,
    not_send: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        drop(Names::replace_current(self.previous.take()));
    }
}

/// The system looks a name up for a runtime while this lives.
#[derive(Debug)]
pub(super) struct Asking(Option<Names>);

impl Asking {
    /// For the runtime of this thread, if any.
    pub(super) fn begin() -> Self {
        let names = Names::current();
        if let Some(names) = &names {
            let mut waiting = names.waiting();
            waiting.asked += 1;
            waiting.begun += 1;
        }
        Self(names)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(names) = &self.0 {
            let mut waiting = names.waiting();
            waiting.asked -= 1;
            let was_last = waiting.asked == 0;
            drop(waiting);
            if let Some(waker) = names.0.at_rest.get().filter(|_| was_last) {
                wake::contain(|| waker.wake_by_ref());
            }
        }
    }
}

/// A look-up's place among those that a runtime's end is to wake.
#[derive(Debug, Default)]
pub(super) struct Seat(Option<(Names, u64)>);

impl Seat {
    /// Takes a place in the names of this thread, or fails if they are closed. To be called before each look at
    /// what the look-up waits for, so that no end of the runtime falls in between.
    pub(super) fn keep(&mut self, cx: &Context<'_>, location: &'static Location<'static>) -> io::Result<()> {
        let Some(names) = Names::current() else {
            self.leave();
            return Ok(());
        };
        if !matches!(&self.0, Some((of, _)) if Arc::ptr_eq(&of.0, &names.0)) {
            self.leave();
        }
        let waiter = Waiter::new(cx.waker().clone(), location);
        let mut waiting = names.waiting();
        if waiting.closed {
            drop(waiting);
            return Err(shutdown_error());
        }
        let number = match &self.0 {
            Some((_, number)) => *number,
            None => {
                waiting.next += 1;
                waiting.next
            }
        };
        let old = waiting.waiters.insert(number, waiter);
        drop(waiting);
        // A foreign waker's destructor: after unlocking.
        drop(old);
        self.0 = Some((names, number));
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        if let Some((names, number)) = self.0.take() {
            let waiter = names.waiting().waiters.remove(&number);
            drop(waiter);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Asks `resolver`. The result is `Sync`, as the futures of this crate are, though the resolver's is not.
pub(super) struct Asked(Mutex<Answer>);

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

impl Asked {
    pub(super) fn new(resolver: &dyn Resolver, host: &str, port: u16) -> Self {
        Self(Mutex::new(resolver.resolve(host, port)))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<SocketAddr>>> {
        let future = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        future.as_mut().poll(cx)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Names>> = const { RefCell::new(None) };
}
