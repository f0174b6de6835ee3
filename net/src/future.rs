//! The futures that the operations return, by name: to keep one in a struct, or to implement a trait with it.
//!
//! Each waits by itself, so any number of them may wait on one socket; dropping one withdraws it. What dropping does
//! to the data is said at the operation, under *Cancel safety*. All are `Unpin`.

pub use crate::async_io::AsyncIo;
pub use crate::bind::Bind;
pub use crate::datagram::{PeekFrom, Recv, RecvFrom, RecvMsg, Send};
pub use crate::incoming::AcceptIncoming;
pub use crate::readiness::{Readable, Readiness, Writable};
pub use crate::resolve::LookupHost;
#[cfg(any(target_os = "android", target_os = "linux"))]
pub use crate::splice::Splice;
pub use crate::tcp::connect::Connect;
pub use crate::tcp::listener::Accept;
pub use crate::tcp::socket::ConnectSocket;
pub use crate::transfer::{Peek, Read, ReadExact, Write, WriteAll};
pub use crate::udp::connect::ConnectDatagram;
pub use crate::udp::owned::WritableOwned;
pub use crate::udp::send_to::SendTo;
