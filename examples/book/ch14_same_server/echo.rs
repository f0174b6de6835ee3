//! The server of chapter 0. It does not say what runs it: that is up to the module that this is in.

use std::convert::Infallible;
use std::io;

use super::{TcpListener, TcpStream, sleep, spawn};
use crate::job::{Job, WAIT, compute};

// ANCHOR: server
/// A task for each connection.
pub(super) async fn serve(listener: TcpListener) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        spawn(converse(stream));
    }
}

async fn converse(stream: TcpStream) -> io::Result<()> {
    let mut request = [0];
    while stream.read(&mut request).await? == 1 {
        match Job::from_byte(request[0]) {
            Job::Nothing => {}
            Job::Wait => sleep(WAIT).await,
            Job::Compute => compute(),
        }
        stream.write_all(&request).await?;
    }
    Ok(())
}
// ANCHOR_END: server
