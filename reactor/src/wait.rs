//! The waiting of one operation.

use std::fmt;
use std::io;
use std::panic::Location;
use std::task::{Context, Poll};

use crate::interest::{Direction, Ready};
use crate::registration::Registration;
use crate::retry::Waiting;
use crate::source::Source;
use crate::told;
use crate::waiters::Place;

/// The waiting of one operation on a [`Registration`]: what a named future holds.
///
/// It has a waker of its own, so that any number of operations can wait in each direction; an event wakes all of them.
/// Dropping it withdraws the waker.
///
/// # Examples
///
/// ```
/// use std::future::Future;
/// use std::io;
/// use std::net::{SocketAddr, TcpListener, TcpStream};
/// use std::panic::Location;
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use reveille_reactor::{Direction, Registration, Wait};
///
/// struct Accept<'a>(Wait<'a, TcpListener>);
///
/// impl Future for Accept<'_> {
///     type Output = io::Result<(TcpStream, SocketAddr)>;
///
///     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
///         self.0.poll_io(cx, TcpListener::accept)
///     }
/// }
///
/// #[track_caller]
/// fn accept(listener: &Registration<TcpListener>) -> Accept<'_> {
///     Accept(listener.wait(Direction::Read, Location::caller()))
/// }
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.set_nonblocking(true)?;
/// let address = listener.local_addr()?;
/// let listener = Registration::new(listener)?;
/// let peer = TcpStream::connect(address)?;
/// let (_, from) = pollster::block_on(accept(&listener))?;
/// assert_eq!(from, peer.local_addr()?);
/// # io::Result::Ok(())
/// ```
pub struct Wait<'a, S: Source> {
    registration: &'a Registration<S>,
    location: &'static Location<'static>,
    place: Place,
}

impl<'a, S: Source> Wait<'a, S> {
    pub(crate) fn new(
        registration: &'a Registration<S>,
        direction: Direction,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            registration,
            location,
            place: Place::own(direction),
        }
    }

    /// As [`Registration::poll_io`], with a waker of its own.
    ///
    /// # Errors
    ///
    /// As for [`Registration::poll_io`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it: what `operation` did is returned by the same call.
    pub fn poll_io<T>(
        &mut self,
        cx: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let registration = self.registration;
        registration.poll_io_at(self.waiting(), cx, operation)
    }

    /// As [`Registration::poll_stream_io`], with a waker of its own.
    ///
    /// # Errors
    ///
    /// As for [`Registration::poll_io`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it: what `operation` did is returned by the same call.
    pub fn poll_stream_io(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let registration = self.registration;
        registration.poll_stream_io_at(self.waiting(), cx, wanted, operation)
    }

    /// As [`Registration::poll_ready`], with a waker of its own.
    ///
    /// # Errors
    ///
    /// As for [`Registration::poll_io`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it: the readiness stays.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        let registration = self.registration;
        registration.poll_ready_at(self.waiting(), cx)
    }

    /// What is waited for.
    pub fn get_ref(&self) -> &'a Registration<S> {
        self.registration
    }

    fn waiting(&mut self) -> Waiting<'_> {
        Waiting {
            location: self.location,
            place: &mut self.place,
        }
    }
}

impl<S: Source> Drop for Wait<'_, S> {
    fn drop(&mut self) {
        let slot = self.registration.slot();
        told::dropped(slot, !self.place.is_known());
        slot.withdraw(&mut self.place);
    }
}

impl<S: Source> fmt::Debug for Wait<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("direction", &self.place.direction())
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
