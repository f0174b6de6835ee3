//! A socket that is waited for by way of several reactors of one group: registered with one of them, and moved when it is
//! used elsewhere for good. Reactors that are no group, and one that goes: the socket is registered with each.
#![cfg(unix)]

mod wakes;
mod watchdog;

use std::future::poll_fn;
use std::io;
use std::panic::Location;
use std::task::{Context, Poll, Waker};

use reveille_reactor::{Direction, Reactor, Registration};

use wakes::{Socket, Wakes, pair, poll_byte, read_byte, send, settle, turn_until_woken};
use watchdog::watched;

fn several<const COUNT: usize>() -> [Reactor; COUNT] {
    Reactor::several(COUNT).unwrap().try_into().unwrap()
}

fn registrations<const COUNT: usize>(reactors: &[Reactor; COUNT]) -> [usize; COUNT] {
    reactors
        .each_ref()
        .map(|reactor| reactor.handle().registrations())
}

/// Waits by way of `reactor`, to no avail.
fn wait(reactor: &Reactor, socket: &Registration<Socket>, waker: &Waker) {
    let _entered = reactor.handle().enter();
    assert!(poll_byte(socket, waker).is_pending());
}

#[test]
fn a_socket_is_registered_with_one_reactor_of_a_group_and_an_event_wakes_once() {
    let mut reactors = several::<2>();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    for reactor in &reactors {
        wait(reactor, &socket, &waker);
    }
    assert_eq!(registrations(&reactors), [1, 0]);
    send(&peer, b"x");
    turn_until_woken(&mut reactors[0]);
    settle(&mut reactors[1]);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn the_eighth_wait_in_a_row_from_elsewhere_moves_a_socket() {
    let mut reactors = several::<2>();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    wait(&reactors[0], &socket, &waker);
    for _ in 0..7 {
        wait(&reactors[1], &socket, &waker);
        assert_eq!(registrations(&reactors), [1, 0]);
    }
    wait(&reactors[1], &socket, &waker);
    assert_eq!(registrations(&reactors), [0, 1]);
    send(&peer, b"x");
    turn_until_woken(&mut reactors[1]);
    settle(&mut reactors[0]);
    assert_eq!(wakes.count(), 1);
    assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
    drop(socket);
    assert_eq!(registrations(&reactors), [0, 0]);
}

#[test]
fn waits_at_home_or_from_a_third_reactor_begin_the_count_anew() {
    let reactors = several::<3>();
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (_, waker) = Wakes::new();
    for _ in 0..20 {
        wait(&reactors[0], &socket, &waker);
        for elsewhere in [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 2] {
            wait(&reactors[elsewhere], &socket, &waker);
        }
        assert_eq!(registrations(&reactors), [1, 0, 0]);
    }
}

#[test]
fn what_came_before_a_move_is_reported_after_it() {
    let mut reactors = several::<2>();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    wait(&reactors[0], &socket, &waker);
    // The first reactor is not turned: it never says that there is a byte.
    let mut byte = Some(b'x');
    for _ in 0..8 {
        let _entered = reactors[1].handle().enter();
        let cx = &mut std::task::Context::from_waker(&waker);
        let ready = socket.poll_ready(Direction::Read, std::panic::Location::caller(), cx);
        assert!(ready.is_pending());
        if let Some(byte) = byte.take() {
            send(&peer, &[byte]);
        }
    }
    assert_eq!(registrations(&reactors), [0, 1]);
    turn_until_woken(&mut reactors[1]);
    assert_eq!(wakes.count(), 1);
    assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'x'))));
}

#[test]
fn whoever_waits_by_way_of_another_reactor_of_the_group_is_told_when_it_closes() {
    let mut reactors = several::<2>();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let (wakes, waker) = Wakes::new();
    wait(&reactors[0], &socket, Waker::noop());
    wait(&reactors[1], &socket, &waker);
    let mut woken = Vec::new();
    reactors[0].close(&mut woken);
    woken.into_iter().for_each(Waker::wake);
    assert_eq!(wakes.count(), 1);
    wait(&reactors[1], &socket, &waker);
    assert_eq!(registrations(&reactors), [0, 1]);
    send(&peer, b"x");
    turn_until_woken(&mut reactors[1]);
    assert_eq!(wakes.count(), 2);
}

#[test]
fn a_group_and_a_reactor_by_itself_are_registered_with_each() {
    let group = several::<2>();
    let alone = Reactor::new().unwrap();
    let (ours, _peer) = pair();
    let socket = Registration::new(ours).unwrap();
    for _ in 0..20 {
        for reactor in [&group[0], &alone, &group[1], &alone] {
            wait(reactor, &socket, Waker::noop());
        }
    }
    assert_eq!(registrations(&group).iter().sum::<usize>(), 1);
    assert_eq!(alone.handle().registrations(), 1);
    drop(socket);
    assert_eq!(registrations(&group), [0, 0]);
    assert_eq!(alone.handle().registrations(), 0);
}

/// Two threads with a reactor each wait for one socket, and only one of the reactors is turned, now this one, now that:
/// both are told, and the system is asked once for each reactor, however often they wait by turns.
#[test]
fn a_socket_is_registered_wherever_it_is_waited_for() {
    let mut reactors = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    let handles = [reactors[0].handle(), reactors[1].handle()];
    let registrations = || handles.clone().map(|handle| handle.registrations());
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let mut write = socket.wait(Direction::Write, Location::caller());
    for round in 0..6 {
        let [(first, first_waker), (second, second_waker)] = [0; 2].map(|_| Wakes::new());
        {
            let _entered = handles[0].enter();
            let blocked = |_: &Socket| Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let cx = &mut Context::from_waker(&first_waker);
            assert!(write.poll_io(cx, blocked).is_pending());
        }
        let _entered = handles[1].enter();
        assert!(poll_byte(&socket, &second_waker).is_pending());
        assert_eq!(registrations(), [1, 1], "round {round}");
        send(&peer, b"x");
        turn_until_woken(&mut reactors[round % 2]);
        assert_eq!((first.count(), second.count()), (1, 1), "round {round}");
        assert!(matches!(poll_byte(&socket, &second_waker), Poll::Ready(Ok(b'x'))));
    }
    drop(write);
    drop(socket);
    assert_eq!(registrations(), [0, 0]);
}

#[test]
fn whoever_waits_when_the_reactor_goes_is_woken_and_completes_elsewhere() {
    watched(|| {
        let reactor = Reactor::new().unwrap();
        let (ours, peer) = pair();
        let socket = Registration::new(ours).unwrap();
        let (wakes, waker) = Wakes::new();
        {
            let _entered = reactor.handle().enter();
            assert!(poll_byte(&socket, &waker).is_pending());
        }
        let handle = reactor.handle();
        drop(reactor);
        assert_eq!(wakes.count(), 1);
        assert!(handle.is_closed());
        assert_eq!(handle.registrations(), 0);
        // What came while nobody listened is reported all the same.
        send(&peer, b"x");
        let read = poll_fn(|cx| socket.poll_io(Direction::Read, Location::caller(), cx, read_byte));
        assert_eq!(pollster::block_on(read).unwrap(), b'x');

        let mut next = Reactor::new().unwrap();
        let socket = Registration::new(socket.into_inner().unwrap()).unwrap();
        let _entered = next.handle().enter();
        assert!(poll_byte(&socket, &waker).is_pending());
        send(&peer, b"y");
        turn_until_woken(&mut next);
        assert!(matches!(poll_byte(&socket, &waker), Poll::Ready(Ok(b'y'))));
    });
}
