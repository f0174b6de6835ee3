//! What can be told of a socket by its number alone, for task dumps.

use std::fmt;

use reveille_reactor::Direction;

/// A socket, or another descriptor, as somebody sees it who does not own it.
///
/// # Examples
///
/// ```
/// # #[cfg(unix)] {
/// use std::net::TcpListener;
/// use std::os::fd::AsRawFd;
///
/// use reveille_net::SeenSocket;
/// use reveille_reactor::Direction;
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let seen = SeenSocket::look(listener.as_raw_fd());
/// let text = seen.wait(Direction::Read).to_string();
/// assert!(text.starts_with("accepts on 127.0.0.1:"), "{text}");
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SeenSocket {
    /// Its number.
    pub number: i32,
    /// What it is.
    pub kind: Kind,
    /// Its own address, if it has one that can be shown.
    pub local: Option<String>,
    /// Whether it is connected.
    pub is_connected: bool,
    /// Its peer's address, if it is connected and that can be shown: a Unix socket's has none, as a rule.
    pub peer: Option<String>,
}

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A socket that takes connections. Not every system tells it from another stream; then it is one that is not connected.
    Listener,
    /// One end of a connection, or about to be.
    Stream,
    /// A socket for datagrams.
    Datagram,
    /// No socket of these kinds: a pipe, say, or a file that is gone by now.
    Other,
}

impl Kind {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Stream => "stream",
            Self::Datagram => "datagram socket",
            Self::Other => "descriptor",
        }
    }
}

impl SeenSocket {
    /// Asks the system for what has that number just now.
    #[cfg(unix)]
    pub fn look(number: i32) -> Self {
        crate::sys::look::look(number)
    }

    /// What somebody does who waits for it in that direction, in words.
    pub fn wait(&self, direction: Direction) -> impl fmt::Display + '_ {
        Wait(self, direction)
    }
}

struct Wait<'a>(&'a SeenSocket, Direction);

impl fmt::Display for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(socket, direction) = self;
        let verb = match (socket.kind, direction, socket.is_connected) {
            (Kind::Listener, Direction::Read, _) | (Kind::Stream, Direction::Read, false) => "accepts on",
            (Kind::Stream, Direction::Write, false) => "connects from",
            (Kind::Datagram, Direction::Read, false) => "receives on",
            (Kind::Datagram, Direction::Write, false) => "sends from",
            (_, Direction::Read, _) => "reads from",
            (_, Direction::Write, _) => "writes to",
        };
        let number = socket.number;
        match (&socket.peer, &socket.local) {
            (Some(peer), Some(local)) => write!(f, "{verb} {peer} (at {local}, descriptor {number})"),
            (Some(peer), None) => write!(f, "{verb} {peer} (descriptor {number})"),
            (None, Some(local)) if socket.is_connected => {
                write!(
                    f,
                    "{verb} a peer without a name (at {local}, descriptor {number})"
                )
            }
            (None, Some(local)) => write!(f, "{verb} {local} (descriptor {number})"),
            (None, None) => write!(f, "{verb} descriptor {number}"),
        }
    }
}
