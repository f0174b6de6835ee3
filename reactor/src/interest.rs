//! What one can wait for, and what can be the case.

use std::fmt;
use std::num::NonZeroU8;
use std::ops::{BitOr, BitOrAssign};

/// One of the two directions in which a socket becomes ready. They never disturb each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reading, receiving, accepting.
    Read,
    /// Writing, sending, and the end of a connect.
    Write,
}

/// A set of directions with at least one in it.
///
/// # Examples
///
/// ```
/// use reveille_reactor::Interest;
///
/// let both = Interest::READABLE.add(Interest::WRITABLE);
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both, Interest::READABLE | Interest::WRITABLE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(NonZeroU8);

impl Interest {
    /// Interest in [`Direction::Read`].
    pub const READABLE: Self = Self(NonZeroU8::MIN);
    /// Interest in [`Direction::Write`].
    pub const WRITABLE: Self = Self(NonZeroU8::MIN.saturating_add(1));

    /// Interest in everything that either is interested in.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        // NonZeroU8's own `|` is not const yet.
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(bits) => Self(bits),
            None => unreachable!(),
        }
    }

    /// Whether reading is in it.
    pub const fn is_readable(self) -> bool {
        self.0.get() & Self::READABLE.0.get() != 0
    }

    /// Whether writing is in it.
    pub const fn is_writable(self) -> bool {
        self.0.get() & Self::WRITABLE.0.get() != 0
    }

    /// The directions in it.
    pub fn directions(self) -> impl Iterator<Item = Direction> {
        let read = self.is_readable().then_some(Direction::Read);
        let write = self.is_writable().then_some(Direction::Write);
        read.into_iter().chain(write)
    }
}

impl From<Direction> for Interest {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Read => Self::READABLE,
            Direction::Write => Self::WRITABLE,
        }
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.directions()).finish()
    }
}

/// What the operating system said of a socket.
///
/// It is a hint: an operation may still meet `WouldBlock`, and then one waits again.
///
/// # Examples
///
/// ```
/// use reveille_reactor::Ready;
///
/// let hung_up = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(hung_up.is_readable() && hung_up.is_read_closed());
/// assert!(!hung_up.is_writable());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// There may be something to read.
    pub const READABLE: Self = Self(1);
    /// There may be room to write.
    pub const WRITABLE: Self = Self(1 << 1);
    /// Nothing will arrive any more but what is already here.
    pub const READ_CLOSED: Self = Self(1 << 2);
    /// Nothing more can be sent.
    pub const WRITE_CLOSED: Self = Self(1 << 3);
    /// The socket has an error, which the next operation returns.
    pub const ERROR: Self = Self(1 << 4);

    /// Whether a read will not block: there is something to read, or the end of it.
    pub const fn is_readable(self) -> bool {
        self.intersects(Self(Self::READABLE.0 | Self::READ_CLOSED.0))
    }

    /// Whether a write will not block: there is room, or it fails.
    pub const fn is_writable(self) -> bool {
        self.intersects(Self(Self::WRITABLE.0 | Self::WRITE_CLOSED.0))
    }

    /// Whether the read half is closed.
    pub const fn is_read_closed(self) -> bool {
        self.intersects(Self::READ_CLOSED)
    }

    /// Whether the write half is closed.
    pub const fn is_write_closed(self) -> bool {
        self.intersects(Self::WRITE_CLOSED)
    }

    /// Whether the socket has an error.
    pub const fn is_error(self) -> bool {
        self.intersects(Self::ERROR)
    }

    /// Whether it is nothing at all.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// This, if it is so; else nothing.
    pub(crate) const fn if_it(self, is_so: bool) -> Self {
        Self(self.0 * is_so as u8)
    }

    /// Whether the two have something in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Ready, &str); 5] = [
            (Ready::READABLE, "Readable"),
            (Ready::WRITABLE, "Writable"),
            (Ready::READ_CLOSED, "ReadClosed"),
            (Ready::WRITE_CLOSED, "WriteClosed"),
            (Ready::ERROR, "Error"),
        ];
        let set = NAMES.iter().filter(|(flag, _)| self.intersects(*flag));
        let names: Vec<_> = set.map(|(_, name)| *name).collect();
        write!(f, "Ready({})", names.join(" | "))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_interest_is_a_set_of_directions() {
        let mut interest = Interest::from(Direction::Read);
        assert_eq!(format!("{interest:?}"), "{Read}");
        interest |= Interest::from(Direction::Write);
        assert_eq!(
            interest.directions().collect::<Vec<_>>(),
            [Direction::Read, Direction::Write]
        );
        assert_eq!(format!("{interest:?}"), "{Read, Write}");
        assert_eq!(format!("{:?}", Interest::WRITABLE), "{Write}");
    }

    #[test]
    fn what_the_system_said_is_asked_for_and_printed_by_name() {
        let mut ready = Ready::READABLE;
        ready |= Ready::WRITE_CLOSED;
        assert!(
            ready.is_write_closed() && ready.is_writable(),
            "a write fails at once"
        );
        assert!(!ready.is_read_closed() && !ready.is_error());
        assert!((ready | Ready::ERROR).is_error());
        assert_eq!(format!("{ready:?}"), "Ready(Readable | WriteClosed)");
        assert_eq!(format!("{:?}", Ready::default()), "Ready()");
    }
}
