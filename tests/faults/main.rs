//! What goes wrong on the way: peers that reset the connection, that are silent or half closed, pieces of one byte, buffers
//! that are full both ways, no descriptors left. No byte may be lost or doubled, nobody may be stuck, and in the end there
//! are as many open descriptors as before. On a current-thread runtime and on two workers, over TCP and Unix streams.
//!
//! What needs a link that is slow and loses packets, or a peer whose machine is gone, is `ci/faults`.
#![cfg(unix)]

mod connections;
mod half_open;
mod out_of_descriptors;
mod pattern;
mod resets;
mod stage;
mod streams;
#[path = "../watchdog/mod.rs"]
mod watchdog;
