//! What the operating system hands back with each event: an index into the table, and how often it was used before.

// BOOK: ch07
/// Names one use of one entry of the table.
///
/// ```text
///   64 bits:  generation 32 | index 32        32 bits:  generation 12 | index 20
/// ```
///
/// An event can be late: read from the system in the same batch that made somebody drop the socket. Its token then
/// names a past use of the entry, and nobody is there. A pointer in its place would have to be kept valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Token {
    /// Packs index and generation.
    pub(crate) fn pack(self) -> usize {
        ((self.generation as usize) << INDEX_BITS) | self.index as usize
    }

    /// The inverse of [`pack`](Self::pack).
    pub(crate) fn unpack(packed: usize) -> Self {
        Self {
            index: (packed & INDEX_MASK) as u32,
            generation: (packed >> INDEX_BITS) as u32,
        }
    }

    /// The same entry at its next use.
    pub(crate) fn next(self) -> Self {
        Self {
            index: self.index,
            generation: self.generation.wrapping_add(1) & LAST_GENERATION,
        }
    }
}

/// How many entries a table may have. One less than there are indices: the last one is the notifier's.
pub(crate) const MAX_ENTRIES: u32 = INDEX_MASK as u32;

/// The token of the notifier, which is in no table.
pub(crate) const NOTIFIER: usize = usize::MAX;

const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = usize::MAX >> (usize::BITS - INDEX_BITS);
const LAST_GENERATION: u32 = (usize::MAX >> INDEX_BITS) as u32;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing_and_never_makes_the_notifiers_token() {
        for index in [0, 1, MAX_ENTRIES - 1] {
            for generation in [0, 1, LAST_GENERATION] {
                let token = Token { index, generation };
                assert_eq!(Token::unpack(token.pack()), token);
                assert_ne!(token.pack(), NOTIFIER);
            }
        }
    }

    #[test]
    fn generations_wrap_within_their_bits() {
        let last = Token {
            index: 7,
            generation: LAST_GENERATION,
        };
        assert_eq!(
            last.next(),
            Token {
                index: 7,
                generation: 0
            }
        );
    }
}
