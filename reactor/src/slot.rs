//! What the reactor and the users of one socket share.

use std::panic::Location;
use std::task::{Context, Waker};

use reveille_context::event;
use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::interest::{Direction, Ready};
use crate::primitive::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::readiness::{Flags, Readiness, Snapshot};
use crate::station::Station;
use crate::told;
use crate::waiters::{Place, Waiters};

/// The readiness of a socket and who waits for it. It belongs to the socket for its whole life, whichever reactor it
/// is registered with; that reactor's table holds a reference.
///
/// No wake-up is lost between the two sides: of readiness see `readiness`, which also says who takes the lock of the waiters.
/// Of the attachment, because each does two things in an order, and the second is, or is followed by, a critical section of
/// that lock:
///
/// * who waits: keeps its waker (under the lock), then looks at the attachment;
/// * who closes a reactor: sets the attachment, then takes the wakers (under the lock).
///
/// If the waker was kept before it was the other's turn at the lock, it is taken and woken. If after, the unlocking
/// of the one and the locking of the other make the news visible to the look that follows.
#[derive(Debug)]
pub(crate) struct Slot {
    link: AtomicU64,
    read: Readiness,
    write: Readiness,
    waiters: Mutex<Waiters>,
    /// Which member of the group it is with waited last, of those that have another reactor of that group.
    visitor: AtomicU16,
    /// How many waits in a row came from `visitor`.
    visits: AtomicU8,
    /// Somebody may have a duplicate of its socket's descriptor.
    lent: AtomicBool,
    /// How many reactors that had it have closed.
    losses: AtomicU32,
}

/// Whether a reactor tells the slot of events, and which one was the last that it was attached to.
///
/// ```text
///   station 62 | attachment 2
/// ```
#[derive(Clone, Copy)]
struct Link(u64);

/// No reactor tells this slot anything.
const DETACHED: u64 = 0;
/// A reactor's table has it, and its socket is about to be registered.
const ATTACHING: u64 = 1;
/// Every change of the socket's readiness reaches this slot.
const ATTACHED: u64 = 2;

impl Link {
    fn new(attachment: u64, station: Station) -> Self {
        Self(station.pack() << 2 | attachment)
    }

    fn attachment(self) -> u64 {
        self.0 & 3
    }

    fn station(self) -> Station {
        Station::unpack(self.0 >> 2)
    }
}

/// How many waits in a row by way of another reactor of its group make a socket move there.
const VISITS_BEFORE_A_MOVE: u8 = 8;

impl Slot {
    /// A slot that no reactor knows yet. `presume_ready`: the first operation shall be tried at once.
    pub(crate) fn new(presume_ready: bool) -> Self {
        Self {
            link: AtomicU64::new(Link::new(DETACHED, Station::FALLBACK).0),
            read: Readiness::new(presume_ready),
            write: Readiness::new(presume_ready),
            waiters: Mutex::new(Waiters::default()),
            visitor: AtomicU16::new(0),
            visits: AtomicU8::new(0),
            lent: AtomicBool::new(true),
            losses: AtomicU32::new(0),
        }
    }

    /// What is known of one direction.
    pub(crate) fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// An event says that the socket is `ready`: says so in the directions it concerns, and moves the wakers of those
    /// who wait for them to `woken`.
    pub(crate) fn deliver(&self, ready: Ready, woken: &mut Vec<Waker>) {
        if event::is_on() {
            told::ready(self, ready, woken, |woken| self.set_ready(ready, woken));
        } else {
            self.set_ready(ready, woken);
        }
    }

    /// Inlined where a recorder is told, and where none is.
    #[inline(always)]
    fn set_ready(&self, ready: Ready, woken: &mut Vec<Waker>) {
        for direction in BOTH {
            let flags = Flags::of(ready, direction);
            if !flags.is_empty() && self.readiness(direction).set(flags) {
                lock(&self.waiters).take(direction, woken);
            }
        }
    }

    /// Moves the wakers of everyone who waits to `woken`.
    pub(crate) fn take_waiters(&self, woken: &mut Vec<Waker>) {
        let mut waiters = lock(&self.waiters);
        for direction in BOTH {
            waiters.take(direction, woken);
        }
    }

    /// Keeps the waker of `cx` in `place`. Returns what is known now of what is waited for: if that is nothing, one may sleep.
    pub(crate) fn keep(
        &self,
        place: &mut Place,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
    ) -> Snapshot {
        told::waits(self, place);
        let is_kept = place.is_known() && lock(&self.waiters).keeps(*place, cx.waker(), location);
        let mut replaced = None;
        if !is_kept {
            place.make_known();
            // Cloning and dropping a waker runs foreign code, which may come back here: never under the lock.
            let waiter = Waiter::new(cx.waker().clone(), location);
            replaced = lock(&self.waiters).keep(*place, waiter);
        }
        let seen = self.readiness(place.direction()).await_news();
        drop(replaced);
        seen
    }

    /// Forgets the waker of an operation that has a place of its own; the shared place keeps the last one.
    #[inline]
    pub(crate) fn withdraw(&self, place: &mut Place) {
        if let Some(left) = place.leave() {
            // If not: the event that ended the wait has taken the waker, or is about to.
            if self.readiness(left.direction()).is_awaited() {
                self.forget(left);
            }
        }
    }

    #[cold]
    fn forget(&self, left: Place) {
        let waiter = lock(&self.waiters).remove(left);
        // This runs in destructors, where a second panic would abort.
        wake::contain(|| drop(waiter));
    }

    /// Calls `see` with everyone who waits. It must run no foreign code.
    pub(crate) fn for_each_waiter(&self, mut see: impl FnMut(Direction, &Waiter)) {
        let waiters = lock(&self.waiters);
        waiters
            .iter()
            .for_each(|(direction, waiter)| see(direction, waiter));
    }

    /// Whether events reach this slot.
    pub(crate) fn is_attached(&self) -> bool {
        self.link().attachment() == ATTACHED
    }

    /// Whether events reach this slot, and it was attached last to the reactor that threads `here` use, or to one that
    /// stands in for that.
    pub(crate) fn is_attached_for(&self, here: Station) -> bool {
        let link = self.link();
        link.attachment() == ATTACHED && link.station().is_with(here)
    }

    /// Somebody `here`, for whom this is attached, begins to wait: whether the socket shall move here.
    pub(crate) fn visited_from(&self, here: Station) -> bool {
        // Relaxed, and no read-modify-writes: if two waits at the same time count as one, it moves later.
        if self.link().station() == here {
            if self.visits.load(Ordering::Relaxed) != 0 {
                self.visits.store(0, Ordering::Relaxed);
            }
            return false;
        }
        let again = self.visitor.load(Ordering::Relaxed) == here.member();
        self.visitor.store(here.member(), Ordering::Relaxed);
        let before = if again {
            self.visits.load(Ordering::Relaxed)
        } else {
            0
        };
        let visits = before + 1;
        let moves = visits >= VISITS_BEFORE_A_MOVE;
        self.visits
            .store(if moves { 0 } else { visits }, Ordering::Relaxed);
        moves
    }

    /// Whether somebody may have a duplicate of its socket's descriptor.
    pub(crate) fn is_lent(&self) -> bool {
        // Relaxed, here and below: it is asked when the socket is dropped, which is after whatever was done with it.
        self.lent.load(Ordering::Relaxed)
    }

    /// From now on somebody may have a duplicate; or nobody has, nor will have without that being said.
    pub(crate) fn lend(&self, lent: bool) {
        if self.is_lent() != lent {
            self.lent.store(lent, Ordering::Relaxed);
        }
    }

    fn link(&self) -> Link {
        // Acquire pairs with the Release in `attached_at`: the socket has been registered.
        Link(self.link.load(Ordering::Acquire))
    }

    /// Changes the link as `change` says, if it says so.
    fn relink(&self, success: Ordering, change: impl Fn(Link) -> Option<Link>) {
        let change = |link| change(Link(link)).map(|link| link.0);
        let _ = self.link.fetch_update(success, Ordering::Relaxed, change);
    }

    /// A table takes this slot in, or has it; called under that table's lock. While other tables have it too, events
    /// reach it all the time, and it stays attached.
    pub(crate) fn attaching(&self) {
        // Relaxed: only the thread that registers acts on it; the others see "not attached".
        self.relink(Ordering::Relaxed, |link| {
            (link.attachment() == DETACHED).then(|| Link::new(ATTACHING, link.station()))
        });
    }

    /// The socket is registered at `station`. Leaves it detached if a table that has the slot was closed since
    /// [`attaching`](Self::attaching).
    pub(crate) fn attached_at(&self, station: Station) {
        self.relink(Ordering::Release, |link| {
            (link.attachment() != DETACHED).then(|| Link::new(ATTACHED, station))
        });
    }

    /// The socket was not registered after [`attaching`](Self::attaching). If it is with other reactors, nothing changes.
    pub(crate) fn not_attached(&self) {
        self.relink(Ordering::Relaxed, |link| {
            (link.attachment() == ATTACHING).then(|| Link::new(DETACHED, link.station()))
        });
    }

    /// A table that has this slot has closed: whoever waits must attach anew, if only to other reactors that have it.
    pub(crate) fn detached(&self) {
        // Acquire pairs with the Release in `attached_at`: if the registration came first, then it also happened before.
        // Who waits learns of this through the lock of the waiters, see `Slot`.
        let detached = Link::new(DETACHED, Station::FALLBACK);
        self.link.swap(detached.0, Ordering::Acquire);
        // After the swap, so that whoever counts it finds the slot detached. Release pairs with the Acquire in `losses`.
        self.losses.fetch_add(1, Ordering::Release);
    }

    /// How often a reactor that had this slot has closed. Being attached again is not enough for someone who waits: it
    /// may be to another reactor, after its own closed between its attaching and the keeping of its waker.
    pub(crate) fn losses(&self) -> u32 {
        self.losses.load(Ordering::Acquire)
    }
}

const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];
