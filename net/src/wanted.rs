//! How much a stream must move for a transfer not to be short: a shorter one means that the next would block.
//!
//! The system has limits of its own, though, and what stops at one of those says nothing. So these stay below them.

use std::ops::Deref;

use crate::socket::Stream;

/// For one buffer. 0, where being short means nothing: no transfer is short.
pub(crate) fn one<S: Stream>(buffer: &[u8]) -> usize {
    length::<S>(buffer.len())
}

/// For one buffer of this length.
pub(crate) fn length<S: Stream>(length: usize) -> usize {
    if !S::SHORT_MEANS_NOT_READY {
        return 0;
    }
    length.min(AT_ONCE)
}

/// For several buffers. 0, for too many of them too.
pub(crate) fn many<S: Stream, B: Deref<Target = [u8]>>(buffers: &[B]) -> usize {
    if !S::SHORT_MEANS_NOT_READY || buffers.len() > BUFFERS_AT_ONCE {
        return 0;
    }
    let lengths = buffers.iter().map(|buffer| buffer.len());
    lengths.fold(0, usize::saturating_add).min(AT_ONCE)
}

/// Bytes that every system moves in one call if it can; the lowest limits are about 2^31.
const AT_ONCE: usize = 1 << 30;

/// Buffers that every system looks at in one call: POSIX's minimum.
const BUFFERS_AT_ONCE: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;
    use crate::TcpStream;

    #[test]
    fn several_buffers_want_what_they_hold_together() {
        assert_eq!(
            many::<TcpStream, _>(&[IoSlice::new(b"one"), IoSlice::new(b"three")]),
            8
        );
        assert_eq!(many::<TcpStream, IoSlice<'_>>(&[]), 0);
    }

    #[test]
    fn of_more_buffers_than_a_call_takes_nothing_is_short() {
        assert_eq!(many::<TcpStream, _>(&[IoSlice::new(b"x"); 16]), 16);
        assert_eq!(many::<TcpStream, _>(&[IoSlice::new(b"x"); 17]), 0);
    }
}
