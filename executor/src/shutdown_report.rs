//! What a shutdown left behind.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::blocking::JobInfo;
use crate::task::TaskInfo;

// BOOK: ch12
/// What still runs of a runtime that was shut down, at the deadline. Its threads end when that returns; nothing waits
/// for them any more.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
/// use reveille_executor::{Config, MultiThread, ThreadPark};
///
/// # fn main() -> std::io::Result<()> {
/// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
/// let (release, blocked) = mpsc::channel::<()>();
/// let (started, start) = mpsc::channel();
/// drop(executor.handle().spawn(async move {
///     started.send(()).unwrap();
///     // This blocks the worker.
///     let _ = blocked.recv();
/// }));
/// start.recv().unwrap();
/// let report = executor.shut_down(Duration::from_millis(10));
/// assert!(!report.is_complete());
/// assert_eq!(report.tasks().len(), 1);
/// drop(release);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ShutdownReport {
    pub(crate) tasks: Vec<TaskInfo>,
    pub(crate) jobs: Vec<JobInfo>,
    pub(crate) threads: usize,
}

impl ShutdownReport {
    /// Whether everything has ended: every task is dropped, every thread gone.
    ///
    /// See [`ShutdownReport`] for an example.
    pub fn is_complete(&self) -> bool {
        self.tasks.is_empty() && self.jobs.is_empty() && self.threads == 0
    }

    /// The tasks that are not dropped yet: one whose poll or destructor does not return, and others of its thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use reveille_executor::{Config, MultiThread, TaskBuilder, TaskStage, ThreadPark};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
    /// let (started, start) = mpsc::channel();
    /// let (release, blocked) = mpsc::channel::<()>();
    /// let stuck = async move {
    ///     started.send(()).unwrap();
    ///     let _ = blocked.recv();
    /// };
    /// drop(TaskBuilder::new().name("stuck").spawn_on(stuck, &executor.handle()));
    /// start.recv().unwrap();
    /// let report = executor.shut_down(Duration::from_millis(10));
    /// assert_eq!(report.tasks()[0].name.as_deref(), Some("stuck"));
    /// assert_eq!(report.tasks()[0].stage, TaskStage::Running);
    /// assert!(report.threads() > 0);
    /// drop(release);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks(&self) -> &[TaskInfo] {
        &self.tasks
    }

    /// The blocking jobs that have not returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let (started, start) = mpsc::channel();
    /// let (release, blocked) = mpsc::channel::<()>();
    /// drop(executor.handle().spawn_blocking(move || {
    ///     started.send(()).unwrap();
    ///     let _ = blocked.recv();
    /// }));
    /// start.recv().unwrap();
    /// let report = executor.shut_down(Duration::from_millis(10));
    /// assert!(report.blocking_jobs()[0].running_for.is_some());
    /// drop(release);
    /// ```
    pub fn blocking_jobs(&self) -> &[JobInfo] {
        &self.jobs
    }

    /// How many of its threads have not ended, the workers' and those of blocking jobs. One may be in a hook, or in the destructor
    /// of a thread-local value.
    ///
    /// See [`tasks`](Self::tasks) for an example.
    pub fn threads(&self) -> usize {
        self.threads
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("everything has ended");
        }
        write!(
            f,
            "still there: {} threads, {} tasks, {} blocking jobs",
            self.threads,
            self.tasks.len(),
            self.jobs.len()
        )?;
        let tasks = self
            .tasks
            .iter()
            .map(|task| ("task", task.id, &task.name, task.spawned_at));
        let jobs = self
            .jobs
            .iter()
            .map(|job| ("blocking job", job.id, &job.name, job.spawned_at));
        for (kind, id, name, spawned_at) in tasks.chain(jobs) {
            write!(f, "\n  {kind} {id}")?;
            if let Some(name) = name {
                write!(f, " ({name:?})")?;
            }
            write!(f, ", spawned at {spawned_at}")?;
        }
        Ok(())
    }
}

/// Waits without a deadline, but says after a while what for.
pub(crate) fn wait_and_say(wait: impl Fn(Option<Instant>) -> bool, left: impl FnOnce() -> ShutdownReport) {
    if !wait(Instant::now().checked_add(SAY_AFTER)) {
        // A closed stderr is no reason to panic.
        let _ = writeln!(
            io::stderr(),
            "reveille: the drop of a runtime waits; {}; `shutdown(timeout)` does not wait for ever",
            left()
        );
    }
    wait(None);
}

const SAY_AFTER: Duration = Duration::from_secs(5);
