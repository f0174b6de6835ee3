//! A snapshot out of its JSON.

use super::ReadError;
use super::members::Members;
use crate::trace::{Snapshot, SnapshotJob, SnapshotSource, SnapshotTask, SnapshotTimer};

/// There are so many `strings`.
pub(super) fn snapshot(snapshot: &Members<'_>, strings: usize) -> Result<Snapshot, ReadError> {
    snapshot.no_others(&["t", "tasks", "queues", "io", "timers", "jobs", "parked"])?;
    let parked = snapshot
        .numbers("parked")?
        .into_iter()
        .map(u32::try_from)
        .collect::<Result<_, _>>();
    Ok(Snapshot {
        t: snapshot.number("t")?,
        tasks: snapshot.each("tasks", "task", |task| task_of(&task, strings))?,
        queues: snapshot.each("queues", "queue", |queue| {
            Ok((queue.queue("q")?, queue.numbers("tasks")?))
        })?,
        io: snapshot.each("io", "source", |source| source_of(&source, strings))?,
        timers: snapshot.each("timers", "timer", |timer| {
            Ok(SnapshotTimer {
                timer: timer.number("timer")?,
                task: timer.number("task")?,
                deadline: timer.number("deadline")?,
                level: timer.optional_number("level")?,
                slot: timer.optional_number("slot")?,
            })
        })?,
        jobs: snapshot.each("jobs", "job", |job| {
            Ok(SnapshotJob {
                job: job.number("job")?,
                task: job.number("task")?,
                is_running: job.one_of("state", &[(false, "submitted"), (true, "running")])?,
            })
        })?,
        parked: parked.map_err(|_| snapshot.wrong("parked", "an array of integers below 2^32"))?,
    })
}

fn task_of(task: &Members<'_>, strings: usize) -> Result<SnapshotTask, ReadError> {
    task.no_others(&[
        "task", "name", "loc", "parent", "state", "th", "since", "polls", "wakes", "self", "busy", "sched",
        "idle", "wakers", "on",
    ])?;
    let on = match task.optional("on") {
        Some(_) => {
            let on = task.object("on")?;
            Some((on.word("res")?, on.number("id")?))
        }
        None => None,
    };
    Ok(SnapshotTask {
        task: task.number("task")?,
        name: task.string("name", strings)?,
        location: task.string("loc", strings)?,
        parent: task.number("parent")?,
        state: task.word("state")?,
        thread: task.optional_small("th")?,
        since: task.optional_number("since")?,
        polls: task.number("polls")?,
        wakes: task.number("wakes")?,
        self_wakes: task.number("self")?,
        busy: task.number("busy")?,
        scheduled: task.number("sched")?,
        idle: task.number("idle")?,
        wakers: task.number("wakers")?,
        on,
    })
}

fn source_of(source: &Members<'_>, strings: usize) -> Result<SnapshotSource, ReadError> {
    let waiters = match source.optional("waiters") {
        Some(_) => source.each("waiters", "waiter", |waiter| {
            Ok((waiter.number("task")?, waiter.word("dir")?))
        })?,
        None => Vec::new(),
    };
    Ok(SnapshotSource {
        source: source.number("src")?,
        fd: source.number("fd")?,
        what: source.string("what", strings)?,
        waiters,
    })
}
