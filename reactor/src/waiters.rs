//! Who waits for a socket.

use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::{mem, thread_local};

use reveille_context::waiter::Waiter;

use crate::interest::Direction;

/// The waiters of one socket: one inline, since most sockets have one at a time, whose task reads or writes; those who wait
/// beside it in a side list, which stays once it was needed.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    inline: Option<Kept>,
    side: Option<Box<SideList>>,
}

/// Boxed, because most sockets have none: so it takes one word of the slot. By direction.
#[derive(Debug, Default)]
struct SideList([Vec<Kept>; 2]);

#[derive(Debug)]
struct Kept {
    place: Place,
    waiter: Waiter,
}

impl Waiters {
    /// Whether what is kept in `place` would wake the same task as `waker`, from the same line.
    pub(crate) fn keeps(&self, place: Place, waker: &Waker, location: &'static Location<'static>) -> bool {
        self.all().any(|kept| {
            kept.place == place && kept.waiter.will_wake(waker) && ptr::eq(kept.waiter.location(), location)
        })
    }

    /// Keeps `waiter` in `place`. Returns the one that was there, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn keep(&mut self, place: Place, waiter: Waiter) -> Option<Waiter> {
        if let Some(kept) = self.all_mut().find(|kept| kept.place == place) {
            return Some(mem::replace(&mut kept.waiter, waiter));
        }
        let kept = Kept { place, waiter };
        if self.inline.is_none() {
            self.inline = Some(kept);
        } else {
            let side = self.side.get_or_insert_default();
            side.0[place.direction() as usize].push(kept);
        }
        None
    }

    /// Takes out what is kept in `place`, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn remove(&mut self, place: Place) -> Option<Waiter> {
        let is_it = |kept: &Kept| kept.place == place;
        let kept = match self.inline.take_if(|kept| is_it(kept)) {
            Some(kept) => Some(kept),
            None => self.side.as_mut().and_then(|side| {
                let list = &mut side.0[place.direction() as usize];
                let position = list.iter().position(is_it)?;
                Some(list.swap_remove(position))
            }),
        };
        kept.map(|kept| kept.waiter)
    }

    /// Moves the wakers of those who wait in `direction` to `woken`, to be woken where no lock is held.
    pub(crate) fn take(&mut self, direction: Direction, woken: &mut Vec<Waker>) {
        if let Some(kept) = self.inline.take_if(|kept| kept.place.direction() == direction) {
            woken.push(kept.waiter.into_waker());
        }
        if let Some(side) = &mut self.side {
            let list = side.0[direction as usize].drain(..);
            woken.extend(list.map(|kept| kept.waiter.into_waker()));
        }
    }

    /// Everyone who waits, and for what.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Direction, &Waiter)> {
        self.all().map(|kept| (kept.place.direction(), &kept.waiter))
    }

    fn all(&self) -> impl Iterator<Item = &Kept> {
        let side = self.side.iter().flat_map(|side| side.0.iter().flatten());
        self.inline.iter().chain(side)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Kept> {
        let side = self.side.iter_mut().flat_map(|side| side.0.iter_mut().flatten());
        self.inline.iter_mut().chain(side)
    }
}

/// For what an operation waits, and where it keeps its waiter.
///
/// ```text
///   number 63 | direction 1
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// The place of the `poll_*` form, which everyone shares who has no place of their own: the last waker wins.
    pub(crate) fn shared(direction: Direction) -> Self {
        Self::numbered(SHARED, direction)
    }

    /// One of its own, which it gets a number for once it waits.
    pub(crate) fn own(direction: Direction) -> Self {
        Self::numbered(NONE_YET, direction)
    }

    pub(crate) fn direction(self) -> Direction {
        if self.0 & 1 == Direction::Read as u64 {
            Direction::Read
        } else {
            Direction::Write
        }
    }

    /// Whether it belongs to one operation.
    pub(crate) fn is_own(self) -> bool {
        self.number() != SHARED
    }

    /// Whether there may be a waiter in it.
    pub(crate) fn is_known(self) -> bool {
        self.number() != NONE_YET
    }

    /// Begins to be known, by a number that no other place has, or had.
    pub(crate) fn make_known(&mut self) {
        if !self.is_known() {
            *self = Self::numbered(next_number(), self.direction());
        }
    }

    /// Whether this was a known place of its own; it is unknown again.
    pub(crate) fn leave(&mut self) -> Option<Self> {
        let left = *self;
        (left.number() > SHARED).then(|| {
            *self = Self::own(left.direction());
            left
        })
    }

    fn numbered(number: u64, direction: Direction) -> Self {
        Self(number << 1 | direction as u64)
    }

    fn number(self) -> u64 {
        self.0 >> 1
    }
}

const NONE_YET: u64 = 0;
const SHARED: u64 = 1;

/// A number that nobody else in the process has. A thread takes many at a time, so that they bounce no counter between cores.
fn next_number() -> u64 {
    let taken = NUMBERS.try_with(|numbers| {
        let (mut next, mut end) = numbers.get();
        if next == end {
            next = take_numbers(BLOCK);
            end = next + BLOCK;
        }
        numbers.set((next + 1, end));
        next
    });
    // Destructors of other thread-locals may wait after this one is gone.
    taken.unwrap_or_else(|_| take_numbers(1))
}

fn take_numbers(count: u64) -> u64 {
    // Relaxed: only that no two are the same.
    NEXT_NUMBER.fetch_add(count, Ordering::Relaxed)
}

const BLOCK: u64 = 1024;

// Std's own also under a model checker: that numbers differ is nothing to model, and its atomics cannot be statics.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(SHARED + 1);

thread_local! {
    static NUMBERS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::task::Wake;
    use std::thread;

    use Direction::{Read, Write};

    struct Nothing;

    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }

    fn waker() -> Waker {
        Arc::new(Nothing).into()
    }

    #[track_caller]
    fn here() -> &'static Location<'static> {
        Location::caller()
    }

    fn known(direction: Direction) -> Place {
        let mut place = Place::own(direction);
        place.make_known();
        place
    }

    fn count(waiters: &Waiters) -> usize {
        waiters.iter().count()
    }

    #[test]
    fn every_known_place_is_another_on_whichever_thread() {
        let places = || (0..3 * BLOCK).map(|_| known(Read).0).collect::<Vec<_>>();
        let threads: Vec<_> = (0..3).map(|_| thread::spawn(places)).collect();
        let all: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(!different.contains(&Place::shared(Read).0) && !different.contains(&Place::own(Read).0));
    }

    #[test]
    fn what_is_kept_is_known_by_place_waker_and_line() {
        let (mut waiters, mine, others) = (Waiters::default(), waker(), waker());
        let (line, another) = (here(), here());
        let place = known(Read);
        assert!(!waiters.keeps(place, &mine, line));
        assert!(waiters.keep(place, Waiter::new(mine.clone(), line)).is_none());
        assert!(waiters.keeps(place, &mine, line));
        assert!(!waiters.keeps(Place::shared(Read), &mine, line));
        assert!(!waiters.keeps(place, &others, line));
        assert!(!waiters.keeps(place, &mine, another));
    }

    /// As many as lie in line, and more, of both directions.
    #[test]
    fn each_is_taken_out_by_its_place_and_once() {
        for many in 0..6 {
            for first in 0..many {
                let mut waiters = Waiters::default();
                let direction = |number: usize| [Read, Write][number % 2];
                let kept: Vec<_> = (0..many)
                    .map(|number| (known(direction(number)), waker()))
                    .collect();
                for (place, waker) in &kept {
                    assert!(waiters.keep(*place, Waiter::new(waker.clone(), here())).is_none());
                }
                assert_eq!(count(&waiters), many);
                for number in 0..many {
                    let (place, waker) = &kept[(first + number) % many];
                    let removed = waiters.remove(*place).expect("it is kept");
                    assert!(removed.will_wake(waker));
                    assert!(waiters.remove(*place).is_none());
                }
                assert_eq!(count(&waiters), 0);
            }
        }
    }

    /// Inline, and in the side list.
    #[test]
    fn the_last_waker_in_a_place_gives_the_one_before_back() {
        for others in 0..2 {
            let (mut waiters, first, last) = (Waiters::default(), waker(), waker());
            for _ in 0..others {
                assert!(waiters.keep(known(Write), Waiter::new(waker(), here())).is_none());
            }
            let place = Place::shared(Read);
            assert!(waiters.keep(place, Waiter::new(first.clone(), here())).is_none());
            let replaced = waiters.keep(place, Waiter::new(last.clone(), here()));
            assert!(replaced.is_some_and(|waiter| waiter.will_wake(&first)));
            let mut woken = Vec::new();
            waiters.take(Read, &mut woken);
            assert!(woken.len() == 1 && woken[0].will_wake(&last));
            assert_eq!(count(&waiters), others);
        }
    }

    #[test]
    fn all_of_a_direction_are_taken_together_and_nobody_else() {
        for many in 0..6 {
            for direction in [Read, Write] {
                let mut waiters = Waiters::default();
                for number in 0..many {
                    let place = known([Read, Write][number % 2]);
                    assert!(waiters.keep(place, Waiter::new(waker(), here())).is_none());
                }
                let other = |waiters: &Waiters| waiters.iter().filter(|(of, _)| *of != direction).count();
                let others = other(&waiters);
                let mut woken = Vec::new();
                waiters.take(direction, &mut woken);
                assert_eq!(woken.len(), many - others);
                assert_eq!((count(&waiters), other(&waiters)), (others, others));
            }
        }
    }

    #[test]
    fn a_place_of_ones_own_is_known_from_its_first_wait_until_it_is_left() {
        for direction in [Read, Write] {
            let mut place = Place::own(direction);
            assert!(!place.is_known());
            assert_eq!(place.leave(), None);
            place.make_known();
            let known = place;
            place.make_known();
            assert_eq!((place, place.direction()), (known, direction));
            assert_eq!(place.leave(), Some(known));
            assert!(!place.is_known() && place.direction() == direction);
        }
    }

    #[test]
    fn the_shared_place_is_always_known_and_never_left() {
        for direction in [Read, Write] {
            let mut place = Place::shared(direction);
            place.make_known();
            assert_eq!((place.leave(), place), (None, Place::shared(direction)));
            assert!(place.is_known() && place.direction() == direction);
        }
    }
}
