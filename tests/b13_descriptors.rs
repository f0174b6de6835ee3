//! B13: descriptors that are closed, used again, duplicated or fit for nothing; and operations that are given up at any
//! of their polls. On every flavor.
#![cfg(target_os = "linux")]

mod flavors;
mod watchdog;

use std::fs::{self, File};
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use flavors::on_every_flavor;
use reveille::io::Source;
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use watchdog::Watchdog;

/// One test at a time: they count descriptors, and on their numbers.
fn alone() -> (MutexGuard<'static, ()>, Watchdog) {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (alone, Watchdog::new("B13", Duration::from_secs(20)))
}

/// How many descriptors of this process lead to something so named. Only those of the test's own kind are counted: what
/// the runtimes, and the reactor that serves the whole process, open and close meanwhile is not its concern.
fn descriptors(kind: &str) -> usize {
    let leads_there = |entry: io::Result<fs::DirEntry>| {
        // One that is closed meanwhile leads nowhere.
        let target = fs::read_link(entry.unwrap().path());
        target.is_ok_and(|target| target.to_string_lossy().contains(kind))
    };
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(leads_there)
        .filter(|&leads| leads)
        .count()
}

fn read_byte(mut stream: &UnixStream) -> io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Polls `future` once.
async fn is_pending(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[test]
fn a_socket_that_leaves_while_its_number_has_another_owner_takes_nothing_along() {
    let _alone = alone();
    on_every_flavor(|flavor| async move {
        let (ours, _peer) = UnixStream::pair().unwrap();
        let stale = Source::new(Lent(ours.as_raw_fd())).unwrap();
        assert!(is_pending(stale.readable()).await);
        drop(ours);
        let (next, mut peer) = pair_with(stale.get_ref().0, flavor);
        let next = Source::new(next).unwrap();
        assert!(is_pending(next.read_with(read_byte)).await);
        drop(stale);
        peer.write_all(b"x").unwrap();
        assert_eq!(next.read_with(read_byte).await.unwrap(), b'x', "{flavor}");
    });
}

/// A pair whose first end has the number that was closed last. Lower ones may be free too.
fn pair_with(number: RawFd, flavor: &str) -> (UnixStream, UnixStream) {
    let mut others = Vec::new();
    for _ in 0..100 {
        let (one, other) = UnixStream::pair().unwrap();
        match number {
            _ if one.as_raw_fd() == number => return (one, other),
            _ if other.as_raw_fd() == number => return (other, one),
            _ => others.push((one, other)),
        }
    }
    panic!("{flavor}: nobody got the number {number} again");
}

#[test]
fn what_cannot_be_waited_for_is_an_error_each_time_and_leaks_nothing() {
    let _alone = alone();
    on_every_flavor(|flavor| async move {
        let file = TcpStream::from_std(
            File::open("Cargo.toml")
                .map(std::os::fd::OwnedFd::from)
                .unwrap()
                .into(),
        )
        .unwrap();
        let before = descriptors("Cargo.toml");
        for _ in 0..1000 {
            // To wait for a file fails; and a socket of that type it is none.
            let error = file.async_io(reveille::io::Interest::READABLE, || {
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
            assert_eq!(
                error.await.unwrap_err().kind(),
                io::ErrorKind::PermissionDenied,
                "{flavor}"
            );
            assert!(Source::new(File::open("Cargo.toml").unwrap()).is_err());
        }
        assert_eq!(descriptors("Cargo.toml"), before, "{flavor}");
    });
}

#[test]
fn a_stream_taken_back_is_registered_anew_elsewhere() {
    let _alone = alone();
    on_every_flavor(|flavor| async move {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
        assert!(is_pending(stream.read(&mut [0])).await);
        let stream = TcpStream::from_std(stream.into_std().unwrap()).unwrap();
        let elsewhere = std::thread::spawn(move || {
            let runtime = Builder::current_thread().build().unwrap();
            runtime.block_on(async {
                assert!(is_pending(stream.read(&mut [0])).await);
                peer.write_all(b"x").unwrap();
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 1);
            });
            stream
        });
        let stream = TcpStream::from_std(elsewhere.join().unwrap().into_std().unwrap()).unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "{flavor}");
    });
}

/// Polls `future` so many times at most, and then drops it.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|cx| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[test]
fn accepts_and_connects_given_up_at_any_poll_lose_no_client_and_no_descriptor() {
    let _alone = alone();
    on_every_flavor(|flavor| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // What the flavor opens when it first waits is there to stay.
        assert!(is_pending(listener.accept()).await);
        let before = descriptors("socket:");
        for round in 0..60 {
            let polls = round % 4;
            // With the client there before, or only after the first poll.
            let early = (round % 2 == 0).then(|| std::net::TcpStream::connect(address).unwrap());
            let mut accepted =
                give_up_after(polls.min(1 + usize::from(early.is_some())), listener.accept()).await;
            let mut client = early.unwrap_or_else(|| std::net::TcpStream::connect(address).unwrap());
            if accepted.is_none() {
                accepted = Some(listener.accept().await);
            }
            let (server, from) = accepted.unwrap().unwrap();
            assert_eq!(from, client.local_addr().unwrap(), "{flavor}: a client was lost");
            client.write_all(&[round as u8]).unwrap();
            let mut byte = [0];
            assert_eq!(server.read(&mut byte).await.unwrap(), 1);
            assert_eq!(byte, [round as u8], "{flavor}");
        }
        assert_eq!(
            descriptors("socket:"),
            before,
            "{flavor}: accepting left descriptors open"
        );
        for round in 0..60 {
            let Some(client) = give_up_after(round % 4, TcpStream::connect(address)).await else {
                continue;
            };
            assert_eq!(client.unwrap().write(b"x").await.unwrap(), 1);
            // Those that were given up may have got through before it; they end without a byte.
            loop {
                let (server, _) = listener.accept().await.unwrap();
                if server.read(&mut [0]).await.is_ok_and(|length| length == 1) {
                    break;
                }
            }
        }
        assert_eq!(
            descriptors("socket:"),
            before,
            "{flavor}: connecting left descriptors open"
        );
    });
}

/// A descriptor that somebody else owns.
struct Lent(RawFd);

impl AsRawFd for Lent {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl AsFd for Lent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: a test of what happens to those who use a number that was closed; the number is in use at each call.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}
