//! A server of hyper's alone, for clients that people know (`ci/hello-beside-tokio`).

use std::env;

use crate::Net;

/// `BINARY VERSION [WORKERS]` serves HTTP/1.1 (`1`) or HTTP/2 (`2`), says where, and is ended from outside.
///
/// # Panics
///
/// Without one of these versions, or when there is no loopback port.
pub fn serve_hello<R: Net>() {
    let version = env::args().nth(1);
    let version_2 = match version.as_deref() {
        Some("1") => false,
        Some("2") => true,
        _ => panic!("`1` or `2` is needed, and the number of workers if there are some"),
    };
    let workers = env::args()
        .nth(2)
        .map(|workers| workers.parse().expect("a number of workers"));
    R::block_on(workers, async {
        let (listener, address) = R::bind().await.expect("a loopback port");
        println!("listening on {address}");
        // A task, as each runtime's documentation asks, and not the future of `block_on`.
        let acceptor = R::spawn(async move {
            loop {
                // What has gone away before it was accepted is no matter.
                if let Ok(stream) = R::accept(&listener).await {
                    R::detach(R::spawn(R::http(stream, version_2)));
                }
            }
        });
        acceptor.await.expect("it does not panic");
    });
}
