//! Waiting for a child's end, on Unix.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::process::{Child as StdChild, ExitStatus};
use std::task::{Context, Poll, ready};

use reveille_reactor::{Direction, Registration};

use super::reaper;
use crate::signal::unix::SignalKind;
use crate::sys::pidfd;
use crate::sys::signal::Listener;

/// How the end is noticed.
#[derive(Debug, Default)]
pub(super) enum Exit {
    /// Nobody has had to wait yet.
    #[default]
    Unwatched,
    /// The descriptor of the process is readable when it has ended.
    Descriptor(Registration<OwnedFd>),
    /// `SIGCHLD` says that some child has ended.
    Signal(Listener),
}

impl Exit {
    /// How it ended, which is asked for once, since then the system forgets the process.
    pub(super) fn poll(
        &mut self,
        child: &mut StdChild,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<ExitStatus>> {
        if let Self::Unwatched = self {
            if let Some(status) = child.try_wait()? {
                return Poll::Ready(Ok(status));
            }
            *self = Self::watch(child)?;
        }
        match self {
            Self::Descriptor(descriptor) => descriptor.poll_io(Direction::Read, location, cx, |_| {
                child.try_wait()?.ok_or(io::ErrorKind::WouldBlock.into())
            }),
            Self::Signal(listener) => loop {
                // After the listener was made, and after each signal: none can come in between unheard.
                if let Some(status) = child.try_wait()? {
                    return Poll::Ready(Ok(status));
                }
                ready!(listener.poll(cx, location))?;
            },
            Self::Unwatched => unreachable!("it is watched now"),
        }
    }

    fn watch(child: &StdChild) -> io::Result<Self> {
        match pidfd::open(child) {
            Ok(descriptor) => Ok(Self::Descriptor(Registration::new(descriptor)?)),
            Err(_) => Self::by_signal(),
        }
    }

    fn by_signal() -> io::Result<Self> {
        Listener::new(SignalKind::child().as_raw_value()).map(Self::Signal)
    }
}

/// Nobody will ask how it ends; so it is reaped here, or when it ends.
pub(super) fn let_go(mut child: StdChild) {
    // An error: it is nobody's child, or another's, since a fork say.
    if let Ok(None) = child.try_wait() {
        reaper::take_over(child);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::process::{Command, Stdio};
    use std::task::Waker;
    use std::time::Duration;

    use super::super::watchdog::Watchdog;
    use super::*;

    /// A child that ends with this code when its input does.
    fn child(code: i32) -> StdChild {
        Command::new("sh")
            .args(["-c", &format!("read line; exit {code}")])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    }

    async fn wait(exit: &mut Exit, child: &mut StdChild) -> Option<i32> {
        let location = Location::caller();
        let status = poll_fn(|cx| exit.poll(child, cx, location)).await;
        status.unwrap().code()
    }

    #[test]
    fn a_child_that_has_ended_is_not_watched() {
        let mut child = child(3);
        drop(child.stdin.take());
        child.wait().unwrap();
        let mut exit = Exit::default();
        assert_eq!(pollster::block_on(wait(&mut exit, &mut child)), Some(3));
        assert!(matches!(exit, Exit::Unwatched));
    }

    #[test]
    fn a_descriptor_is_watched_where_the_system_has_one() {
        let _watchdog = Watchdog::new("a descriptor", Duration::from_secs(30));
        let mut child = child(4);
        let mut exit = Exit::default();
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(exit.poll(&mut child, cx, Location::caller()).is_pending());
        let offered = pidfd::open(&child).is_ok();
        assert_eq!(matches!(exit, Exit::Descriptor(_)), offered);
        drop(child.stdin.take());
        assert_eq!(pollster::block_on(wait(&mut exit, &mut child)), Some(4));
    }

    #[test]
    fn signals_tell_where_it_has_none() {
        let _watchdog = Watchdog::new("signals", Duration::from_secs(30));
        let waits = async |code| {
            let (mut one, mut other) = (child(code), child(code + 1));
            let mut exits = [Exit::by_signal().unwrap(), Exit::by_signal().unwrap()];
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(exits[0].poll(&mut one, cx, Location::caller()).is_pending());
            // Another one's end is not this one's.
            drop(other.stdin.take());
            assert_eq!(wait(&mut exits[1], &mut other).await, Some(code + 1));
            assert!(exits[0].poll(&mut one, cx, Location::caller()).is_pending());
            drop(one.stdin.take());
            assert_eq!(wait(&mut exits[0], &mut one).await, Some(code));
        };
        pollster::block_on(waits(5));
        crate::block_on(waits(7));
    }

    #[cfg(any(target_os = "android", target_os = "linux"))]
    #[test]
    fn a_child_that_has_ended_before_anybody_listened_is_not_waited_for() {
        let mut child = child(6);
        drop(child.stdin.take());
        // A zombie is what it is until somebody asks how it ended: its signal has come.
        let stat = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut exit = Exit::by_signal().unwrap();
        let cx = &mut Context::from_waker(Waker::noop());
        let Poll::Ready(status) = exit.poll(&mut child, cx, Location::caller()) else {
            panic!("no signal comes any more");
        };
        assert_eq!(status.unwrap().code(), Some(6));
    }
}
