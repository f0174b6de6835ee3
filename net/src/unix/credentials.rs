//! Who is at the other end.

use std::io;
use std::os::fd::BorrowedFd;

use crate::sys;

/// The user, the group and the process at the other end of a [`UnixStream`](crate::UnixStream), as of the moment at
/// which it was connected; from [`peer_cred`](crate::UnixStream::peer_cred).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UCred {
    uid: libc::uid_t,
    gid: libc::gid_t,
    pid: Option<libc::pid_t>,
}

impl UCred {
    /// The effective user id.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, there) = UnixStream::pair()?;
    /// assert_eq!(here.peer_cred()?.uid(), there.peer_cred()?.uid());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn uid(&self) -> libc::uid_t {
        self.uid
    }

    /// The effective group id.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, there) = UnixStream::pair()?;
    /// assert_eq!(here.peer_cred()?.gid(), there.peer_cred()?.gid());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn gid(&self) -> libc::gid_t {
        self.gid
    }

    /// The process id. None where the system does not tell it (only Linux and Android do here), or where the process has
    /// none that means something to this one, being in another container.
    ///
    /// The process may be gone, and its id another one's.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::UnixStream;
    ///
    /// let (here, _there) = UnixStream::pair()?;
    /// if let Some(process) = here.peer_cred()?.pid() {
    ///     assert_eq!(process.unsigned_abs(), std::process::id());
    /// }
    /// # std::io::Result::Ok(())
    /// ```
    pub fn pid(&self) -> Option<libc::pid_t> {
        self.pid
    }

    pub(crate) fn of_peer(socket: BorrowedFd<'_>) -> io::Result<Self> {
        let (uid, gid, pid) = sys::credentials::of_peer(socket)?;
        Ok(Self { uid, gid, pid })
    }
}
