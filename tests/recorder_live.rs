//! The live page's server: who may look, what is told, and that the program waits for nobody.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use reveille::runtime::Builder;
use reveille::trace::live::{Server, serve};
use reveille::trace::{Settings, gate};
use watchdog::Watchdog;

#[path = "recorded/alone.rs"]
mod alone;
mod watchdog;

/// What comes back for a request; the head, and the body.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("it has a head");
    (head.to_owned(), body.to_owned())
}

fn path(server: &Server) -> String {
    let url = server.url();
    let (_, path) = url.split_once(&server.address().to_string()).unwrap();
    path.to_owned()
}

fn get(server: &Server, what: &str) -> (String, String) {
    let (path, address) = (path(server), server.address());
    ask(
        address,
        &format!("GET {path}{what} HTTP/1.1\r\nHost: {address}\r\n\r\n"),
    )
}

/// The stream of events, from its head on.
fn events(server: &Server) -> Viewer {
    let (path, address) = (path(server), server.address());
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path}events HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    Viewer {
        stream,
        heard: String::new(),
    }
}

struct Viewer {
    stream: TcpStream,
    heard: String,
}

impl Viewer {
    /// Reads on until that was heard.
    fn hear(&mut self, what: &str) {
        while !self.heard.contains(what) {
            let mut buffer = [0; 4096];
            let read = self.stream.read(&mut buffer).unwrap();
            assert!(read > 0, "it ended before {what:?}: {}", self.heard);
            self.heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }
}

#[test]
fn who_does_not_know_the_token_or_comes_by_another_name_gets_nothing() {
    let _watchdog = Watchdog::new("a live server", Duration::from_secs(60));
    let server = serve(0).unwrap();
    let address = server.address();
    assert!(address.ip().is_loopback());
    let status = |request: &str| {
        let (head, body) = ask(address, request);
        assert!(!body.contains("<script"), "{body}");
        head.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(
        status(&format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n")),
        "404"
    );
    assert_eq!(
        status(&format!("GET /0123/ HTTP/1.1\r\nHost: {address}\r\n\r\n")),
        "404"
    );
    let path = path(&server);
    assert_eq!(
        status(&format!("GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n")),
        "403"
    );
    assert_eq!(status(&format!("GET {path} HTTP/1.1\r\n\r\n")), "403");
    assert_eq!(
        status(&format!("DELETE {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")),
        "405"
    );
    assert_eq!(
        status(&format!("POST {path}step HTTP/1.1\r\nHost: {address}\r\n\r\n")),
        "404",
        "the gate is open"
    );
    let (head, body) = get(&server, "");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.contains("default-src 'none'"),
        "{head}"
    );
    assert!(body.contains("reveille-live") && body.contains("<script"));
    assert_eq!(get(&server, "healthz").1, "ok");
}

#[test]
fn what_happens_is_told_while_every_worker_is_stuck() {
    let _watchdog = Watchdog::new("a stuck program that is looked at", Duration::from_secs(60));
    let _alone = alone::alone();
    let server = serve(0).unwrap();
    reveille::trace::start(&Settings::default()).unwrap();
    let (stuck, is_stuck) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let program = std::thread::spawn(move || {
        reveille::block_on(async move {
            let task = reveille::task::Builder::new().name("hog").spawn(async move {
                stuck.send(()).unwrap();
                let _ = released.recv();
            });
            task.await.unwrap();
        });
    });
    is_stuck.recv().unwrap();
    let mut viewer = events(&server);
    viewer.hear("event: header\ndata: {\"schema\":\"reveille-trace/1\"");
    viewer.hear("\"hog\"");
    viewer.hear("\"k\":\"poll_start\"");
    assert!(get(&server, "trace.json").1.contains("\"hog\""));
    assert!(get(&server, "trace.html").1.contains("\"hog\""));
    drop(release);
    viewer.hear("\"k\":\"task_end\"");
    viewer.hear("event: findings");
    program.join().unwrap();
    reveille::trace::stop();
}

#[test]
fn a_fifth_viewer_is_one_too_many_until_another_has_gone() {
    let _watchdog = Watchdog::new("five viewers", Duration::from_secs(60));
    let _alone = alone::alone();
    let server = serve(0).unwrap();
    reveille::trace::start(&Settings::default()).unwrap();
    let mut viewers: Vec<_> = (0..4).map(|_| events(&server)).collect();
    for viewer in &mut viewers {
        viewer.hear(": hello");
    }
    let mut refused = events(&server);
    refused.hear("503");
    drop(viewers);
    // Whoever has gone is known by that nobody takes what is sent.
    loop {
        let mut another = events(&server);
        another.hear("HTTP/1.1 ");
        another.hear("\r\n");
        if another.heard.starts_with("HTTP/1.1 200") {
            break;
        }
    }
    reveille::trace::stop();
}

#[test]
fn a_closed_gate_holds_the_loop_before_each_poll() {
    let _watchdog = Watchdog::new("a gate", Duration::from_secs(60));
    let _alone = alone::alone();
    let server = serve(0).unwrap();
    reveille::trace::start(&Settings::default()).unwrap();
    let address = server.address();
    let post = |what: &str| {
        let path = path(&server);
        let (head, _) = ask(
            address,
            &format!("POST {path}{what} HTTP/1.1\r\nHost: {address}\r\n\r\n"),
        );
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    };
    post("gate");
    assert!(gate::is_closed());
    let (step, steps) = mpsc::channel();
    let program = std::thread::spawn(move || {
        Builder::current_thread().build().unwrap().block_on(async move {
            step.send("first").unwrap();
            reveille::task::yield_now().await;
            step.send("second").unwrap();
        });
    });
    while gate::waiting() == 0 {
        std::thread::yield_now();
    }
    assert!(steps.try_recv().is_err(), "it was polled through a closed gate");
    post("step");
    assert_eq!(steps.recv(), Ok("first"));
    while gate::waiting() == 0 {
        std::thread::yield_now();
    }
    assert!(steps.try_recv().is_err(), "it was polled a second time");
    post("gate");
    assert!(!gate::is_closed());
    assert_eq!(steps.recv(), Ok("second"));
    program.join().unwrap();
    reveille::trace::stop();
}
