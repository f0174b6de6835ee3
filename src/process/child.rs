//! A child process.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::process::{Child as StdChild, ExitStatus};
use std::task::{Context, Poll, ready};

use super::output::WaitWithOutput;
use super::pipes::{ChildStderr, ChildStdin, ChildStdout};
use super::running::Running;

/// A child process; made by [`Command::spawn`](super::Command::spawn).
///
/// Dropped, it runs on unless [`kill_on_drop`](super::Command::kill_on_drop) was asked for; either way it is
/// [reaped](super#no-zombies) when it ends.
///
/// # Examples
///
/// ```
/// use reveille::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let mut child = Command::new("sh").args(["-c", "exit 3"]).spawn()?;
///     println!("process {}", child.id().expect("nobody has waited for it"));
///     assert_eq!(child.wait().await?.code(), Some(3));
///     // It is known by now, and there is no such process any more.
///     assert_eq!(child.wait().await?.code(), Some(3));
///     assert_eq!(child.id(), None);
///     Ok(())
/// })
/// # }
/// ```
pub struct Child {
    /// Dropped before the pipes: what is killed then shall not see their ends first, and act on that.
    running: Running,
    /// What the child reads as its standard input, if that is [piped](std::process::Stdio::piped). It sees the end when this
    /// is dropped.
    pub stdin: Option<ChildStdin>,
    /// What it writes to its standard output, if that is piped.
    pub stdout: Option<ChildStdout>,
    /// What it writes to its standard error, if that is piped.
    pub stderr: Option<ChildStderr>,
}

impl Child {
    /// Kills the child if its pipes cannot be waited for.
    pub(super) fn new(mut child: StdChild, kill_on_drop: bool) -> io::Result<Self> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut this = Self {
            running: Running::new(child, kill_on_drop),
            stdin: None,
            stdout: None,
            stderr: None,
        };
        let pipes = || {
            this.stdin = stdin.map(ChildStdin::from_std).transpose()?;
            this.stdout = stdout.map(ChildStdout::from_std).transpose()?;
            this.stderr = stderr.map(ChildStderr::from_std).transpose()?;
            Ok(())
        };
        if let Err(error) = pipes() {
            let _ = this.start_kill();
            return Err(error);
        }
        Ok(this)
    }

    /// The number of its process; `None` when it has ended and was waited for, since the number may be another's by then.
    ///
    /// See [`Child`] for an example.
    pub fn id(&self) -> Option<u32> {
        self.running.id()
    }

    /// The handle of its process; `None` when it has ended and was waited for.
    #[cfg(windows)]
    pub fn raw_handle(&self) -> Option<std::os::windows::io::RawHandle> {
        self.running
            .running()
            .map(std::os::windows::io::AsRawHandle::as_raw_handle)
    }

    /// Waits until the child has ended; how it did. It may be asked again, with the same answer.
    ///
    /// [`stdin`](Self::stdin) is closed first, if it is still here: the child might wait for its end. The other pipes stay;
    /// if nobody reads them, the child may wait for that for ever: see [`wait_with_output`](Self::wait_with_output).
    ///
    /// See [`Child`] for an example.
    ///
    /// # Errors
    ///
    /// The system's: that there are no descriptors left to wait with, or that somebody else has waited for this child;
    /// [`is_shutdown`](crate::runtime::is_shutdown) tells whether the runtime of this thread is going away.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost but `stdin`, which is closed by the first poll. One can wait again.
    #[track_caller]
    pub fn wait(&mut self) -> Wait<'_> {
        Wait {
            child: self,
            location: Location::caller(),
        }
    }

    /// How it ended, if it has, without waiting. [`stdin`](Self::stdin) stays open.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::process::Stdio;
    ///
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    ///     assert!(child.try_wait()?.is_none(), "it reads");
    ///     child.wait().await?;
    ///     assert!(child.try_wait()?.is_some_and(|status| status.success()));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.running.try_wait()
    }

    /// Kills the child, on Unix by `SIGKILL`, without waiting for its end. If it has ended there is nothing to do.
    ///
    /// # Errors
    ///
    /// The system's: that somebody else has waited for this child, say. Then nothing is killed, since its number may be another
    /// process's.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut child = Command::new("sleep").arg("1000").spawn()?;
    ///     child.start_kill()?;
    ///     assert!(!child.wait().await?.success());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.running.kill()
    }

    /// Kills the child, and waits for its end.
    ///
    /// # Errors
    ///
    /// As for [`start_kill`](Self::start_kill) and for [`wait`](Self::wait).
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the child is killed, and one can [`wait`](Self::wait) for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut child = Command::new("sleep").arg("1000").spawn()?;
    ///     child.kill().await?;
    ///     assert_eq!(child.id(), None);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn kill(&mut self) -> Kill<'_> {
        Kill {
            wait: self.wait(),
            killed: false,
        }
    }

    /// Closes [`stdin`](Self::stdin), reads the other pipes to their ends, and waits until the child has ended.
    ///
    /// What is not piped, or was taken, is empty. A pipe ends when nobody can write to it any more: a child's own
    /// children may keep it open.
    ///
    /// # Errors
    ///
    /// Those of the pipes, and as for [`wait`](Self::wait). The child is dropped then.
    ///
    /// # Cancel safety
    ///
    /// Not safe: with it the child is dropped, and what was read.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::process::Stdio;
    ///
    /// use reveille::io::AsyncWriteExt;
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    ///     child.stdin.as_mut().expect("it is piped").write_all(b"b\na\n").await?;
    ///     let output = child.wait_with_output().await?;
    ///     assert_eq!(output.stdout, b"a\nb\n");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn wait_with_output(self) -> WaitWithOutput {
        WaitWithOutput::new(self, Location::caller())
    }

    pub(super) fn poll_wait(
        &mut self,
        cx: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<io::Result<ExitStatus>> {
        drop(self.stdin.take());
        self.running.poll_wait(cx, location)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("stdin", &self.stdin)
            .field("stdout", &self.stdout)
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}

/// The future of [`Child::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Wait<'a> {
    child: &'a mut Child,
    location: &'static Location<'static>,
}

impl Future for Wait<'_> {
    type Output = io::Result<ExitStatus>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let location = self.location;
        self.child.poll_wait(cx, location)
    }
}

/// The future of [`Child::kill`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Kill<'a> {
    wait: Wait<'a>,
    killed: bool,
}

impl Future for Kill<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.killed {
            self.wait.child.start_kill()?;
            self.killed = true;
        }
        ready!(Pin::new(&mut self.wait).poll(cx))?;
        Poll::Ready(Ok(()))
    }
}
