//! The server on the runtime of this book.

use std::convert::Infallible;
use std::io;

// ANCHOR: runtime
use crate::toy::{TcpListener, TcpStream, block_on, sleep, spawn};

#[path = "echo.rs"]
mod echo;

pub(crate) fn serve(listener: std::net::TcpListener) -> io::Result<Infallible> {
    block_on(async { echo::serve(TcpListener::from_std(listener)?).await })
}
// ANCHOR_END: runtime
