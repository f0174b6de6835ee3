//! What waiting for readiness gives.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

use reveille_reactor::{Interest, Ready, Registration};

use super::Inner;
use crate::readiness;

/// What the system reported of a [`Source`](super::Source). It is there to be tried: [`try_io`](Self::try_io).
///
/// Dropped without that, it changes nothing: the next wait returns at once.
///
/// # Examples
///
/// ```
/// use std::io::Read;
/// use std::os::unix::net::UnixStream;
///
/// use reveille_net::source::Source;
///
/// # fn main() -> std::io::Result<()> {
/// let (ours, peer) = UnixStream::pair()?;
/// let ours = Source::new(ours)?;
/// drop(peer);
/// let guard = pollster::block_on(ours.readable())?;
/// assert!(guard.ready().is_read_closed());
/// // Two results: whether it was tried with success or in vain, and its own.
/// let read = guard.try_io(|mut stream| stream.read(&mut [0; 8]))?;
/// assert_eq!(read?, 0, "the end");
/// # Ok(())
/// # }
/// ```
#[must_use = "a report is there to be tried; else the next wait returns at once"]
pub struct ReadyGuard<'a, T: AsFd> {
    pub(super) registration: &'a Registration<Inner<T>>,
    /// The directions of which something was reported.
    pub(super) reported: Interest,
    pub(super) ready: Ready,
}

impl<T: AsFd> ReadyGuard<'_, T> {
    /// Calls `operation` once. If it meets `WouldBlock`, what was reported is void, and whoever waits next waits for a new
    /// report. A report that comes while it runs is not lost.
    ///
    /// It must be an operation of every direction that was reported: a read that would block says nothing about writing.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`] if `operation` met that, or if somebody else's did since the report. Everything else that
    /// `operation` returns comes back inside of `Ok`.
    ///
    /// # Examples
    ///
    /// See [`Source::readable`](super::Source::readable).
    pub fn try_io<R>(
        &self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> Result<io::Result<R>, WouldBlock> {
        match readiness::try_once(self.registration, self.reported, |inner| operation(&inner.0)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(WouldBlock(())),
            outcome => Ok(outcome),
        }
    }

    /// What was reported.
    pub fn ready(&self) -> Ready {
        self.ready
    }
}

impl<T: AsFd> fmt::Debug for ReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadyGuard").field(&self.ready).finish()
    }
}

/// The report was out of date: there is nothing to do before the next one. From [`ReadyGuard::try_io`].
///
/// # Examples
///
/// ```
/// use std::io::{self, Read};
/// use std::os::unix::net::UnixStream;
///
/// use reveille_net::source::Source;
/// use reveille_reactor::Interest;
///
/// # fn main() -> io::Result<()> {
/// let (ours, _peer) = UnixStream::pair()?;
/// let ours = Source::new(ours)?;
/// let guard = pollster::block_on(ours.ready(Interest::WRITABLE))?;
/// let would_block = guard.try_io(|mut stream| stream.read(&mut [0; 8])).unwrap_err();
/// assert_eq!(io::Error::from(would_block).kind(), io::ErrorKind::WouldBlock);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WouldBlock(());

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would block")
    }
}

impl Error for WouldBlock {}

impl From<WouldBlock> for io::Error {
    fn from(_: WouldBlock) -> Self {
        io::ErrorKind::WouldBlock.into()
    }
}
