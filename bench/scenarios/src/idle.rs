//! A runtime that has worked and has nothing more to do, for whoever traces its system calls.

use std::future::pending;
use std::io::{Read, Write};
use std::mem;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::settings::block_on;
use crate::tasks::wake_itself_once;
use crate::{Net, Timers};

/// Works, prints `idle`, and stays until it is killed; with sockets that wait for what never comes, if it is told so.
pub(crate) fn idle<R: Net>(sockets: bool) -> ! {
    block_on::<R, _>(async {
        work::<R>().await;
        if sockets {
            open_sockets::<R>().await;
        }
        println!("idle");
        pending().await
    })
}

async fn work<R: Timers>() {
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            R::spawn(async {
                for _ in 0..1_000 {
                    wake_itself_once().await;
                }
                R::sleep(Duration::from_millis(10)).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

/// A listener, and connections on which a message was echoed: each end waits for the next.
async fn open_sockets<R: Net>() {
    let (listener, address) = R::bind().await.expect("a loopback port");
    let clients = thread::spawn(move || {
        let connect = |_| {
            let mut client = TcpStream::connect(address).expect("the listener is there");
            client.write_all(b"x").expect("an open connection");
            client.read_exact(&mut [0]).expect("an answer");
            client
        };
        (0..10).map(connect).collect::<Vec<_>>()
    });
    for _ in 0..10 {
        let stream = R::accept(&listener).await.expect("a connection");
        R::detach(R::spawn(R::echo(stream, 4096)));
    }
    drop(R::spawn(async move {
        let _ = R::accept(&listener).await;
    }));
    // This thread runs no echo, so it may wait. The clients stay open for as long as the process.
    mem::forget(clients.join().expect("it does not panic"));
}
