//! What can be registered: the one place that knows how platforms differ.
//!
//! On Unix it is anything with a file descriptor, and it is registered by that, when an operation first has to wait.
//! Elsewhere mio keeps the state of a registration in its own socket types and wants exclusive access to register
//! them, so that is done when they are made, and they stay with that reactor.

pub use platform::Source;
pub(crate) use platform::{
    FOLLOWS, FORGETS_WHAT_IS_CLOSED, Identity, REPORTS_ONCE, Registrar, SHORT_MEANS_NOT_READY, descriptor,
    identity, release, when_made,
};

#[cfg(unix)]
mod platform {
    use std::io;
    use std::os::fd::{AsRawFd, RawFd};

    use mio::unix::SourceFd;

    use crate::handle::Handle;
    use crate::membership::Membership;
    use crate::primitive::{Mutex, lock};
    use crate::token::{self, Token};

    /// Something whose readiness the operating system reports: on Unix everything with a file descriptor.
    ///
    /// It must be in non-blocking mode. One open file can be registered once with a reactor, whichever of its
    /// descriptors are used; the second registration is an error.
    pub trait Source: AsRawFd {}

    impl<T: AsRawFd> Source for T {}

    pub(crate) type Identity = RawFd;

    /// Whether a socket is registered with the reactor of each thread that waits for it.
    pub(crate) const FOLLOWS: bool = true;

    /// Whether the selector reports a readiness once, and again only when the registration is renewed: mio's poll(2), which
    /// stands in where there is neither epoll nor kqueue.
    pub(crate) const REPORTS_ONCE: bool = cfg!(any(
        mio_unsupported_force_poll_poll,
        not(any(
            target_os = "android",
            target_os = "dragonfly",
            target_os = "freebsd",
            target_os = "illumos",
            target_os = "linux",
            target_os = "netbsd",
            target_os = "openbsd",
            target_vendor = "apple",
        ))
    ));

    /// Whether a stream that moved less than was asked for would block next, and whoever waits hears of what comes then:
    /// true of epoll and kqueue.
    pub(crate) const SHORT_MEANS_NOT_READY: bool = !REPORTS_ONCE;

    /// Whether closing the last descriptor of a socket ends its registrations: true of epoll and kqueue.
    pub(crate) const FORGETS_WHAT_IS_CLOSED: bool = !REPORTS_ONCE;

    pub(crate) fn identity<S: Source>(source: &S) -> Identity {
        source.as_raw_fd()
    }

    /// Its number, for people.
    pub(crate) fn descriptor(identity: Identity) -> u64 {
        u64::try_from(identity).unwrap_or(0)
    }

    pub(crate) fn when_made<S: Source>(_: &mut S, _: &Membership<Handle>) -> io::Result<()> {
        Ok(())
    }

    /// Registers descriptors, and takes out those that are still their socket's.
    ///
    /// Somebody may close a descriptor that he was only lent. Then the system gives its number to the next one, and
    /// to take out the number would take out another socket. So it is noted which token registered each number last.
    pub(crate) struct Registrar {
        registry: mio::Registry,
        /// By number, packed; held during the system calls, which the system does not do at the same time either.
        last: Mutex<Vec<usize>>,
    }

    /// No token of a socket.
    const NOBODY: usize = token::NOTIFIER;

    /// Numbers from here on are not noted: whoever asks for such a number does not get 8 MB.
    const NOTED: usize = 1 << 20;

    impl Registrar {
        pub(crate) fn new(registry: mio::Registry) -> Self {
            Self {
                registry,
                last: Mutex::new(Vec::new()),
            }
        }

        /// Asks the system to report the readiness of `identity`, the present one first.
        pub(crate) fn add(&self, identity: Identity, token: Token) -> io::Result<()> {
            let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
            let mut last = lock(&self.last);
            self.registry
                .register(&mut SourceFd(&identity), mio::Token(token.pack()), both)?;
            // Whoever had this number has lost it: the system would have refused to have one socket twice.
            if let Some(number) = noted(identity) {
                let length = last.len().max(number + 1);
                last.resize(length, NOBODY);
                last[number] = token.pack();
            }
            Ok(())
        }

        /// Asks the system to report again what is ready.
        pub(crate) fn renew(&self, identity: Identity, token: Token) -> io::Result<()> {
            let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
            let renewed = self
                .registry
                .reregister(&mut SourceFd(&identity), mio::Token(token.pack()), both);
            match renewed {
                // After an error mio has taken it out; by its number, and so perhaps another one: a known limit.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.add(identity, token),
                renewed => renewed,
            }
        }

        /// Which token, packed, registered each number last.
        pub(crate) fn noted(&self) -> Vec<usize> {
            lock(&self.last).clone()
        }

        /// Asks the system to report no more of what `token` registered.
        pub(crate) fn delete(&self, identity: Identity, token: Token) {
            let mut last = lock(&self.last);
            if let Some(number) = noted(identity) {
                match last.get_mut(number) {
                    Some(holder) if *holder == token.pack() => *holder = NOBODY,
                    _ => return,
                }
            }
            // An error means that it is registered no more: somebody has closed the descriptor.
            let _ = self.registry.deregister(&mut SourceFd(&identity));
        }
    }

    fn noted(identity: Identity) -> Option<usize> {
        usize::try_from(identity).ok().filter(|number| *number < NOTED)
    }

    pub(crate) fn release<S: Source>(_: &mut S, membership: Membership<Handle>) -> io::Result<()> {
        drop(membership);
        Ok(())
    }
}

#[cfg(not(unix))]
mod platform {
    use std::io;

    use crate::handle::Handle;
    use crate::membership::Membership;
    use crate::shutdown::shutdown_error;
    use crate::token::Token;

    /// Something whose readiness the operating system reports: on this platform one of mio's types.
    pub trait Source: mio::event::Source {}

    impl<T: mio::event::Source> Source for T {}

    pub(crate) type Identity = ();

    /// A socket stays with the reactor that it was made with.
    pub(crate) const FOLLOWS: bool = false;

    /// mio's types see to that themselves.
    pub(crate) const REPORTS_ONCE: bool = false;

    /// mio's types take themselves out.
    pub(crate) const FORGETS_WHAT_IS_CLOSED: bool = false;

    /// mio's selector here reports again only after a `WouldBlock`.
    pub(crate) const SHORT_MEANS_NOT_READY: bool = false;

    pub(crate) fn identity<S: Source>(_: &S) -> Identity {}

    /// It has no number.
    pub(crate) fn descriptor(_: Identity) -> u64 {
        0
    }

    pub(crate) fn when_made<S: Source>(source: &mut S, membership: &Membership<Handle>) -> io::Result<()> {
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        membership.attach((), |handle, token| {
            let token = mio::Token(token.pack());
            handle.registrar().0.register(source, token, both)
        })
    }

    /// The registry, with which mio's types deal themselves.
    pub(crate) struct Registrar(mio::Registry);

    impl Registrar {
        pub(crate) fn new(registry: mio::Registry) -> Self {
            Self(registry)
        }

        /// Only reached when the reactor has closed, and a socket cannot move to another one here.
        pub(crate) fn add(&self, _: Identity, _: Token) -> io::Result<()> {
            Err(shutdown_error())
        }

        /// mio's types do it after each `WouldBlock`.
        pub(crate) fn renew(&self, _: Identity, _: Token) -> io::Result<()> {
            Ok(())
        }

        /// mio's types do it when they are dropped.
        pub(crate) fn delete(&self, _: Identity, _: Token) {}

        /// There are no numbers.
        pub(crate) fn noted(&self) -> Vec<usize> {
            Vec::new()
        }
    }

    pub(crate) fn release<S: Source>(source: &mut S, membership: Membership<Handle>) -> io::Result<()> {
        match membership.home() {
            Some((handle, _)) => handle.registrar().0.deregister(source),
            None => Ok(()),
        }
    }
}
