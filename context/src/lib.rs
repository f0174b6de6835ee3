//! The ground floor of the [reveille](https://docs.rs/reveille) runtime: what executor, reactor and timer must
//! agree on without knowing each other. No dependencies, no unsafe code.
//!
//! In reading order:
//!
//! * [`task`]: the id of the task that is being polled on this thread; **start here**;
//! * [`coop`]: the budget of operations that a task may complete in one poll before it must let others run;
//! * [`waiter`]: a waker together with who waits, and from which line of code;
//! * [`wake`]: calling many wakers so that one that panics harms nobody else;
//! * [`cause`]: why the wakes that this thread makes just now happen;
//! * [`event`]: the hook into which a recorder plugs;
//! * `primitive`: std's thread-locals, or a model checker's.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
//!
//! This crate promises only what the facade re-exports; its own API may change in any release.
#![forbid(unsafe_code)]

pub mod cause;
pub mod coop;
pub mod event;
pub mod task;
pub mod waiter;
pub mod wake;

mod primitive;
