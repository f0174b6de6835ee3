//! Waiting allocates nothing, but when more wait at the same time for one socket than ever before.
#![cfg(unix)]

mod wakes;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::Location;
use std::task::{Context, Waker};

use reveille_reactor::{Direction, Reactor, Registration, Wait};

use wakes::{pair, read_byte, send};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations it takes that some wait for a byte, are told of it, and wait again, after a first round that is
/// not counted.
fn allocations_of_waiting<const WAITS: usize>() -> usize {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (ours, peer) = pair();
    let socket = Registration::new(ours).unwrap();
    let mut waits: [Wait<'_, _>; WAITS] =
        std::array::from_fn(|_| socket.wait(Direction::Read, Location::caller()));
    let cx = &mut Context::from_waker(Waker::noop());
    let mut woken = Vec::with_capacity(2 * WAITS);
    let mut before = 0;
    for round in 0..10 {
        for wait in &mut waits {
            assert!(wait.poll_io(cx, read_byte).is_pending());
        }
        send(&peer, b"x");
        while woken.len() < WAITS {
            reactor.turn(None, &mut woken).unwrap();
        }
        woken.clear();
        assert!(waits[0].poll_io(cx, read_byte).is_ready());
        if round == 0 {
            // The socket was registered in this round.
            before = ALLOCATIONS.get();
        }
    }
    ALLOCATIONS.get() - before
}

#[test]
fn who_waits_again_allocates_nothing() {
    assert_eq!(allocations_of_waiting::<1>(), 0);
    assert_eq!(allocations_of_waiting::<2>(), 0);
    assert_eq!(allocations_of_waiting::<5>(), 0);
}

#[test]
fn one_who_waits_needs_no_room_beside_the_socket_and_others_get_it_at_once() {
    fn first_wait<const WAITS: usize>(reactor: &Reactor) -> usize {
        let _entered = reactor.handle().enter();
        let socket = Registration::new(pair().0).unwrap();
        let mut waits: [Wait<'_, _>; WAITS] =
            std::array::from_fn(|_| socket.wait(Direction::Write, Location::caller()));
        let blocked = |_: &_| Err::<(), _>(std::io::ErrorKind::WouldBlock.into());
        let before = ALLOCATIONS.get();
        for wait in &mut waits {
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(wait.poll_io(cx, blocked).is_pending());
        }
        ALLOCATIONS.get() - before
    }
    let reactor = Reactor::new().unwrap();
    // The tables grow now and then: one by the numbers of descriptors, which others take too.
    let least = |first_wait: fn(&Reactor) -> usize| (0..10).map(|_| first_wait(&reactor)).min().unwrap();
    let registration = least(first_wait::<1>);
    assert_eq!(least(first_wait::<2>), registration + 2, "a side list");
    assert_eq!(least(first_wait::<5>), registration + 2);
}
