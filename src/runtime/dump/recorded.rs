//! What the recorder knows of the tasks of a dump.

use std::time::Duration;

use super::TaskDump;

/// What the recorder knows of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// How long ago it was spawned, or its `block_on` called. `None` if that was not recorded, or is overwritten by now; then the
    /// other two count from where the record begins.
    pub age: Option<Duration>,
    /// How often it was polled; the poll that goes on counts.
    pub polls: u64,
    /// How long these polls took, together.
    pub busy: Duration,
}

#[cfg(feature = "trace")]
pub(super) fn fill(tasks: &mut [TaskDump]) {
    use reveille_trace::recording;

    let Some(state) = recording::state() else { return };
    for task in tasks {
        let seen = state.tasks.get(&task.id.get());
        let age = seen.and_then(|seen| seen.spawned);
        task.recorded = Some(Recorded {
            age: age.map(|spawned| Duration::from_nanos(state.t.saturating_sub(spawned))),
            polls: seen.map_or(0, |seen| seen.polls),
            busy: Duration::from_nanos(seen.map_or(0, |seen| seen.times(state.t).busy)),
        });
    }
}

#[cfg(not(feature = "trace"))]
pub(super) fn fill(_: &mut [TaskDump]) {}
