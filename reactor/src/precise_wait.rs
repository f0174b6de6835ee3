//! A wait that ends to the nanosecond: the selector's own is rounded up to milliseconds on Linux.

pub(crate) use chosen::wait;

#[cfg(all(
    any(target_os = "android", target_os = "linux"),
    not(mio_unsupported_force_poll_poll)
))]
mod chosen {
    use std::io;
    use std::time::Duration;

    use mio::Registry;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    /// Waits until the selector has something to report, but no longer than `timeout`. What is left of that for the selector
    /// to wait; `None` if the time is over, and there was nothing.
    pub(crate) fn wait(registry: &Registry, timeout: Duration) -> io::Result<Option<Duration>> {
        let selector = &mut [PollFd::new(registry, PollFlags::IN)];
        // What does not fit into it is longer than anybody waits.
        let limit = Timespec::try_from(timeout).ok();
        match poll(selector, limit.as_ref()) {
            Ok(ready) => Ok((ready > 0).then_some(Duration::ZERO)),
            // Rounded this once: the selector's wait needs no memory.
            Err(Errno::NOMEM) => Ok(Some(timeout)),
            Err(error) => Err(error.into()),
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
