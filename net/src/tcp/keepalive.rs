//! How a connection is probed while nothing is sent on it.

use std::time::Duration;

/// When, how often and how many times the system probes a connection on which nothing is sent, before it takes the peer
/// for gone: for `set_tcp_keepalive` of [`TcpSocket`](crate::TcpSocket::set_tcp_keepalive),
/// [`TcpStream`](crate::TcpStream::set_tcp_keepalive) and [`TcpListener`](crate::TcpListener::set_tcp_keepalive).
///
/// What is not set is left to the system, whose defaults are long: on Linux two hours, then 9 probes 75 s apart. The
/// durations are counted in whole seconds by most systems; a fraction is cut off.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille_net::{TcpListener, TcpStream, tcp::TcpKeepalive};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let stream = TcpStream::connect(listener.local_addr()?).await?;
///     // A peer that has vanished is noticed after at most 60 + 3 * 10 seconds.
///     let keepalive = TcpKeepalive::new()
///         .with_time(Duration::from_secs(60))
///         .with_interval(Duration::from_secs(10))
///         .with_retries(3);
///     stream.set_tcp_keepalive(&keepalive)?;
///     assert_eq!(stream.tcp_keepalive()?.time(), Some(Duration::from_secs(60)));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "it does nothing by itself; pass it to `set_tcp_keepalive`"]
pub struct TcpKeepalive {
    time: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl TcpKeepalive {
    /// One that leaves everything to the system.
    pub const fn new() -> Self {
        Self {
            time: None,
            interval: None,
            retries: None,
        }
    }

    /// How long nothing must have come from the peer before the first probe (`TCP_KEEPIDLE`).
    pub const fn with_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// How long after a probe that was not answered comes the next (`TCP_KEEPINTVL`). Systems without that, such as
    /// OpenBSD, ignore it.
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How many probes in a row may stay without an answer before the connection fails with `TimedOut`
    /// (`TCP_KEEPCNT`). Systems without that, such as OpenBSD, ignore it.
    pub const fn with_retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// What [`with_time`](Self::with_time) has set; of a socket, what is in force, if the system tells.
    pub const fn time(&self) -> Option<Duration> {
        self.time
    }

    /// What [`with_interval`](Self::with_interval) has set; of a socket, what is in force, if the system tells.
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// What [`with_retries`](Self::with_retries) has set; of a socket, what is in force, if the system tells.
    pub const fn retries(&self) -> Option<u32> {
        self.retries
    }
}
