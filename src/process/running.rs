//! The right to wait for a child, and the duty to have it reaped.

use std::io;
use std::panic::Location;
use std::process::{Child as StdChild, ExitStatus};
use std::task::{Context, Poll, ready};

use super::exit::{self, Exit};

#[derive(Debug)]
pub(super) struct Running {
    /// Taken by `drop` alone.
    child: Option<StdChild>,
    exit: Exit,
    /// Once somebody was told.
    status: Option<ExitStatus>,
    kill_on_drop: bool,
}

impl Running {
    pub(super) fn new(child: StdChild, kill_on_drop: bool) -> Self {
        Self {
            child: Some(child),
            exit: Exit::default(),
            status: None,
            kill_on_drop,
        }
    }

    /// `None` when it is known to have ended: the number may be another process's then.
    pub(super) fn id(&self) -> Option<u32> {
        self.running().map(StdChild::id)
    }

    /// The child, if it is not known to have ended.
    pub(super) fn running(&self) -> Option<&StdChild> {
        self.child.as_ref().filter(|_| self.status.is_none())
    }

    /// An error: it is not this process's child any more, and its number may be another's.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        match (self.try_wait()?, &mut self.child) {
            (None, Some(child)) => child.kill(),
            _ => Ok(()),
        }
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if let (None, Some(child)) = (self.status, &mut self.child) {
            if let Some(status) = child.try_wait()? {
                self.has_ended(status);
            }
        }
        Ok(self.status)
    }

    pub(super) fn poll_wait(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<ExitStatus>> {
        let status = match (self.status, &mut self.child) {
            (None, Some(child)) => {
                let status = ready!(self.exit.poll(child, cx, location))?;
                self.has_ended(status);
                status
            }
            (status, _) => status.expect("only a child that is dropped is taken"),
        };
        Poll::Ready(Ok(status))
    }

    fn has_ended(&mut self, status: ExitStatus) {
        self.status = Some(status);
        // Nothing is watched any more.
        self.exit = Exit::default();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.kill_on_drop {
            // An error: there is nobody to kill.
            let _ = self.kill();
        }
        if let (None, Some(child)) = (self.status, self.child.take()) {
            exit::let_go(child);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};
    use std::task::Waker;
    use std::time::Duration;

    use super::super::watchdog::Watchdog;
    use super::*;

    #[test]
    fn a_child_that_was_found_ended_is_watched_no_more() {
        let _watchdog = Watchdog::new("a child that is asked", Duration::from_secs(30));
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let mut running = Running::new(child, false);
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(running.poll_wait(cx, Location::caller()).is_pending());
        assert!(!matches!(running.exit, Exit::Unwatched));
        drop(running.child.as_mut().unwrap().stdin.take());
        while running.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        assert!(matches!(running.exit, Exit::Unwatched));
    }
}
