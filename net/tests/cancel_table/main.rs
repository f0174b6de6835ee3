//! What each operation's *Cancel safety* says, held to it: the operation is polled so often, dropped, and begun anew,
//! over and over, and the stream of bytes (or of messages, connections, descriptors) must come out whole.
//!
//! Each module has tables of the operations of its kind, whose rows name what they hold; `complete` compares these names
//! with what the sources have. In reading order: `course`, how often; `bytes` and `messages`, the tests; then the tables.
#![cfg_attr(
    not(target_os = "linux"),
    allow(
        dead_code,
        reason = "only `complete`, which is of Linux, reads what the rows name"
    )
)]

#[path = "../hand/mod.rs"]
mod hand;
#[cfg(unix)]
#[path = "../place/mod.rs"]
mod place;

mod accepting;
mod bytes;
#[cfg(target_os = "linux")]
mod complete;
mod connecting;
mod course;
#[cfg(unix)]
mod descriptors;
mod messages;
mod names;
#[cfg(unix)]
mod pipe;
#[cfg(target_os = "linux")]
mod racing;
#[cfg(unix)]
mod source;
#[cfg(any(target_os = "android", target_os = "linux"))]
mod splice;
mod tcp;
mod tcp_halves;
mod udp;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_datagram;
