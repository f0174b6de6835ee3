//! A [`State`] out of a snapshot, and a snapshot out of it.

use super::{Job, Sleep, Source, Stage, State, Task, Timer, Times, Wait};
use crate::trace::{Snapshot, SnapshotJob, SnapshotSource, SnapshotTask, SnapshotTimer, TaskState, Text};

pub(super) fn restore(snapshot: &Snapshot) -> State {
    let mut state = State {
        t: snapshot.t,
        ..State::default()
    };
    for task in &snapshot.tasks {
        let restored = restore_task(task, snapshot.t);
        if let Some(thread) = restored.thread {
            state.polled.entry(thread).or_default().push(task.task);
        }
        state.tasks.insert(task.task, restored);
    }
    for (queue, tasks) in &snapshot.queues {
        state.queues.insert(*queue, tasks.iter().copied().collect());
        for &task in tasks {
            if let Some(task) = state.known(task) {
                task.queue = Some(*queue);
            }
        }
    }
    for source in &snapshot.io {
        for &(task, _) in &source.waiters {
            if let Some(task) = state.known(task) {
                task.wait_among_others(source.source);
            }
        }
        let restored = Source {
            fd: Some(source.fd),
            what: Some(source.what),
            waiters: source.waiters.clone(),
            ..Source::default()
        };
        state.sources.insert(source.source, restored);
    }
    for &SnapshotTimer {
        timer,
        task,
        deadline,
        level,
        slot,
    } in &snapshot.timers
    {
        state.timers.insert(
            timer,
            Timer {
                task,
                deadline,
                level,
                slot,
            },
        );
    }
    for &SnapshotJob {
        job,
        task,
        is_running,
    } in &snapshot.jobs
    {
        state.jobs.insert(
            job,
            Job {
                task,
                is_running,
                ..Job::default()
            },
        );
    }
    let sleep = Sleep {
        since: snapshot.t,
        timeout: None,
    };
    state
        .parked
        .extend(snapshot.parked.iter().map(|&thread| (thread, sleep)));
    state
}

fn restore_task(task: &SnapshotTask, now: u64) -> Task {
    let mut restored = Task::unknown(now);
    restored.name = Some(task.name);
    restored.location = Some(task.location);
    restored.parent = task.parent;
    restored.stage = match task.state {
        TaskState::New => Stage::New,
        TaskState::Queued => Stage::Queued,
        TaskState::Running => Stage::Running,
        TaskState::Idle => Stage::Idle,
    };
    restored.since = task.since.unwrap_or(now);
    restored.thread = task.thread.filter(|_| task.state == TaskState::Running);
    (restored.polls, restored.wakes, restored.self_wakes) = (task.polls, task.wakes, task.self_wakes);
    restored.times = Times {
        busy: task.busy,
        scheduled: task.scheduled,
        idle: task.idle,
    };
    restored.set_wakers(task.wakers);
    restored.waits = task
        .on
        .map(|(resource, id)| Wait {
            resource,
            id,
            peer: None,
        })
        .into_iter()
        .collect();
    restored
}

pub(super) fn take(state: &State, unknown: Text) -> Snapshot {
    let is_alive = |id: &u64| state.tasks.get(id).is_some_and(|task| task.stage != Stage::Done);
    let alive = state.tasks.iter().filter(|(id, _)| is_alive(id));
    let queues = state
        .queues
        .iter()
        .map(|(&queue, tasks)| (queue, tasks.iter().copied().filter(is_alive).collect()));
    let sources = state.sources.iter().map(|(&source, known)| SnapshotSource {
        source,
        fd: known.fd.unwrap_or(0),
        what: known.what.unwrap_or(unknown),
        waiters: known
            .waiters
            .iter()
            .copied()
            .filter(|(task, _)| is_alive(task))
            .collect(),
    });
    let timers = state.timers.iter().map(
        |(
            &timer,
            &Timer {
                task,
                deadline,
                level,
                slot,
            },
        )| SnapshotTimer {
            timer,
            task,
            deadline,
            level,
            slot,
        },
    );
    let jobs = state.jobs.iter().map(|(&job, known)| SnapshotJob {
        job,
        task: known.task,
        is_running: known.is_running,
    });
    Snapshot {
        t: state.t,
        tasks: alive
            .map(|(&id, task)| take_task(id, task, state.t, unknown))
            .collect(),
        queues: queues
            .filter(|(_, tasks): &(_, Vec<u64>)| !tasks.is_empty())
            .collect(),
        io: sources.collect(),
        timers: timers.collect(),
        jobs: jobs.collect(),
        parked: state.parked.keys().copied().collect(),
    }
}

fn take_task(id: u64, task: &Task, now: u64, unknown: Text) -> SnapshotTask {
    let times = task.times(now);
    SnapshotTask {
        task: id,
        name: task.name.unwrap_or(unknown),
        location: task.location.unwrap_or(unknown),
        parent: task.parent,
        state: match task.stage {
            Stage::New => TaskState::New,
            Stage::Queued => TaskState::Queued,
            Stage::Running => TaskState::Running,
            Stage::Idle | Stage::Done => TaskState::Idle,
        },
        thread: task.thread,
        since: Some(task.since),
        polls: task.polls,
        wakes: task.wakes,
        self_wakes: task.self_wakes,
        busy: times.busy,
        scheduled: times.scheduled,
        idle: times.idle,
        // None would say that nobody can wake it, for which nobody can vouch.
        wakers: if task.are_wakers_known {
            task.wakers
        } else {
            task.wakers.max(1)
        },
        on: task.waits.last().map(|wait| (wait.resource, wait.id)),
    }
}
