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

    pub(super) fn kill(&mut self) -> io::Result<()> {
        match &mut self.child {
            Some(child) if self.status.is_none() => child.kill(),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the child has ended, and was waited for: there is nothing to kill",
            )),
        }
    }

    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if let (None, Some(child)) = (self.status, &mut self.child) {
            self.status = child.try_wait()?;
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
                // Nothing is watched any more.
                self.exit = Exit::default();
                self.status = Some(status);
                status
            }
            (status, _) => status.expect("only a child that is dropped is taken"),
        };
        Poll::Ready(Ok(status))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (None, Some(mut child)) = (self.status, self.child.take()) {
            if self.kill_on_drop {
                // An error means that it has ended.
                let _ = child.kill();
            }
            exit::let_go(child);
        }
    }
}
