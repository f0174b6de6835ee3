//! Several addresses for one socket: how each of them failed, in the order in which they did.

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;

/// The addresses that were tried in vain.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: Vec<(SocketAddr, io::Error)>,
}

impl Attempts {
    pub(crate) fn failed(&mut self, address: SocketAddr, error: io::Error) {
        self.failed.push((address, error));
    }

    /// The error of all of them together: that of the only one as it is, else the last one's, with all in its text.
    pub(crate) fn take_error(&mut self) -> io::Error {
        let mut failed = mem::take(&mut self.failed);
        match (failed.pop(), failed.is_empty()) {
            (None, _) => io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try"),
            (Some((_, error)), true) => error,
            (Some(last), false) => {
                failed.push(last);
                let kind = failed[failed.len() - 1].1.kind();
                io::Error::new(kind, AllFailed(failed))
            }
        }
    }
}

#[derive(Debug)]
struct AllFailed(Vec<(SocketAddr, io::Error)>);

impl fmt::Display for AllFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every address failed: ")?;
        for (index, (address, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for AllFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.last().map(|(_, error)| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_stays_what_it_was() {
        let mut attempts = Attempts::default();
        attempts.failed("127.0.0.1:1".parse().unwrap(), io::Error::from_raw_os_error(98));
        assert_eq!(attempts.take_error().raw_os_error(), Some(98));
    }

    #[test]
    fn several_failures_are_of_the_last_ones_kind_and_name_every_address() {
        let mut attempts = Attempts::default();
        attempts.failed("127.0.0.1:1".parse().unwrap(), io::ErrorKind::TimedOut.into());
        attempts.failed(
            "[::1]:2".parse().unwrap(),
            io::ErrorKind::ConnectionRefused.into(),
        );
        let error = attempts.take_error();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let text = error.to_string();
        assert!(
            text.contains("127.0.0.1:1: ") && text.contains("[::1]:2: "),
            "{text}"
        );
    }

    #[test]
    fn no_address_at_all_is_an_error_too() {
        assert_eq!(
            Attempts::default().take_error().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
