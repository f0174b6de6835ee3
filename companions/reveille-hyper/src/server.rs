//! A server: connections are taken from a listener, and each is a task.
//!
//! The road of a connection: `serve` takes it and makes its task; `accepted` is its socket; `service` is what answers, whose
//! requests `activity` counts; `connection` is the task, which the `overseer` tells when to end: by time,
//! or since the server's `phases` say so.

mod accepted;
mod activity;
mod connection;
mod connection_error;
mod listener;
mod overseer;
mod phases;
mod report;
mod serve;
mod service;

pub use accepted::Accepted;
pub use connection_error::ConnectionError;
pub use listener::Listener;
pub use report::Report;
pub use serve::{Serve, Serving, serve, serve_with};
pub use service::{ByHyper, ByTower, IntoHttpService};
