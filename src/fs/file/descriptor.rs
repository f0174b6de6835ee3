//! A file as what the system knows it by.

use std::fs::{File as StdFile, FileType};

use super::File;

/// Whether it has a position that can be moved. What the system knows nothing of has none: a pipe on Windows.
pub(super) fn has_position(std: &StdFile) -> bool {
    std.metadata().is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_file() || is_block_device(kind)
    })
}

#[cfg(unix)]
fn is_block_device(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_block_device(&kind)
}

#[cfg(not(unix))]
fn is_block_device(_: FileType) -> bool {
    false
}

#[cfg(unix)]
const _: () = {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

    impl From<OwnedFd> for File {
        #[track_caller]
        fn from(descriptor: OwnedFd) -> Self {
            Self::from_std(descriptor.into())
        }
    }

    impl AsFd for File {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.shared.std().as_fd()
        }
    }

    impl AsRawFd for File {
        fn as_raw_fd(&self) -> RawFd {
            self.shared.std().as_raw_fd()
        }
    }
};

#[cfg(windows)]
const _: () = {
    use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle, RawHandle};

    impl From<OwnedHandle> for File {
        #[track_caller]
        fn from(handle: OwnedHandle) -> Self {
            Self::from_std(handle.into())
        }
    }

    impl AsHandle for File {
        fn as_handle(&self) -> BorrowedHandle<'_> {
            self.shared.std().as_handle()
        }
    }

    impl AsRawHandle for File {
        fn as_raw_handle(&self) -> RawHandle {
            self.shared.std().as_raw_handle()
        }
    }
};
