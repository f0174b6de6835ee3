//! Tasks, their queues and their handles: the executor of the [reveille](https://docs.rs/reveille) runtime, usable
//! alone over a [`Park`] of your own.
//!
//! # How it works
//!
//! A future is stored in one allocation with a word of state; a waker is a counted pointer to it. To wake a task is
//! one read-modify-write on that word, and whoever makes it SCHEDULED pushes it to its home: the queue of the thread
//! that runs it, or its mailbox if another thread does the waking. The executor's loop pops, polls, and sleeps on its
//! `Park` when nothing is left. With several threads each has its queue and its park, and takes from the others' when its
//! own is empty.
//!
//! In reading order:
//!
//! * `task`: the cell, the life cycle of a task, its waker, its [`JoinHandle`]; all unsafe code is there;
//! * `owned`: the table that keeps tasks alive, and what shutdown does with it;
//! * `home`: where a runtime's woken tasks go; `entry`: the same for those of one `block_on` that may not leave it;
//!   `entries`: who runs tasks;
//! * `pace`: how often the loop looks at sockets and timers; `quiescence`: noticing that nothing runs any more;
//! * `local`: what a thread knows of the runtime it is in;
//! * `root`: the future of a `block_on`;
//! * `current_thread`: who drives, and the loop; **start here**; inside it a runtime that a foreign loop drives;
//! * `multi_thread`: workers that steal, who sleeps and who searches, the monitor, the end of a runtime;
//! * `follow`: a `block_on` that drives nothing; `block_in_place`: a worker that leaves its shard;
//! * `park`: what it sleeps on;
//! * `blocking` and `spawn_blocking`: threads for code that waits in the operating system;
//! * `config`, `metrics` (with `counters` and `schedule_latency`), `slow_poll`, `shutdown_report`: what a runtime is told, and
//!   what it tells;
//! * `spawn`, `spawn_traits`, `big_future` (which is boxed before it is moved about), `task_builder`, `handle`, `yield_now`, `consume_budget`, `unconstrained`, `nested`: the surface;
//! * `tasks`: what can be seen of tasks from outside, for dumps;
//! * `join_set`, `scope`, `abort_on_drop`, `local_key`: what is built on tasks, without any unsafe code;
//! * `primitive`: std's primitives, or a model checker's; `locked_queue`, `modelled_queue`, `modelled_thread`: what stands in for
//!   queues and threads there.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
//!
//! # Examples
//!
//! ```
//! use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
//!
//! let total = CurrentThread::new(ThreadPark::new()).block_on(async {
//!     let tasks: Vec<_> = (0..10).map(|n| spawn(async move { yield_now().await; n })).collect();
//!     let mut total = 0;
//!     for task in tasks {
//!         total += task.await.unwrap();
//!     }
//!     total
//! });
//! assert_eq!(total, 45);
//! ```
#![deny(unsafe_code)]

mod abort_on_drop;
mod big_future;
mod block_in_place;
mod blocking;
mod config;
mod consume_budget;
mod counters;
mod current_thread;
mod entries;
mod entry;
mod follow;
mod handle;
mod home;
mod join_set;
mod local;
mod local_key;
#[cfg(shuttle)]
mod locked_queue;
#[cfg(all(test, loom))]
mod loom_models;
mod metrics;
#[cfg(loom)]
mod modelled_queue;
#[cfg(loom)]
mod modelled_thread;
mod multi_thread;
mod nested;
mod owned;
mod pace;
mod park;
mod primitive;
mod quiescence;
mod root;
mod schedule_latency;
mod scope;
mod shutdown_report;
mod slow_poll;
mod spawn;
mod spawn_blocking;
mod spawn_traits;
mod task;
mod task_builder;
mod tasks;
mod unconstrained;
mod yield_now;

pub use abort_on_drop::AbortOnDropHandle;
pub use block_in_place::block_in_place;
pub use blocking::JobInfo;
pub use config::{Around, Config, Hook};
pub use consume_budget::{ConsumeBudget, consume_budget};
pub use current_thread::{CurrentThread, EmbedError, Embedded};
pub use handle::Handle;
pub use join_set::JoinSet;
pub use local::EnterGuard;
pub use local_key::{AccessError, LocalKey, TaskLocalFuture};
pub use metrics::{BlockingMetrics, LatencyHistogram, Metrics, WorkerMetrics};
pub use multi_thread::MultiThread;
pub use nested::NestedBlockOn;
pub use park::{Announce, Park, ThreadPark, Token};
pub use quiescence::OnQuiescent;
pub use reveille_context::task::TaskId;
pub use scope::{Scope, scope, try_scope};
pub use shutdown_report::ShutdownReport;
pub use slow_poll::{OnSlowPoll, SlowPoll, Suspect};
pub use spawn::{TrySpawnError, spawn, spawn_local, try_spawn};
pub use spawn_blocking::spawn_blocking;
pub use task::{AbortHandle, JoinError, JoinHandle, PanicPolicy, TaskInfo, TaskStage};
pub use task_builder::Builder as TaskBuilder;
pub use tasks::{Join, RootInfo, Tasks};
pub use unconstrained::{Unconstrained, unconstrained};
pub use yield_now::{YieldNow, yield_now};
