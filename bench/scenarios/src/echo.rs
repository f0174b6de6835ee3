//! Servers under load: what the server spends per answer, and how long its clients wait.

use std::future::Future;
use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use crate::serve::{Load, bind_server, measure_under};
use crate::settings::{block_on, workers};
use crate::{Net, unavailable};

/// An echo server. `cpu_ns` is the server's own processor time per message, the rest what the client sees.
pub(crate) fn under<R: Net>(load: Load, looking: bool) -> ! {
    let server = async move {
        accept_all::<R, _>(load, move |stream| R::echo(stream, load.buffer())).await;
    };
    bind(&load);
    if looking {
        R::block_on_looking(workers(), server);
    } else {
        block_on::<R, _>(server);
    }
    unreachable!("whoever measures ends the process")
}

/// A hundred connections, while a task blocks its worker for 200 of every 300 ms.
pub(crate) fn beside_a_blocked_worker<R: Net>() -> ! {
    let (load, _) = Load::named("echo_100_free").expect("a name of the right form");
    let load = Load { times: 4.0, ..load };
    block_on::<R, _>(async move {
        R::detach(R::spawn(async {
            loop {
                thread::sleep(Duration::from_millis(200));
                R::sleep(Duration::from_millis(100)).await;
            }
        }));
        accept_all::<R, _>(load, move |stream| R::echo(stream, load.buffer())).await;
    });
    unreachable!("whoever measures ends the process")
}

/// A server of HTTP/1.1 over 50 connections, or of HTTP/2 over one.
pub(crate) fn http<R: Net>(version_2: bool) -> ! {
    let (load, _) =
        Load::named(if version_2 { "echo_1" } else { "echo_50" }).expect("a name of the right form");
    let kind = if version_2 { "http2" } else { "http1" };
    let load = Load { kind, ..load };
    bind(&load);
    block_on::<R, _>(accept_all::<R, _>(load, move |stream| R::http(stream, version_2)));
    unreachable!("whoever measures ends the process")
}

/// An echo of datagrams, one at a time.
pub(crate) fn datagrams<R: Net>() -> ! {
    bind(&Load::DATAGRAMS);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a loopback port");
    let address = socket.local_addr().expect("it is bound");
    measure_under(Load::DATAGRAMS, address);
    block_on::<R, _>(async move {
        let task = R::spawn(R::echo_datagrams(socket));
        task.await
            .expect("it does not panic")
            .expect("the socket goes on");
    });
    unreachable!("whoever measures ends the process")
}

fn bind(load: &Load) {
    if load.cores.is_some() && workers().is_some() {
        unavailable("several workers are not bound to one processor");
    }
    bind_server(load);
}

/// A task for each connection, and never an end.
async fn accept_all<R: Net, F>(load: Load, serve: impl Fn(R::Stream) -> F + Copy + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, address) = R::bind().await.expect("a loopback port");
    measure_under(load, address);
    let acceptor = R::spawn(async move {
        loop {
            // What has gone away before it was accepted is no matter.
            if let Ok(stream) = R::accept(&listener).await {
                R::detach(R::spawn(serve(stream)));
            }
        }
    });
    acceptor.await.expect("it does not panic")
}
