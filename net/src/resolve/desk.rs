//! Which names are asked for, by whom, and how many threads there should be. No thread and no lock of its own.
//!
//! Equal look-ups share one *call* of the system's resolver, also those that come while it runs. A call whose
//! askers have all gone cannot be stopped: it is *abandoned*, and its thread no longer counts as one that serves, so
//! that look-ups nobody waits for any more delay nobody.
//!
//! ```text
//!              ask                take                      answer
//!   (unknown) ─────► queued ────────────► running ──────────────────────► (unknown)
//!                      │                   │   ▲                              ▲
//!                      │ last asker leaves │   │ ask                          │ answer
//!                      ▼                   ▼   │                              │
//!                  (unknown)              abandoned ──────────────────────────┘
//! ```

use std::collections::{HashMap, VecDeque};

use crate::primitive::Arc;
use crate::resolve::exchange::Exchange;

/// How many threads serve look-ups that somebody waits for.
pub(super) const SERVING: usize = 8;

/// How many threads there are at most, with those whose look-up was given up.
pub(super) const THREADS: usize = 32;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Names that no thread has taken up yet.
    queue: VecDeque<String>,
    calls: HashMap<String, Call>,
    threads: usize,
    /// Threads that wait for work. Each looks at the queue before it ends, so as many names are as good as served.
    pub(super) idle: usize,
    abandoned: usize,
}

#[derive(Debug, Default)]
struct Call {
    running: bool,
    askers: Vec<Arc<Exchange>>,
}

/// What the caller has to do, after unlocking.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub(super) enum Staff {
    Suffices,
    /// Start a thread; it is counted already.
    Start,
}

impl Desk {
    pub(super) fn ask(&mut self, host: &str, exchange: Arc<Exchange>) -> Staff {
        match self.calls.get_mut(host) {
            Some(call) => {
                if call.running && call.askers.is_empty() {
                    self.abandoned -= 1;
                }
                call.askers.push(exchange);
                Staff::Suffices
            }
            None => {
                let call = Call {
                    running: false,
                    askers: vec![exchange],
                };
                self.calls.insert(host.to_owned(), call);
                self.queue.push_back(host.to_owned());
                self.staff()
            }
        }
    }

    /// Takes back what `exchange` asked for, unless it was answered.
    pub(super) fn leave(&mut self, host: &str, exchange: &Arc<Exchange>) -> Staff {
        let Some(call) = self.calls.get_mut(host) else {
            return Staff::Suffices;
        };
        let Some(place) = call.askers.iter().position(|asker| Arc::ptr_eq(asker, exchange)) else {
            return Staff::Suffices;
        };
        call.askers.swap_remove(place);
        if !call.askers.is_empty() {
            return Staff::Suffices;
        }
        if call.running {
            self.abandoned += 1;
            return self.staff();
        }
        self.calls.remove(host);
        self.queue.retain(|queued| queued != host);
        Staff::Suffices
    }

    /// The next name to look up.
    pub(super) fn take(&mut self) -> Option<String> {
        let host = self.queue.pop_front()?;
        if let Some(call) = self.calls.get_mut(&host) {
            call.running = true;
        }
        Some(host)
    }

    /// Ends the call for `host`, and returns who asked.
    pub(super) fn answer(&mut self, host: &str) -> Vec<Arc<Exchange>> {
        let call = self.calls.remove(host).unwrap_or_default();
        if call.running && call.askers.is_empty() {
            self.abandoned -= 1;
        }
        call.askers
    }

    /// Whether a thread is one too many: one whose look-up was given up has come back.
    pub(super) fn is_overstaffed(&self) -> bool {
        self.threads - self.abandoned > SERVING
    }

    pub(super) fn thread_ended(&mut self) {
        self.threads -= 1;
    }

    /// A thread could not be started. Returns the names that nobody will look up, with who asked.
    pub(super) fn thread_failed(&mut self) -> Vec<(String, Vec<Arc<Exchange>>)> {
        self.threads -= 1;
        if self.threads > 0 {
            return Vec::new();
        }
        let stranded: Vec<String> = self.queue.drain(..).collect();
        let answered = stranded.into_iter().map(|host| {
            let askers = self.answer(&host);
            (host, askers)
        });
        answered.collect()
    }

    fn staff(&mut self) -> Staff {
        let serving = self.threads - self.abandoned;
        if self.queue.len() > self.idle && serving < SERVING && self.threads < THREADS {
            self.threads += 1;
            return Staff::Start;
        }
        Staff::Suffices
    }

    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty() && self.calls.is_empty() && self.abandoned == 0
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn ask(desk: &mut Desk, host: &str) -> (Arc<Exchange>, Staff) {
        let exchange = Arc::new(Exchange::default());
        let staff = desk.ask(host, exchange.clone());
        (exchange, staff)
    }

    #[test]
    fn equal_lookups_are_one_call() {
        let mut desk = Desk::default();
        assert_eq!(ask(&mut desk, "one").1, Staff::Start);
        assert_eq!(ask(&mut desk, "one").1, Staff::Suffices);
        assert_eq!(desk.take().unwrap(), "one");
        assert_eq!(ask(&mut desk, "one").1, Staff::Suffices);
        assert_eq!(desk.take(), None);
        assert_eq!(desk.answer("one").len(), 3);
        assert!(desk.is_at_rest());
    }

    #[test]
    fn a_name_that_nobody_waits_for_any_more_is_not_looked_up() {
        let mut desk = Desk::default();
        let (first, _) = ask(&mut desk, "one");
        let (second, _) = ask(&mut desk, "one");
        let _ = desk.leave("one", &first);
        assert!(!desk.is_at_rest());
        let _ = desk.leave("one", &second);
        assert!(desk.is_at_rest());
        assert_eq!(desk.take(), None);
    }

    #[test]
    fn calls_that_were_given_up_keep_no_place() {
        let mut desk = Desk::default();
        let mut running = Vec::new();
        for number in 0..SERVING {
            let host = number.to_string();
            let (exchange, staff) = ask(&mut desk, &host);
            assert_eq!(staff, Staff::Start);
            assert_eq!(desk.take().unwrap(), host);
            running.push((host, exchange));
        }
        assert_eq!(ask(&mut desk, "waits").1, Staff::Suffices);
        let (host, exchange) = &running[0];
        assert_eq!(desk.leave(host, exchange), Staff::Start);
        // Leaving twice counts once.
        assert_eq!(desk.leave(host, exchange), Staff::Suffices);
        assert!(!desk.is_overstaffed());

        // When it comes back after all, or is asked for again, there is a thread too many.
        let _ = ask(&mut desk, host);
        assert!(desk.is_overstaffed());
        assert_eq!(desk.answer(host).len(), 1);
        desk.thread_ended();
        assert!(!desk.is_overstaffed());
    }

    #[test]
    fn the_threads_are_bounded_also_when_everything_is_given_up() {
        let mut desk = Desk::default();
        for number in 0..2 * THREADS {
            let host = number.to_string();
            let (exchange, staff) = ask(&mut desk, &host);
            assert_eq!(staff == Staff::Start, number < THREADS);
            if staff == Staff::Start {
                assert_eq!(desk.take().unwrap(), host);
                let _ = desk.leave(&host, &exchange);
            }
        }
        assert_eq!(desk.threads, THREADS);
    }

    #[test]
    fn where_no_thread_can_be_started_nobody_is_left_waiting() {
        let mut desk = Desk::default();
        assert_eq!(ask(&mut desk, "one").1, Staff::Start);
        assert_eq!(ask(&mut desk, "two").1, Staff::Start);
        let _ = ask(&mut desk, "two");
        // There may still be another one.
        assert!(desk.thread_failed().is_empty());
        let stranded = desk.thread_failed();
        let counts: Vec<_> = stranded
            .iter()
            .map(|(host, askers)| (host.as_str(), askers.len()))
            .collect();
        assert_eq!(counts, [("one", 1), ("two", 2)]);
        assert!(desk.is_at_rest());
    }
}
