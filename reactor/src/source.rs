//! What can be registered: the one place that knows how platforms differ.
//!
//! On Unix it is anything with a file descriptor, and it is registered by that, when an operation first has to wait.
//! Elsewhere mio keeps the state of a registration in its own socket types and wants exclusive access to register
//! them, so that is done when they are made, and they stay with that reactor.

pub use platform::Source;
pub(crate) use platform::{
    FOLLOWS, Identity, SHORT_MEANS_NOT_READY, add, delete, identity, release, when_made,
};

#[cfg(unix)]
mod platform {
    use std::io;
    use std::os::fd::{AsRawFd, RawFd};

    use mio::unix::SourceFd;

    use crate::handle::Handle;
    use crate::membership::Membership;
    use crate::token::Token;

    /// Something whose readiness the operating system reports: on Unix everything with a file descriptor.
    ///
    /// It must be in non-blocking mode. One open file can be registered once with a reactor, whichever of its
    /// descriptors are used; the second registration is an error.
    pub trait Source: AsRawFd {}

    impl<T: AsRawFd> Source for T {}

    pub(crate) type Identity = RawFd;

    /// Whether a socket is registered with the reactor of each thread that waits for it.
    pub(crate) const FOLLOWS: bool = true;

    /// Whether a stream that moved less than was asked for would block next: true of epoll and kqueue. The other
    /// selectors of mio report again only after a `WouldBlock`.
    pub(crate) const SHORT_MEANS_NOT_READY: bool = cfg!(any(
        target_os = "android",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "linux",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
    ));

    pub(crate) fn identity<S: Source>(source: &S) -> Identity {
        source.as_raw_fd()
    }

    pub(crate) fn when_made<S: Source>(_: &mut S, _: &Membership<Handle>) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn add(registry: &mio::Registry, identity: Identity, token: Token) -> io::Result<()> {
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        registry.register(&mut SourceFd(&identity), mio::Token(token.pack()), both)
    }

    pub(crate) fn delete(registry: &mio::Registry, identity: Identity) {
        // An error means that it is registered no more: somebody has closed the descriptor.
        let _ = registry.deregister(&mut SourceFd(&identity));
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

    /// mio's selector here reports again only after a `WouldBlock`.
    pub(crate) const SHORT_MEANS_NOT_READY: bool = false;

    pub(crate) fn identity<S: Source>(_: &S) -> Identity {}

    pub(crate) fn when_made<S: Source>(source: &mut S, membership: &Membership<Handle>) -> io::Result<()> {
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        membership.attach((), |handle, token| {
            let token = mio::Token(token.pack());
            handle.registry().register(source, token, both)
        })
    }

    /// Only reached when the reactor has closed, and a socket cannot move to another one here.
    pub(crate) fn add(_: &mio::Registry, _: Identity, _: Token) -> io::Result<()> {
        Err(shutdown_error())
    }

    /// mio's types do it themselves when they are dropped.
    pub(crate) fn delete(_: &mio::Registry, _: Identity) {}

    pub(crate) fn release<S: Source>(source: &mut S, membership: Membership<Handle>) -> io::Result<()> {
        match membership.home() {
            Some((handle, _)) => handle.registry().deregister(source),
            None => Ok(()),
        }
    }
}
