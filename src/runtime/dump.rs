//! What each task of a runtime waits for, asked from outside.
//!
//! Nothing is polled for it, and nobody is asked. The executor knows its tasks and who joins whom; beside every waker that
//! reactor, wheel and look-ups keep lies whose it is and the line that waits ([`Waiter`](reveille_context::waiter::Waiter)). So
//! a dump puts together what is there anyway, and a task of which none of them has a waker is held elsewhere: by a channel, a
//! lock, a thread of somebody else.

mod cycles;
mod display;
#[cfg(feature = "trace")]
mod json;
#[cfg(all(unix, feature = "signal"))]
mod on_signal;
mod recorded;

use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::sync::Arc;

use reveille_executor::{JobInfo, TaskId, TaskStage};
use reveille_net::SeenSocket;
use reveille_reactor::Direction;
use reveille_timer::Instant;

use crate::runtime::Handle;

pub use recorded::Recorded;

/// What the tasks of a runtime wait for: a snapshot, from [`Handle::dump`]. Its `Display` is for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// The tasks that are not dropped yet, and the futures of `block_on`, by their ids.
    pub tasks: Vec<TaskDump>,
    /// What is queued for the blocking pool, and what runs there.
    pub blocking_jobs: Vec<JobInfo>,
    /// Tasks that wait for each other in a circle, and for nothing else that reveille knows of. Unless one of them waits elsewhere,
    /// too, in a `select!` say, none of them will ever go on.
    pub cycles: Vec<Vec<TaskId>>,
    taken_at: Instant,
}

/// One task in a [`Dump`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskDump {
    /// Its id.
    pub id: TaskId,
    /// The name it was given.
    pub name: Option<Arc<str>>,
    /// What kind of future it is.
    pub kind: TaskKind,
    /// The call that spawned it, or the call of `block_on`.
    pub location: &'static Location<'static>,
    /// Where it stands.
    pub stage: TaskStage,
    /// What it waits for, as far as that is anything of reveille's; all of it, if it is several things at once.
    pub waits: Vec<Wait>,
    /// Its age, polls and busy time, which only the recorder counts: `None` while that does not run
    /// (`reveille::trace::start`).
    pub recorded: Option<Recorded>,
}

/// What a future in a [`Dump`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskKind {
    /// A task.
    Task,
    /// The future of a `block_on`.
    BlockOn,
}

/// Something that a task waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// A socket, a pipe or another descriptor.
    #[non_exhaustive]
    Readiness {
        /// What it has to be ready for.
        direction: Direction,
        /// What it is, where the system tells.
        socket: Option<SeenSocket>,
        /// The call that waits.
        location: &'static Location<'static>,
    },
    /// A point in time.
    #[non_exhaustive]
    Timer {
        /// That point, rounded up to a tick of the timers.
        deadline: Instant,
        /// The call that waits.
        location: &'static Location<'static>,
    },
    /// The address of a name.
    #[non_exhaustive]
    Lookup {
        /// The call that waits.
        location: &'static Location<'static>,
    },
    /// The output of another task.
    #[non_exhaustive]
    Task {
        /// That task.
        id: TaskId,
    },
    /// The output of a blocking job.
    #[non_exhaustive]
    BlockingJob {
        /// That job.
        id: TaskId,
    },
}

impl TaskDump {
    /// Whether it waits, and nothing of reveille's has its waker: then who has it is elsewhere. (A waker that is left with a
    /// `JoinHandle` which was polled before, and is polled no more, counts as a wait for that task.)
    pub fn is_held_elsewhere(&self) -> bool {
        self.stage == TaskStage::Idle && self.waits.is_empty()
    }
}

impl Handle {
    /// What each task waits for just now: from any thread, also while every thread of the runtime is stuck. No task is polled
    /// or woken for it. It takes locks for as long as it takes to copy a list, so what happens meanwhile may be in it or not.
    /// While the recorder runs, it goes through all that this has kept, to tell how old and how busy each task is.
    ///
    /// # Panics
    ///
    /// In a child that was forked from the runtime's process.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Handle;
    /// use reveille::task::yield_now;
    /// use reveille::time::sleep;
    /// use std::time::Duration;
    ///
    /// reveille::block_on(async {
    ///     let task = reveille::spawn(sleep(Duration::from_secs(60)));
    ///     yield_now().await;
    ///     let dump = Handle::current().dump();
    ///     println!("{dump}");
    ///     let asleep = dump.tasks.iter().find(|seen| seen.id == task.id()).unwrap();
    ///     assert_eq!(asleep.waits.len(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn dump(&self) -> Dump {
        self.drivers.assert_not_forked();
        let seen = self.executor.tasks();
        let mut tasks: Vec<_> = seen.tasks.iter().map(TaskDump::of_task).collect();
        tasks.extend(seen.roots.iter().map(TaskDump::of_root));
        tasks.sort_unstable_by_key(|task| task.id);

        let mut waits: HashMap<TaskId, Vec<Wait>> = HashMap::new();
        let mut note = |task: Option<TaskId>, wait| {
            if let Some(task) = task {
                waits.entry(task).or_default().push(wait);
            }
        };
        let jobs: HashSet<TaskId> = seen.blocking_jobs.iter().map(|job| job.id).collect();
        for join in &seen.joins {
            let is_job = jobs.contains(&join.of);
            note(Some(join.waiter), Wait::for_output(join.of, is_job));
        }
        self.drivers.each_wait(note);
        for task in &mut tasks {
            task.waits = waits.remove(&task.id).unwrap_or_default();
        }
        recorded::fill(&mut tasks);
        let cycles = cycles::find(&tasks);
        Dump {
            tasks,
            blocking_jobs: seen.blocking_jobs,
            cycles,
            taken_at: Instant::now(),
        }
    }
}

impl TaskDump {
    fn of_task(task: &reveille_executor::TaskInfo) -> Self {
        Self {
            id: task.id,
            name: task.name.clone(),
            kind: TaskKind::Task,
            location: task.spawned_at,
            stage: task.stage,
            waits: Vec::new(),
            recorded: None,
        }
    }

    fn of_root(root: &reveille_executor::RootInfo) -> Self {
        Self {
            id: root.id,
            name: None,
            kind: TaskKind::BlockOn,
            location: root.called_at,
            stage: if root.is_woken {
                TaskStage::Queued
            } else {
                TaskStage::Idle
            },
            waits: Vec::new(),
            recorded: None,
        }
    }
}

impl Wait {
    fn for_output(of: TaskId, is_job: bool) -> Self {
        if is_job {
            Self::BlockingJob { id: of }
        } else {
            Self::Task { id: of }
        }
    }

    pub(crate) fn for_time(wait: &reveille_timer::Waiting) -> Self {
        Self::Timer {
            deadline: wait.deadline,
            location: wait.location,
        }
    }

    pub(crate) fn for_name(wait: &reveille_net::LookupInfo) -> Self {
        Self::Lookup {
            location: wait.location,
        }
    }

    pub(crate) fn for_readiness(wait: &reveille_reactor::WaitInfo) -> Self {
        #[cfg(unix)]
        let socket = wait.descriptor.map(SeenSocket::look);
        // Elsewhere a socket has no number by which it is registered.
        #[cfg(not(unix))]
        let socket = None;
        Self::Readiness {
            direction: wait.direction,
            socket,
            location: wait.location,
        }
    }
}
