//! Unix signals.

use std::future::Future;
use std::io;
use std::os::raw::c_int;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::sys;

/// Listens for a signal, from this call on. It works under any executor.
///
/// Any number of listeners may listen for one signal, and each is told of it. From the first one on, the signal no longer
/// does to the process what it would by default, as in tokio: also not after the listeners are dropped.
///
/// **Coalescing**: a listener is told that the signal has come, not how often. Signals that come between two
/// [`recv`](Signal::recv)s are one. None is lost: after the last signal each listener is told once more.
///
/// A forked child listens with listeners that it made itself; those that it inherited are told of nothing.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for signals that cannot be caught, or not be survived (`SIGKILL`,
/// `SIGSTOP`, `SIGILL`, `SIGFPE`, `SIGSEGV`); what the system says for numbers that are no signals, and when it refuses a
/// socket pair.
///
/// # Examples
///
/// ```
/// use reveille::signal::unix::{SignalKind, signal};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut hangup = signal(SignalKind::hangup())?;
///     # std::process::Command::new("sh").arg("-c").arg(format!("kill -HUP {}", std::process::id())).status()?;
///     // `kill -HUP` from a shell.
///     hangup.recv().await;
///     println!("reading the configuration again");
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    Ok(Signal {
        listener: sys::signal::Listener::new(kind.0)?,
        location: Location::caller(),
    })
}

/// A listener; made by [`signal`], which has an example.
#[derive(Debug)]
#[must_use = "it listens only until it is dropped"]
pub struct Signal {
    listener: sys::signal::Listener,
    location: &'static Location<'static>,
}

impl Signal {
    /// Waits until the signal has come since the last time this was ready, or since the listener was made.
    ///
    /// `None` when this listener cannot be told any more: the runtime of this thread is shutting down, or the system
    /// refuses to watch the listener's socket.
    ///
    /// # Cancel safety
    ///
    /// Safe: a signal that this did not tell of is told by the next one.
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_> {
        self.location = Location::caller();
        Recv { signal: self }
    }

    /// As [`recv`](Self::recv), for `poll` functions. Of several tasks that poll, the last one is woken.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.listener.poll(cx, self.location).map(Result::ok)
    }
}

/// The future of [`Signal::recv`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Recv<'a> {
    signal: &'a mut Signal,
}

impl Future for Recv<'_> {
    type Output = Option<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.signal.poll_recv(cx)
    }
}

/// Which signal.
///
/// # Examples
///
/// ```
/// use reveille::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::from_raw(SignalKind::terminate().as_raw_value()), SignalKind::terminate());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SignalKind(c_int);

impl SignalKind {
    /// The signal of this number on this system, also one that has no name here.
    pub const fn from_raw(signum: c_int) -> Self {
        Self(signum)
    }

    /// Its number on this system.
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }

    /// `SIGALRM`: a timer of the system has run out. Ends the process by default.
    pub const fn alarm() -> Self {
        Self(libc::SIGALRM)
    }

    /// `SIGCHLD`: a child process has ended, or was stopped. Ignored by default.
    pub const fn child() -> Self {
        Self(libc::SIGCHLD)
    }

    /// `SIGHUP`: the terminal is gone; to services: read your configuration again. Ends the process by default.
    pub const fn hangup() -> Self {
        Self(libc::SIGHUP)
    }

    /// `SIGINT`: ctrl-c on the terminal. Ends the process by default.
    pub const fn interrupt() -> Self {
        Self(libc::SIGINT)
    }

    /// `SIGIO`: a descriptor is ready for input or output. Ends the process by default.
    pub const fn io() -> Self {
        Self(libc::SIGIO)
    }

    /// `SIGPIPE`: a write to a pipe or socket whose reader is gone. Rust programs ignore it from the start.
    pub const fn pipe() -> Self {
        Self(libc::SIGPIPE)
    }

    /// `SIGQUIT`: ctrl-\ on the terminal. Ends the process with a core dump by default.
    pub const fn quit() -> Self {
        Self(libc::SIGQUIT)
    }

    /// `SIGTERM`: please end. Ends the process by default.
    pub const fn terminate() -> Self {
        Self(libc::SIGTERM)
    }

    /// `SIGUSR1`: the program's own. Ends the process by default.
    pub const fn user_defined1() -> Self {
        Self(libc::SIGUSR1)
    }

    /// `SIGUSR2`: the program's own. Ends the process by default.
    pub const fn user_defined2() -> Self {
        Self(libc::SIGUSR2)
    }

    /// `SIGWINCH`: the terminal has another size. Ignored by default.
    pub const fn window_change() -> Self {
        Self(libc::SIGWINCH)
    }
}

impl From<c_int> for SignalKind {
    fn from(signum: c_int) -> Self {
        Self::from_raw(signum)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}
