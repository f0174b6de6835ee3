//! A snapshot as JSON.

use super::{number, numbers, optional};
use crate::json::Object;
use crate::trace::{Ready, Snapshot, SnapshotJob, SnapshotSource, SnapshotTask, SnapshotTimer};
use crate::words::Word;

pub(crate) fn write_snapshot(snapshot: &Snapshot, object: &mut Object<'_>) {
    number(object, "t", snapshot.t);
    object.array("tasks", |array| {
        snapshot
            .tasks
            .iter()
            .for_each(|task| array.object(|object| write_snapshot_task(task, object)));
    });
    object.array("queues", |array| {
        for (queue, tasks) in &snapshot.queues {
            array.object(|object| {
                object.text("q", &queue.to_string());
                numbers(object, "tasks", tasks);
            });
        }
    });
    object.array("io", |array| {
        snapshot
            .io
            .iter()
            .for_each(|source| array.object(|object| write_snapshot_source(source, object)));
    });
    object.array("timers", |array| {
        snapshot
            .timers
            .iter()
            .for_each(|timer| array.object(|object| write_timer(timer, object)));
    });
    object.array("jobs", |array| {
        for &SnapshotJob {
            job,
            task,
            is_running,
        } in &snapshot.jobs
        {
            array.object(|object| {
                number(object, "job", job);
                number(object, "task", task);
                object.text("state", if is_running { "running" } else { "submitted" });
            });
        }
    });
    object.array("parked", |array| {
        snapshot
            .parked
            .iter()
            .for_each(|&thread| array.number(thread.into()))
    });
}

fn write_snapshot_task(task: &SnapshotTask, object: &mut Object<'_>) {
    number(object, "task", task.task);
    object.number("name", task.name.into());
    object.number("loc", task.location.into());
    number(object, "parent", task.parent);
    object.text("state", task.state.word());
    optional(object, "th", task.thread.map(u64::from));
    optional(object, "since", task.since);
    number(object, "polls", task.polls);
    number(object, "wakes", task.wakes);
    number(object, "self", task.self_wakes);
    number(object, "busy", task.busy);
    number(object, "sched", task.scheduled);
    number(object, "idle", task.idle);
    number(object, "wakers", task.wakers);
    if let Some((resource, id)) = task.on {
        object.object("on", |object| {
            object.text("res", resource.word());
            number(object, "id", id);
        });
    }
}

fn write_snapshot_source(source: &SnapshotSource, object: &mut Object<'_>) {
    number(object, "src", source.source);
    number(object, "fd", source.fd);
    object.number("what", source.what.into());
    object.array("waiters", |array| {
        for &(task, direction) in &source.waiters {
            array.object(|object| write_waiter(task, direction, object));
        }
    });
}

fn write_waiter(task: u64, direction: Ready, object: &mut Object<'_>) {
    number(object, "task", task);
    object.text("dir", direction.word());
}

pub(super) fn write_timer(timer: &SnapshotTimer, object: &mut Object<'_>) {
    number(object, "timer", timer.timer);
    number(object, "task", timer.task);
    number(object, "deadline", timer.deadline);
    optional(object, "level", timer.level);
    optional(object, "slot", timer.slot);
}
