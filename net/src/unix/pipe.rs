//! Pipes: between threads, tasks and processes, and those with a path (FIFOs).

mod open_options;
mod receiver;
mod sender;
mod unawaited;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

pub use open_options::OpenOptions;
pub use receiver::Receiver;
pub use sender::Sender;

use crate::sys::descriptor;

/// A new pipe: what is written to the one end is read from the other. Both are closed in a child that executes another
/// program.
///
/// # Errors
///
/// The system's: too many open files.
///
/// # Examples
///
/// ```
/// use reveille_net::unix::pipe;
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let (sender, receiver) = pipe::pipe()?;
///     sender.write_all(b"hello").await?;
///     drop(sender);
///
///     let mut buffer = [0; 16];
///     assert_eq!(receiver.read(&mut buffer).await?, 5);
///     assert_eq!(receiver.read(&mut buffer).await?, 0, "the end");
///     Ok(())
/// })
/// # }
/// ```
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = mio::unix::pipe::new()?;
    Ok((Sender::new(sender)?, Receiver::new(receiver)?))
}

/// What one wants to do with an end of a pipe.
#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// That `file` is a pipe, and open for `access`.
fn check(file: &File, access: Access) -> io::Result<()> {
    if !file.metadata()?.file_type().is_fifo() {
        return Err(invalid("this is no pipe"));
    }
    let mode = descriptor::status_flags(file.as_fd())? & (libc::O_RDONLY | libc::O_WRONLY | libc::O_RDWR);
    let (other, text) = match access {
        Access::Read => (libc::O_WRONLY, "this end of the pipe is not open for reading"),
        Access::Write => (libc::O_RDONLY, "this end of the pipe is not open for writing"),
    };
    if mode == other {
        return Err(invalid(text));
    }
    Ok(())
}

fn set_nonblocking(file: &File, on: bool) -> io::Result<()> {
    let flags = descriptor::status_flags(file.as_fd())?;
    if (flags & libc::O_NONBLOCK != 0) != on {
        descriptor::set_nonblocking(file.as_fd(), on)?;
    }
    Ok(())
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
