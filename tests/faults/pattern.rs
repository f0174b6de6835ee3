//! A stream of bytes that anybody can check: a byte that is lost, doubled or moved shows at once.

/// SplitMix64 (Steele, Lea, Flood, 2014), both for what is sent and in what pieces.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// The bytes of stream `seed` from `position` on.
pub(crate) fn bytes(seed: u64, position: usize, length: usize) -> Vec<u8> {
    let word = |number: usize| mix(seed.wrapping_add((number as u64 + 1).wrapping_mul(STEP))).to_le_bytes();
    let mut bytes = Vec::with_capacity(length + 16);
    for number in position / 8..(position + length).div_ceil(8) {
        bytes.extend_from_slice(&word(number));
    }
    bytes.drain(..position % 8);
    bytes.truncate(length);
    bytes
}

/// That these are the bytes of stream `seed` at `position`.
#[track_caller]
pub(crate) fn check(seed: u64, position: usize, received: &[u8]) {
    let expected = bytes(seed, position, received.len());
    if let Some(wrong) = received
        .iter()
        .zip(&expected)
        .position(|(is, should)| is != should)
    {
        panic!("byte {} of stream {seed} is not what was sent", position + wrong);
    }
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(state: u64) -> u64 {
    let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
