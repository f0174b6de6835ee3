//! What is said of the three models, held against the numbers.
//!
//! Only what holds on a busy machine too is checked. That is not the wall time of threads against that of the event loop,
//! nor how often a thread was taken off its processor: neighbours decide those.

use crate::job::WAIT;
use crate::measurement::{Measured, Run, Used};
use crate::server::Model;
use crate::verdict::Verdict;

pub(crate) fn check(rows: &[Measured]) -> Vec<(Verdict, &'static str)> {
    let rows = Rows(rows);
    let claims = [
        (
            rows.one_thread_waits_for_each(),
            "one thread: each request waits for all waits before it",
        ),
        (
            rows.others_wait_at_once(),
            "many threads and the event loop: requests wait at the same time",
        ),
        (
            rows.threads_switch(),
            "many threads: two switches for each request, or nearly so (at least 1.5)",
        ),
        (
            rows.the_loop_switches_less(),
            "event loop: a fraction of that (at most 0.7 for each request)",
        ),
        (
            rows.threads_need_memory(),
            "many threads: more than four times the memory of the event loop for an open connection",
        ),
        (
            rows.the_loop_needs_less_cpu(),
            "event loop: less than 0.8 of the processor time of many threads, where requests wait",
        ),
        (
            rows.computing_costs_the_same(),
            "where requests compute all three need the same processor time (30 % up or down)",
        ),
    ];
    claims.map(|(holds, claim)| (Verdict::of(holds), claim)).to_vec()
}

/// `None` in what follows: it was not measured.
struct Rows<'a>(&'a [Measured]);

impl Rows<'_> {
    fn one_thread_waits_for_each(&self) -> Option<bool> {
        let row = self.waiting(Model::OneThread)?;
        Some(row.wall >= WAIT * row.run.requests() * 9 / 10)
    }

    fn others_wait_at_once(&self) -> Option<bool> {
        let one_thread = self.waiting(Model::OneThread)?.wall;
        let many_threads = self.waiting(Model::ManyThreads)?.wall;
        let event_loop = self.waiting(Model::EventLoop)?.wall;
        Some(many_threads.max(event_loop) < one_thread / 5)
    }

    fn threads_switch(&self) -> Option<bool> {
        Some(self.switches(Model::ManyThreads)? >= 1.5)
    }

    fn the_loop_switches_less(&self) -> Option<bool> {
        Some(self.switches(Model::EventLoop)? <= 0.7)
    }

    fn threads_need_memory(&self) -> Option<bool> {
        let grown = |model| Some(self.used(model, |run| matches!(run, Run::Hold { .. }))?.grown);
        Some(grown(Model::ManyThreads)? > 4 * grown(Model::EventLoop)?)
    }

    /// What a debug build costs is not the model's.
    fn the_loop_needs_less_cpu(&self) -> Option<bool> {
        let cpu = |model| Some(self.used(model, |run| matches!(run, Run::Wait { .. }))?.cpu);
        let (event_loop, many_threads) = (cpu(Model::EventLoop)?, cpu(Model::ManyThreads)?);
        (!cfg!(debug_assertions)).then_some(event_loop < many_threads * 8 / 10)
    }

    fn computing_costs_the_same(&self) -> Option<bool> {
        let cpu = |model| Some(self.used(model, |run| matches!(run, Run::Compute { .. }))?.cpu);
        let one_thread = cpu(Model::OneThread)?;
        let others = [cpu(Model::ManyThreads)?, cpu(Model::EventLoop)?];
        Some(
            others
                .iter()
                .all(|other| (one_thread * 7 / 10..=one_thread * 13 / 10).contains(other)),
        )
    }

    fn switches(&self, model: Model) -> Option<f64> {
        let row = self.waiting(model)?;
        Some(row.used.as_ref()?.voluntary as f64 / f64::from(row.run.requests()))
    }

    fn waiting(&self, model: Model) -> Option<&Measured> {
        let mut rows = self.0.iter();
        rows.find(|row| row.model == model && matches!(row.run, Run::Wait { .. }))
    }

    fn used(&self, model: Model, is_wanted: impl Fn(Run) -> bool) -> Option<&Used> {
        let mut rows = self.0.iter();
        let row = rows.find(|row| row.model == model && is_wanted(row.run))?;
        row.used.as_ref()
    }
}
