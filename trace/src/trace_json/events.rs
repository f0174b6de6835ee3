//! An event as JSON.

use super::snapshot::write_timer;
use super::{number, numbers, optional, optional_word};
use crate::json::Object;
use crate::trace::{By, Event, Resource, SnapshotTimer, What};
use crate::words::Word;

pub(crate) fn write_event(event: &Event, object: &mut Object<'_>) {
    number(object, "t", event.t);
    object.number("th", event.thread.into());
    object.text("k", kind(&event.what));
    match event.what {
        What::RuntimeStart { workers } => object.number("workers", workers.into()),
        What::RuntimeStop { how } => object.text("how", how.word()),
        What::Park {
            timeout: Some(timeout),
        } => number(object, "timeout", timeout),
        What::Park { timeout: None } => object.null("timeout"),
        What::Unpark { why, n } => {
            object.text("why", why.word());
            // Nobody counts no reasons: 0 says that they were not counted.
            number(object, "n", n.unwrap_or(0));
        }
        What::Lost { n } => number(object, "n", n),
        What::Mark { task, message } => {
            optional(object, "task", (task != 0).then_some(task));
            object.number("msg", message.into());
        }
        What::IoRegister { .. }
        | What::IoDeregister { .. }
        | What::IoWait { .. }
        | What::IoReady { .. }
        | What::TimerSet { .. }
        | What::TimerFire { .. }
        | What::TimerCancel { .. }
        | What::TimerCascade { .. }
        | What::JobSubmit { .. }
        | What::JobStart { .. }
        | What::JobEnd { .. } => write_driver_event(&event.what, object),
        _ => write_task_event(&event.what, object),
    }
}

fn write_task_event(what: &What, object: &mut Object<'_>) {
    match *what {
        What::Spawn {
            task,
            parent,
            name,
            location,
            kind,
            size,
        } => {
            number(object, "task", task);
            number(object, "parent", parent);
            object.number("name", name.into());
            object.number("loc", location.into());
            object.text("kind", kind.word());
            optional(object, "size", size);
        }
        What::Enqueue { task, queue, depth } => {
            number(object, "task", task);
            object.text("q", &queue.to_string());
            number(object, "depth", depth);
        }
        What::Steal { from, to, ref tasks } => {
            object.number("from", from.into());
            object.number("to", to.into());
            numbers(object, "tasks", tasks);
        }
        What::PollStart { task, n, queue } => {
            number(object, "task", task);
            number(object, "n", n);
            if let Some(queue) = queue {
                object.text("q", &queue.to_string());
            }
        }
        What::PollEnd { task, result, wakers } => {
            number(object, "task", task);
            object.text("r", result.word());
            number(object, "wakers", wakers);
        }
        What::SlowPoll { task, ns } => {
            number(object, "task", task);
            number(object, "ns", ns);
        }
        What::Wake { task, by, effect } => {
            number(object, "task", task);
            object.object("by", |object| write_by(by, object));
            object.text("effect", effect.word());
        }
        What::WakerClone { task, wakers } | What::WakerDrop { task, wakers } => {
            number(object, "task", task);
            number(object, "wakers", wakers);
        }
        What::BlockOn {
            task,
            resource,
            id,
            peer,
        } => {
            write_future(object, task, resource, id);
            optional(object, "peer", peer);
        }
        What::Touch {
            task,
            resource,
            id,
            is_ready,
        } => {
            write_future(object, task, resource, id);
            object.text("r", if is_ready { "ready" } else { "pending" });
        }
        What::FutureDrop {
            task,
            resource,
            id,
            is_done,
        } => {
            write_future(object, task, resource, id);
            object.value("done", is_done);
        }
        What::Abort { task, by } => {
            number(object, "task", task);
            object.object("by", |object| write_by(by, object));
        }
        What::TaskEnd { task, how } => {
            number(object, "task", task);
            object.text("how", how.word());
        }
        _ => {}
    }
}

fn write_driver_event(what: &What, object: &mut Object<'_>) {
    match *what {
        What::IoRegister {
            source,
            fd,
            what,
            interest,
            peer,
        } => {
            number(object, "src", source);
            number(object, "fd", fd);
            object.number("what", what.into());
            optional_word(object, "interest", interest);
            optional(object, "peer", peer.map(u64::from));
        }
        What::IoDeregister { source } => number(object, "src", source),
        What::IoWait {
            source,
            task,
            direction,
        } => {
            number(object, "src", source);
            number(object, "task", task);
            object.text("dir", direction.word());
        }
        What::IoReady {
            source,
            ready,
            waiters,
        } => {
            number(object, "src", source);
            object.text("ready", ready.word());
            optional(object, "waiters", waiters);
        }
        What::TimerSet {
            timer,
            task,
            deadline,
            level,
            slot,
        } => {
            write_timer(
                &SnapshotTimer {
                    timer,
                    task,
                    deadline,
                    level,
                    slot,
                },
                object,
            );
        }
        What::TimerFire { timer, late } => {
            number(object, "timer", timer);
            number(object, "late", late);
        }
        What::TimerCancel { timer } => number(object, "timer", timer),
        What::TimerCascade { level, slot, n } => {
            number(object, "level", level);
            number(object, "slot", slot);
            number(object, "n", n);
        }
        What::JobSubmit { job, task, location } => {
            number(object, "job", job);
            number(object, "task", task);
            optional(object, "loc", location.map(u64::from));
        }
        What::JobStart { job } | What::JobEnd { job } => number(object, "job", job),
        _ => {}
    }
}

fn write_future(object: &mut Object<'_>, task: u64, resource: Resource, id: u64) {
    number(object, "task", task);
    object.text("res", resource.word());
    number(object, "id", id);
}

fn write_by(by: By, object: &mut Object<'_>) {
    let (kind, key, id) = match by {
        By::Task(task) => ("task", "task", task),
        By::Io { source, .. } => ("io", "src", source),
        By::Timer(timer) => ("timer", "timer", timer),
        By::Blocking(job) => ("blocking", "job", job),
        By::Thread(thread) => ("thread", "th", thread.into()),
        By::Runtime(why) => {
            object.text("kind", "runtime");
            return object.text("why", why.word());
        }
    };
    object.text("kind", kind);
    number(object, key, id);
    if let By::Io { ready, .. } = by {
        object.text("ready", ready.word());
    }
}

fn kind(what: &What) -> &'static str {
    match what {
        What::RuntimeStart { .. } => "rt_start",
        What::RuntimeStop { .. } => "rt_stop",
        What::Spawn { .. } => "spawn",
        What::Enqueue { .. } => "enqueue",
        What::Steal { .. } => "steal",
        What::PollStart { .. } => "poll_start",
        What::PollEnd { .. } => "poll_end",
        What::SlowPoll { .. } => "slow_poll",
        What::Wake { .. } => "wake",
        What::WakerClone { .. } => "waker_clone",
        What::WakerDrop { .. } => "waker_drop",
        What::Park { .. } => "park",
        What::Unpark { .. } => "unpark",
        What::IoRegister { .. } => "io_register",
        What::IoDeregister { .. } => "io_deregister",
        What::IoWait { .. } => "io_wait",
        What::IoReady { .. } => "io_ready",
        What::TimerSet { .. } => "timer_set",
        What::TimerFire { .. } => "timer_fire",
        What::TimerCancel { .. } => "timer_cancel",
        What::TimerCascade { .. } => "timer_cascade",
        What::JobSubmit { .. } => "blk_submit",
        What::JobStart { .. } => "blk_start",
        What::JobEnd { .. } => "blk_end",
        What::BlockOn { .. } => "block_on",
        What::Touch { .. } => "touch",
        What::FutureDrop { .. } => "fut_drop",
        What::Abort { .. } => "abort",
        What::TaskEnd { .. } => "task_end",
        What::Mark { .. } => "mark",
        What::Lost { .. } => "lost",
    }
}
