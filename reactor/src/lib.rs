//! The reactor of the [reveille](https://docs.rs/reveille) runtime: it tells tasks when their sockets are ready. It
//! needs no particular executor.
//!
//! In reading order, along the road of one event and back:
//!
//! * [`interest`](Direction): the vocabulary, [`Direction`], [`Interest`] and [`Ready`];
//! * `reactor`: [`Reactor`], one mio poll and its [`turn`](Reactor::turn); **start here**;
//! * `table` and `token`: which socket an event is for, and why a late event is for nobody;
//! * `slot`, `readiness` and `waiters`: what is known of a socket and who waits for it; why no wake-up is lost;
//! * `membership` and `station`: when a socket is registered, with which reactor ([`Handle`] in `handle`, `current`, `fallback`), and when
//!   it moves to another one;
//! * `retry`: the one loop of trying, clearing and waiting;
//! * `registration`, `wait` and `wait_owned`: [`Registration`] and [`Wait`], on which sockets are built;
//! * `source`: what can be registered ([`Source`]), and how platforms differ;
//! * `precise_wait`: a wait that is not rounded to milliseconds; `look`: when a wait begins with looking;
//! * `descriptor`: what a foreign loop watches;
//! * `fork`: why a forked child's wait is an error, and what it costs to know;
//! * `shutdown`: the error of a runtime that is going away;
//! * `told`: what a recorder is told of sources; `primitive`: std's primitives, or a model checker's.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
//!
//! # What it promises
//!
//! * A socket's whole life on one reactor, or on several of one runtime, makes one registration and at most one deregistration;
//!   none at all if no operation ever had to wait (on Unix). Each move makes one more of both.
//! * An event is never lost and never makes a task spin: see `readiness` and `slot` in the source, and the models.
//! * No lock is held while a waker is cloned, woken or dropped, or an operation runs.
#![deny(unsafe_code)]

mod current;
mod descriptor;
mod fallback;
mod fork;
mod handle;
mod interest;
mod look;
#[cfg(all(test, loom))]
mod loom_models;
mod membership;
mod precise_wait;
mod primitive;
mod reactor;
mod readiness;
mod registration;
mod retry;
mod shutdown;
mod slot;
mod source;
mod station;
mod table;
mod token;
mod told;
mod wait;
mod wait_owned;
mod waiters;

pub use current::EnterGuard;
pub use handle::{Handle, Notifier, WaitInfo};
pub use interest::{Direction, Interest, Ready};
pub use reactor::Reactor;
pub use registration::Registration;
pub use shutdown::{is_shutdown, shutdown_error};
pub use source::Source;
pub use wait::Wait;
pub use wait_owned::WaitOwned;
