//! Messages with what comes beside their bytes: who sent them, descriptors, and whether they were cut off.
//!
//! **Rule M (message):** the header that is handed to the system names memory of this function, or lent to it, by its length,
//! which nobody else uses during the call. What is read after the call is of the length that the system has put there.
//!
//! **Rule O (ownership):** a descriptor that comes in a message is this process's alone, and becomes owned once: where it is
//! read out of the message.
#![allow(unsafe_code)]
// The types of lengths differ from system to system.
#![allow(clippy::unnecessary_cast)]

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use socket2::SockAddr;

/// A message that was received.
pub(crate) struct Message {
    /// How many bytes of it there are in the buffer.
    pub(crate) length: usize,
    pub(crate) from: Name,
    /// The buffer was too short for it.
    pub(crate) truncated: bool,
    pub(crate) descriptors: Vec<OwnedFd>,
    /// Not all of what came beside it is here: descriptors for which this process had no number, as a rule.
    pub(crate) lost_some: bool,
}

/// A socket's address, as the system writes it.
pub(crate) struct Name {
    bytes: NameBytes,
    length: usize,
}

#[repr(C, align(8))]
struct NameBytes([u8; size_of::<libc::sockaddr_storage>()]);

/// The address of a Unix socket.
#[derive(Debug, PartialEq)]
pub(crate) enum UnixName<'a> {
    /// None: the socket is bound to nothing.
    Nobody,
    Path(&'a [u8]),
    /// One that is no path. Linux alone.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    Abstract(&'a [u8]),
}

/// Receives a message. Descriptors that come with it are closed by the system. `flags` are the system's.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], flags: libc::c_int) -> io::Result<Message> {
    receive_into(socket, buffer, Control::with_length(0), flags)
}

/// Receives a message, and all descriptors that come with it. `flags` are the system's.
pub(crate) fn receive_with_descriptors(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: libc::c_int,
) -> io::Result<Message> {
    let room = Control::room_for(MOST) + Control::room_beside_descriptors();
    receive_into(socket, buffer, Control::with_length(room), flags)
}

fn receive_into(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    mut control: Control,
    flags: libc::c_int,
) -> io::Result<Message> {
    let mut from = Name::nobody();
    let mut vector = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let mut header = control.header(&mut vector);
    header.msg_name = from.bytes.0.as_mut_ptr().cast();
    header.msg_namelen = size_of::<NameBytes>() as _;
    // SAFETY: rule M: buffer, control space and name are as long as the header says.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    from.length = (header.msg_namelen as usize).min(size_of::<NameBytes>());
    Ok(Message {
        length,
        from,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        // SAFETY: rules M and O: the header is as the call has left it, and this is the one place that reads it.
        descriptors: unsafe { received(&header) },
        lost_some: header.msg_flags & libc::MSG_CTRUNC != 0,
    })
}

/// Sends a message, and copies of `descriptors`. `flags` are the system's.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
    flags: libc::c_int,
) -> io::Result<usize> {
    let length = match descriptors {
        [] => 0,
        _ => Control::room_for(descriptors.len()),
    };
    let mut control = Control::with_length(length);
    let mut vector = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let header = control.header(&mut vector);
    if !descriptors.is_empty() {
        // SAFETY: rule M: there is room for as many.
        unsafe { put(&header, descriptors) };
    }
    // SAFETY: rule M: the system reads the bytes and the control space, which are as long as the header says.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// More descriptors do not come with one message, on any system that we know. There is always room for all of them: Apple's keeps
/// those open that do not fit, and knows of nobody who could close them.
const MOST: usize = if cfg!(target_vendor = "apple") { 512 } else { 254 };

/// Room for descriptors beside a message, aligned for what the system puts there. Zeroed, so all of it can be read.
struct Control {
    space: Vec<u64>,
    length: usize,
}

impl Control {
    fn room_for(descriptors: usize) -> usize {
        space(payload(descriptors))
    }

    /// For what else comes if the socket was set so: who sent it, and a descriptor of that process.
    fn room_beside_descriptors() -> usize {
        #[cfg(any(target_os = "android", target_os = "linux"))]
        return space(size_of::<libc::ucred>() as _) + space(payload(1));
        #[cfg(not(any(target_os = "android", target_os = "linux")))]
        return 0;
    }

    fn with_length(length: usize) -> Self {
        Self {
            space: vec![0; length.div_ceil(size_of::<u64>())],
            length,
        }
    }

    /// A header without a name, for one buffer.
    fn header(&mut self, vector: &mut libc::iovec) -> libc::msghdr {
        // SAFETY: rule M: zeros are a header that names nothing. (It has private fields on some systems.)
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_iov = vector;
        header.msg_iovlen = 1;
        if self.length > 0 {
            header.msg_control = self.space.as_mut_ptr().cast();
            header.msg_controllen = self.length as _;
        }
        header
    }
}

/// What a record of so many bytes takes.
fn space(payload: libc::c_uint) -> usize {
    // SAFETY: rule M: this only counts. (In some versions of libc it is no longer unsafe.)
    #[allow(unused_unsafe)]
    unsafe {
        libc::CMSG_SPACE(payload) as usize
    }
}

fn payload(descriptors: usize) -> libc::c_uint {
    let bytes = descriptors * size_of::<libc::c_int>();
    libc::c_uint::try_from(bytes).expect("no more than go with one message")
}

/// # Safety
///
/// Rule M: the header names a [`Control`] with room for as many.
unsafe fn put(header: &libc::msghdr, descriptors: &[BorrowedFd<'_>]) {
    // SAFETY: the caller's promise: the first and only record lies within the control space, and so does its data.
    unsafe {
        let record = libc::CMSG_FIRSTHDR(header);
        (*record).cmsg_level = libc::SOL_SOCKET;
        (*record).cmsg_type = libc::SCM_RIGHTS;
        (*record).cmsg_len = libc::CMSG_LEN(payload(descriptors.len())) as _;
        let data = libc::CMSG_DATA(record).cast::<libc::c_int>();
        for (index, descriptor) in descriptors.iter().enumerate() {
            data.add(index).write_unaligned(descriptor.as_raw_fd());
        }
    }
}

/// # Safety
///
/// Rules M and O: the header is one that `recvmsg` has filled in, and its descriptors are nobody's yet.
unsafe fn received(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    let end = header.msg_control.addr() + header.msg_controllen as usize;
    // SAFETY: the caller's promise: records lie within the control space as far as the header says that it was filled. Some
    // systems write the length of a record that they have cut off as it was before, so that end is looked at as well.
    unsafe {
        let mut record = libc::CMSG_FIRSTHDR(header);
        while !record.is_null() {
            let data = libc::CMSG_DATA(record);
            let said = ((*record).cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
            let bytes = said.min(end.saturating_sub(data.addr()));
            let count = bytes / size_of::<libc::c_int>();
            let data = data.cast::<libc::c_int>();
            match ((*record).cmsg_level, (*record).cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                    let numbers = (0..count).map(|index| data.add(index).read_unaligned());
                    descriptors.extend(numbers.map(|number| OwnedFd::from_raw_fd(number)));
                }
                // Nobody has asked for that here, so it is closed. (A number below zero is an error.)
                (libc::SOL_SOCKET, PROCESS) if count == 1 && data.read_unaligned() >= 0 => {
                    drop(OwnedFd::from_raw_fd(data.read_unaligned()));
                }
                _ => {}
            }
            record = libc::CMSG_NXTHDR(header, record);
        }
    }
    descriptors
}

/// A descriptor of the process that sent the message: Linux's `SCM_PIDFD`. Elsewhere no record is of that type.
const PROCESS: libc::c_int = if cfg!(any(target_os = "android", target_os = "linux")) {
    4
} else {
    -1
};

impl Name {
    fn nobody() -> Self {
        Self {
            bytes: NameBytes([0; size_of::<NameBytes>()]),
            length: 0,
        }
    }

    /// That of an internet socket, if it is one.
    pub(crate) fn internet(&self) -> Option<SocketAddr> {
        // SAFETY: rule M: these are bytes that the system has written as an address, and zeros behind them.
        let address = unsafe {
            SockAddr::try_init(|storage, length| {
                // As bytes, since it need not be aligned as these are.
                storage.cast::<[u8; size_of::<NameBytes>()]>().write(self.bytes.0);
                *length = self.length as _;
                Ok(())
            })
        };
        let ((), address) = address.ok()?;
        address.as_socket()
    }

    /// That of a Unix socket; nobody's, if it is of another kind.
    pub(crate) fn unix(&self) -> UnixName<'_> {
        // SAFETY: rule M: zeros, where the system has written less than that.
        let family = unsafe { (*self.bytes.0.as_ptr().cast::<libc::sockaddr>()).sa_family };
        let name = self.bytes.0[..self.length].get(mem::offset_of!(libc::sockaddr_un, sun_path)..);
        match name {
            Some(name) if i32::from(family) == libc::AF_UNIX => unix_name(name),
            _ => UnixName::Nobody,
        }
    }
}

fn unix_name(name: &[u8]) -> UnixName<'_> {
    match name {
        [] => UnixName::Nobody,
        #[cfg(any(target_os = "android", target_os = "linux"))]
        [0, name @ ..] => UnixName::Abstract(name),
        #[cfg(not(any(target_os = "android", target_os = "linux")))]
        [0, ..] => UnixName::Nobody,
        path => {
            let length = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            UnixName::Path(&path[..length])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_at_its_zero_byte_or_with_the_name() {
        assert_eq!(unix_name(b""), UnixName::Nobody);
        assert_eq!(unix_name(b"/tmp/a\0"), UnixName::Path(b"/tmp/a"));
        assert_eq!(unix_name(b"/tmp/a"), UnixName::Path(b"/tmp/a"));
        assert_eq!(unix_name(b"/tmp/a\0\0\0"), UnixName::Path(b"/tmp/a"));
    }

    #[test]
    #[cfg(any(target_os = "android", target_os = "linux"))]
    fn an_abstract_name_is_all_of_what_follows_its_zero_byte() {
        assert_eq!(unix_name(b"\0a\0b\0"), UnixName::Abstract(b"a\0b\0"));
    }

    #[test]
    fn what_has_no_name_is_nobodys() {
        assert_eq!(Name::nobody().unix(), UnixName::Nobody);
        assert_eq!(Name::nobody().internet(), None);
    }
}
