//! Sending to somebody in particular.
//!
//! The system tells a socket that there is room at the one that it is connected to, and of nobody else's room: the report
//! that it can send is about its own buffer, and that it takes back its message from a target that is full is news of that
//! one already. So whoever tried again for each report would do so without end; from the second refusal on, time is waited
//! for instead.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use reveille_reactor::{Direction, Wait};
use reveille_timer::{Sleep, sleep};
use socket2::{SockAddr, SockRef};

use crate::unix::address;
use crate::unix::datagram::UnixDatagram;

/// The future of [`UnixDatagram::send_to`] and [`UnixDatagram::send_to_addr`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendTo<'a> {
    wait: Wait<'a, mio::net::UnixDatagram>,
    message: &'a [u8],
    /// None, once it was found that there is no such address.
    target: Result<SockAddr, Option<io::Error>>,
    pauses: Pauses,
}

impl<'a> SendTo<'a> {
    #[track_caller]
    pub(crate) fn new(socket: &'a UnixDatagram, message: &'a [u8], target: io::Result<SocketAddr>) -> Self {
        let target = target.and_then(|target| address::to_socket2(&target));
        Self {
            wait: socket.registration.wait(Direction::Write, Location::caller()),
            message,
            target: target.map_err(Some),
            pauses: Pauses::default(),
        }
    }
}

impl Future for SendTo<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let target = match &mut this.target {
            Ok(target) => target,
            Err(error) => {
                let error = error.take();
                return Poll::Ready(Err(
                    error.expect("`SendTo` was polled after it was ready; await it only once")
                ));
            }
        };
        loop {
            ready!(this.pauses.poll(cx));
            let mut refused = false;
            let sent = this.wait.poll_io(cx, |socket| {
                let sent = send_to(socket, this.message, target);
                refused |= matches!(&sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
                sent
            });
            // Not refused, it waits for room in its own buffer, of which there will be news.
            if sent.is_ready() || !refused || !this.pauses.begin() {
                return sent;
            }
        }
    }
}

/// The time between two attempts at a target that is full.
#[derive(Debug, Default)]
struct Pauses {
    /// How often it was refused.
    refusals: u32,
    current: Option<Sleep>,
}

/// What a message is late at most, beside the first refusals: twice as much each time, up to `LONGEST`.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(32);

impl Pauses {
    /// Ready when it is time to try.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.current {
            ready!(Pin::new(pause).poll(cx));
            self.current = None;
        }
        Poll::Ready(())
    }

    /// After a refusal. False for the first one: its report may be about room, if it was the own buffer that was full.
    fn begin(&mut self) -> bool {
        let doublings = self.refusals.checked_sub(1);
        self.refusals = self.refusals.saturating_add(1);
        self.current = doublings.map(|doublings| {
            let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
            sleep(LONGEST.min(SHORTEST.saturating_mul(factor)))
        });
        self.current.is_some()
    }
}

impl fmt::Debug for SendTo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SendTo");
        debug
            .field("wait", &self.wait)
            .field("target", &self.target.as_ref().map(SockAddr::as_pathname))
            .field("pauses", &self.pauses);
        debug.finish_non_exhaustive()
    }
}

pub(crate) fn send_to(
    socket: &mio::net::UnixDatagram,
    message: &[u8],
    target: &SockAddr,
) -> io::Result<usize> {
    SockRef::from(socket).send_to(message, target)
}
