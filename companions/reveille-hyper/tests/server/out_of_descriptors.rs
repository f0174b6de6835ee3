//! A server that has no descriptors left for its clients goes on when there are some. The limit is the process's, so the test
//! runs itself once more, in a process with a low one.

use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;
use std::{env, net};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use reveille::net::{AcceptPolicy, TcpListener};

use crate::watchdog::Watchdog;

const FEW: &str = "REVEILLE_TEST_FEW_DESCRIPTORS";

#[test]
fn a_storm_of_accept_errors_does_not_end_the_server() {
    if env::var_os(FEW).is_some() {
        return with_few_descriptors();
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 96 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "out_of_descriptors::a_storm_of_accept_errors_does_not_end_the_server",
            "--nocapture",
        ])
        .env(FEW, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with few descriptors: {text}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}");
}

async fn hello(_: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("hello".into()))
}

fn with_few_descriptors() {
    const CLIENTS: usize = 3;
    let _watchdog = Watchdog::new("a server out of descriptors", Duration::from_secs(30));
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = [(); CLIENTS].map(|()| net::TcpStream::connect(address).unwrap());
        for client in &mut clients {
            client
                .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
        let mut files = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            files.push(file);
        }
        let (sender, mut shortages) = tokio::sync::mpsc::unbounded_channel();
        let policy = AcceptPolicy::new()
            .longest_wait(Duration::from_millis(5))
            .report_every(Duration::ZERO)
            .on_shortage(move |error| {
                // Nobody listens any more when there are descriptors again.
                let _ = sender.send(error.raw_os_error());
            });
        let (stop, signal) = crate::stop();
        let server = reveille_hyper::serve(listener, service_fn(hello))
            .accept_policy(policy)
            .graceful(signal);
        let server = reveille::spawn(async { server.await });
        for _ in 0..20 {
            // EMFILE.
            assert_eq!(shortages.recv().await, Some(Some(24)));
        }
        drop(files);
        reveille::task::spawn_blocking(move || {
            for client in &mut clients {
                let mut answer = String::new();
                client.read_to_string(&mut answer).unwrap();
                assert!(answer.ends_with("hello"), "{answer}");
            }
        })
        .await
        .unwrap();
        stop();
        assert_eq!(server.await.unwrap().unwrap().connections(), CLIENTS as u64);
    });
}
