//! The page of the recorder in a real browser: opens it in Chromium, and knows, from the trace alone, what it must show.
//!
//! * [`chromium`] starts the browser and speaks the DevTools protocol with it, [`tab`] opens a page;
//! * [`looks`] finds what a reader could not read: text cut off or too pale, a page wider than its window;
//! * [`oracle`] is what the page must show: the state, the timeline and the histograms, worked out from the trace;
//! * [`recording`] makes traces: real ones by running examples of reveille, and made-up ones;
//! * [`program`] is one that runs while its page is looked at.
//!
//! All of it panics when something fails, since it serves tests alone.

pub mod chromium;
pub mod looks;
pub mod oracle;
pub mod program;
pub mod recording;
pub mod tab;

mod base64;
