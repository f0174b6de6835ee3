//! What is said of the two event loops, held against the numbers.
//!
//! Only what holds on a busy machine too is checked: in which class a server is. By how much the one runtime is ahead of the
//! other in processor time, neighbours decide.

use crate::measurement::{Measured, Run, Used};
use crate::server::Model;
use crate::verdict::Verdict;

pub(crate) fn check(rows: &[Measured]) -> Vec<(Verdict, &'static str)> {
    let rows = Rows(rows);
    let few_switches = |model| Some(rows.switches(model)? <= 0.7);
    let claims = [
        (
            rows.switches(Model::ManyThreads).map(|switches| switches >= 1.5),
            "many threads: two switches for each request, or nearly so (at least 1.5)",
        ),
        (
            few_switches(Model::Toy),
            "the toy: a fraction of that (at most 0.7 for each request)",
        ),
        (
            few_switches(Model::Reveille),
            "reveille: a fraction of that (at most 0.7 for each request)",
        ),
        (
            rows.needs_little_memory(Model::Toy),
            "the toy: less than a quarter of the memory of threads for an open connection",
        ),
        (
            rows.needs_little_memory(Model::Reveille),
            "reveille: less than a quarter of the memory of threads for an open connection",
        ),
    ];
    claims.map(|(holds, claim)| (Verdict::of(holds), claim)).to_vec()
}

/// `None` in what follows: it was not measured.
struct Rows<'a>(&'a [Measured]);

impl Rows<'_> {
    fn switches(&self, model: Model) -> Option<f64> {
        let (row, used) = self.used(model, |run| matches!(run, Run::Wait { .. }))?;
        Some(used.voluntary as f64 / f64::from(row.run.requests()))
    }

    fn needs_little_memory(&self, model: Model) -> Option<bool> {
        let grown = |model| Some(self.used(model, |run| matches!(run, Run::Hold { .. }))?.1.grown);
        Some(4 * grown(model)? < grown(Model::ManyThreads)?)
    }

    fn used(&self, model: Model, is_wanted: impl Fn(Run) -> bool) -> Option<(&Measured, &Used)> {
        let mut rows = self.0.iter();
        let row = rows.find(|row| row.model == model && is_wanted(row.run))?;
        Some((row, row.used.as_ref()?))
    }
}
