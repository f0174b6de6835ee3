//! What the tests of this workspace start: the programs that are tested, and the real clients and servers that they meet.
//! Whatever is started ends with its test, also when that fails.

mod port;
mod postgres;
mod program;
mod redis;
mod run;
mod scratch;
mod tool;
mod watchdog;

pub use port::free_port;
pub use postgres::Postgres;
pub use program::Program;
pub use redis::Redis;
pub use run::run;
pub use scratch::Scratch;
pub use tool::{python_with, skip, tool};
pub use watchdog::Watchdog;
