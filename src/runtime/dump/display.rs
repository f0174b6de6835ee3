//! A dump as text.

use std::fmt;

use reveille_executor::TaskStage;
use reveille_reactor::Direction;

use super::{Dump, Recorded, TaskDump, TaskKind, Wait};

/// One line for each task, and one for each thing that it waits for.
impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = self
            .tasks
            .iter()
            .filter(|task| task.kind == TaskKind::BlockOn)
            .count();
        write!(
            f,
            "{} tasks, {roots} in `block_on`, {} blocking jobs",
            self.tasks.len() - roots,
            self.blocking_jobs.len()
        )?;
        for task in &self.tasks {
            write!(f, "\n{task}")?;
            if task.is_held_elsewhere() {
                f.write_str("\n    held elsewhere: its waker is with nothing of reveille's (a channel, a lock, another thread)")?;
            }
            for wait in &task.waits {
                f.write_str("\n    ")?;
                self.write_wait(wait, f)?;
            }
        }
        for job in &self.blocking_jobs {
            write!(f, "\nblocking job {}", job.id)?;
            if let Some(name) = &job.name {
                write!(f, " ({name:?})")?;
            }
            write!(f, ", spawned at {}, ", job.spawned_at)?;
            match job.running_for {
                Some(time) => write!(f, "runs for {time:.1?}")?,
                None => f.write_str("queued")?,
            }
        }
        for cycle in &self.cycles {
            f.write_str("\na circle: ")?;
            for id in cycle {
                write!(f, "task {id} waits for ")?;
            }
            write!(f, "task {}", cycle[0])?;
        }
        Ok(())
    }
}

impl Dump {
    fn write_wait(&self, wait: &Wait, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match wait {
            Wait::Readiness {
                direction,
                socket,
                location,
            } => {
                match (socket, direction) {
                    (Some(socket), direction) => write!(f, "{}", socket.wait(*direction))?,
                    (None, Direction::Read) => f.write_str("reads from a socket")?,
                    (None, Direction::Write) => f.write_str("writes to a socket")?,
                }
                write!(f, ", at {location}")
            }
            Wait::Timer { deadline, location } => {
                let left = deadline.saturating_duration_since(self.taken_at);
                write!(f, "sleeps for {left:.1?} more, at {location}")
            }
            Wait::Lookup { location } => write!(f, "looks a name up, at {location}"),
            Wait::Task { id } => {
                write!(f, "waits for task {id}")?;
                match self.tasks.binary_search_by_key(id, |task| task.id) {
                    Ok(place) => write!(f, ", spawned at {}", self.tasks[place].location),
                    Err(_) => Ok(()),
                }
            }
            Wait::BlockingJob { id } => {
                write!(f, "waits for blocking job {id}")?;
                match self.blocking_jobs.iter().find(|job| job.id == *id) {
                    Some(job) => write!(f, ", spawned at {}", job.spawned_at),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TaskKind::Task => "task",
            TaskKind::BlockOn => "block_on",
        };
        write!(f, "{kind} {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        let verb = match self.kind {
            TaskKind::Task => "spawned",
            TaskKind::BlockOn => "called",
        };
        let stage = match self.stage {
            TaskStage::Idle => "waits",
            TaskStage::Queued => "queued",
            TaskStage::Running => "runs",
            _ => "complete",
        };
        write!(f, ", {verb} at {}, {stage}", self.location)?;
        let Some(Recorded { age, polls, busy }) = self.recorded else {
            return Ok(());
        };
        match age {
            Some(age) => write!(f, ", {age:.1?} old, busy for {busy:.1?} in {polls} polls"),
            None => write!(f, ", busy for {busy:.1?} in {polls} polls on record"),
        }
    }
}
