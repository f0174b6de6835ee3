//! What a recorder is told of sources of readiness. A source is known by the address of its slot, which is another one's as soon as
//! it is dropped.

use std::ptr;
use std::task::Waker;

use reveille_context::cause::{self, Cause};
use reveille_context::event::{self, Event, Readiness, Resource};

use crate::interest::{Direction, Ready};
use crate::slot::Slot;
use crate::waiters::Place;

/// It is about to be registered under that descriptor.
pub(crate) fn registered(slot: &Slot, descriptor: impl FnOnce() -> u64) {
    event::emit(move || Event::IoRegister {
        source: source(slot),
        descriptor: descriptor(),
    });
}

/// It is registered no more.
pub(crate) fn deregistered(slot: &Slot) {
    event::emit(move || Event::IoDeregister { source: source(slot) });
}

/// The system says that it is ready, and `deliver` says so to others, and who is to be woken for it: they are woken in its name.
#[cold]
pub(crate) fn ready(
    slot: &Slot,
    ready: Ready,
    woken: &mut Vec<Waker>,
    deliver: impl FnOnce(&mut Vec<Waker>),
) {
    let (before, first) = (event::before(|| ()), woken.len());
    deliver(woken);
    let (source, ready) = (source(slot), readiness(ready));
    let waiters = &mut woken[first..];
    let count = waiters.len();
    if let Some((moment, ())) = before {
        event::emit_at(moment, || Event::IoReady {
            source,
            ready,
            waiters: count,
        });
    }
    for waiter in waiters {
        let waker = std::mem::replace(waiter, Waker::noop().clone());
        *waiter = cause::attach(waker, || Cause::Io { source, ready });
    }
}

/// The current task waits for it.
#[inline]
pub(crate) fn waits(slot: &Slot, place: &Place) {
    event::emit_full(move || Event::IoWait {
        source: source(slot),
        ready: readiness(match place.direction() {
            Direction::Read => Ready::READABLE,
            Direction::Write => Ready::WRITABLE,
        }),
    });
}

/// An operation on it was tried in the current task. Only of one that has a place of its own it is known when it is given up.
#[inline]
pub(crate) fn touched(slot: &Slot, place: &Place, is_ready: bool) {
    if event::is_full() && place.is_own() {
        event::emit_full(move || Event::Touch {
            resource: Resource::Io,
            id: source(slot) as u64,
            is_ready,
        });
    }
}

/// An operation on it was dropped in the current task.
#[inline]
pub(crate) fn dropped(slot: &Slot, is_done: bool) {
    event::emit_full(move || Event::FutureDrop {
        resource: Resource::Io,
        id: source(slot) as u64,
        is_done,
    });
}

fn source(slot: &Slot) -> usize {
    ptr::from_ref(slot).addr()
}

fn readiness(ready: Ready) -> Readiness {
    let bit = |is_so: bool, bit: u8| if is_so { bit } else { 0 };
    Readiness(
        bit(ready.is_readable(), Readiness::READ)
            | bit(ready.is_writable(), Readiness::WRITE)
            | bit(
                ready.is_read_closed() || ready.is_write_closed(),
                Readiness::CLOSED,
            )
            | bit(ready.is_error(), Readiness::ERROR),
    )
}
