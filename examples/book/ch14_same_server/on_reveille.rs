//! The server on reveille.

use std::convert::Infallible;
use std::io;

// ANCHOR: runtime
use reveille::net::{TcpListener, TcpStream};
use reveille::spawn;
use reveille::time::sleep;

#[allow(clippy::duplicate_mod, reason = "that it is the same text is the point")]
#[path = "echo.rs"]
mod echo;

pub(crate) fn serve(listener: std::net::TcpListener) -> io::Result<Infallible> {
    reveille::block_on(async { echo::serve(TcpListener::from_std(listener)?).await })
}
// ANCHOR_END: runtime
