//! What `tests/select.rs` and `tests/join.rs` ask of our macros, asked of tokio's: they demand nothing there that tokio does
//! not do.

use tokio::{join, select, try_join};

#[path = "join.rs"]
mod join_as_tokio;
#[path = "select.rs"]
mod select_as_tokio;
#[path = "../watchdog/mod.rs"]
mod watchdog;
