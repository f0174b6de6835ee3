//! The sockets of the [reveille](https://docs.rs/reveille) runtime: TCP, UDP and, on Unix, Unix sockets. They work under any executor.
//!
//! Inside a runtime they use its reactor; outside, one thread that serves the whole process. There is nothing to set
//! up, and no "no reactor running":
//!
//! ```
//! use reveille_net::{TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! pollster::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (server, _) = listener.accept().await?;
//!
//!     client.write_all(b"hello").await?;
//!     let mut buffer = [0; 5];
//!     server.read_exact(&mut buffer).await?;
//!     assert_eq!(&buffer, b"hello");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # What they promise
//!
//! * Operations take `&self` and return [named futures](future), any number of which may wait on one socket; reading
//!   and writing never disturb each other. The streams implement the `futures-io` traits too, and then the last task
//!   that polled in each direction is the one that is woken.
//! * Errors are the operating system's, as they are. None of them makes a socket deaf: a listener that could not
//!   accept for want of file descriptors accepts as soon as there are some.
//! * `from_std` works anywhere and puts the socket into non-blocking mode itself.
//! * A socket whose operations never have to wait costs the reactor nothing (on Unix).
//!
//! # Errors
//!
//! Every operation that may wait can fail, beside what its documentation says, because the socket could not be
//! registered: [`reveille_reactor::is_shutdown`] tells whether the runtime of this thread is going away.
//!
//! # Features
//!
//! * `tokio-io`: the streams and pipes implement `tokio::io::{AsyncRead, AsyncWrite}` too. It brings tokio without any feature,
//!   the traits and no runtime.
//! * `hyper`: the streams and pipes implement `hyper::rt::{Read, Write}` too. It brings hyper without any feature.
//!
//! # In the source
//!
//! In reading order:
//!
//! * [`tcp`], and in it `tcp::listener`, the smallest; **start here**;
//! * `socket`: what the futures need of one; `descriptor`: the sockets as the system knows them; `bind`, `option_range`: making
//!   them, and their options;
//! * `transfer` (with `wanted`: when one was short), `datagram`, `readiness` and `async_io`: the futures; [`future`]: their names;
//! * `udp`, `unix`, `source`: the other kinds;
//! * `to_socket_addrs` and `resolve`: names; `attempts` and `tcp::race`: several addresses;
//! * `accept_error`, `accept_policy` and `incoming`: a server's loop;
//! * `polled` and `receive`, with `futures_io`, `tokio_io` and `hyper_io` over them: the traits of others;
//! * `splice`: from one stream to another on Linux; `seen_socket`: what a dump says of a socket; `sys`: system calls of our own;
//! * `primitive`: std's primitives, or a model checker's.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
#![deny(unsafe_code)]
#![doc(test(attr(deny(warnings))))]

mod accept_error;
mod accept_policy;
mod async_io;
mod attempts;
mod bind;
mod datagram;
mod descriptor;
pub mod future;
#[cfg(unix)]
mod futures_io;
#[cfg(feature = "hyper")]
mod hyper_io;
mod incoming;
mod option_range;
mod polled;
mod primitive;
mod readiness;
#[cfg(any(feature = "hyper", feature = "tokio-io"))]
mod receive;
mod resolve;
mod seen_socket;
mod socket;
#[cfg(unix)]
pub mod source;
#[cfg(any(target_os = "android", target_os = "linux"))]
mod splice;
#[cfg(unix)]
mod sys;
pub mod tcp;
mod to_socket_addrs;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod transfer;
mod udp;
#[cfg(unix)]
pub mod unix;
mod wanted;

pub use accept_policy::AcceptPolicy;
pub use datagram::Received;
pub use incoming::Incoming;
pub use resolve::lookup_host;
pub use resolve::names::{self, LookupInfo, Resolver, SystemResolver};
pub use seen_socket::{Kind, SeenSocket};
#[cfg(any(target_os = "android", target_os = "linux"))]
pub use splice::splice;
pub use tcp::listener::TcpListener;
pub use tcp::socket::TcpSocket;
pub use tcp::stream::TcpStream;
pub use to_socket_addrs::{SocketAddrs, ToSocketAddrs};
pub use udp::socket::UdpSocket;
#[cfg(unix)]
pub use unix::{datagram::UnixDatagram, listener::UnixListener, stream::UnixStream};
