//! The recorder of the [reveille](https://docs.rs/reveille) runtime: what happened, in which order, and who woke whom.
//!
//! A program that has started the recorder tells it of every poll, wake, sleep and readiness event, at the price of a slot of 32 bytes
//! for each; the newest stay. What was recorded can be had at any time as a [`Trace`](trace::Trace), and written as a page
//! in which the event loop can be gone through step by step.
//!
//! In reading order:
//!
//! * the recorder: `slot` (how an event lies in 32 bytes), `ring` (a thread's slots, read while they are written; **start here**),
//!   `recorder` (whose ring is whose), [`recording`] (switching it on and off), [`environment`] (the variable `REVEILLE_TRACE`),
//!   [`listener`] (who is told besides);
//! * from slots to a trace: `decode`, [`trace`] (what a trace is), [`state`] (how things stand at one event), `gaps` (what is
//!   missing), `spans` (what each thread did);
//! * what becomes of it: [`trace_json`] (with `words` and [`json`]), [`chrome`], [`html`], [`output`], [`findings`] (what is wrong in
//!   it), `read`; for people `names` and `nanoseconds`;
//! * while the program runs: [`live`] (the page, live), [`gate`] (poll by poll);
//! * `primitive`: std's primitives, or a model checker's.
//!
//! How one event gets from the kernel to the task that awaits it, through all crates, is drawn in
//! [the road of one event](https://docs.rs/reveille/latest/reveille/#the-road-of-one-event).
//!
//! The form of a trace is fixed: [`SCHEMA`].
#![forbid(unsafe_code)]

pub mod chrome;
pub mod environment;
pub mod findings;
pub mod gate;
pub mod html;
pub mod json;
pub mod listener;
pub mod live;
pub mod output;
#[cfg(feature = "read")]
pub mod read;
pub mod recording;
pub mod state;
pub mod trace;
pub mod trace_json;

mod decode;
mod gaps;
mod names;
mod nanoseconds;
mod primitive;
mod recorder;
mod ring;
mod slot;
mod spans;
mod words;

/// The JSON Schema of a trace, so that a program that reads traces can check them: the text of `schema.json` in this
/// crate's folder.
///
/// # Examples
///
/// ```
/// assert!(reveille_trace::SCHEMA.contains(r#""$id":"reveille-trace/1""#));
/// ```
pub const SCHEMA: &str = include_str!("../schema.json");
