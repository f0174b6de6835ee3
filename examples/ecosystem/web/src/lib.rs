//! What the programs have in common: where they listen, and what ends them.

use std::{env, io};

use reveille::net::TcpListener;
use reveille::signal::unix::{SignalKind, signal};
use reveille_hyper::Report;

/// A listener on the address of the command line, else on a free port of loopback; says where it is.
pub async fn listen() -> io::Result<TcpListener> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(listener)
}

/// Completes with ctrl-c, and with what `kill` sends.
///
/// # Panics
///
/// When the system refuses to tell of signals.
pub async fn asked_to_stop() {
    let mut interrupt = signal(SignalKind::interrupt()).expect("no handler for SIGINT");
    let mut terminate = signal(SignalKind::terminate()).expect("no handler for SIGTERM");
    std::future::poll_fn(|cx| {
        if interrupt.poll_recv(cx).is_ready() || terminate.poll_recv(cx).is_ready() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// Says what a server has done.
pub fn goodbye(report: &Report) {
    println!("{} connections, {} cut off", report.connections(), report.cut());
}
