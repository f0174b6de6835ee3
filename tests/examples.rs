//! Every example, run as a process with real traffic over loopback: every byte it says, and how it ends.
//!
//! Ctrl-c is sent with `kill`, and `echo` serves until then, so this is for Unix.
#![cfg(unix)]

mod example_process;
// ThreadSanitizer keeps a signal from a thread that sleeps in a futex, as the first thread of this example does, until that
// is woken by something else. Their server would wait for ever.
#[cfg(not(tsan))]
#[path = "examples/graceful_shutdown.rs"]
mod graceful_shutdown;
// What a recorder writes is the same under a sanitizer, and a day of events takes long there.
#[cfg(all(feature = "trace", not(any(tsan, memory_checker))))]
#[path = "examples/recorded.rs"]
mod recorded;
#[cfg(all(feature = "trace", not(any(tsan, memory_checker))))]
#[path = "../trace/tests/schema/mod.rs"]
mod schema;
#[cfg(all(feature = "trace", not(any(tsan, memory_checker))))]
mod scratch;
#[cfg(all(feature = "trace", not(any(tsan, memory_checker))))]
#[path = "../trace/tests/viewer/mod.rs"]
mod viewer;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use example_process::{Ended, Example};

#[test]
fn hello() {
    let printed = Example::start("hello", &[]).wait().success();
    assert_eq!(printed, "hello\nworld\nslept 30 ms in all\n");
}

#[test]
fn timeout() {
    let printed = Example::start("timeout", &[]).wait().success();
    let expected = "connected\n\
                    nothing to read: deadline has elapsed\n\
                    asked, it says: here\n\
                    tick after 10 ms\n\
                    tick after 20 ms\n\
                    tick after 30 ms\n";
    assert_eq!(printed, expected);
}

#[test]
fn embedded() {
    let printed = Example::start("embedded", &[]).wait().success();
    let mut lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.pop(), Some("game over with 30 points"));
    assert_eq!(lines.first(), Some(&"a frame with 0 points"));
    // A machine that stalls may draw no frame between two moves.
    let frames = ["0", "10", "20", "30"].map(|points| format!("a frame with {points} points"));
    assert!(
        lines.iter().all(|line| frames.iter().any(|frame| frame == line)),
        "{lines:?}"
    );
    assert!(lines.is_sorted_by(|one, next| one < next), "{lines:?}");
}

#[test]
fn own_park() {
    let printed = Example::start("own_park", &[]).wait().success();
    let mut lines: Vec<&str> = printed.lines().collect();
    // A machine that stalls for longer than lies between two alarms may ring them in another order.
    lines[..3].sort();
    let alarms = [
        "an alarm after 10 ms",
        "an alarm after 20 ms",
        "an alarm after 30 ms",
    ];
    assert_eq!(lines, [&alarms[..], &["a sleep of reveille's"]].concat());
}

#[test]
fn foreign_executor() {
    let printed = Example::start("foreign_executor", &[]).wait().success();
    let expected = "pollster: good morning\n\
                    futures: good morning\n\
                    a pool of futures: good morning\n\
                    reveille: good morning\n";
    assert_eq!(printed, expected);
}

#[test]
fn tour() {
    let printed = Example::start("tour", &["1"]).wait().success();
    let (announcement, rest) = printed.split_once('\n').unwrap();
    assert!(
        announcement.starts_with("an echo server on 127.0.0.1:"),
        "{printed}"
    );
    for figure in [
        "requests, every reply checked",
        "requests/s",
        "for 99 of 100",
        "server ",
        "What to run next:",
    ] {
        assert!(rest.contains(figure), "{figure} is missing: {printed}");
    }
}

#[test]
fn tour_refuses_a_bad_argument() {
    for seconds in ["0", "soon"] {
        let ended = Example::start("tour", &[seconds]).wait();
        assert_eq!((ended.status.code(), &*ended.stdout), (Some(1), ""));
        assert_eq!(ended.stderr, "tour: usage: tour [SECONDS]\n");
    }
}

#[test]
fn echo_returns_every_byte_to_each_of_many_clients_until_ctrl_c() {
    let mut server = Example::start("echo", &[]);
    let address = server.address();
    thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || {
                let sent: Vec<u8> = (0..300_000).map(|n| (n % 251) as u8 ^ client).collect();
                let mut stream = TcpStream::connect(address).unwrap();
                let mut writer = stream.try_clone().unwrap();
                let mut received = Vec::new();
                thread::scope(|scope| {
                    scope.spawn(|| {
                        writer.write_all(&sent).unwrap();
                        writer.shutdown(Shutdown::Write).unwrap();
                    });
                    stream.read_to_end(&mut received).unwrap();
                });
                assert!(
                    received == sent,
                    "client {client}: {} of {} bytes",
                    received.len(),
                    sent.len()
                );
            });
        }
    });
    stop(server);
}

#[test]
fn echo_reports_an_error_that_ends_its_connection_and_no_other() {
    let mut server = Example::start("echo", &[]);
    let address = server.address();
    let mut before = TcpStream::connect(address).unwrap();
    round_trip(&mut before, b"before");

    let mut broken = TcpStream::connect(address).unwrap();
    let peer = broken.local_addr().unwrap();
    broken.write_all(b"x").unwrap();
    assert_eq!(broken.peek(&mut [0]).unwrap(), 1);
    // To close with something unread is to reset.
    drop(broken);
    let error = server.error();
    assert!(error.starts_with(&format!("{peer}: ")), "{error}");

    round_trip(&mut before, b"after");
    round_trip(&mut TcpStream::connect(address).unwrap(), b"a new one");
    stop(server);
}

#[test]
fn echo_outlives_a_lack_of_descriptors() {
    let mut server = Example::start_with_descriptors("echo", 32);
    let address = server.address();
    let mut clients: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    let error = server.error();
    assert!(error.starts_with("accept: "), "{error}");
    // Those that it has are served meanwhile, and those that wait once there is room.
    round_trip(&mut clients[0], b"one of the first");
    let mut last = clients.pop().unwrap();
    drop(clients);
    round_trip(&mut last, b"the last");
    server.interrupt();
    let Ended {
        status,
        stdout,
        stderr,
    } = server.wait();
    assert!(status.success(), "{stderr}");
    assert_eq!(stdout, "goodbye\n");
    // The clients that left before they were served are no errors; nothing but the lack is reported.
    assert!(stderr.lines().all(|line| line == error), "{stderr}");
}

#[test]
fn echo_names_the_error_when_it_cannot_listen() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = Example::start("echo", &[&address]).wait();
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(1), ""));
    assert!(ended.stderr.contains("AddrInUse"), "{}", ended.stderr);
}

#[test]
fn echo_client_prints_the_replies_to_its_arguments() {
    let mut server = Example::start("echo", &[]);
    let address = server.address().to_string();
    let printed = Example::start("echo_client", &[&address, "hello", "", "wörld"])
        .wait()
        .success();
    assert_eq!(printed, "hello\n\nwörld\n");
    stop(server);
}

#[test]
fn echo_client_prints_the_replies_to_its_input() {
    let mut server = Example::start("echo", &[]);
    let address = server.address().to_string();
    let mut client = Example::start("echo_client", &[&address]);
    // Empty lines, one longer than all buffers on the way, and a last one without an end.
    let text = format!("first\n\n{}\nlast", "0123456789".repeat(1_000_000));
    let mut input = client.stdin();
    let printed = thread::scope(|scope| {
        scope.spawn(|| {
            input.write_all(text.as_bytes()).unwrap();
            drop(input);
        });
        client.wait().success()
    });
    assert!(printed == text, "{} of {} bytes", printed.len(), text.len());
    stop(server);
}

#[test]
fn echo_client_names_what_is_wrong() {
    let ended = Example::start("echo_client", &[]).wait();
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(2), ""));
    assert_eq!(ended.stderr, "usage: echo_client ADDRESS [LINE...]\n");

    let ended = Example::start("echo_client", &[&closed_port().to_string(), "hello"]).wait();
    assert_eq!((ended.status.code(), &*ended.stdout), (Some(1), ""));
    assert!(ended.stderr.contains("ConnectionRefused"), "{}", ended.stderr);
}

#[test]
fn chat_tells_the_others_who_joins_speaks_and_leaves() {
    let mut server = Example::start("chat", &[]);
    let address = server.address();
    let mut ann = Member::join(address, "ann");
    let mut bob = Member::join(address, "bob");
    ann.expects("* bob joined");
    let mut cid = Member::join(address, "cid");
    ann.expects("* cid joined");
    bob.expects("* cid joined");

    ann.says("good morning");
    bob.expects("ann: good morning");
    cid.expects("ann: good morning");
    // In pieces, and no text.
    bob.stream.write_all(b"good ").unwrap();
    bob.stream.write_all(b"\xff night\r\nagain\n").unwrap();
    for other in [&mut ann, &mut cid] {
        other.expects("bob: good \u{fffd} night");
        other.expects("bob: again");
    }
    drop(bob);
    for other in [&mut ann, &mut cid] {
        other.expects("* bob left");
    }
    cid.says("only two");
    ann.expects("cid: only two");
    server.interrupt();
    assert_eq!(server.wait().success(), "");
}

#[test]
fn chat_goes_on_beside_a_member_that_does_not_read() {
    let mut server = Example::start("chat", &[]);
    let address = server.address();
    let mut ann = Member::join(address, "ann");
    let mut bob = Member::join(address, "bob");
    ann.expects("* bob joined");
    let _deaf = Member::join(address, "deaf");
    ann.expects("* deaf joined");
    bob.expects("* deaf joined");

    // Bob reads a few lines behind ann. The deaf one is put out once its buffers are full, and that is told once.
    let mut put_out = 0;
    for round in 0..10_000 {
        let lines: Vec<String> = (0..16)
            .map(|n| format!("{round} {n} {}", "-".repeat(900)))
            .collect();
        ann.says(&lines.join("\n"));
        for line in lines {
            let mut heard = bob.hears();
            if heard == "* deaf left" {
                put_out += 1;
                heard = bob.hears();
            }
            assert_eq!(heard, format!("ann: {line}"));
        }
        if put_out > 0 {
            break;
        }
    }
    assert_eq!(put_out, 1);
    ann.expects("* deaf left");
    bob.says("and on");
    ann.expects("bob: and on");
    server.interrupt();
    assert_eq!(server.wait().success(), "");
}

#[test]
fn echo_load_checks_every_byte() {
    let mut server = Example::start("echo", &[]);
    let address = server.address().to_string();
    let printed = Example::start("echo_load", &[&address, "200", "5"])
        .wait()
        .success();
    assert!(
        printed.contains(" 200 connections") && printed.contains(" 1000 messages"),
        "{printed}"
    );
    stop(server);
}

#[test]
fn echo_load_notices_a_wrong_byte_a_lost_one_and_one_too_many() {
    let wrong = load_against(|stream, text| {
        let mut text = text.to_owned();
        if let Some(last) = text.get_mut(100..).and_then(<[u8]>::last_mut) {
            *last ^= 1;
        }
        stream.write_all(&text)
    });
    assert!(wrong.contains("the reply is not what was sent"), "{wrong}");
    let lost = load_against(|stream, text| match text.len() {
        100.. => stream.shutdown(Shutdown::Both),
        _ => stream.write_all(text),
    });
    assert!(lost.contains("UnexpectedEof"), "{lost}");
    let more = load_against(|stream, text| {
        stream.write_all(text)?;
        if text.starts_with(b"message 9") {
            stream.write_all(b"!")
        } else {
            Ok(())
        }
    });
    assert!(more.contains("1 bytes that nobody sent"), "{more}");
}

/// Runs `echo_load` with one connection of ten messages against a server that replies in its own way: what it says
/// when it fails.
fn load_against(reply: fn(&mut TcpStream, &[u8]) -> io::Result<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Not joined: if the client never came, it would wait for ever.
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if reply(&mut stream, &buffer[..count]).is_err() {
                break;
            }
        }
    });
    let ended = Example::start("echo_load", &[&address, "1", "10"]).wait();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    ended.stderr
}

/// Interrupts an echo server, which must say goodbye, end well and have reported nothing more.
#[track_caller]
fn stop(server: Example) {
    server.interrupt();
    let Ended {
        status,
        stdout,
        stderr,
    } = server.wait();
    assert!(status.success(), "{status}, {stderr}");
    assert_eq!((&*stdout, &*stderr), ("goodbye\n", ""));
}

#[track_caller]
fn round_trip(stream: &mut TcpStream, message: &[u8]) {
    stream.write_all(message).unwrap();
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply, message);
}

/// An address at which nobody listens any more.
fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

struct Member {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Member {
    fn join(address: SocketAddr, name: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        let mut member = Self { stream, lines };
        member.says(name);
        member.expects("* welcome");
        member
    }

    fn says(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.strip_suffix('\n').expect("the chat goes on").to_owned()
    }

    #[track_caller]
    fn expects(&mut self, line: &str) {
        assert_eq!(self.hears(), line);
    }
}
