//! The ends of a child's pipes, on Windows: the reactor cannot wait for those that std makes, so they are read and written by
//! jobs of the blocking pool, as files are.

use std::io;
use std::os::windows::io::OwnedHandle;

use crate::fs::File;

pub(super) type Receiver = File;
pub(super) type Sender = File;

pub(super) fn sender(end: impl Into<OwnedHandle>) -> io::Result<Sender> {
    Ok(File::from(end.into()))
}

pub(super) fn receiver(end: impl Into<OwnedHandle>) -> io::Result<Receiver> {
    Ok(File::from(end.into()))
}

pub(super) fn release_sender(end: Sender) -> io::Result<OwnedHandle> {
    release(end)
}

pub(super) fn release_receiver(end: Receiver) -> io::Result<OwnedHandle> {
    release(end)
}

fn release(end: File) -> io::Result<OwnedHandle> {
    match end.try_into_std() {
        Ok(file) => Ok(file.into()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "something is still on its way through this pipe; wait for it, or flush, first",
        )),
    }
}
