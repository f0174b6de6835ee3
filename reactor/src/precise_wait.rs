//! A wait that ends to the nanosecond: the selector's own is rounded up to milliseconds on Linux.
//!
//! **Rule P (poll):** the pointers that are handed to the system are those of local variables, of the types and numbers that it is
//! told, and are used by nobody after the call.

pub(crate) use chosen::wait;

#[cfg(all(
    any(target_os = "android", target_os = "linux"),
    not(mio_unsupported_force_poll_poll)
))]
#[allow(unsafe_code)]
mod chosen {
    use std::io;
    use std::mem;
    use std::os::fd::AsRawFd;
    use std::ptr;
    use std::time::Duration;

    use mio::Registry;

    /// Waits until the selector has something to report, but no longer than `timeout`. What is left of that for the selector
    /// to wait; `None` if the time is over, and there was nothing.
    pub(crate) fn wait(registry: &Registry, timeout: Duration) -> io::Result<Option<Duration>> {
        let mut selector = libc::pollfd {
            fd: registry.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: rule P: zeros are a time. (On some systems it has private fields.)
        let mut limit: libc::timespec = unsafe { mem::zeroed() };
        // Nobody waits for more than 68 years.
        limit.tv_sec = timeout.as_secs().min(i32::MAX as u64) as _;
        limit.tv_nsec = timeout.subsec_nanos() as _;
        // SAFETY: rule P: one descriptor, and no signal mask.
        let ready = unsafe { libc::ppoll(&raw mut selector, 1, &raw const limit, ptr::null()) };
        if ready >= 0 {
            return Ok((ready > 0).then_some(Duration::ZERO));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            // Rounded this once: the selector's wait needs no memory.
            Some(libc::ENOMEM) => Ok(Some(timeout)),
            _ => Err(error),
        }
    }
}

/// kqueue counts nanoseconds itself; of others we know no better wait than their own.
#[cfg(not(all(
    any(target_os = "android", target_os = "linux"),
    not(mio_unsupported_force_poll_poll)
)))]
mod chosen {
    use std::io;
    use std::time::Duration;

    use mio::Registry;

    pub(crate) fn wait(_: &Registry, timeout: Duration) -> io::Result<Option<Duration>> {
        Ok(Some(timeout))
    }
}
