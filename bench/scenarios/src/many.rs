//! A server of many connections that says what they cost it.

use std::io::{self, BufRead};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::net::{AddressFamily, SocketType, bind, listen, socket, sockopt};

use crate::Net;
use crate::counting::allocated;
use crate::gate::Gate;
use crate::measure::resident;

/// Longer than the messages of the clients, so that one which is there fills no buffer.
const BUFFER: usize = 128;

/// `BINARY PORT` listens on every address of this machine, beside other processes that do so; with port 0 it chooses one.
/// Prints the port, and `connections allocated resident` (bytes) for each line that it reads. Ends with its input.
pub fn serve_many<R: Net>() {
    let port = std::env::args()
        .nth(1)
        .map_or(0, |port| port.parse().expect("a port"));
    let listener = reusing(port).expect("a port that is shared");
    let port = listener.local_addr().expect("it is bound").port();
    R::block_on(None, async {
        let open = Arc::new(AtomicUsize::new(0));
        let listener = R::listen(listener).expect("a listener");
        let count = open.clone();
        drop(R::spawn(async move {
            loop {
                let stream = R::accept(&listener).await.expect("a connection");
                let count = count.clone();
                drop(R::spawn(async move {
                    count.fetch_add(1, Ordering::Relaxed);
                    R::echo(stream, BUFFER).await;
                    count.fetch_sub(1, Ordering::Relaxed);
                }));
            }
        }));
        println!("port {port}");
        let end = Arc::new(Gate::default());
        let opens = end.clone();
        thread::spawn(move || {
            for _ in io::stdin().lock().lines() {
                println!("{} {} {}", open.load(Ordering::Relaxed), allocated(), resident());
            }
            opens.open();
        });
        end.pass().await;
    });
}

fn reusing(port: u16) -> io::Result<TcpListener> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(
        &socket,
        &std::net::SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, port),
    )?;
    listen(&socket, 4096)?;
    Ok(TcpListener::from(socket))
}
