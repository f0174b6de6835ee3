//! The waiting of one operation that shares the ownership of its socket.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::panic::Location;
use std::task::{Context, Poll};

use crate::interest::{Direction, Ready};
use crate::registration::Registration;
use crate::retry::Waiting;
use crate::source::Source;
use crate::told;
use crate::waiters::Place;

/// As [`Wait`](crate::Wait), for a future that borrows nothing: it holds a pointer to the owner of the [`Registration`],
/// an `Arc` say.
///
/// # Examples
///
/// ```
/// use std::net::UdpSocket;
/// use std::panic::Location;
/// use std::sync::Arc;
///
/// use reveille_reactor::{Direction, Registration, WaitOwned};
///
/// let socket = UdpSocket::bind("127.0.0.1:0")?;
/// socket.set_nonblocking(true)?;
/// let socket = Arc::new(Registration::new(socket)?);
/// let mut wait = WaitOwned::new(socket, |socket| socket, Direction::Write, Location::caller());
/// let ready = pollster::block_on(std::future::poll_fn(|cx| wait.poll_ready(cx)))?;
/// assert!(ready.is_writable());
/// # std::io::Result::Ok(())
/// ```
pub struct WaitOwned<P: Deref, S: Source> {
    owner: P,
    registration: fn(&P::Target) -> &Registration<S>,
    location: &'static Location<'static>,
    place: Place,
}

impl<P: Deref, S: Source> WaitOwned<P, S> {
    /// The waiting of one operation that was begun at `location`. `registration` finds the owner's: always the same one.
    pub fn new(
        owner: P,
        registration: fn(&P::Target) -> &Registration<S>,
        direction: Direction,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            owner,
            registration,
            location,
            place: Place::own(direction),
        }
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
        let waiting = Waiting {
            location: self.location,
            place: &mut self.place,
        };
        (self.registration)(&self.owner).poll_ready_at(waiting, cx)
    }
}

impl<P: Deref, S: Source> Drop for WaitOwned<P, S> {
    fn drop(&mut self) {
        let slot = (self.registration)(&self.owner).slot();
        told::dropped(slot, !self.place.is_known());
        slot.withdraw(&mut self.place);
    }
}

impl<P: Deref, S: Source> fmt::Debug for WaitOwned<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOwned")
            .field("direction", &self.place.direction())
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
