#![doc = include_str!("../README.md")]
//!
#![doc = include_str!("../docs/road_of_one_event.md")]
//!
//! ## In the source
//!
//! The facade joins what the other crates have. In reading order:
//!
//! * `driver`: the one wait for sockets and timers; **start here**;
//! * [`runtime`]: an executor over drivers; `drivers`: which of them a thread uses that is none of the workers; `traced`: what a
//!   runtime does for the recorder;
//! * `embedded`: a runtime inside a foreign loop; `virtual_time`: a clock that stands;
//! * [`task`], [`net`], [`io`], [`time`], [`trace`]: what the other crates have, by the names that users know;
//! * `macros`: `select!`, `join!` and `try_join!`;
//! * `signal`; `fs` and `process`, over `pool_job`; `sync`, `hyper` and `compat`, which lead to other crates: each behind a feature;
//! * `sys`: what the system offers and no kept crate wraps.
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
