//! Waiting for a process.
//!
//! **Rule H:** the handle is a process's, with the right to wait for it, and is borrowed for as long as the call takes.
#![allow(unsafe_code)]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};

/// Blocks until it has ended.
pub(crate) fn wait(process: &OwnedHandle) -> io::Result<()> {
    // SAFETY: rule H.
    match unsafe { WaitForSingleObject(process.as_raw_handle(), INFINITE) } {
        WAIT_OBJECT_0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
