//! Waiting by those who cannot borrow the socket.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use reveille_reactor::{Direction, WaitOwned};

use crate::udp::socket::UdpSocket;

impl UdpSocket {
    /// As [`writable`](Self::writable), in a future that owns the socket with others: for a struct that keeps it. Each one
    /// has a waker of its own. It can be awaited again, to wait again.
    ///
    /// # Errors
    ///
    /// Those of registering the socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: it stays writable until something is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use reveille_net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
    ///     let writable = socket.writable_owned();
    ///     let waits: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(writable);
    ///     waits.await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn writable_owned(self: &Arc<Self>) -> WritableOwned {
        let location = Location::caller();
        WritableOwned {
            wait: WaitOwned::new(self.clone(), registration, Direction::Write, location),
        }
    }
}

fn registration(socket: &UdpSocket) -> &reveille_reactor::Registration<mio::net::UdpSocket> {
    &socket.registration
}

/// The future of [`UdpSocket::writable_owned`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct WritableOwned {
    wait: WaitOwned<Arc<UdpSocket>, mio::net::UdpSocket>,
}

impl Future for WritableOwned {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.poll_ready(cx).map_ok(drop)
    }
}

impl fmt::Debug for WritableOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WritableOwned").field(&self.wait).finish()
    }
}
