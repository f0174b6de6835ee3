//! Values that a system would cut to fit, and so take for others.

use std::io;
use std::time::Duration;

/// What goes into one byte of a packet. The systems take what is left of a larger number, or, of the largest ones, which
/// are negative to them, their default.
pub(crate) fn octet(value: u32, name: &str) -> io::Result<u32> {
    if value > 255 {
        let text = format!("{value} is no {name}, which is at most 255");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(value)
}

/// For a system that counts in whole seconds: at least that long, since none at all says something else, and at most what
/// it can count to.
pub(crate) fn lingering(time: Duration) -> Duration {
    #[cfg(windows)]
    const MOST: u64 = u16::MAX as u64;
    #[cfg(not(windows))]
    const MOST: u64 = i32::MAX as u64;
    let begun = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs(time.as_secs().saturating_add(begun).min(MOST))
}

/// A number of bytes, of which a system has at most as many as it can count to.
pub(crate) fn bytes(size: u32) -> usize {
    size.min(i32::MAX as u32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_as_it_was() {
        assert_eq!(octet(255, "time to live").unwrap(), 255);
        assert_eq!(lingering(Duration::ZERO), Duration::ZERO);
        assert_eq!(lingering(Duration::from_secs(7)), Duration::from_secs(7));
        assert_eq!(bytes(4096), 4096);
    }

    #[test]
    fn what_does_not_fit_is_told_or_is_the_nearest_that_does() {
        let error = octet(256, "time to live").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "256 is no time to live, which is at most 255");
        assert_eq!(lingering(Duration::from_millis(1)), Duration::from_secs(1));
        assert!(lingering(Duration::MAX) >= Duration::from_secs(u16::MAX.into()));
        assert_eq!(bytes(u32::MAX), i32::MAX as usize);
    }
}
