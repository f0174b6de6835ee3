//! A dump as JSON.

use std::time::Duration;

use reveille_executor::{JobInfo, TaskStage};
use reveille_reactor::Direction;
use reveille_timer::Instant;
use reveille_trace::json::{self, Object};

use super::{Dump, Recorded, TaskDump, TaskKind, Wait};

impl Dump {
    /// The same as JSON, for programs: an object with `tasks`, `blocking_jobs` and `cycles`. Times are in nanoseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Handle;
    ///
    /// reveille::block_on(async {
    ///     let json = Handle::current().dump().to_json();
    ///     assert!(json.starts_with(r#"{"tasks":[{"id":"#), "{json}");
    /// });
    /// ```
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        json::object(&mut text, |dump| {
            dump.array("tasks", |tasks| {
                for task in &self.tasks {
                    tasks.object(|object| write_task(task, self.taken_at, object));
                }
            });
            dump.array("blocking_jobs", |jobs| {
                for job in &self.blocking_jobs {
                    jobs.object(|object| write_job(job, object));
                }
            });
            dump.array("cycles", |cycles| {
                for cycle in &self.cycles {
                    cycles.array(|ids| cycle.iter().for_each(|id| ids.number(id.get())));
                }
            });
        });
        text
    }
}

fn write_task(task: &TaskDump, now: Instant, object: &mut Object<'_>) {
    object.number("id", task.id.get());
    object.text_or_null("name", task.name.as_deref());
    object.text(
        "kind",
        match task.kind {
            TaskKind::Task => "task",
            TaskKind::BlockOn => "block_on",
        },
    );
    object.text("location", &task.location.to_string());
    object.text(
        "stage",
        match task.stage {
            TaskStage::Idle => "idle",
            TaskStage::Queued => "queued",
            TaskStage::Running => "running",
            _ => "complete",
        },
    );
    match task.recorded {
        Some(recorded) => object.object("recorded", |object| write_recorded(recorded, object)),
        None => object.null("recorded"),
    }
    object.array("waits", |waits| {
        for wait in &task.waits {
            waits.object(|object| write_wait(wait, now, object));
        }
    });
}

fn write_recorded(Recorded { age, polls, busy }: Recorded, object: &mut Object<'_>) {
    match age {
        Some(age) => object.number("age", nanoseconds(age)),
        None => object.null("age"),
    }
    object.number("polls", polls);
    object.number("busy", nanoseconds(busy));
}

fn write_wait(wait: &Wait, now: Instant, object: &mut Object<'_>) {
    match wait {
        Wait::Readiness {
            direction,
            socket,
            location,
        } => {
            object.text(
                "for",
                match direction {
                    Direction::Read => "read",
                    Direction::Write => "write",
                },
            );
            if let Some(socket) = socket {
                object.text("what", &socket.wait(*direction).to_string());
                object.text_or_null("local", socket.local.as_deref());
                object.text_or_null("peer", socket.peer.as_deref());
            }
            object.text("location", &location.to_string());
        }
        Wait::Timer { deadline, location } => {
            object.text("for", "timer");
            object.number("left", nanoseconds(deadline.saturating_duration_since(now)));
            object.text("location", &location.to_string());
        }
        Wait::Lookup { location } => {
            object.text("for", "lookup");
            object.text("location", &location.to_string());
        }
        Wait::Task { id } => {
            object.text("for", "task");
            object.number("id", id.get());
        }
        Wait::BlockingJob { id } => {
            object.text("for", "blocking_job");
            object.number("id", id.get());
        }
    }
}

fn write_job(job: &JobInfo, object: &mut Object<'_>) {
    object.number("id", job.id.get());
    object.text_or_null("name", job.name.as_deref());
    object.text("location", &job.spawned_at.to_string());
    match job.running_for {
        Some(time) => object.number("running_for", nanoseconds(time)),
        None => object.null("running_for"),
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
