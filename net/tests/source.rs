//! Descriptors of any kind: eventfds, inotify, terminals, sockets of the user's own; and those that cannot be waited for.
#![cfg(target_os = "linux")]

mod hand;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::pin::Pin;

use reveille_net::source::{ReadyGuard, Source};
use reveille_reactor::{Interest, Ready};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::inotify;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use hand::{Hand, context, poll};

fn source() -> (Source<UnixStream>, UnixStream) {
    let (ours, peer) = UnixStream::pair().unwrap();
    (Source::new(ours).unwrap(), peer)
}

/// What a read of one byte says, and how often it is asked.
fn counted<'a>(calls: &'a Cell<usize>) -> impl FnMut(&UnixStream) -> io::Result<u8> + 'a {
    move |mut stream| {
        calls.set(calls.get() + 1);
        let mut byte = [0];
        stream.read_exact(&mut byte).map(|()| byte[0])
    }
}

fn is_would_block<T>(outcome: &io::Result<T>) -> bool {
    matches!(outcome, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

#[test]
fn an_eventfd_counts_and_is_waited_for() {
    let mut hand = Hand::new();
    let counter = Source::new(eventfd(0, EventfdFlags::CLOEXEC).unwrap()).unwrap();
    let take = |counter: &OwnedFd| {
        let mut bytes = [0; 8];
        rustix::io::read(counter, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    };
    let add = |number: u64| {
        move |counter: &OwnedFd| rustix::io::write(counter, &number.to_ne_bytes()).map_err(io::Error::from)
    };
    let mut taking = counter.read_with(take);
    assert!(poll(&mut taking).is_pending());
    hand.settle();
    assert!(poll(&mut taking).is_pending());
    assert_eq!(hand.finish(counter.write_with(add(3))).unwrap(), 8);
    assert_eq!(hand.finish(counter.write_with(add(4))).unwrap(), 8);
    assert_eq!(hand.finish(taking).unwrap(), 7);

    // It is full: the next one has to wait until somebody takes.
    hand.finish(counter.write_with(add(u64::MAX - 1))).unwrap();
    let mut adding = counter.write_with(add(1));
    assert!(poll(&mut adding).is_pending());
    assert_eq!(hand.finish(counter.read_with(take)).unwrap(), u64::MAX - 1);
    hand.finish(adding).unwrap();
    assert_eq!(hand.finish(counter.read_with(take)).unwrap(), 1);
}

#[test]
fn inotify_tells_of_a_new_file() {
    let mut hand = Hand::new();
    let folder = std::env::temp_dir().join(format!("reveille-inotify-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let watcher = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watcher, &folder, inotify::WatchFlags::CREATE).unwrap();
    let watcher = Source::new(watcher).unwrap();
    let mut name = watcher.read_with(|watcher| {
        let mut buffer = [MaybeUninit::uninit(); 512];
        let mut reader = inotify::Reader::new(watcher, &mut buffer);
        let event = reader.next()?;
        Ok(event.file_name().unwrap().to_str().unwrap().to_owned())
    });
    assert!(poll(&mut name).is_pending());
    File::create(folder.join("reveille")).unwrap();
    let name = hand.finish(name);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(name.unwrap(), "reveille");
}

#[test]
fn a_terminal_is_read_by_lines_and_its_hang_up_is_an_error_once() {
    let mut hand = Hand::new();
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let terminal = Source::new(terminal).unwrap();
    let mut buffer = [0; 16];
    let mut line = terminal.read_with(|mut terminal| terminal.read(&mut buffer));
    assert!(poll(&mut line).is_pending());
    // Half a line is no line yet.
    rustix::io::write(&screen, b"reve").unwrap();
    hand.settle();
    assert!(poll(&mut line).is_pending());
    rustix::io::write(&screen, b"ille\n").unwrap();
    assert_eq!(hand.finish(line).unwrap(), 9);
    assert_eq!(&buffer[..9], b"reveille\n");

    let mut line = terminal.read_with(|mut terminal| terminal.read(&mut buffer));
    assert!(poll(&mut line).is_pending());
    drop(screen);
    // The end, or an error: but not for ever.
    assert!(matches!(hand.finish(line), Ok(0) | Err(_)));
}

#[test]
fn a_regular_file_is_refused_in_words() {
    for made in [Source::new, Source::new_nonblocking] {
        let error = made(File::open("Cargo.toml").unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("a regular file cannot be waited for"));
    }
}

/// poll(2) says of such a thing that it is always ready.
#[cfg(not(mio_unsupported_force_poll_poll))]
#[test]
fn what_the_system_cannot_watch_is_an_error_and_does_not_hang() {
    let _hand = Hand::new();
    let directory = Source::new(File::open("src").unwrap()).unwrap();
    for _ in 0..2 {
        let std::task::Poll::Ready(Err(error)) = poll(&mut directory.readable()) else {
            panic!("a directory cannot be waited for");
        };
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let blocked = |_: &File| Err::<(), _>(io::ErrorKind::WouldBlock.into());
        assert!(matches!(
            poll(&mut directory.read_with(blocked)),
            std::task::Poll::Ready(Err(_))
        ));
    }
}

#[test]
fn new_changes_the_mode_and_new_nonblocking_does_not() {
    let non_blocking = |socket: &UnixStream| {
        let flags = rustix::fs::fcntl_getfl(socket).unwrap();
        flags.contains(rustix::fs::OFlags::NONBLOCK)
    };
    let (ours, peer) = UnixStream::pair().unwrap();
    let ours = Source::new(ours).unwrap();
    assert!(non_blocking(ours.get_ref()));
    assert!(non_blocking(&ours.into_inner().unwrap()), "it stays so");
    assert!(!non_blocking(Source::new_nonblocking(peer).unwrap().get_ref()));
}

#[test]
fn an_operation_that_would_block_is_called_once_for_each_report() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    let calls = Cell::new(0);
    let mut read = ours.read_with(counted(&calls));
    for _ in 0..5 {
        assert!(poll(&mut read).is_pending());
        hand.settle();
    }
    assert_eq!(calls.get(), 1);
    peer.write_all(b"x").unwrap();
    assert_eq!(hand.finish(read).unwrap(), b'x');
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_guard_that_meets_would_block_voids_the_report_and_no_later_one() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    let calls = Cell::new(0);
    peer.write_all(b"x").unwrap();
    let guard: ReadyGuard<'_, _> = hand.finish(ours.readable()).unwrap();
    let late = hand.finish(ours.readable()).unwrap();
    assert!(guard.ready().is_readable());
    assert_eq!(guard.try_io(counted(&calls)).unwrap().unwrap(), b'x');
    assert!(guard.try_io(counted(&calls)).is_err());
    assert_eq!(calls.get(), 2);
    // Somebody has found out already.
    assert!(late.try_io(counted(&calls)).is_err());
    assert_eq!(calls.get(), 2);
    assert!(poll(&mut ours.readable()).is_pending());
    assert!(poll(&mut ours.writable()).is_ready(), "it was about reading");

    peer.write_all(b"y").unwrap();
    hand.settle();
    assert_eq!(guard.try_io(counted(&calls)).unwrap().unwrap(), b'y');
    let error: io::Error = guard.try_io(counted(&calls)).unwrap_err().into();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn news_during_the_operation_of_a_guard_are_not_voided() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    peer.write_all(b"x").unwrap();
    let guard = hand.finish(ours.readable()).unwrap();
    let outcome = guard.try_io(|mut stream| {
        stream.read_exact(&mut [0]).unwrap();
        let blocked = stream.read(&mut [0]).unwrap_err();
        peer.write_all(b"y").unwrap();
        hand.settle();
        Err::<(), _>(blocked)
    });
    assert!(outcome.is_err());
    if cfg!(mio_unsupported_force_poll_poll) {
        // There it is reported only once somebody asks.
        drop(hand.finish(ours.readable()).unwrap());
        return;
    }
    assert!(poll(&mut ours.readable()).is_ready(), "a report was lost");
}

#[test]
fn a_dropped_guard_changes_nothing() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    peer.write_all(b"x").unwrap();
    drop(hand.finish(ours.readable()).unwrap());
    assert!(poll(&mut ours.readable()).is_ready());
}

#[test]
fn a_read_that_would_block_does_not_void_what_was_reported_of_writing() {
    let mut hand = Hand::new();
    let (ours, _peer) = source();
    let guard = hand
        .finish(ours.ready(Interest::READABLE | Interest::WRITABLE))
        .unwrap();
    assert_eq!(guard.ready(), Ready::WRITABLE);
    let both = Interest::READABLE | Interest::WRITABLE;
    assert!(is_would_block(
        &ours.try_read_with(|mut stream| stream.read(&mut [0]))
    ));
    assert!(poll(&mut ours.writable()).is_ready());
    // That of an operation for both does.
    let blocked = |_: &UnixStream| Err::<(), _>(io::ErrorKind::WouldBlock.into());
    assert!(is_would_block(&ours.try_io(both, blocked)));
    assert!(poll(&mut ours.writable()).is_pending());
}

#[test]
fn a_try_asks_the_system_no_more_until_something_is_reported() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    assert!(poll(&mut ours.readable()).is_pending());
    let calls = Cell::new(0);
    for _ in 0..5 {
        assert!(is_would_block(&ours.try_read_with(counted(&calls))));
    }
    assert_eq!(calls.get(), 1);
    peer.write_all(b"x").unwrap();
    hand.settle();
    assert_eq!(ours.try_read_with(counted(&calls)).unwrap(), b'x');
    assert_eq!(ours.try_write_with(|mut stream| stream.write(b"z")).unwrap(), 1);
}

#[test]
fn the_poll_forms_wait_too() {
    let mut hand = Hand::new();
    let (ours, peer) = UnixDatagram::pair().unwrap();
    let ours = Source::new(ours).unwrap();
    let mut buffer = [0; 8];
    assert!(
        ours.poll_read_with(&mut context(), |socket| socket.recv(&mut buffer))
            .is_pending()
    );
    peer.send(b"reveille").unwrap();
    let length = hand.until(|| ours.poll_read_with(&mut context(), |socket| socket.recv(&mut buffer)));
    assert_eq!(&buffer[..length.unwrap()], b"reveille");
    let sent = hand.until(|| ours.poll_write_with(&mut context(), |socket| socket.send(b"x")));
    assert_eq!(sent.unwrap(), 1);
}

#[test]
fn a_dropped_read_takes_nothing_and_the_next_one_gets_it() {
    let mut hand = Hand::new();
    let (ours, mut peer) = source();
    let calls = Cell::new(0);
    for byte in 0..20 {
        for polls in 0..3 {
            let mut read = ours.read_with(counted(&calls));
            for _ in 0..polls {
                assert!(poll(&mut read).is_pending());
                hand.settle();
            }
        }
        peer.write_all(&[byte]).unwrap();
        assert_eq!(hand.finish(ours.read_with(counted(&calls))).unwrap(), byte);
    }
}

#[test]
fn a_source_leaves_the_reactor_before_it_is_gone() {
    let hand = Hand::new();
    let (ours, _peer) = source();
    assert!(poll(&mut ours.readable()).is_pending());
    assert_eq!(hand.handle().registrations(), 1);
    let inner = ours.into_inner().unwrap();
    assert_eq!(hand.handle().registrations(), 0);
    let ours = Source::new(&inner).unwrap();
    assert_eq!(ours.as_raw_fd(), inner.as_raw_fd());
    assert!(poll(&mut ours.readable()).is_pending());
    drop(ours);
    assert_eq!(hand.handle().registrations(), 0);
}

#[test]
fn futures_are_unpin_and_a_source_is_as_its_content() {
    fn is_unpin<T: Unpin>(_: &T) {}
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let (ours, _peer) = source();
    is_send_and_sync(&ours);
    let pinned = std::marker::PhantomPinned;
    let operation = move |_: &UnixStream| {
        let _ = &pinned;
        Ok(())
    };
    let mut read = ours.read_with(operation);
    is_unpin(&read);
    is_unpin(&ours.write_with(operation));
    is_unpin(&ours.ready(Interest::WRITABLE));
    assert!(Pin::new(&mut read).poll(&mut context()).is_ready());
    assert!(format!("{ours:?}").starts_with("Source(UnixStream"));
}
