//! An event out of its JSON.

use super::ReadError;
use super::members::Members;
use crate::trace::{By, Event, What};

/// There are so many `strings`.
pub(super) fn event(members: Members<'_>, strings: usize) -> Result<Event, ReadError> {
    let kind = members.text("k")?;
    let members = members.of_kind(&kind);
    Ok(Event {
        t: members.number("t")?,
        thread: members.small("th")?,
        what: what(&kind, &members, strings)?,
    })
}

fn what(kind: &str, event: &Members<'_>, strings: usize) -> Result<What, ReadError> {
    Ok(match kind {
        "rt_start" => What::RuntimeStart {
            workers: event.small("workers")?,
        },
        "rt_stop" => What::RuntimeStop {
            how: event.word("how")?,
        },
        "park" => What::Park {
            timeout: timeout(event)?,
        },
        "unpark" => {
            // 0 says that nobody counted.
            let n = Some(event.number("n")?).filter(|&n| n != 0);
            What::Unpark {
                why: event.word("why")?,
                n,
            }
        }
        "mark" => {
            let task = event.optional_number("task")?.unwrap_or(0);
            What::Mark {
                task,
                message: event.string("msg", strings)?,
            }
        }
        "lost" => What::Lost {
            n: event.number("n")?,
        },
        "io_register" | "io_deregister" | "io_wait" | "io_ready" => of_io(kind, event, strings)?,
        "timer_set" | "timer_fire" | "timer_cancel" | "timer_cascade" => of_timer(kind, event)?,
        "blk_submit" => What::JobSubmit {
            job: event.number("job")?,
            task: event.number("task")?,
            location: event.optional_string("loc", strings)?,
        },
        "blk_start" => What::JobStart {
            job: event.number("job")?,
        },
        "blk_end" => What::JobEnd {
            job: event.number("job")?,
        },
        "steal" => {
            let tasks = event.numbers("tasks")?;
            What::Steal {
                from: event.small("from")?,
                to: event.small("to")?,
                tasks,
            }
        }
        _ => of_task(kind, event, strings)?,
    })
}

fn of_task(kind: &str, event: &Members<'_>, strings: usize) -> Result<What, ReadError> {
    let task = || event.number("task");
    Ok(match kind {
        "spawn" => What::Spawn {
            task: task()?,
            parent: event.number("parent")?,
            name: event.string("name", strings)?,
            location: event.string("loc", strings)?,
            kind: event.optional_word("kind")?.unwrap_or_default(),
            size: event.optional_number("size")?,
        },
        "enqueue" => What::Enqueue {
            task: task()?,
            queue: event.queue("q")?,
            depth: event.number("depth")?,
        },
        "poll_start" => {
            let queue = event.optional("q").map(|_| event.queue("q")).transpose()?;
            What::PollStart {
                task: task()?,
                n: event.number("n")?,
                queue,
            }
        }
        "poll_end" => What::PollEnd {
            task: task()?,
            result: event.word("r")?,
            wakers: event.number("wakers")?,
        },
        "slow_poll" => What::SlowPoll {
            task: task()?,
            ns: event.number("ns")?,
        },
        "wake" => What::Wake {
            task: task()?,
            by: by(&event.object("by")?)?,
            effect: event.word("effect")?,
        },
        "waker_clone" => What::WakerClone {
            task: task()?,
            wakers: event.number("wakers")?,
        },
        "waker_drop" => What::WakerDrop {
            task: task()?,
            wakers: event.number("wakers")?,
        },
        "block_on" => What::BlockOn {
            task: task()?,
            resource: event.word("res")?,
            id: event.number("id")?,
            peer: event.optional_number("peer")?,
        },
        "touch" => What::Touch {
            task: task()?,
            resource: event.word("res")?,
            id: event.number("id")?,
            is_ready: event.one_of("r", &[(false, "pending"), (true, "ready")])?,
        },
        "fut_drop" => What::FutureDrop {
            task: task()?,
            resource: event.word("res")?,
            id: event.number("id")?,
            is_done: event.boolean("done")?,
        },
        "abort" => What::Abort {
            task: task()?,
            by: by(&event.object("by")?)?,
        },
        "task_end" => What::TaskEnd {
            task: task()?,
            how: event.word("how")?,
        },
        _ => return Err(event.wrong("k", "a kind of event that the schema has")),
    })
}

fn of_io(kind: &str, event: &Members<'_>, strings: usize) -> Result<What, ReadError> {
    let source = event.number("src")?;
    Ok(match kind {
        "io_register" => What::IoRegister {
            source,
            fd: event.number("fd")?,
            what: event.string("what", strings)?,
            interest: event.optional_word("interest")?,
            peer: event.optional_string("peer", strings)?,
        },
        "io_deregister" => What::IoDeregister { source },
        "io_wait" => What::IoWait {
            source,
            task: event.number("task")?,
            direction: event.word("dir")?,
        },
        _ => What::IoReady {
            source,
            ready: event.word("ready")?,
            waiters: event.optional_number("waiters")?,
        },
    })
}

fn of_timer(kind: &str, event: &Members<'_>) -> Result<What, ReadError> {
    let timer = || event.number("timer");
    Ok(match kind {
        "timer_set" => What::TimerSet {
            timer: timer()?,
            task: event.number("task")?,
            deadline: event.number("deadline")?,
            level: event.optional_number("level")?,
            slot: event.optional_number("slot")?,
        },
        "timer_fire" => What::TimerFire {
            timer: timer()?,
            late: event.number("late")?,
        },
        "timer_cancel" => What::TimerCancel { timer: timer()? },
        _ => What::TimerCascade {
            level: event.number("level")?,
            slot: event.number("slot")?,
            n: event.number("n")?,
        },
    })
}

fn timeout(event: &Members<'_>) -> Result<Option<u64>, ReadError> {
    match event.optional("timeout") {
        Some(value) if value.is_null() => Ok(None),
        Some(_) => event.number("timeout").map(Some),
        None => Err(event.wrong("timeout", "an integer or null")),
    }
}

fn by(by: &Members<'_>) -> Result<By, ReadError> {
    #[derive(Clone, Copy)]
    enum Kind {
        Task,
        Io,
        Timer,
        Blocking,
        Thread,
        Runtime,
    }
    let kinds = [
        (Kind::Task, "task"),
        (Kind::Io, "io"),
        (Kind::Timer, "timer"),
        (Kind::Blocking, "blocking"),
        (Kind::Thread, "thread"),
        (Kind::Runtime, "runtime"),
    ];
    let (read, known) = match by.one_of("kind", &kinds)? {
        Kind::Task => (By::Task(by.number("task")?), "task"),
        Kind::Io => {
            by.no_others(&["kind", "src", "ready"])?;
            return Ok(By::Io {
                source: by.number("src")?,
                ready: by.word("ready")?,
            });
        }
        Kind::Timer => (By::Timer(by.number("timer")?), "timer"),
        Kind::Blocking => (By::Blocking(by.number("job")?), "job"),
        Kind::Thread => (By::Thread(by.small("th")?), "th"),
        Kind::Runtime => (By::Runtime(by.word("why")?), "why"),
    };
    by.no_others(&["kind", known])?;
    Ok(read)
}
