//! What the system offers and no kept crate wraps. The unsafe room of this crate.

#[cfg(unix)]
pub(crate) mod descriptor;

#[cfg(all(any(target_os = "android", target_os = "linux"), feature = "process"))]
pub(crate) mod pidfd;
// Other Unix systems know no such descriptor.
#[cfg(all(
    unix,
    not(any(target_os = "android", target_os = "linux")),
    feature = "process"
))]
#[path = "no_pidfd.rs"]
pub(crate) mod pidfd;

#[cfg(all(windows, feature = "process"))]
#[path = "process_windows.rs"]
pub(crate) mod process;

#[cfg(all(unix, feature = "signal"))]
#[path = "signal_unix.rs"]
pub(crate) mod signal;

#[cfg(all(not(unix), feature = "signal"))]
#[path = "signal_other.rs"]
pub(crate) mod signal;
