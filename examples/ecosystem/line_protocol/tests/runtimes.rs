//! The library as it is under one runtime after the other. None of them lends it anything: tokio's has neither its sockets nor
//! its timers enabled, and pollster's executor is a loop around one future.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use line_protocol::{Client, Server};
use started::Watchdog;

const CLIENTS: usize = 20;
const REQUESTS: usize = 50;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server with a task for each client, and the clients, each a task too; all are spawned by `spawn`, on threads of its
/// own. Waits for them all.
fn converse(spawn: impl Fn(Task) + Send + Sync + Copy + 'static) {
    let (sender, ended) = channel();
    spawn(Box::pin(async move {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        for number in 0..CLIENTS {
            let sender = sender.clone();
            spawn(Box::pin(ask(address, number, sender)));
        }
        for _ in 0..CLIENTS {
            let connection = server.accept().await.unwrap();
            let sender = sender.clone();
            spawn(Box::pin(async move {
                connection.serve(str::to_uppercase).await.unwrap();
                sender.send("served").unwrap();
            }));
        }
    }));
    assert_all_ended(&ended);
}

async fn ask(address: SocketAddr, number: usize, ended: Sender<&'static str>) {
    let mut client = Client::connect(address).await.unwrap();
    for round in 0..REQUESTS {
        let response = client
            .request(&format!("client {number}, round {round}"))
            .await
            .unwrap();
        assert_eq!(response, format!("CLIENT {number}, ROUND {round}"));
    }
    ended.send("answered").unwrap();
}

/// Each of them has a word to say; one that panicked has not.
fn assert_all_ended(ended: &Receiver<&'static str>) {
    let words: Vec<_> = ended.iter().collect();
    let count = |word| words.iter().filter(|said| **said == word).count();
    assert_eq!((count("served"), count("answered")), (CLIENTS, CLIENTS));
}

#[test]
fn under_reveille_on_several_threads() {
    let _watchdog = Watchdog::new("the library under reveille");
    let runtime = reveille::runtime::Builder::multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    converse(|task| drop(reveille::spawn(task)));
}

#[test]
fn under_reveille_on_one_thread() {
    let _watchdog = Watchdog::new("the library under reveille's block_on");
    let (sender, ended) = channel();
    reveille::block_on(async move {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let mut tasks = reveille::task::JoinSet::new();
        for number in 0..CLIENTS {
            tasks.spawn_local(ask(address, number, sender.clone()));
        }
        for _ in 0..CLIENTS {
            let (connection, sender) = (server.accept().await.unwrap(), sender.clone());
            tasks.spawn_local(async move {
                connection.serve(str::to_uppercase).await.unwrap();
                sender.send("served").unwrap();
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    });
    assert_all_ended(&ended);
}

#[test]
fn under_tokio_without_its_drivers() {
    let _watchdog = Watchdog::new("the library under tokio");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    converse(|task| drop(tokio::spawn(task)));
}

#[test]
fn under_smol() {
    let _watchdog = Watchdog::new("the library under smol");
    converse(|task| smol::spawn(task).detach());
}

#[test]
fn under_pollster_with_a_thread_for_each_future() {
    let _watchdog = Watchdog::new("the library under pollster");
    converse(|task| drop(thread::spawn(|| pollster::block_on(task))));
}

#[test]
fn each_end_under_a_runtime_of_its_own() {
    let _watchdog = Watchdog::new("the library under two runtimes at once");
    let (server, address) = pollster::block_on(async {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        (server, address)
    });
    // Accepted under pollster, served under smol.
    let accepting = thread::spawn(move || {
        let connection = pollster::block_on(server.accept()).unwrap();
        smol::block_on(connection.serve(|request| request.chars().rev().collect())).unwrap();
    });
    // Connected under tokio, used under reveille and under tokio again.
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let mut client = tokio.block_on(Client::connect(address)).unwrap();
    assert_eq!(
        reveille::block_on(client.request("reveille")).unwrap(),
        "elliever"
    );
    assert_eq!(tokio.block_on(client.request("tokio")).unwrap(), "oikot");
    drop(client);
    accepting.join().unwrap();
}

#[test]
fn the_library_itself_names_no_runtime() {
    let manifest = include_str!("../Cargo.toml");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let lines = dependencies.lines().take_while(|line| !line.starts_with('['));
    let names: Vec<_> = lines
        .filter_map(|line| line.split_once(['.', ' ']))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["futures-io", "reveille-net"]);
}
