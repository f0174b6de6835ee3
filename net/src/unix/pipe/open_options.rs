//! Opening FIFOs.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::unix::pipe::receiver::Receiver;
use crate::unix::pipe::sender::Sender;

/// How to open a FIFO: a pipe that has a path.
///
/// # Examples
///
/// ```
/// use reveille_net::unix::pipe::OpenOptions;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("reveille-fifo-{}", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// # let made = std::process::Command::new("mkfifo").arg(&path).status()?;
/// # assert!(made.success());
/// pollster::block_on(async {
///     let receiver = OpenOptions::new().open_receiver(&path)?;
///     let sender = OpenOptions::new().open_sender(&path)?;
///     sender.write_all(b"hello").await?;
///     assert_eq!(receiver.read(&mut [0; 16]).await?, 5);
/// #   std::fs::remove_file(&path)
/// })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// Those that open an end for one direction, if the path is that of a FIFO.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to open the FIFO for both directions, and use the one that is asked for.
    ///
    /// Then the end is its own peer: a sender can be opened although nobody reads, and a receiver never sees the end
    /// when the last writer goes, but waits for the next one. Linux does this; POSIX leaves it open.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::unix::pipe::OpenOptions;
    ///
    /// # let path = std::env::temp_dir().join(format!("reveille-fifo-both-{}", std::process::id()));
    /// # let _ = std::fs::remove_file(&path);
    /// # let made = std::process::Command::new("mkfifo").arg(&path).status()?;
    /// # assert!(made.success());
    /// assert!(OpenOptions::new().open_sender(&path).is_err(), "nobody reads");
    /// OpenOptions::new().read_write(true).open_sender(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Whether to leave out the look at what kind of file it is.
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the end that is read from. It is there at once, whether or not somebody writes.
    ///
    /// # Errors
    ///
    /// The system's, and `InvalidInput` if it is no FIFO.
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        let file = self.open(
            path.as_ref(),
            fs::OpenOptions::new().read(true).write(self.read_write),
        )?;
        if self.unchecked {
            return Receiver::from_file_unchecked(file);
        }
        Receiver::from_file(file)
    }

    /// Opens the end that is written to.
    ///
    /// # Errors
    ///
    /// The system's: one with the code `ENXIO` if nobody has it open for reading. `InvalidInput` if it is no FIFO.
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        let file = self.open(
            path.as_ref(),
            fs::OpenOptions::new().write(true).read(self.read_write),
        )?;
        if self.unchecked {
            return Sender::from_file_unchecked(file);
        }
        Sender::from_file(file)
    }

    /// Without waiting for the other end, as an open of a FIFO would.
    fn open(&self, path: &Path, options: &mut fs::OpenOptions) -> io::Result<File> {
        options.custom_flags(libc::O_NONBLOCK).open(path)
    }
}
