#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![doc(test(attr(deny(warnings))))]

#[cfg(feature = "compat")]
mod compat;
mod driver;
mod drivers;
mod embedded;
#[cfg(feature = "fs")]
pub mod fs;
// The pipes of a child are files there.
#[cfg(all(windows, feature = "process", not(feature = "fs")))]
#[allow(dead_code, unreachable_pub, unused_imports)]
mod fs;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
#[doc(hidden)]
pub mod macros;
pub mod net;
mod pool_job;
#[cfg(all(feature = "process", any(unix, windows)))]
pub mod process;
pub mod runtime;
#[cfg(feature = "signal")]
pub mod signal;
#[cfg(feature = "sync")]
pub mod sync;
mod sys;
pub mod task;
pub mod time;
#[cfg(feature = "trace")]
pub mod trace;
mod traced;
mod virtual_time;

#[cfg(feature = "compat")]
pub use compat::{Compat, compat};
pub use reveille_executor::task_local;
#[cfg(feature = "macros")]
pub use reveille_macros::{main, test};
pub use runtime::block_on;
pub use task::spawn;
