//! The sockets as the operating system knows them: the one place where its names for them differ.

use socket2::SockRef;

use crate::{TcpListener, TcpSocket, TcpStream, UdpSocket};

pub(crate) use platform::into_std;

// For options: it makes no duplicate, so the registration need not take the socket for lent.
impl TcpListener {
    pub(crate) fn sock_ref(&self) -> SockRef<'_> {
        SockRef::from(self.registration.inspect())
    }
}

impl TcpSocket {
    pub(crate) fn sock_ref(&self) -> SockRef<'_> {
        SockRef::from(&self.socket)
    }
}

impl TcpStream {
    pub(crate) fn sock_ref(&self) -> SockRef<'_> {
        SockRef::from(self.registration.inspect())
    }
}

impl UdpSocket {
    pub(crate) fn sock_ref(&self) -> SockRef<'_> {
        SockRef::from(self.registration.inspect())
    }
}

#[cfg(unix)]
mod platform {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

    use crate::{TcpListener, TcpSocket, TcpStream, UdpSocket};

    /// mio's socket as std's.
    pub(crate) fn into_std<S: From<OwnedFd>>(socket: impl Into<OwnedFd>) -> S {
        S::from(socket.into())
    }

    impl AsFd for TcpListener {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.registration.get_ref().as_fd()
        }
    }

    impl AsRawFd for TcpListener {
        fn as_raw_fd(&self) -> RawFd {
            self.registration.get_ref().as_raw_fd()
        }
    }

    impl AsFd for TcpSocket {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.socket.as_fd()
        }
    }

    impl AsRawFd for TcpSocket {
        fn as_raw_fd(&self) -> RawFd {
            self.socket.as_raw_fd()
        }
    }

    impl From<OwnedFd> for TcpSocket {
        fn from(descriptor: OwnedFd) -> Self {
            let socket = descriptor.into();
            Self { socket }
        }
    }

    impl From<TcpSocket> for OwnedFd {
        fn from(socket: TcpSocket) -> Self {
            socket.socket.into()
        }
    }

    impl AsFd for TcpStream {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.registration.get_ref().as_fd()
        }
    }

    impl AsRawFd for TcpStream {
        fn as_raw_fd(&self) -> RawFd {
            self.registration.get_ref().as_raw_fd()
        }
    }

    impl AsFd for UdpSocket {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.registration.get_ref().as_fd()
        }
    }

    impl AsRawFd for UdpSocket {
        fn as_raw_fd(&self) -> RawFd {
            self.registration.get_ref().as_raw_fd()
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};

    use crate::{TcpListener, TcpSocket, TcpStream, UdpSocket};

    /// mio's socket as std's.
    pub(crate) fn into_std<S: From<OwnedSocket>>(socket: impl Into<OwnedSocket>) -> S {
        S::from(socket.into())
    }

    impl AsSocket for TcpListener {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.registration.get_ref().as_socket()
        }
    }

    impl AsRawSocket for TcpListener {
        fn as_raw_socket(&self) -> RawSocket {
            self.registration.get_ref().as_raw_socket()
        }
    }

    impl AsSocket for TcpSocket {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.socket.as_socket()
        }
    }

    impl AsRawSocket for TcpSocket {
        fn as_raw_socket(&self) -> RawSocket {
            self.socket.as_raw_socket()
        }
    }

    impl From<OwnedSocket> for TcpSocket {
        fn from(socket: OwnedSocket) -> Self {
            let socket = socket.into();
            Self { socket }
        }
    }

    impl From<TcpSocket> for OwnedSocket {
        fn from(socket: TcpSocket) -> Self {
            socket.socket.into()
        }
    }

    impl AsSocket for TcpStream {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.registration.get_ref().as_socket()
        }
    }

    impl AsRawSocket for TcpStream {
        fn as_raw_socket(&self) -> RawSocket {
            self.registration.get_ref().as_raw_socket()
        }
    }

    impl AsSocket for UdpSocket {
        fn as_socket(&self) -> BorrowedSocket<'_> {
            self.registration.get_ref().as_socket()
        }
    }

    impl AsRawSocket for UdpSocket {
        fn as_raw_socket(&self) -> RawSocket {
            self.registration.get_ref().as_raw_socket()
        }
    }
}
