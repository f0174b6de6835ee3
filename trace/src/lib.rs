//! The recorder of the [reveille](https://docs.rs/reveille) runtime: what happened, in which order, and who woke whom.
//!
//! **It is empty for now.** The hook into which it will plug is there: `reveille-context` has one place where the
//! layers report what happens, at the cost of one relaxed load while nobody records. This crate will hold
//!
//! * the recorder: a ring of fixed-size slots per thread, switched on and off while the program runs, by a call or by
//!   the variable `REVEILLE_TRACE`;
//! * its exports: a trace as JSON, and the form that Chrome's and Perfetto's viewers read;
//! * its page: one self-contained HTML file in which every poll, wake and readiness event can be stepped through.
//!
//! The form of a trace is fixed already: [`SCHEMA`].
#![forbid(unsafe_code)]

pub mod json;

/// The JSON Schema of a trace, so that a program that reads traces can check them: the text of `schema.json` in this
/// crate's folder.
///
/// # Examples
///
/// ```
/// assert!(reveille_trace::SCHEMA.contains(r#""$id":"reveille-trace/1""#));
/// ```
pub const SCHEMA: &str = include_str!("../schema.json");
