//! What each thread did, as spans of time that nest: its polls and its sleeps.

use std::collections::BTreeMap;

use crate::trace::{TaskState, Trace, What};

/// The spans of a trace.
pub(crate) struct Spans {
    /// By when they began; of those that began together, the outer one first.
    pub(crate) all: Vec<Span>,
    /// For each event the innermost span, an index into `all`, in which it happened; what begins or ends a span is in it.
    pub(crate) around: Vec<Option<usize>>,
}

/// A poll or a sleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) thread: u32,
    pub(crate) doing: Doing,
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The event that began it; of one that had begun when the trace did, none.
    pub(crate) start: Option<usize>,
    pub(crate) end: End,
}

/// What a thread does in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It polls that task.
    Poll(u64),
    /// It sleeps.
    Park,
}

/// How a span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With that event.
    Event(usize),
    /// It goes on after the last event.
    Open,
    /// Before `to`, but events are missing there.
    Unknown,
}

impl Spans {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut builder = Builder {
            all: Vec::new(),
            open: BTreeMap::new(),
        };
        builder.begin_with_snapshot(trace);
        let around = (0..trace.events.len())
            .map(|index| builder.add(trace, index))
            .collect();
        let end = last_time(trace);
        for span in builder.open.into_values().flatten() {
            let span = &mut builder.all[span];
            (span.to, span.end) = (end.max(span.from), End::Open);
        }
        Self {
            all: builder.all,
            around,
        }
    }

    /// The poll, an index into `all`, in which an event happened, if its thread did not sleep in there.
    pub(crate) fn poll_around(&self, event: usize) -> Option<usize> {
        self.around[event].filter(|&span| matches!(self.all[span].doing, Doing::Poll(_)))
    }
}

/// The time of the last event.
pub(crate) fn last_time(trace: &Trace) -> u64 {
    let start = trace.snapshot.as_ref().map_or(0, |snapshot| snapshot.t);
    trace.events.iter().map(|event| event.t).fold(start, u64::max)
}

struct Builder {
    all: Vec<Span>,
    /// Of each thread the spans that have not ended, the innermost last.
    open: BTreeMap<u32, Vec<usize>>,
}

impl Builder {
    fn begin_with_snapshot(&mut self, trace: &Trace) {
        let Some(snapshot) = &trace.snapshot else { return };
        for task in snapshot
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Running)
        {
            if let Some(thread) = task.thread {
                self.begin(thread, Doing::Poll(task.task), snapshot.t, None);
            }
        }
        for &thread in &snapshot.parked {
            self.begin(thread, Doing::Park, snapshot.t, None);
        }
    }

    /// Takes account of an event, and says in which span it is.
    fn add(&mut self, trace: &Trace, index: usize) -> Option<usize> {
        let event = &trace.events[index];
        let (thread, t) = (event.thread, event.t);
        match event.what {
            What::PollStart { task, .. } => {
                // Who polls does not sleep.
                self.end(thread, Doing::Park, t, End::Unknown);
                Some(self.begin(thread, Doing::Poll(task), t, Some(index)))
            }
            What::PollEnd { task, .. } => self.end(thread, Doing::Poll(task), t, End::Event(index)),
            What::Park { .. } => {
                self.end(thread, Doing::Park, t, End::Unknown);
                Some(self.begin(thread, Doing::Park, t, Some(index)))
            }
            What::Unpark { .. } => self.end(thread, Doing::Park, t, End::Event(index)),
            What::Lost { .. } => {
                self.cut(thread, 0, t);
                None
            }
            _ => self.open.get(&thread).and_then(|open| open.last().copied()),
        }
    }

    fn begin(&mut self, thread: u32, doing: Doing, from: u64, start: Option<usize>) -> usize {
        let span = self.all.len();
        self.all.push(Span {
            thread,
            doing,
            from,
            to: from,
            start,
            end: End::Open,
        });
        self.open.entry(thread).or_default().push(span);
        span
    }

    /// Ends the innermost span in which a thread does that, if there is one, and what is in it. A sleep that is not
    /// innermost is not ended: it is the sleep of another loop, whose poll goes on.
    fn end(&mut self, thread: u32, doing: Doing, to: u64, end: End) -> Option<usize> {
        let open = self.open.get(&thread)?;
        let depth = match doing {
            Doing::Park => open
                .len()
                .checked_sub(1)
                .filter(|&depth| self.all[open[depth]].doing == doing)?,
            Doing::Poll(_) => open.iter().rposition(|&span| self.all[span].doing == doing)?,
        };
        let span = open[depth];
        self.cut(thread, depth, to);
        self.all[span].end = end;
        Some(span)
    }

    /// Ends all spans of a thread from that depth on.
    fn cut(&mut self, thread: u32, depth: usize, to: u64) {
        let Some(open) = self.open.get_mut(&thread) else {
            return;
        };
        for span in open.drain(depth.min(open.len())..) {
            let span = &mut self.all[span];
            (span.to, span.end) = (to.max(span.from), End::Unknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Event, PollResult, Unpark};

    fn trace(events: &[(u64, What)]) -> Trace {
        let events = events
            .iter()
            .map(|(t, what)| Event {
                t: *t,
                thread: 0,
                what: what.clone(),
            })
            .collect();
        Trace {
            events,
            ..Trace::default()
        }
    }

    fn start(task: u64) -> What {
        What::PollStart {
            task,
            n: 1,
            queue: None,
        }
    }

    fn end(task: u64) -> What {
        What::PollEnd {
            task,
            result: PollResult::Pending,
            wakers: 1,
        }
    }

    fn told(spans: &Spans) -> Vec<(Doing, u64, u64, End)> {
        spans
            .all
            .iter()
            .map(|span| (span.doing, span.from, span.to, span.end))
            .collect()
    }

    #[test]
    fn a_loop_within_a_poll_has_its_sleep_and_its_polls_there() {
        let sleep = What::Park { timeout: None };
        let wake_up = What::Unpark {
            why: Unpark::Notify,
            n: Some(1),
        };
        let spans = Spans::of(&trace(&[
            (1, start(1)),
            (2, start(2)),
            (3, end(2)),
            (4, sleep),
            (5, wake_up),
            (6, end(1)),
        ]));
        let expected = [
            (Doing::Poll(1), 1, 6, End::Event(5)),
            (Doing::Poll(2), 2, 3, End::Event(2)),
            (Doing::Park, 4, 5, End::Event(4)),
        ];
        assert_eq!(told(&spans), expected);
        assert_eq!(spans.around, [0, 1, 1, 2, 2, 0].map(Some));
    }

    #[test]
    fn what_was_open_when_events_went_missing_has_no_known_end() {
        let spans = Spans::of(&trace(&[
            (1, start(1)),
            (5, What::Lost { n: 3 }),
            (6, end(1)),
            (7, start(2)),
            (9, end(3)),
        ]));
        let expected = [
            (Doing::Poll(1), 1, 5, End::Unknown),
            (Doing::Poll(2), 7, 9, End::Open),
        ];
        assert_eq!(told(&spans), expected);
    }

    #[test]
    fn a_poll_whose_end_is_missing_ends_with_the_one_around_it() {
        let spans = Spans::of(&trace(&[(1, start(1)), (2, start(2)), (6, end(1))]));
        let expected = [
            (Doing::Poll(1), 1, 6, End::Event(2)),
            (Doing::Poll(2), 2, 6, End::Unknown),
        ];
        assert_eq!(told(&spans), expected);
    }
}
