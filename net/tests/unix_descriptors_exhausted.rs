//! Descriptors that arrive where there is no number for them: what comes is closed, what is lost is told, nothing leaks, and
//! the stream goes on behind it.
//!
//! The limit is the process's, so the test runs itself once more, in a process with a low one.
#![cfg(target_os = "linux")]

mod hand;
mod watchdog;

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::iter;
use std::os::fd::AsFd;
use std::os::unix::net;
use std::process::Command;
use std::task::Poll;

use reveille_net::{UnixDatagram, UnixStream};

use hand::poll;
use watchdog::watched;

const FEW: &str = "REVEILLE_TEST_FEW_DESCRIPTORS";

#[test]
fn descriptors_without_a_number_are_told_and_leak_nothing() {
    if env::var_os(FEW).is_some() {
        return watched(with_few_descriptors);
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "descriptors_without_a_number_are_told_and_leak_nothing",
            "--nocapture",
        ])
        .env(FEW, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with few descriptors: {text}");
    let ran = String::from_utf8_lossy(&output.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
}

/// So many are sent at once.
const SENT: usize = 4;

fn with_few_descriptors() {
    let (stream, peer) = UnixStream::pair().unwrap();
    let (socket, sender) = UnixDatagram::pair().unwrap();
    let mut files = take_all();
    let all = files.len();
    for free in 0..=SENT + 1 {
        for by_stream in [true, false] {
            // Made in the place of two files, and given back at the end.
            files.truncate(all - 2);
            let (mut reader, writer) = net::UnixStream::pair().unwrap();
            let lent = [writer.as_fd(); SENT];
            files.truncate(all - 2 - free);
            let outcome = if by_stream {
                assert!(matches!(
                    poll(&mut peer.send_with_fds(b"with", &lent)),
                    Poll::Ready(Ok(4))
                ));
                poll(&mut stream.recv_with_fds(&mut [0; 8], SENT))
            } else {
                assert!(matches!(
                    poll(&mut sender.send_with_fds(b"with", &lent)),
                    Poll::Ready(Ok(4))
                ));
                poll(&mut socket.recv_with_fds(&mut [0; 8], SENT))
            };
            judge(outcome, free);
            // Neither here nor in the system is a copy of the writer left: the reader sees the end.
            drop(writer);
            assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
            drop(reader);
            files.extend(take_all());
            assert_eq!(files.len(), all, "with {free} free, stream: {by_stream}");
        }
    }
    // The streams go on behind what was lost.
    assert!(matches!(poll(&mut peer.write_all(b"on")), Poll::Ready(Ok(()))));
    let mut buffer = [0; 8];
    assert!(matches!(
        poll(&mut stream.recv_with_fds(&mut buffer, SENT)),
        Poll::Ready(Ok((2, received))) if received.is_empty()
    ));
    assert_eq!(&buffer[..2], b"on");
}

type Received = io::Result<(usize, Vec<std::os::fd::OwnedFd>)>;

/// With enough free numbers all of them arrive, and else none, and that is told.
fn judge(outcome: Poll<Received>, free: usize) {
    match outcome {
        Poll::Ready(Ok((4, received))) => {
            assert!(free >= SENT, "{} came where {free} were free", received.len());
            assert_eq!(received.len(), SENT);
        }
        Poll::Ready(Err(error)) => {
            assert!(free < SENT, "{free} were free: {error}");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
            assert!(error.to_string().contains("no room for them"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// Opens files until the system has no more.
fn take_all() -> Vec<File> {
    iter::from_fn(|| File::open("/dev/null").ok()).collect()
}
