//! What hangs up, or answers with errors, makes a bounded number of system calls.
//!
//! Here each scene is played, and its outcome looked at; `ci/bounded-calls` plays them under strace and counts the system calls
//! between the two marks, which are looks for files that are not there.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net;
use std::process::Command;
use std::thread;
use std::time::Duration;

use reveille::io::Interest;
use reveille::net::unix::pipe;
use reveille::net::{TcpStream, UdpSocket};
use reveille::time::{sleep, timeout};
use socket2::{Domain, Socket, Type};

mod watchdog;

use watchdog::Watchdog;

/// Long enough for a storm to be one.
const A_WHILE: Duration = Duration::from_millis(200);
const ROUNDS: usize = 10;

fn play(scene: impl Future<Output = io::Result<()>>) {
    let _watchdog = Watchdog::new("a scene of few system calls", Duration::from_secs(60));
    reveille::block_on(scene).unwrap();
}

fn mark(name: &str) {
    assert!(!fs::exists(format!("/reveille-mark-{name}")).unwrap());
}

#[test]
fn udp_to_a_closed_port() {
    play(async {
        let closed = net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(closed).await?;
        mark("begin");
        for _ in 0..ROUNDS {
            socket.send(b"anybody there?").await?;
            let refused = socket.recv(&mut [0; 8]).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        }
        let nothing = timeout(A_WHILE, socket.recv(&mut [0; 8])).await;
        mark("end");
        assert!(nothing.is_err());
        Ok(())
    });
}

#[test]
fn a_fifo_that_is_opened_again_and_again() {
    play(async {
        let path = std::env::temp_dir().join(format!("reveille-fifo-{}", std::process::id()));
        assert!(Command::new("mkfifo").arg(&path).status()?.success());
        let receiver = pipe::OpenOptions::new().open_receiver(&path)?;
        // A writer that goes, and comes again. Opening does not block, since there is a reader.
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut writer = options.write(true).open(&path)?;
            writer.write_all(b"x")
        };
        mark("begin");
        for _ in 0..ROUNDS {
            write()?;
            let mut byte = [0];
            receiver.read_exact(&mut byte).await?;
            // The end, for as long as nobody has it open.
            assert_eq!(receiver.read(&mut byte).await?, 0);
        }
        let waits = receiver.async_io(Interest::READABLE, || -> io::Result<()> {
            Err(ErrorKind::WouldBlock.into())
        });
        assert!(timeout(A_WHILE, waits).await.is_err());
        mark("end");
        fs::remove_file(&path)
    });
}

#[test]
fn a_hang_up_of_a_socket_that_nobody_connected() {
    play(async {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let stream = TcpStream::from_std(socket.into())?;
        mark("begin");
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        for interest in [Interest::READABLE, Interest::WRITABLE] {
            let waits = stream.async_io(interest, || -> io::Result<()> {
                Err(ErrorKind::WouldBlock.into())
            });
            assert!(timeout(A_WHILE, waits).await.is_err());
        }
        mark("end");
        Ok(())
    });
}

#[test]
fn a_duplicate_of_a_socket_that_is_dropped() {
    play(async {
        let socket = net::UdpSocket::bind("127.0.0.1:0")?;
        let (duplicate, address) = (socket.try_clone()?, socket.local_addr()?);
        let socket = UdpSocket::from_std(socket)?;
        assert!(
            timeout(Duration::from_millis(1), socket.recv(&mut [0; 8]))
                .await
                .is_err()
        );
        drop(socket);
        let peer = thread::spawn(move || {
            let peer = net::UdpSocket::bind("127.0.0.1:0").unwrap();
            for _ in 0..100 {
                peer.send_to(b"hello?", address).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        mark("begin");
        sleep(A_WHILE).await;
        mark("end");
        peer.join().unwrap();
        drop(duplicate);
        Ok(())
    });
}
