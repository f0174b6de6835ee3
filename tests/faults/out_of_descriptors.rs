//! A process without a free descriptor: what needs one fails with the system's error, what does not goes on, and as soon as
//! there are some again everything works as before. Several times over.
//!
//! The limit is the process's, so the test runs itself once more, in a process with a low one.

use std::env;
use std::fs::File;
use std::io;
use std::iter;
use std::net;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reveille::net::{AcceptPolicy, TcpListener, TcpStream, UdpSocket, UnixStream, lookup_host};
use reveille::runtime::{Builder, Runtime};
use reveille::task::{JoinHandle, yield_now};
use reveille::time::sleep;
use socket2::{Domain, Socket, Type};

use crate::pattern::{bytes, check};
use crate::stage::{alone, on_each_runtime};

const FEW: &str = "REVEILLE_TEST_FEW_DESCRIPTORS";

/// `EMFILE`: the same number on every Unix.
const TOO_MANY_OPEN_FILES: i32 = 24;

/// How often the descriptors run out.
const ROUNDS: usize = 3;

/// Clients that wait to be accepted meanwhile.
const CLIENTS: usize = 4;

#[test]
fn what_needs_a_descriptor_fails_while_there_is_none_and_works_again_behind_that() {
    if env::var_os(FEW).is_some() {
        return on_each_runtime("a process without descriptors", |runtime| {
            runtime.block_on(async { runs_out(runtime).await.unwrap() });
        });
    }
    let _alone = alone();
    let name = "what_needs_a_descriptor_fails_while_there_is_none_and_works_again_behind_that";
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 96 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("out_of_descriptors::{name}"), "--nocapture"])
        .env(FEW, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with few descriptors: {text}");
    let ran = String::from_utf8_lossy(&output.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
}

#[test]
fn a_job_that_is_remembered_holds_no_descriptor_of_a_runtime_that_is_gone() {
    let jobs = Mutex::new(Vec::new());
    on_each_runtime("jobs that outlive their runtime", |runtime| {
        let mut jobs = jobs.lock().unwrap();
        for job in 0..4 {
            jobs.push(runtime.spawn_blocking(move || job));
        }
    });
    assert_eq!(jobs.lock().unwrap().len(), 8);
}

async fn runs_out(runtime: &Runtime) -> io::Result<()> {
    let errors = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let raw = reveille::spawn(accept_loop(listener, errors.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let patient_address = listener.local_addr()?;
    let patient = reveille::spawn(incoming_loop(listener));
    let old = TcpStream::connect(address).await?;
    talk(&old, 0).await?;

    let at_rest = runtime.metrics().tasks_alive;
    for round in 0..ROUNDS {
        let sockets = [address, patient_address].map(|address| {
            let sockets = [(); CLIENTS].map(|()| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
            (address, sockets)
        });
        let mut files = take_all();
        let before = errors.load(Ordering::SeqCst);
        half_of_what_is_needed_is_given_back(&mut files);
        let mut clients = Vec::new();
        for (address, sockets) in sockets {
            for socket in sockets {
                // The system does this by itself; the server gets to know when it has a descriptor for it.
                socket.connect(&address.into())?;
                clients.push(TcpStream::from_std(socket.into())?);
            }
        }
        nothing_can_be_opened(address).await;
        while errors.load(Ordering::SeqCst) == before {
            yield_now().await;
        }
        talk(&old, round).await?;
        drop(files);

        for client in &clients {
            talk(client, round).await?;
        }
        everything_can_be_opened(address, round).await?;
        drop(clients);
        // What the server has of them is closed too.
        while runtime.metrics().tasks_alive > at_rest {
            yield_now().await;
        }
    }
    assert!(!raw.is_finished() && !patient.is_finished());
    raw.abort();
    patient.abort();
    assert!(raw.await.unwrap_err().is_cancelled());
    assert!(patient.await.unwrap_err().is_cancelled());
    Ok(())
}

/// Opens files until the system has no more.
fn take_all() -> Vec<File> {
    iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// With one more free descriptor each time: what cannot be made leaves nothing open.
fn half_of_what_is_needed_is_given_back(files: &mut Vec<File>) {
    let all = files.len();
    let mut made = 0;
    for free in 1..=16 {
        files.truncate(all - free);
        for mut builder in [Builder::current_thread(), Builder::multi_thread()] {
            // Elsewhere: on a thread that runs tasks the drop would not wait for the runtime's threads.
            let builds = thread::spawn(move || builder.build().map(drop));
            made += usize::from(builds.join().unwrap().is_ok());
        }
        files.extend(take_all());
        assert_eq!(files.len(), all, "with {free} free descriptors");
    }
    assert!((1..32).contains(&made), "some can be made, and some cannot");
}

async fn nothing_can_be_opened(address: net::SocketAddr) {
    let outcomes = [
        TcpStream::connect(address).await.map(drop),
        TcpListener::bind("127.0.0.1:0").await.map(drop),
        UdpSocket::bind("127.0.0.1:0").await.map(drop),
        UnixStream::pair().map(drop),
        Builder::current_thread().build().map(drop),
        Builder::multi_thread().build().map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.expect_err("there is no descriptor for it");
        assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES), "{error:?}");
    }
    // An address needs none, and a name is found or not, but its look-up ends.
    assert_eq!(lookup_host(address).await.unwrap().count(), 1);
    drop(lookup_host("localhost:1").await);
    sleep(Duration::from_millis(1)).await;
    let thread = reveille::task::spawn_blocking(|| 7);
    assert_eq!(thread.await.unwrap(), 7);
}

async fn everything_can_be_opened(address: net::SocketAddr, round: usize) -> io::Result<()> {
    talk(&TcpStream::connect(address).await?, round).await?;
    drop(UdpSocket::bind("127.0.0.1:0").await?);
    drop(UnixStream::pair()?);
    drop(Builder::current_thread().build()?);
    Ok(())
}

/// As much there and back as one poll does not move.
async fn talk(stream: &TcpStream, round: usize) -> io::Result<()> {
    for part in 0..20 {
        let (seed, at) = (round as u64, part * 1_000);
        stream.write_all(&bytes(seed, at, 1_000)).await?;
        let mut reply = [0; 1_000];
        stream.read_exact(&mut reply).await?;
        check(seed, at, &reply);
    }
    Ok(())
}

/// A server that takes `accept` as it is.
async fn accept_loop(listener: TcpListener, errors: Arc<AtomicUsize>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(echo(stream)),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(TOO_MANY_OPEN_FILES), "{error:?}");
                errors.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

/// One that leaves such errors to `incoming`.
async fn incoming_loop(listener: TcpListener) -> io::Error {
    let mut incoming = listener.incoming(AcceptPolicy::default());
    loop {
        match incoming.accept().await {
            Ok((stream, _)) => drop(echo(stream)),
            Err(error) => return error,
        }
    }
}

fn echo(stream: TcpStream) -> JoinHandle<io::Result<()>> {
    reveille::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                count => stream.write_all(&buffer[..count]).await?,
            }
        }
    })
}
