//! What to start, and how.

use std::ffi::OsStr;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::process::{Command as StdCommand, Stdio};

use super::child::Child;
use super::output::{CollectOutput, Status};

/// What to start, and how: std's, whose [documentation](std::process::Command) says what each of its settings means.
///
/// What has no method here can be set by way of [`as_std_mut`](Self::as_std_mut): `pre_exec` with std's
/// [`CommandExt`](std::os::unix::process::CommandExt), say.
///
/// Starting a child is a call of the system that does not wait for the child, but until the program was found and begun;
/// it is done at once, by the thread that asks for it.
///
/// See [`process`](crate::process) for an example.
#[derive(Debug)]
pub struct Command {
    std: StdCommand,
    kill_on_drop: bool,
}

impl Command {
    /// A program without arguments, in this process's directory and environment, with its standard streams.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        StdCommand::new(program).into()
    }

    /// As std's. Where the pipes go, and what a drop does, is not in there.
    pub fn as_std(&self) -> &StdCommand {
        &self.std
    }

    /// As std's, to be changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::process::Command;
    ///
    /// let mut command = Command::new("program");
    /// command.as_std_mut().arg("argument");
    /// assert_eq!(command.as_std().get_args().count(), 1);
    /// ```
    pub fn as_std_mut(&mut self) -> &mut StdCommand {
        &mut self.std
    }

    /// As std's. [`kill_on_drop`](Self::kill_on_drop) is lost.
    pub fn into_std(self) -> StdCommand {
        self.std
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(arg);
        self
    }

    /// Adds several.
    pub fn args<I>(&mut self, args: I) -> &mut Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.std.args(args);
        self
    }

    /// Sets a variable of the child's environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "echo $GREETING"]).env("GREETING", "hello");
    /// let output = reveille::block_on(command.output())?;
    /// assert_eq!(output.stdout, b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn env(&mut self, key: impl AsRef<OsStr>, val: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(key, val);
        self
    }

    /// Sets several.
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(vars);
        self
    }

    /// Takes one out of what the child would inherit.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(key);
        self
    }

    /// Takes all out.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// The directory that the child begins in.
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(dir);
        self
    }

    /// Where the child's standard input comes from.
    pub fn stdin(&mut self, cfg: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(cfg);
        self
    }

    /// Where its standard output goes.
    pub fn stdout(&mut self, cfg: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(cfg);
        self
    }

    /// Where its standard error goes.
    pub fn stderr(&mut self, cfg: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(cfg);
        self
    }

    /// Whether the child is killed when its [`Child`], or a future that has it, is dropped before it has been seen to end.
    /// By default it is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use reveille::process::Command;
    /// use reveille::time::timeout;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// reveille::block_on(async {
    ///     let mut command = Command::new("sleep");
    ///     command.arg("1000").kill_on_drop(true);
    ///     assert!(timeout(Duration::from_millis(10), command.status()).await.is_err());
    ///     // Nothing sleeps on.
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Self {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// Whether [`kill_on_drop`](Self::kill_on_drop) was asked for.
    pub fn get_kill_on_drop(&self) -> bool {
        self.kill_on_drop
    }

    /// Starts the child. Its standard streams are this process's, unless something else was said.
    ///
    /// See [`process`](crate::process) for an example.
    ///
    /// # Errors
    ///
    /// As [`std::process::Command::spawn`]: [`NotFound`](io::ErrorKind::NotFound) if there is no such program.
    pub fn spawn(&mut self) -> io::Result<Child> {
        Child::new(self.std.spawn()?, self.kill_on_drop)
    }

    /// Starts the child at once, and waits for its end; how it did. Pipes are closed.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn), told by the future, and for [`Child::wait`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the child.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::process::Command;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// assert!(reveille::block_on(Command::new("true").status())?.success());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn status(&mut self) -> Status {
        Status::new(self.spawn(), Location::caller())
    }

    /// Starts the child at once, its standard output and error piped, whatever was said of them before; reads both
    /// to their ends, and waits for its own. Its standard input is this process's, unless [`stdin`](Self::stdin) says
    /// otherwise, as with tokio; std's own `output` gives it none.
    ///
    /// On Windows each of the two pipes has a thread of the blocking pool until it ends, so a pool of
    /// [one thread](crate::runtime::Builder::max_blocking_threads) is too small for a child that writes much to both.
    ///
    /// See [`process`](crate::process) for an example.
    ///
    /// # Errors
    ///
    /// As for [`spawn`](Self::spawn), told by the future, and for [`Child::wait_with_output`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the child.
    #[track_caller]
    pub fn output(&mut self) -> CollectOutput {
        self.std.stdout(Stdio::piped()).stderr(Stdio::piped());
        CollectOutput::new(self.spawn(), Location::caller())
    }
}

impl From<StdCommand> for Command {
    fn from(std: StdCommand) -> Self {
        Self {
            std,
            kill_on_drop: false,
        }
    }
}

#[cfg(unix)]
impl Command {
    /// The user that the child runs as.
    pub fn uid(&mut self, id: u32) -> &mut Self {
        std::os::unix::process::CommandExt::uid(&mut self.std, id);
        self
    }

    /// The group that it runs as.
    pub fn gid(&mut self, id: u32) -> &mut Self {
        std::os::unix::process::CommandExt::gid(&mut self.std, id);
        self
    }

    /// What the program is told to be called, in place of its own name.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        std::os::unix::process::CommandExt::arg0(&mut self.std, arg);
        self
    }

    /// The process group that it is in; 0 for one of its own.
    pub fn process_group(&mut self, pgroup: i32) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(&mut self.std, pgroup);
        self
    }
}

#[cfg(windows)]
impl Command {
    /// Adds text to the command line as it is, without quotes.
    pub fn raw_arg(&mut self, text: impl AsRef<OsStr>) -> &mut Self {
        std::os::windows::process::CommandExt::raw_arg(&mut self.std, text);
        self
    }

    /// Flags for `CreateProcess`, beside those that std sets.
    pub fn creation_flags(&mut self, flags: u32) -> &mut Self {
        std::os::windows::process::CommandExt::creation_flags(&mut self.std, flags);
        self
    }
}
