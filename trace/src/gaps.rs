//! Where a trace has gaps: what it does not tell of these times may have happened all the same.

use std::collections::BTreeMap;

use crate::trace::{Trace, What};

/// The gaps of a trace.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// From when to when something of some thread is missing.
    between: Vec<(u64, u64)>,
    /// How many events are missing.
    pub(crate) events: u64,
}

impl Gaps {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut gaps = Self::default();
        // Of each thread the time of its last event, and its gap if that goes on after it.
        let mut threads: BTreeMap<u32, (u64, Option<usize>)> = BTreeMap::new();
        for event in &trace.events {
            let (last, open) = threads.entry(event.thread).or_insert((0, None));
            if let What::Lost { n } = event.what {
                gaps.events = gaps.events.saturating_add(n);
                open.get_or_insert_with(|| {
                    gaps.between.push((*last, u64::MAX));
                    gaps.between.len() - 1
                });
            } else {
                if let Some(gap) = open.take() {
                    gaps.between[gap].1 = event.t;
                }
                *last = event.t;
            }
        }
        gaps
    }

    /// Whether anything may be missing from then to then.
    pub(crate) fn touch(&self, from: u64, to: u64) -> bool {
        self.between
            .iter()
            .any(|&(begin, end)| begin <= to && from <= end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Event;

    #[test]
    fn a_gap_reaches_from_the_event_before_it_to_the_one_after() {
        let mark = What::Mark { task: 0, message: 0 };
        let lost = What::Lost { n: 2 };
        let told = [
            (10, 0, &mark),
            (20, 1, &mark),
            (25, 0, &lost),
            (30, 1, &mark),
            (40, 0, &mark),
            (50, 0, &lost),
        ];
        let events = told.map(|(t, thread, what)| Event {
            t,
            thread,
            what: what.clone(),
        });
        let gaps = Gaps::of(&Trace {
            events: events.to_vec(),
            ..Trace::default()
        });
        assert_eq!(gaps.events, 4);
        assert!(!gaps.touch(0, 9));
        assert!(gaps.touch(0, 10));
        assert!(gaps.touch(35, 36));
        assert!(gaps.touch(40, 45));
        assert!(gaps.touch(1000, 1000));
    }
}
