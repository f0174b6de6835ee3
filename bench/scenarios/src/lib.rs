//! What is measured, written once over small traits, so that every runtime runs the same code.
//!
//! A runtime is a binary: it implements [`Runtime`], [`Timers`] and [`Net`] as far as it has them, and calls [`run`]. Then
//! `BINARY SCENARIO` measures one scenario in a fresh process and prints one line `metric value` per figure; `BINARY SCENARIO 2`
//! does so on two workers. In reading order: `runtime` (the traits), `dispatch` (the scenarios' names), `settings` (how much of
//! them), `measure`; tasks: `tasks`, `ping_pong`, `foreign`, `fork`, `blocking`; timers: `time`, `sleeps`, `timeouts`; sockets:
//! `serve` (a server under a load in another process), `echo`, `stuck`, `idle`, `many`, `hello`; `memory`; `gate` is the
//! least channel.

mod blocking;
mod counting;
mod dispatch;
mod echo;
mod foreign;
mod fork;
mod gate;
mod hello;
mod idle;
mod many;
mod measure;
mod memory;
mod one_thread;
mod ping_pong;
mod random;
mod runtime;
mod serve;
mod settings;
mod sleeps;
mod stuck;
mod tasks;
mod time;
mod timeouts;

pub use counting::Counting;
pub use dispatch::{of_sockets, of_tasks, of_timers, run};
pub use hello::serve_hello;
pub use many::serve_many;
pub use measure::{Figures, resident};
pub use one_thread::OnOneThread;
pub use runtime::{Net, Runtime, Timers, unavailable};
pub use serve::{Load, bind_server, measure_under};

use settings::block_on;
