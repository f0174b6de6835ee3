//! The recorder.

pub use reveille_trace::*;
