//! What the page must show, worked out from the trace without the page.

pub mod latency;
pub mod queues;
pub mod state;
pub mod timeline;
