//! UDP.

mod connect;
mod options;
mod send_to;
mod socket;

pub use connect::ConnectDatagram;
pub use send_to::SendTo;
pub use socket::UdpSocket;
