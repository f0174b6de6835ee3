//! Child processes: [`std::process`] for tasks.
//!
//! A [`Command`] is std's, and starts a [`Child`], for which a task can wait; its pipes have the traits of `futures-io` and,
//! with the feature `tokio-io`, those of tokio. It works under any executor, as the sockets do: nothing here needs a runtime,
//! but for the pipes on Windows.
//!
//! # How a child's end is noticed
//!
//! * On Linux by a descriptor of the process (`pidfd_open`), which the reactor watches beside the sockets. Where the system
//!   refuses that (before 5.3, or in a sandbox), as on the others;
//! * on other Unix systems by `SIGCHLD`, by way of [`signal`](crate::signal). What the program does with that signal
//!   itself does not matter, as long as it neither blocks it in all threads nor replaces the handler;
//! * on Windows by a thread for each child that is waited for.
//!
//! # No zombies
//!
//! The system keeps an ended process until its parent has asked how it ended. Waiting does that, in every form, and so does a
//! [`try_wait`](Child::try_wait) that finds it ended. A child that is dropped before runs on, unless
//! [`kill_on_drop`](Command::kill_on_drop) was asked for; and it is reaped when it ends: in the drop if it has ended by then,
//! else by a thread named `reveille-reaper`, which the process starts when the first child is left like that. That one
//! waits for these children alone, never for "any": children of other libraries are not disturbed.
//!
//! # Paused time
//!
//! A [paused](crate::time::pause) clock does not wait for a child, as it does not for the peer of a socket:
//! [`time::hold`](crate::time::hold) is for that.
//!
//! # Examples
//!
//! ```
//! use reveille::process::Command;
//!
//! # fn main() -> std::io::Result<()> {
//! reveille::block_on(async {
//!     let output = Command::new("echo").arg("hello").output().await?;
//!     assert!(output.status.success());
//!     assert_eq!(output.stdout, b"hello\n");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! A conversation with a child:
//!
//! ```
//! use std::process::Stdio;
//!
//! use reveille::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use reveille::process::Command;
//!
//! # fn main() -> std::io::Result<()> {
//! reveille::block_on(async {
//!     let mut child = Command::new("cat")
//!         .stdin(Stdio::piped())
//!         .stdout(Stdio::piped())
//!         .kill_on_drop(true)
//!         .spawn()?;
//!     let mut input = child.stdin.take().expect("it is piped");
//!     let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
//!
//!     let mut line = String::new();
//!     input.write_all(b"hello\n").await?;
//!     output.read_line(&mut line).await?;
//!     assert_eq!(line, "hello\n");
//!
//!     // Its end of input, which `cat` ends at.
//!     drop(input);
//!     assert!(child.wait().await?.success());
//!     Ok(())
//! })
//! # }
//! ```

mod child;
mod command;
#[cfg(unix)]
#[path = "process/exit_unix.rs"]
mod exit;
#[cfg(windows)]
#[path = "process/exit_windows.rs"]
mod exit;
mod output;
#[cfg(unix)]
#[path = "process/pipe_unix.rs"]
mod pipe;
#[cfg(windows)]
#[path = "process/pipe_windows.rs"]
mod pipe;
mod pipes;
#[cfg(unix)]
mod reaper;
mod running;
#[cfg(all(test, unix))]
#[path = "../tests/watchdog/mod.rs"]
mod watchdog;

pub use child::{Child, Kill, Wait};
pub use command::Command;
pub use output::{CollectOutput, Status, WaitWithOutput};
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
