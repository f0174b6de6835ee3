//! B13: descriptors that are closed, used again, or fit for nothing; and table entries that are used again.
#![cfg(unix)]

mod wakes;

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use reveille_reactor::{Direction, Handle, Reactor, Ready, Registration};

use wakes::{Wakes, pair, poll_byte, send, settle, turn_until_woken};

/// One test at a time: they count on the numbers of descriptors.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn poll_readable<S: AsRawFd>(socket: &Registration<S>, waker: &Waker) -> Poll<io::Result<Ready>> {
    let cx = &mut Context::from_waker(waker);
    socket.poll_ready(Direction::Read, Location::caller(), cx)
}

#[test]
fn a_descriptor_closed_behind_our_back_leaves_nothing_to_the_next_of_its_number() {
    let _alone = alone();
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let _entered = handle.enter();

    let (ours, _peer) = pair();
    let number = ours.as_raw_fd();
    let registration: Registration<RawFd> = Registration::new(number).unwrap();
    let (wakes, waker) = Wakes::new();
    assert!(poll_readable(&registration, &waker).is_pending());
    assert_eq!(handle.registrations(), 1);
    drop(ours);
    drop(registration);
    assert_eq!(handle.registrations(), 0);

    let (next, peer) = pair();
    assert_eq!(next.as_raw_fd(), number);
    let next = Registration::new(next).unwrap();
    let (next_wakes, next_waker) = Wakes::new();
    assert!(poll_byte(&next, &next_waker).is_pending());
    assert_eq!(handle.registrations(), 1);
    send(&peer, b"x");
    turn_until_woken(&mut reactor);
    assert_eq!((wakes.count(), next_wakes.count()), (0, 1));
    assert!(matches!(poll_byte(&next, &next_waker), Poll::Ready(Ok(b'x'))));
}

#[test]
fn whoever_leaves_late_does_not_take_along_the_next_of_its_number() {
    let _alone = alone();
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let _entered = handle.enter();

    let (ours, _peer) = pair();
    let number = ours.as_raw_fd();
    let stale: Registration<RawFd> = Registration::new(number).unwrap();
    assert!(poll_readable(&stale, Waker::noop()).is_pending());
    drop(ours);
    let (next, peer) = pair();
    assert_eq!(next.as_raw_fd(), number);
    let next = Registration::new(next).unwrap();
    let (wakes, waker) = Wakes::new();
    assert!(poll_byte(&next, &waker).is_pending());
    assert_eq!(handle.registrations(), 2);

    drop(stale);
    assert_eq!(handle.registrations(), 1);
    send(&peer, b"x");
    settle(&mut reactor);
    assert_eq!(wakes.count(), 1, "its registration is gone");
    assert!(matches!(poll_byte(&next, &waker), Poll::Ready(Ok(b'x'))));
    // And the one that left is not taken for the one that is there.
    drop(next);
    assert_eq!(handle.registrations(), 0);
}

/// The descriptor of the reactor is readable as long as there is something that would end its wait.
#[cfg(target_os = "linux")]
#[test]
fn a_duplicate_of_a_dropped_socket_never_wakes_the_loop() {
    let _alone = alone();
    let mut reactor = Reactor::new().unwrap();
    let mut observer = Reactor::new().unwrap();
    let watched: Registration<RawFd> = Registration::connecting(reactor.as_raw_fd()).unwrap();
    let mut observe = |reactor: &mut Reactor| {
        let (wakes, waker) = Wakes::new();
        let _entered = observer.handle().enter();
        assert!(poll_readable(&watched, &waker).is_pending(), "not settled before");
        drop(_entered);
        settle(&mut observer);
        let woken = wakes.count();
        // Take what it says, so that the next look begins anew.
        let _ = watched.try_io(Direction::Read, |_| {
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        settle(reactor);
        woken
    };
    let (ours, peer) = pair();
    let duplicate = ours.try_clone().unwrap();
    let socket = Registration::new(ours).unwrap();
    {
        let _entered = reactor.handle().enter();
        assert!(poll_byte(&socket, Waker::noop()).is_pending());
    }
    settle(&mut reactor);
    assert_eq!(observe(&mut reactor), 0);
    send(&peer, b"x");
    assert_eq!(observe(&mut reactor), 1, "nobody would see it if it did");
    drop(socket);
    for _ in 0..3 {
        send(&peer, b"x");
        assert_eq!(observe(&mut reactor), 0);
    }
    drop(peer);
    assert_eq!(observe(&mut reactor), 0);
    drop(duplicate);
}

/// Drops a socket and registers another one when woken.
struct Exchange {
    victim: Mutex<Option<Registration<UnixStream>>>,
    newcomer: Mutex<Option<Registration<UnixStream>>>,
    newcomers_waker: Waker,
}

impl Wake for Exchange {
    fn wake(self: Arc<Self>) {
        drop(self.victim.lock().unwrap().take());
        let newcomer = self.newcomer.lock().unwrap();
        let newcomer = newcomer.as_ref().unwrap();
        assert!(poll_readable(newcomer, &self.newcomers_waker).is_pending());
    }
}

#[test]
fn an_event_of_a_dropped_socket_does_not_reach_the_next_user_of_its_entry() {
    let _alone = alone();
    let mut reactor = Reactor::new().unwrap();
    let handle = reactor.handle();
    let _entered = handle.enter();

    let [
        (first, first_peer),
        (victim, victim_peer),
        (newcomer, _newcomer_peer),
    ] = [pair(), pair(), pair()];
    let first = Registration::new(first).unwrap();
    let victim = Registration::new(victim).unwrap();
    let (newcomer_wakes, newcomers_waker) = Wakes::new();
    let exchange = Arc::new(Exchange {
        victim: Mutex::new(None),
        newcomer: Mutex::new(Some(Registration::new(newcomer).unwrap())),
        newcomers_waker,
    });
    // The first write interest is satisfied before it matters: only reads are to be reported.
    assert!(poll_byte(&first, &Waker::from(exchange.clone())).is_pending());
    assert!(poll_byte(&victim, Waker::noop()).is_pending());
    settle(&mut reactor);
    let stale = victim.packed_token().unwrap();
    *exchange.victim.lock().unwrap() = Some(victim);

    // Both events are in one batch.
    send(&first_peer, b"x");
    send(&victim_peer, b"x");
    turn_until_woken(&mut reactor);

    let newcomer = exchange.newcomer.lock().unwrap().take().unwrap();
    let token = newcomer.packed_token().unwrap();
    assert_ne!(token, stale);
    assert_eq!(index(token), index(stale), "the entry was to be used again");
    // And as late as it can get: after the entry has its next user.
    handle.inject(stale, Ready::READABLE | Ready::READ_CLOSED | Ready::ERROR);
    assert_eq!(newcomer_wakes.count(), 0, "a late event woke the wrong task");
    assert!(
        poll_readable(&newcomer, Waker::noop()).is_pending(),
        "a late event reached the wrong socket"
    );
    handle.inject(token, Ready::READABLE);
    assert!(poll_readable(&newcomer, Waker::noop()).is_ready());
}

/// The part of a token that names the entry.
fn index(token: usize) -> usize {
    token & if usize::BITS == 64 { 0xffff_ffff } else { 0xf_ffff }
}

#[test]
fn a_regular_file_is_an_error_and_does_not_hang() {
    let _alone = alone();
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let file = Registration::new(File::open("Cargo.toml").unwrap()).unwrap();
    for _ in 0..2 {
        let Poll::Ready(Err(error)) = poll_readable(&file, Waker::noop()) else {
            panic!("a file cannot be waited for");
        };
        if cfg!(any(target_os = "linux", target_os = "android")) {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
    }
    assert_eq!(reactor.handle().registrations(), 0);
}

#[test]
fn a_bad_descriptor_is_an_error_and_leaks_nothing() {
    let _alone = alone();
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    for _ in 0..1000 {
        let closed: RawFd = pair().0.as_raw_fd();
        let bad = Registration::new(closed).unwrap();
        assert!(matches!(poll_readable(&bad, Waker::noop()), Poll::Ready(Err(_))));
        assert_eq!(reactor.handle().registrations(), 0);
    }
}

#[test]
fn a_socket_taken_back_can_be_registered_with_another_reactor() {
    let _alone = alone();
    let [mut one, mut other] = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    let registrations = |handles: [Handle; 2]| handles.map(|handle| handle.registrations());
    let (ours, peer) = pair();
    let (wakes, waker) = Wakes::new();

    let socket = Registration::new(ours).unwrap();
    {
        let _entered = one.handle().enter();
        assert!(poll_byte(&socket, &waker).is_pending());
    }
    assert_eq!(registrations([one.handle(), other.handle()]), [1, 0]);
    let ours = socket.into_inner().unwrap();
    assert_eq!(registrations([one.handle(), other.handle()]), [0, 0]);

    let socket = Registration::new(ours).unwrap();
    let _entered = other.handle().enter();
    assert!(poll_byte(&socket, &waker).is_pending());
    send(&peer, b"x");
    settle(&mut one);
    assert_eq!(wakes.count(), 0);
    turn_until_woken(&mut other);
    assert_eq!(wakes.count(), 1);
    assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
}
