//! Many deadlines, one owner: what is put in comes out when its time has come.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_core::Stream;
use reveille_context::coop;

use crate::instant::Instant;
use crate::sleep::Sleep;

/// Values that come out when their deadlines have passed, the earliest first, and of several with the same deadline the one that
/// was put in (or [reset](Self::reset)) first.
///
/// It is a stream of [`Expired`], which ends whenever the queue is empty, and goes on when something is put in again. Unlike a
/// task with a `Sleep` for each value it is one timer in the runtime's wheel, and a value can be had back by its [`Key`].
/// Inserting, removing and resetting take a time that grows with the logarithm of the number of values.
///
/// # Examples
///
/// Entries of a cache that live for a while:
///
/// ```
/// use futures_lite::StreamExt;
/// use reveille_timer::{DelayQueue, Duration};
///
/// pollster::block_on(async {
///     let mut queue = DelayQueue::new();
///     let late = queue.insert("late", Duration::from_millis(3));
///     queue.insert("early", Duration::from_millis(1));
///     let touched = queue.insert("touched", Duration::from_millis(2));
///     queue.reset(&touched, Duration::from_millis(4));
///     assert_eq!(queue.remove(&late).into_inner(), "late");
///
///     assert_eq!(queue.next().await.unwrap().into_inner(), "early");
///     assert_eq!(queue.next().await.unwrap().into_inner(), "touched");
///     assert!(queue.next().await.is_none());
/// });
/// ```
pub struct DelayQueue<T> {
    entries: HashMap<u64, Entry<T>>,
    /// The same, in the order in which they come out.
    order: BTreeSet<Turn>,
    /// The number of the next key, and the next place among equal deadlines.
    next: u64,
    delay: Sleep,
    /// Who waits for the first of them.
    waker: Option<Waker>,
}

struct Entry<T> {
    value: T,
    turn: Turn,
}

/// When an entry comes out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Turn {
    deadline: Instant,
    /// Grows with each insertion and reset.
    place: u64,
    number: u64,
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.deadline, self.place).cmp(&(other.deadline, other.place))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Names a value in a [`DelayQueue`]. No two values of a queue ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

/// A value whose time has come, or that was taken out before.
#[derive(Debug)]
pub struct Expired<T> {
    value: T,
    deadline: Instant,
    key: Key,
}

impl<T> DelayQueue<T> {
    /// A queue with nothing in it.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeSet::new(),
            next: 0,
            delay: Sleep::new(Instant::now(), Location::caller()),
            waker: None,
        }
    }

    /// Puts `value` in, to come out after `duration`. `Duration::MAX` means never.
    ///
    /// See [`DelayQueue`] for an example.
    pub fn insert(&mut self, value: T, duration: Duration) -> Key {
        self.insert_at(value, Instant::now() + duration)
    }

    /// Puts `value` in, to come out at `deadline`: at once if that has passed.
    pub fn insert_at(&mut self, value: T, deadline: Instant) -> Key {
        let number = self.next;
        let turn = self.queue(number, deadline);
        self.entries.insert(number, Entry { value, turn });
        Key(number)
    }

    /// Takes the value out before its time.
    ///
    /// See [`DelayQueue`] for an example.
    ///
    /// # Panics
    ///
    /// If it is not in the queue; [`try_remove`](Self::try_remove) says so instead.
    #[track_caller]
    pub fn remove(&mut self, key: &Key) -> Expired<T> {
        self.try_remove(key)
            .unwrap_or_else(|| absent("remove", "ask with `try_remove`"))
    }

    /// Takes the value out before its time, if it is still there.
    pub fn try_remove(&mut self, key: &Key) -> Option<Expired<T>> {
        let entry = self.entries.remove(&key.0)?;
        self.order.remove(&entry.turn);
        Some(entry.expired())
    }

    /// Has the value come out after `duration`, counted from now, in place of the time it had.
    ///
    /// See [`DelayQueue`] for an example.
    ///
    /// # Panics
    ///
    /// If it is not in the queue.
    #[track_caller]
    pub fn reset(&mut self, key: &Key, duration: Duration) {
        self.reset_at(key, Instant::now() + duration);
    }

    /// Has the value come out at `deadline`, in place of the time it had.
    ///
    /// # Panics
    ///
    /// If it is not in the queue.
    #[track_caller]
    pub fn reset_at(&mut self, key: &Key, deadline: Instant) {
        let Some(entry) = self.entries.get(&key.0) else {
            absent("reset", "insert it again, with a new key")
        };
        self.order.remove(&entry.turn);
        let turn = self.queue(key.0, deadline);
        if let Some(entry) = self.entries.get_mut(&key.0) {
            entry.turn = turn;
        }
    }

    /// When the value comes out.
    ///
    /// # Panics
    ///
    /// If it is not in the queue.
    #[track_caller]
    pub fn deadline(&self, key: &Key) -> Instant {
        match self.entries.get(&key.0) {
            Some(entry) => entry.turn.deadline,
            None => absent("deadline", "keep what `insert_at` was told"),
        }
    }

    /// The key of the value that comes out next.
    pub fn peek(&self) -> Option<Key> {
        self.order.first().map(|turn| Key(turn.number))
    }

    /// Drops all values.
    pub fn clear(&mut self) {
        self.order.clear();
        self.entries.clear();
    }

    /// How many values are in it.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The next value whose time has come; `None` while the queue is empty. Whoever polled last is woken when the time of the
    /// first comes, and when a value is put before it.
    pub fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Option<Expired<T>>> {
        let progress = ready!(coop::poll_proceed(cx));
        while let Some(first) = self.order.first().copied() {
            if first.deadline <= Instant::now() {
                progress.made();
                return Poll::Ready(self.try_remove(&Key(first.number)));
            }
            if self.delay.deadline() != first.deadline {
                self.delay.reset(first.deadline);
            }
            if Pin::new(&mut self.delay).poll(cx).is_pending() {
                self.keep(cx.waker());
                return Poll::Pending;
            }
        }
        self.keep(cx.waker());
        Poll::Ready(None)
    }

    fn keep(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(kept) => kept.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
    }

    /// Gives the entry a place in the order. Who waits for a later one is woken.
    fn queue(&mut self, number: u64, deadline: Instant) -> Turn {
        let turn = Turn {
            deadline,
            place: self.next,
            number,
        };
        self.next += 1;
        self.order.insert(turn);
        if self.order.first() == Some(&turn) {
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
        turn
    }
}

#[track_caller]
fn absent(method: &str, instead: &str) -> ! {
    panic!("`DelayQueue::{method}` with the key of a value that has come out or was removed; {instead}")
}

impl<T> Entry<T> {
    fn expired(self) -> Expired<T> {
        Expired {
            value: self.value,
            deadline: self.turn.deadline,
            key: Key(self.turn.number),
        }
    }
}

impl<T> Expired<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// When it was to come out.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The key it had.
    pub fn key(&self) -> Key {
        self.key
    }
}

/// The values, as their time comes. It ends whenever the queue is empty.
///
/// **Cancel safety**: a value comes out or stays in.
impl<T> Stream for DelayQueue<T> {
    type Item = Expired<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<T>>> {
        self.get_mut().poll_expired(cx)
    }
}

/// No value is ever pinned.
impl<T> Unpin for DelayQueue<T> {}

impl<T> Default for DelayQueue<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for DelayQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayQueue")
            .field("len", &self.len())
            .field("next", &self.order.first().map(|turn| turn.deadline))
            .finish_non_exhaustive()
    }
}
