//! What an error of accepting is about: one connection, a shortage, or the listener. The one place that knows the
//! systems' numbers for them.

use std::io;

/// What one does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was about one connection, which is gone: the next one may be taken at once.
    TryAgain,
    /// The process or the system is short of something: there is no use in trying at once.
    Wait,
    /// It is about the listener, and will not go away.
    GiveUp,
}

pub(crate) fn judge(error: &io::Error) -> Verdict {
    match error.raw_os_error() {
        Some(number) if system::ABOUT_ONE_CONNECTION.contains(&number) => Verdict::TryAgain,
        Some(number) if system::SHORTAGES.contains(&number) => Verdict::Wait,
        _ => Verdict::GiveUp,
    }
}

#[cfg(unix)]
mod system {
    /// accept(2). Linux hands out what is wrong with the network of a connection here, and asks to go on.
    pub(super) const ABOUT_ONE_CONNECTION: &[i32] = &[
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::ENOPROTOOPT,
        libc::EOPNOTSUPP,
        libc::EPERM,
        libc::EPROTO,
        libc::EPROTONOSUPPORT,
        libc::ETIMEDOUT,
        #[cfg(any(target_os = "android", target_os = "linux"))]
        libc::ENONET,
    ];

    /// The last one is epoll's, of a user that watches too many sockets.
    pub(super) const SHORTAGES: &[i32] = &[
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::ENOSPC,
    ];
}

#[cfg(windows)]
mod system {
    /// `WSAENETDOWN`, `WSAENETRESET`, `WSAECONNABORTED`, `WSAECONNRESET`, `WSAETIMEDOUT`.
    pub(super) const ABOUT_ONE_CONNECTION: &[i32] = &[10050, 10052, 10053, 10054, 10060];

    /// `ERROR_NOT_ENOUGH_MEMORY`, `WSAEMFILE`, `WSAENOBUFS`.
    pub(super) const SHORTAGES: &[i32] = &[8, 10024, 10055];
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart() {
        let judged = |number| judge(&io::Error::from_raw_os_error(number));
        for number in [libc::ECONNABORTED, libc::ECONNRESET, libc::EPROTO, libc::ENETDOWN] {
            assert_eq!(judged(number), Verdict::TryAgain);
        }
        for number in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert_eq!(judged(number), Verdict::Wait);
        }
        for number in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK] {
            assert_eq!(judged(number), Verdict::GiveUp);
        }
        assert_eq!(judge(&io::ErrorKind::Other.into()), Verdict::GiveUp);
    }
}
