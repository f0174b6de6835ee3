//! What a request asks for. A request is one byte, and the reply is the same byte.

use std::hint::black_box;
use std::time::Duration;

// ANCHOR: job
/// What the server does before it replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Job {
    Nothing,
    /// Waits for [`WAIT`], as for the answer of a database: the processor has nothing to do.
    Wait,
    /// Computes for some milliseconds: the processor has everything to do.
    Compute,
}

pub(crate) const WAIT: Duration = Duration::from_millis(10);

pub(crate) fn compute() {
    // Each step needs the one before, so that it takes as long on a core whose other half is busy as on one that is idle.
    let mut number = black_box(88_172_645_463_325_252_u64);
    for _ in 0..STEPS {
        // George Marsaglia, "Xorshift RNGs" (2003).
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
    }
    black_box(number);
}

/// Fewer where a step takes longer.
const STEPS: u32 = if cfg!(debug_assertions) {
    400_000
} else {
    4_000_000
};
// ANCHOR_END: job

impl Job {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Nothing => b'n',
            Self::Wait => b'w',
            Self::Compute => b'c',
        }
    }

    /// Any other byte asks for nothing.
    pub(crate) fn from_byte(byte: u8) -> Self {
        match byte {
            b'w' => Self::Wait,
            b'c' => Self::Compute,
            _ => Self::Nothing,
        }
    }
}
