//! A duration for people.

use std::fmt;

/// Nanoseconds, told in the largest unit of which there is at least one: `30.1 ms`.
#[derive(Clone, Copy)]
pub(crate) struct Nanoseconds(pub(crate) u64);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => return write!(f, "{} ns", self.0),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let (whole, tenth) = (self.0 / unit, self.0 % unit * 10 / unit);
        match tenth {
            0 => write!(f, "{whole} {name}"),
            _ => write!(f, "{whole}.{tenth} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_a_unit_that_fits_and_never_rounded_up() {
        let told = [
            0,
            999,
            1_000,
            1_250,
            999_999,
            30_100_000,
            10_000_000,
            61_000_000_000,
        ]
        .map(|ns| Nanoseconds(ns).to_string());
        assert_eq!(
            told,
            [
                "0 ns",
                "999 ns",
                "1 µs",
                "1.2 µs",
                "999.9 µs",
                "30.1 ms",
                "10 ms",
                "61 s"
            ]
        );
    }
}
