//! Time for futures: a timer wheel, and [`sleep`], [`timeout`] and [`interval`] over it, under any executor.
//!
//! ```
//! use reveille_timer::{Duration, sleep, timeout};
//!
//! pollster::block_on(async {
//!     let slow = async {
//!         sleep(Duration::from_secs(60)).await;
//!         "done"
//!     };
//!     assert!(timeout(Duration::from_millis(5), slow).await.is_err());
//! });
//! ```
//!
//! # How it works
//!
//! A [`Sleep`] that has to wait puts its waker into a wheel, a structure that finds the next deadline without
//! sorting all of them. Every thread that drives a runtime owns one; threads outside a runtime share that of a
//! thread of the process, so that nothing here panics for want of a runtime. The driver asks its [`Timers`] how
//! long it may [`wait`](Timers::wait), waits in the operating system, and wakes what has come due
//! ([`advance`](Timers::advance)). Whoever sets a deadline earlier than the one for which the driver sleeps ends its
//! wait; nobody else makes a system call.
//!
//! In reading order:
//!
//! * [`wheel`]: the wheel, a pure structure without clock, lock or waker; **start here**; `wheel/level.rs` has the arithmetic,
//!   `wheel/slab.rs` the memory;
//! * `instant.rs` and `clock.rs`: points in time, and the ticks they are rounded to; `step.rs`: a clock that is paused;
//! * `timers.rs`: [`Timers`], a wheel with a lock (`shared.rs`), and the driver's protocol; [`Handle`], everybody else's way in;
//!   `abandoned.rs`: what others give up;
//! * `current.rs` and `fallback.rs`: which timers a thread uses; `registration.rs`: a place in them;
//! * `sleep.rs`, `timeout.rs`, `interval.rs` and [`error`]: the futures;
//! * [`delay_queue`], `throttle.rs` and `debounce.rs`: streams over them;
//! * `told.rs`: what a recorder is told of timers; `primitive.rs`: std's primitives, or a model checker's.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
#![forbid(unsafe_code)]

mod debounce;
pub mod delay_queue;
pub mod error;
pub mod wheel;

mod abandoned;
mod clock;
mod current;
mod fallback;
mod instant;
mod interval;
mod primitive;
mod registration;
mod shared;
mod sleep;
mod step;
mod throttle;
mod timeout;
mod timers;
mod told;

#[doc(no_inline)]
pub use std::time::Duration;

pub use clock::Clock;
pub use current::EnterGuard;
pub use debounce::{Debounce, debounce};
pub use delay_queue::DelayQueue;
pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, Tick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use throttle::{Throttle, throttle};
pub use timeout::{Timeout, timeout, timeout_at};
pub use timers::{Handle, Timers, Waiting};
