//! Exercise 9: the guest who is waited for at home. To chapter 9.
//!
//! A server and its client are two tasks on one thread. The server's listener is one of the standard library, whose `accept` waits
//! until somebody comes. The client would come, if it were polled. Nothing says a word, and a debugger shows one thread in one
//! system call. (This is a true story. It took ten minutes until somebody had a look.)
//!
//! So that you need not kill it, `accept` here looks first whether it is about to block a loop:
//!
//! ```text
//! this blocks the loop, and who is waited for is a task of it
//! ```
//!
//! Mend `serve`. There are two ways: leave `accept` as it is, but call it where it may wait; or have the loop wait for the socket.
//! Write both, and compare the number of threads.
//!
//! Hint: `reveille::task::spawn_blocking`; `reveille::net::TcpListener::from_std`.

use std::cell::Cell;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

async fn serve(listener: TcpListener) -> io::Result<SocketAddr> {
    let (_stream, peer) = accept(&listener)?;
    Ok(peer)
}

/// The standard library's, but for the question.
fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    assert!(
        !IS_THE_LOOPS.get(),
        "this blocks the loop, and who is waited for is a task of it"
    );
    listener.accept()
}

thread_local! {
    /// Whether a loop of tasks runs on this thread.
    static IS_THE_LOOPS: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn a_server_and_its_client_live_on_one_thread() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    IS_THE_LOOPS.set(true);
    let (server, client) = reveille::block_on(async {
        let server = reveille::spawn(serve(listener));
        let client = reveille::spawn(async move {
            let stream = reveille::net::TcpStream::connect(address).await?;
            stream.local_addr()
        });
        (server.await, client.await)
    });
    assert_eq!(server??, client??);
    Ok(())
}
