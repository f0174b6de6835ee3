//! Sending descriptors to another process, and receiving them.
//!
//! They travel as ancillary data of a message (`SCM_RIGHTS`). What was received is owned from the first moment: whatever
//! is not handed out is closed.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, Wait};

use crate::socket::Socket;
use crate::sys::message;
use crate::unix::datagram::UnixDatagram;
use crate::unix::stream::UnixStream;

/// What Linux sends in one message at most.
const AT_ONCE: usize = 253;

impl UnixStream {
    /// Sends copies of `descriptors` with the first of `bytes`, as many of these as there is room for, and returns how
    /// many.
    ///
    /// The peer gets descriptors of its own, of the same open files. They go with the first byte, all of them or none, so
    /// what [`write`](Self::write) sends of the rest must not have them again.
    ///
    /// # Errors
    ///
    /// As for [`write`](Self::write). `InvalidInput` if there are no bytes for the descriptors to go with, or more than
    /// 253 descriptors. On Linux also that of too many descriptors (`ETOOMANYREFS`) on their way.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was sent is returned by the same poll, and the descriptors are only lent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use std::os::fd::AsFd;
    /// use std::os::unix::net;
    ///
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     let (mut reader, writer) = net::UnixStream::pair()?;
    ///     here.send_with_fds(b"socket", &[writer.as_fd()]).await?;
    ///     drop(writer);
    ///
    ///     let (length, received) = there.recv_with_fds(&mut [0; 16], 1).await?;
    ///     assert_eq!((length, received.len()), (6, 1));
    ///     drop(received);
    ///     assert_eq!(reader.read(&mut [0; 1])?, 0, "nobody can write any more");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn send_with_fds<'a>(
        &'a self,
        bytes: &'a [u8],
        descriptors: &'a [BorrowedFd<'a>],
    ) -> SendWithFds<'a, Self> {
        SendWithFds::new(self, bytes, descriptors)
    }

    /// Reads what there is, and with it up to `max` descriptors that the peer has sent; returns how many bytes, and the
    /// descriptors. They are closed in a child that executes another program (`FD_CLOEXEC`).
    ///
    /// [`read`](Self::read) loses the descriptors that come with what it reads: the system closes them.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read). `InvalidData` if the peer has sent more than `max` descriptors at once, or if this
    /// process has no room for all of them: then all are closed, and the bytes that they came with are lost.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was taken from the stream is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// use reveille_net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixStream::pair()?;
    ///     here.send_with_fds(b"myself", &[here.as_fd()]).await?;
    ///     let (_, mut received) = there.recv_with_fds(&mut [0; 16], 4).await?;
    ///     let copy = received.pop().expect("one was sent");
    ///     let copy = UnixStream::from_std(copy.into())?;
    ///     copy.write_all(b"from a copy").await?;
    ///     assert_eq!(there.read(&mut [0; 16]).await?, 11);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv_with_fds<'a>(&'a self, buffer: &'a mut [u8], max: usize) -> RecvWithFds<'a, Self> {
        RecvWithFds::new(self, buffer, max)
    }
}

impl UnixDatagram {
    /// Sends a message to the peer, with copies of `descriptors`, and returns its length.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send). `InvalidInput` for more than 253 descriptors. On Linux also that of too many
    /// descriptors (`ETOOMANYREFS`) on their way.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was sent is returned by the same poll, and the descriptors are only lent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixDatagram::pair()?;
    ///     here.send_with_fds(b"", &[here.as_fd(), there.as_fd()]).await?;
    ///     let (length, received) = there.recv_with_fds(&mut [], 2).await?;
    ///     assert_eq!((length, received.len()), (0, 2));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn send_with_fds<'a>(
        &'a self,
        message: &'a [u8],
        descriptors: &'a [BorrowedFd<'a>],
    ) -> SendWithFds<'a, Self> {
        SendWithFds::new(self, message, descriptors)
    }

    /// Receives a message, and with it up to `max` descriptors; returns its length, and the descriptors. They are closed
    /// in a child that executes another program (`FD_CLOEXEC`).
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv). `InvalidData` if there are more than `max` descriptors in the message, or if this
    /// process has no room for all of them: then all are closed, and the message is lost.
    ///
    /// # Cancel safety
    ///
    /// Safe: a message that was taken is returned by the same poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// use reveille_net::UnixDatagram;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let (here, there) = UnixDatagram::pair()?;
    ///     here.send_with_fds(b"myself", &[here.as_fd()]).await?;
    ///     let (length, received) = there.recv_with_fds(&mut [0; 16], 1).await?;
    ///     assert_eq!((length, received.len()), (6, 1));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn recv_with_fds<'a>(&'a self, buffer: &'a mut [u8], max: usize) -> RecvWithFds<'a, Self> {
        RecvWithFds::new(self, buffer, max)
    }
}

/// What can carry descriptors. Nobody else can name this trait.
pub trait Carrying: Socket<Source: AsFd> {
    /// Whether descriptors need bytes to go with: those of a stream.
    const NEEDS_BYTES: bool;
}

impl Carrying for UnixStream {
    const NEEDS_BYTES: bool = true;
}

impl Carrying for UnixDatagram {
    const NEEDS_BYTES: bool = false;
}

/// The future of `send_with_fds`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendWithFds<'a, S: Carrying> {
    wait: Wait<'a, S::Source>,
    bytes: &'a [u8],
    descriptors: &'a [BorrowedFd<'a>],
}

impl<'a, S: Carrying> SendWithFds<'a, S> {
    #[track_caller]
    fn new(socket: &'a S, bytes: &'a [u8], descriptors: &'a [BorrowedFd<'a>]) -> Self {
        Self {
            wait: socket.registration().wait(Direction::Write, Location::caller()),
            bytes,
            descriptors,
        }
    }
}

impl<S: Carrying> Future for SendWithFds<'_, S> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            wait,
            bytes,
            descriptors,
        } = self.get_mut();
        if descriptors.len() > AT_ONCE {
            return Poll::Ready(Err(invalid(
                "no more than 253 descriptors can go with one message",
            )));
        }
        if S::NEEDS_BYTES && bytes.is_empty() && !descriptors.is_empty() {
            return Poll::Ready(Err(invalid(
                "descriptors of a stream go with bytes: send one at least",
            )));
        }
        wait.poll_io(cx, |source| send(source.as_fd(), bytes, descriptors))
    }
}

/// The future of `recv_with_fds`.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct RecvWithFds<'a, S: Carrying> {
    wait: Wait<'a, S::Source>,
    buffer: &'a mut [u8],
    max: usize,
}

impl<'a, S: Carrying> RecvWithFds<'a, S> {
    #[track_caller]
    fn new(socket: &'a S, buffer: &'a mut [u8], max: usize) -> Self {
        Self {
            wait: socket.registration().wait(Direction::Read, Location::caller()),
            buffer,
            max,
        }
    }
}

impl<S: Carrying> Future for RecvWithFds<'_, S> {
    type Output = io::Result<(usize, Vec<OwnedFd>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { wait, buffer, max } = self.get_mut();
        if S::NEEDS_BYTES && buffer.is_empty() {
            // The system would wait for bytes to put nowhere.
            return Poll::Ready(Ok((0, Vec::new())));
        }
        wait.poll_io(cx, |source| receive(source.as_fd(), buffer, *max))
    }
}

fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    message::send(socket, bytes, descriptors, flags::SEND)
}

fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], max: usize) -> io::Result<(usize, Vec<OwnedFd>)> {
    let message = message::receive_with_descriptors(socket, buffer, flags::RECEIVE)?;
    let descriptors = message.descriptors;
    // Those that there are are closed as `descriptors` is dropped.
    if message.lost_some || descriptors.len() > max {
        let text = format!(
            "descriptors were lost: more than {max} came with one message, or there is no room for them in this process; those that came are closed"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    flags::close_on_exec(&descriptors)?;
    Ok((message.length, descriptors))
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

/// Where descriptors are marked to be closed on `exec`: as they are received, or, where the system cannot, behind that.
#[cfg(not(any(target_vendor = "apple", target_os = "illumos", target_os = "solaris")))]
mod flags {
    use std::io;
    use std::os::fd::OwnedFd;

    pub(super) const SEND: libc::c_int = libc::MSG_NOSIGNAL;
    pub(super) const RECEIVE: libc::c_int = libc::MSG_CMSG_CLOEXEC;

    pub(super) fn close_on_exec(_: &[OwnedFd]) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(any(target_vendor = "apple", target_os = "illumos", target_os = "solaris"))]
mod flags {
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use crate::sys::descriptor;

    // A socket of mio's raises no signal on Apple's systems. On the others it does.
    pub(super) const SEND: libc::c_int = 0;
    pub(super) const RECEIVE: libc::c_int = 0;

    pub(super) fn close_on_exec(descriptors: &[OwnedFd]) -> io::Result<()> {
        for descriptor in descriptors {
            descriptor::close_on_exec(descriptor.as_fd())?;
        }
        Ok(())
    }
}

impl<S: Carrying> fmt::Debug for SendWithFds<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendWithFds").field(&self.wait).finish()
    }
}

impl<S: Carrying> fmt::Debug for RecvWithFds<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvWithFds").field(&self.wait).finish()
    }
}
