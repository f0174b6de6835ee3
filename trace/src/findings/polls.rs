//! The polls of a trace, each with what led to it and what happened in it.

use std::collections::HashMap;

use crate::spans::{Doing, End, Spans};
use crate::trace::{Effect, PollResult, Trace, What};

/// A poll.
pub(super) struct Poll {
    pub(super) task: u64,
    pub(super) thread: u32,
    /// Its first event.
    pub(super) start: usize,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) end: PollEnd,
    /// The wakes of the task since its poll before.
    pub(super) wakes: Vec<usize>,
    /// Whether a future of ours was polled in it.
    pub(super) has_touch: bool,
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PollEnd {
    /// With that event.
    Known(usize, PollResult),
    /// It goes on after the last event.
    Open,
    /// Events are missing there.
    Unknown,
}

/// The polls that began in a trace, by when they began.
pub(super) fn polls(trace: &Trace) -> Vec<Poll> {
    let spans = Spans::of(trace);
    let mut polls: Vec<Poll> = Vec::new();
    // By their number among the spans.
    let mut of_spans: HashMap<usize, usize> = HashMap::new();
    let mut wakes: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, event) in trace.events.iter().enumerate() {
        match event.what {
            What::Wake {
                effect: Effect::Nothing,
                ..
            } => {}
            What::Wake { task, .. } => wakes.entry(task).or_default().push(index),
            What::PollStart { task, .. } => {
                let Some(span) = spans.around[index] else { continue };
                of_spans.insert(span, polls.len());
                let wakes = wakes.remove(&task).unwrap_or_default();
                let span = &spans.all[span];
                let end = match span.end {
                    End::Event(end) => match trace.events[end].what {
                        What::PollEnd { result, .. } => PollEnd::Known(end, result),
                        _ => PollEnd::Unknown,
                    },
                    End::Open => PollEnd::Open,
                    End::Unknown => PollEnd::Unknown,
                };
                let (thread, from, to) = (span.thread, span.from, span.to);
                polls.push(Poll {
                    task,
                    thread,
                    start: index,
                    from,
                    to,
                    end,
                    wakes,
                    has_touch: false,
                });
            }
            What::Touch { task, .. } => {
                let span = spans
                    .poll_around(index)
                    .filter(|&span| spans.all[span].doing == Doing::Poll(task));
                if let Some(&poll) = span.and_then(|span| of_spans.get(&span)) {
                    polls[poll].has_touch = true;
                }
            }
            _ => {}
        }
    }
    polls
}
