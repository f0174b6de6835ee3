//! The meetings of a multi-thread executor's threads, in every order: its parts here, one file each, and then the whole
//! of it without the monitor, whose looks at the clock have no place in a model.
//!
//! `ci/loom` runs them; each has broken twins in `tests/planted`. A lost wake is a deadlock, which loom reports. What
//! a model observes it notes in std's atomics, which loom does not see, so that observing orders nothing.

mod idle;
mod monitor;
mod next_slot;
mod nowhere;
mod ring;
mod seat;
mod turn;
mod whole;
