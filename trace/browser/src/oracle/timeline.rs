//! How many polls and arrows the timeline has.

use std::collections::BTreeMap;

use reveille_trace::trace::{Effect, Trace, What};

/// Of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Polls that began in the trace.
    pub polls: u64,
    /// Wakes that led to one of them.
    pub arrows: u64,
}

/// The lanes of the threads with polls.
pub fn lanes(trace: &Trace) -> BTreeMap<u64, Lane> {
    let mut lanes: BTreeMap<u64, Lane> = BTreeMap::new();
    let mut wakes: BTreeMap<u64, u64> = BTreeMap::new();
    for event in &trace.events {
        match event.what {
            What::Wake {
                task,
                effect: Effect::Scheduled | Effect::Rescheduled,
                ..
            } => *wakes.entry(task).or_default() += 1,
            What::PollStart { task, .. } => {
                let lane = lanes.entry(event.thread.into()).or_default();
                lane.polls += 1;
                lane.arrows += wakes.remove(&task).unwrap_or(0);
            }
            _ => {}
        }
    }
    lanes
}
