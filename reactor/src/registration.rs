//! A socket that can be waited for.

use std::fmt;
use std::io;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_context::wake;

use crate::fork;
use crate::handle::Handle;
use crate::interest::{Direction, Ready};
use crate::membership::Membership;
use crate::readiness::Snapshot;
use crate::retry::Waiting;
use crate::slot::Slot;
use crate::source::{self, SHORT_MEANS_NOT_READY, Source};
use crate::wait::Wait;
use crate::waiters::Place;

/// Owns a socket, and waits for its readiness.
///
/// On Unix it is registered with a reactor when an operation first has to wait: with the current one of the thread
/// that waits, else with one that serves the whole process. When a thread waits that has a reactor of another
/// group, it is registered there too.
/// Elsewhere it is registered in [`new`](Self::new), and stays. When it is dropped no event finds it any more. If
/// the reactor goes away, whoever waits is woken, and when polled again registers anew, or fails where it cannot move.
///
/// Operations take `&self`. The one form of waiting is [`wait`](Self::wait), for named futures: any number at once in
/// each direction. The other, the `poll_*` methods, has one place for a waker in each direction: the last one wins.
///
/// The socket must be in non-blocking mode, and must not be registered with a reactor in any other way.
pub struct Registration<S: Source> {
    // Before the source: it leaves the reactor, which needs the descriptor, and then the source is closed.
    membership: Membership<Handle>,
    source: S,
}

impl<S: Source> Registration<S> {
    /// Takes `source` over, and presumes that it is ready: the first operation in each direction is tried at once.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of the registration.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::UdpSocket;
    /// use std::panic::Location;
    ///
    /// use reveille_reactor::{Direction, Registration};
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let address = socket.local_addr()?;
    /// let socket = Registration::new(socket)?;
    ///
    /// let mut buffer = [0; 16];
    /// let mut send = socket.wait(Direction::Write, Location::caller());
    /// let mut receive = socket.wait(Direction::Read, Location::caller());
    /// // No runtime here: the process-wide reactor serves, and any executor will do.
    /// pollster::block_on(std::future::poll_fn(|cx| send.poll_io(cx, |socket| socket.send_to(b"hi", address))))?;
    /// let received = std::future::poll_fn(|cx| receive.poll_io(cx, |socket| socket.recv(&mut buffer)));
    /// assert_eq!(pollster::block_on(received)?, 2);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new(source: S) -> io::Result<Self> {
        Self::made(source, true)
    }

    /// Takes over a socket that is about to connect: presumes nothing, so the first operation waits to be told.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of the registration.
    pub fn connecting(source: S) -> io::Result<Self> {
        Self::made(source, false)
    }

    fn made(mut source: S, presume_ready: bool) -> io::Result<Self> {
        let membership = Membership::new(presume_ready);
        source::when_made(&mut source, &membership)?;
        Ok(Self { membership, source })
    }

    /// Promises that nobody has a duplicate of the socket's descriptor, nor gets one in an operation of this registration or by
    /// way of [`inspect`](Self::inspect). Then the system ends the registration when the socket is closed, and to drop this
    /// makes one system call less (on epoll and kqueue, in processes that have not forked).
    ///
    /// The promise ends with the first call of [`get_ref`](Self::get_ref). If it is broken, what the duplicate gets keeps waking
    /// the reactor, though no task.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::UdpSocket;
    ///
    /// use reveille_reactor::Registration;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = Registration::new(socket)?.without_duplicates();
    /// assert_ne!(socket.inspect().local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn without_duplicates(self) -> Self {
        // From before the first fork that could duplicate it; if that cannot be watched for, it leaves as all others do.
        if fork::watch().is_ok() {
            self.slot().lend(false);
        }
        self
    }

    /// The socket.
    pub fn get_ref(&self) -> &S {
        self.slot().lend(true);
        &self.source
    }

    /// The socket, for something that makes no duplicate of its descriptor, and lends it to nobody who might: see
    /// [`without_duplicates`](Self::without_duplicates).
    pub fn inspect(&self) -> &S {
        &self.source
    }

    /// Gives the socket back, out of the reactor and ready to be registered anywhere.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of the deregistration.
    pub fn into_inner(self) -> io::Result<S> {
        let Self {
            membership,
            mut source,
        } = self;
        // It is not about to be closed.
        membership.slot().lend(true);
        source::release(&mut source, membership)?;
        Ok(source)
    }

    /// The waiting of one operation that was begun at `location`.
    pub fn wait(&self, direction: Direction, location: &'static Location<'static>) -> Wait<'_, S> {
        Wait::new(self, direction, location)
    }

    /// Calls `operation` until it returns something else than `WouldBlock`, waiting in between.
    ///
    /// There is one place for a waker in each direction: of several tasks that poll, only the last is woken.
    ///
    /// # Errors
    ///
    /// The operation's, and those of registering the socket; [`is_shutdown`](crate::is_shutdown) tells whether the
    /// runtime of this thread is going away.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by not polling again: what `operation` did is returned by the same call.
    pub fn poll_io<T>(
        &self,
        direction: Direction,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let place = &mut Place::shared(direction);
        self.poll_io_at(Waiting { location, place }, cx, operation)
    }

    /// As [`poll_io`](Self::poll_io), for a byte stream that `operation` asked for `wanted` bytes: fewer, but not
    /// none, mean that it would block next, which saves the system call that would say so. (On epoll and kqueue;
    /// elsewhere this makes no difference.)
    ///
    /// Only for streams whose every short count means that: TCP, not Unix sockets (whose reads end where a message
    /// with ancillary data begins), nor terminals. A TCP peer that sends urgent data, where reads end too, can stall
    /// its own connection until its next byte.
    ///
    /// # Errors
    ///
    /// As for [`poll_io`](Self::poll_io).
    ///
    /// # Cancel safety
    ///
    /// As for [`poll_io`](Self::poll_io).
    pub fn poll_stream_io(
        &self,
        direction: Direction,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
        wanted: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let place = &mut Place::shared(direction);
        self.poll_stream_io_at(Waiting { location, place }, cx, wanted, operation)
    }

    /// Waits until the system has reported something of `direction`, and returns that. Nothing that is merely
    /// presumed counts.
    ///
    /// It stays so until an operation ([`try_io`](Self::try_io)) meets `WouldBlock`.
    ///
    /// # Errors
    ///
    /// As for [`poll_io`](Self::poll_io).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by not polling again: the readiness stays.
    pub fn poll_ready(
        &self,
        direction: Direction,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Ready>> {
        let place = &mut Place::shared(direction);
        self.poll_ready_at(Waiting { location, place }, cx)
    }

    /// Calls `operation` once, without waiting.
    ///
    /// # Errors
    ///
    /// The operation's; `WouldBlock` without having called it when it is known that it would block.
    pub fn try_io<T>(
        &self,
        direction: Direction,
        operation: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        self.membership.try_once(direction, || operation(&self.source))
    }

    /// For tests: an event, as if the reactor had delivered it.
    #[doc(hidden)]
    pub fn inject(&self, ready: Ready) {
        let mut woken = Vec::new();
        self.slot().deliver(ready, &mut woken);
        wake::wake_all(&mut woken);
    }

    /// For tests: as if there had been `generation` events in this direction.
    #[doc(hidden)]
    pub fn preset_generation(&self, direction: Direction, generation: u64) {
        self.slot().readiness(direction).preset_generation(generation);
    }

    /// For tests: the token under which it is registered, as the operating system would hand it back.
    #[doc(hidden)]
    pub fn packed_token(&self) -> Option<usize> {
        self.membership.home().map(|(_, token)| token.pack())
    }

    pub(crate) fn poll_io_at<T>(
        &self,
        waiting: Waiting<'_>,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let identity = || source::identity(&self.source);
        let attempt = |_| operation(&self.source);
        self.membership
            .poll_retry(identity, waiting, cx, Snapshot::is_worth_trying, attempt)
    }

    pub(crate) fn poll_stream_io_at(
        &self,
        waiting: Waiting<'_>,
        cx: &mut Context<'_>,
        wanted: usize,
        mut operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let identity = || source::identity(&self.source);
        let readiness = self.slot().readiness(waiting.place.direction());
        let attempt = |seen| {
            let moved = operation(&self.source)?;
            if SHORT_MEANS_NOT_READY && 0 < moved && moved < wanted {
                readiness.clear_ready(seen);
            }
            Ok(moved)
        };
        self.membership
            .poll_retry(identity, waiting, cx, Snapshot::is_worth_trying, attempt)
    }

    pub(crate) fn poll_ready_at(
        &self,
        waiting: Waiting<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Ready>> {
        let identity = || source::identity(&self.source);
        let direction = waiting.place.direction();
        let attempt = |seen: Snapshot| Ok(seen.ready(direction));
        self.membership
            .poll_retry(identity, waiting, cx, Snapshot::is_reported, attempt)
    }

    pub(crate) fn slot(&self) -> &Slot {
        self.membership.slot()
    }
}

impl<S: Source + fmt::Debug> fmt::Debug for Registration<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("source", &self.source)
            .field("registered", &self.slot().is_attached())
            .finish_non_exhaustive()
    }
}
