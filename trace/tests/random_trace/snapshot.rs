//! Random snapshots.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use reveille_trace::trace::{Snapshot, SnapshotJob, SnapshotSource, SnapshotTask, SnapshotTimer, TaskState};

use super::{numbers, queues, ready, resources, small, texts};

pub(crate) fn snapshots() -> impl Strategy<Value = Snapshot> {
    let source = (numbers(), numbers(), texts(), vec((numbers(), ready()), 0..3)).prop_map(
        |(source, fd, what, waiters)| SnapshotSource {
            source,
            fd,
            what,
            waiters,
        },
    );
    let timer = (
        numbers(),
        numbers(),
        numbers(),
        option::of(numbers()),
        option::of(numbers()),
    )
        .prop_map(|(timer, task, deadline, level, slot)| SnapshotTimer {
            timer,
            task,
            deadline,
            level,
            slot,
        });
    let job = (numbers(), numbers(), any::<bool>()).prop_map(|(job, task, is_running)| SnapshotJob {
        job,
        task,
        is_running,
    });
    let queues = vec((queues(), vec(numbers(), 0..4)), 0..3);
    let parts = (
        vec(snapshot_tasks(), 0..4),
        queues,
        vec(source, 0..3),
        vec(timer, 0..3),
        vec(job, 0..3),
    );
    (numbers(), parts, vec(small(), 0..3)).prop_map(|(t, (tasks, queues, io, timers, jobs), parked)| {
        Snapshot {
            t,
            tasks,
            queues,
            io,
            timers,
            jobs,
            parked,
        }
    })
}

fn snapshot_tasks() -> impl Strategy<Value = SnapshotTask> {
    let state = prop_oneof![
        Just(TaskState::New),
        Just(TaskState::Queued),
        Just(TaskState::Running),
        Just(TaskState::Idle)
    ];
    let who = (numbers(), texts(), texts(), numbers());
    let stand = (
        state,
        option::of(small()),
        option::of(numbers()),
        option::of((resources(), numbers())),
    );
    let counts = (numbers(), numbers(), numbers(), numbers());
    (who, stand, counts, (numbers(), numbers(), numbers())).prop_map(
        |((task, name, location, parent), (state, thread, since, on), counts, (busy, scheduled, idle))| {
            SnapshotTask {
                task,
                name,
                location,
                parent,
                state,
                thread,
                since,
                polls: counts.0,
                wakes: counts.1,
                self_wakes: counts.2,
                busy,
                scheduled,
                idle,
                wakers: counts.3,
                on,
            }
        },
    )
}
