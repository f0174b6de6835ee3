//! Who waits for one direction of a socket.

use std::panic::Location;
use std::ptr;
use std::task::Waker;

use reveille_context::waiter::Waiter;

/// The waiters of one direction: two inline, so that the usual one, and another beside it, allocate nothing; more of them
/// in a side list, which stays once it was needed.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    inline: [Option<(Key, Waiter)>; 2],
    side: Option<Box<SideList>>,
    keys: u64,
}

/// Boxed, because most sockets have none: so it takes one word of the slot.
#[derive(Debug, Default)]
struct SideList(Vec<(Key, Waiter)>);

impl Waiters {
    /// A key that no other waiter of this direction has, or had.
    pub(crate) fn next_key(&mut self) -> Key {
        let key = Key::Own(self.keys);
        self.keys += 1;
        key
    }

    /// Whether what is kept under `key` would wake the same task as `waker`, from the same line.
    pub(crate) fn keeps(&self, key: Key, waker: &Waker, location: &'static Location<'static>) -> bool {
        self.iter().any(|(kept, waiter)| {
            *kept == key && waiter.will_wake(waker) && ptr::eq(waiter.location(), location)
        })
    }

    /// Keeps `waiter` under `key`. Returns the one that was there, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn keep(&mut self, key: Key, waiter: Waiter) -> Option<Waiter> {
        let replaced = self.remove(key);
        let entry = (key, waiter);
        match self.inline.iter_mut().find(|place| place.is_none()) {
            Some(vacant) => *vacant = Some(entry),
            None => self.side.get_or_insert_default().0.push(entry),
        }
        replaced
    }

    /// Takes out what is kept under `key`, to be dropped where no lock is held.
    #[must_use = "a waker must be dropped after unlocking"]
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waiter> {
        let is_it = |entry: &(Key, Waiter)| entry.0 == key;
        let mut inline = self.inline.iter_mut();
        let entry = match inline.find_map(|place| place.take_if(|entry| is_it(entry))) {
            Some(entry) => Some(entry),
            None => self.side.as_mut().and_then(|side| {
                let position = side.0.iter().position(is_it)?;
                Some(side.0.swap_remove(position))
            }),
        };
        entry.map(|(_, waiter)| waiter)
    }

    /// Moves all wakers to `woken`, to be woken where no lock is held.
    pub(crate) fn take(&mut self, woken: &mut Vec<Waker>) {
        let inline = self.inline.iter_mut().filter_map(Option::take);
        let side = self.side.iter_mut().flat_map(|side| side.0.drain(..));
        let all = inline.chain(side);
        woken.extend(all.map(|(_, waiter)| waiter.into_waker()));
    }

    /// Everyone who waits.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Key, Waiter)> {
        let inline = self.inline.iter().flatten();
        inline.chain(self.side.iter().flat_map(|side| &side.0))
    }
}

/// Tells the waiters of one direction apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The place of the `poll_*` form, which everyone shares who has no place of their own: the last waker wins.
    Shared,
    /// One named future's.
    Own(u64),
}

/// Where an operation keeps its waiter.
#[derive(Debug)]
pub(crate) enum Place {
    /// In the place that all callers of the `poll_*` form share.
    Shared,
    /// In one of its own, once it has waited.
    Own(Option<Key>),
}

impl Place {
    /// The key under which there may be a waiter of this operation.
    pub(crate) fn key(&self) -> Option<Key> {
        match self {
            Self::Shared => Some(Key::Shared),
            Self::Own(key) => *key,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::task::Wake;

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

    #[test]
    fn every_key_is_another() {
        let mut waiters = Waiters::default();
        let keys: BTreeSet<_> = (0..5).map(|_| format!("{:?}", waiters.next_key())).collect();
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn what_is_kept_is_known_by_key_waker_and_line() {
        let (mut waiters, mine, others) = (Waiters::default(), waker(), waker());
        let (line, another) = (here(), here());
        let key = waiters.next_key();
        assert!(!waiters.keeps(key, &mine, line));
        assert!(waiters.keep(key, Waiter::new(mine.clone(), line)).is_none());
        assert!(waiters.keeps(key, &mine, line));
        assert!(!waiters.keeps(Key::Shared, &mine, line));
        assert!(!waiters.keeps(key, &others, line));
        assert!(!waiters.keeps(key, &mine, another));
    }

    /// As many as lie in line, and more.
    #[test]
    fn each_is_taken_out_by_its_key_and_once() {
        for count in 0..6 {
            for first in 0..count {
                let mut waiters = Waiters::default();
                let kept: Vec<_> = (0..count).map(|_| (waiters.next_key(), waker())).collect();
                for (key, waker) in &kept {
                    assert!(waiters.keep(*key, Waiter::new(waker.clone(), here())).is_none());
                }
                assert_eq!(waiters.iter().count(), count);
                for place in 0..count {
                    let (key, waker) = &kept[(first + place) % count];
                    let removed = waiters.remove(*key).expect("it is kept");
                    assert!(removed.will_wake(waker));
                    assert!(waiters.remove(*key).is_none());
                }
                assert_eq!(waiters.iter().count(), 0);
            }
        }
    }

    #[test]
    fn the_last_waker_under_a_key_gives_the_one_before_back() {
        let (mut waiters, first, last) = (Waiters::default(), waker(), waker());
        assert!(
            waiters
                .keep(Key::Shared, Waiter::new(first.clone(), here()))
                .is_none()
        );
        let replaced = waiters.keep(Key::Shared, Waiter::new(last.clone(), here()));
        assert!(replaced.is_some_and(|waiter| waiter.will_wake(&first)));
        let mut woken = Vec::new();
        waiters.take(&mut woken);
        assert!(woken.len() == 1 && woken[0].will_wake(&last));
    }

    #[test]
    fn all_are_taken_together() {
        for count in 0..6 {
            let mut waiters = Waiters::default();
            for _ in 0..count {
                let key = waiters.next_key();
                assert!(waiters.keep(key, Waiter::new(waker(), here())).is_none());
            }
            let mut woken = Vec::new();
            waiters.take(&mut woken);
            assert_eq!((woken.len(), waiters.iter().count()), (count, 0));
        }
    }

    #[test]
    fn a_place_of_ones_own_has_a_key_once_it_has_waited() {
        assert_eq!(Place::Shared.key(), Some(Key::Shared));
        assert_eq!(Place::Own(None).key(), None);
        assert_eq!(Place::Own(Some(Key::Own(3))).key(), Some(Key::Own(3)));
    }
}
