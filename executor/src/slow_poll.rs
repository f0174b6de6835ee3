//! The report of a poll that takes long: what it says, and where it goes.

use std::fmt;
use std::io::Write;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reveille_context::task::TaskId;
use reveille_context::wake;

use crate::config::Config;

// BOOK: ch09
/// A poll that takes long: on a multi-thread runtime while it does, on a current-thread one when it has ended.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc;
/// use std::thread;
/// use std::time::Duration;
/// use reveille_executor::{Config, CurrentThread, ThreadPark, spawn};
///
/// let (sender, receiver) = mpsc::channel();
/// let mut config = Config::default();
/// config.slow_poll_threshold = Duration::from_millis(20);
/// config.on_slow_poll = Some(Arc::new(move |slow| sender.send(slow.clone()).unwrap()));
/// let executor = CurrentThread::with_config(ThreadPark::new(), &config);
/// let line = line!() + 2;
/// executor.block_on(async {
///     spawn(async { thread::sleep(Duration::from_millis(30)) }).await.unwrap()
/// });
/// let slow = receiver.recv().unwrap();
/// assert_eq!(slow.spawned_at.line(), line);
/// assert!(slow.elapsed >= Duration::from_millis(30));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SlowPoll {
    /// The task that is polled; for the future of a `block_on`, its id.
    pub task: TaskId,
    /// Its name, if it has one (and has not ended, on a current-thread runtime).
    pub name: Option<Arc<str>>,
    /// Where it was spawned, or `block_on` was called.
    pub spawned_at: &'static Location<'static>,
    /// Which worker polls it: 0 on a current-thread runtime.
    pub worker: usize,
    /// For how long so far.
    pub elapsed: Duration,
    /// Whether the poll has ended.
    pub has_ended: bool,
    /// The tasks that were polled in the same time, if it may have been one of them: a current-thread runtime, which reads
    /// the clock between two polls only if they are longer than about a microsecond, cannot always tell. Then `elapsed` is
    /// that of all together. For some thousand polls afterwards it looks closely, and names one alone.
    pub others: Vec<Suspect>,
}

/// A task that may be the one whose poll took long.
///
/// See [`OnSlowPoll`] for an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Suspect {
    /// The task.
    pub task: TaskId,
    /// Its name, if it has one and has not ended.
    pub name: Option<Arc<str>>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
}

impl fmt::Display for SlowPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.others.is_empty() {
            write!(f, "one of {} tasks (", self.others.len() + 1)?;
        }
        describe(f, self.task, self.name.as_deref(), self.spawned_at)?;
        for suspect in &self.others {
            f.write_str("; ")?;
            describe(f, suspect.task, suspect.name.as_deref(), suspect.spawned_at)?;
        }
        f.write_str(if self.others.is_empty() { ", " } else { ") " })?;
        let millis = self.elapsed.as_millis();
        match self.has_ended {
            false => write!(f, "has blocked worker {} for {millis} ms", self.worker),
            true => write!(f, "blocked worker {} for {millis} ms", self.worker),
        }
    }
}

fn describe(
    f: &mut fmt::Formatter<'_>,
    task: TaskId,
    name: Option<&str>,
    spawned_at: &Location<'_>,
) -> fmt::Result {
    write!(f, "task {task}")?;
    if let Some(name) = name {
        write!(f, " ({name:?})")?;
    }
    write!(f, ", spawned at {spawned_at}")
}

/// Called with each slow poll.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use reveille_executor::{Config, OnSlowPoll};
///
/// let report: OnSlowPoll = Arc::new(|slow| {
///     println!("{} ms in task {}, spawned at {}", slow.elapsed.as_millis(), slow.task, slow.spawned_at);
///     for suspect in &slow.others {
///         println!("  or in task {}, spawned at {}", suspect.task, suspect.spawned_at);
///     }
/// });
/// let mut config = Config::default();
/// config.on_slow_poll = Some(report);
/// ```
pub type OnSlowPoll = Arc<dyn Fn(&SlowPoll) + Send + Sync>;

/// Where slow polls are reported: to a hook, else a few lines on stderr each second.
pub(crate) struct Reports {
    hook: Option<OnSlowPoll>,
    /// When lines were first counted; `None` before the first.
    second: Option<Instant>,
    printed: u32,
    left_out: u32,
}

const LINES_PER_SECOND: u32 = 8;

impl Reports {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            hook: config.on_slow_poll.clone(),
            second: None,
            printed: 0,
            left_out: 0,
        }
    }

    /// To be called where no lock is held.
    pub(crate) fn report(&mut self, slow: &SlowPoll) {
        match &self.hook {
            Some(hook) => {
                wake::contain(|| hook(slow));
            }
            None => self.print(slow, Instant::now(), &mut std::io::stderr()),
        }
    }

    fn print(&mut self, slow: &SlowPoll, now: Instant, stderr: &mut impl Write) {
        // A closed stderr is no reason to panic.
        let second = *self.second.get_or_insert(now);
        if now.saturating_duration_since(second) >= Duration::from_secs(1) {
            if self.left_out > 0 {
                let _ = writeln!(stderr, "reveille: {} more slow polls", self.left_out);
            }
            self.second = Some(now);
            self.printed = 0;
            self.left_out = 0;
        }
        if self.printed == LINES_PER_SECOND {
            self.left_out += 1;
            return;
        }
        self.printed += 1;
        let _ = writeln!(
            stderr,
            "reveille: {slow}; use `spawn_blocking` for what blocks, or `yield_now` in long computations"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_in_a_second_is_bounded_and_what_is_left_out_is_counted() {
        let slow = SlowPoll {
            task: TaskId::next(),
            name: None,
            spawned_at: Location::caller(),
            worker: 0,
            elapsed: Duration::from_millis(100),
            has_ended: true,
            others: Vec::new(),
        };
        let mut reports = Reports::new(&Config::default());
        let (start, mut printed) = (Instant::now(), Vec::new());
        for _ in 0..11 {
            reports.print(&slow, start, &mut printed);
        }
        reports.print(&slow, start + Duration::from_secs(1), &mut printed);
        reports.print(&slow, start + Duration::from_secs(2), &mut printed);
        let printed = String::from_utf8(printed).unwrap();
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines.len(), 8 + 1 + 2, "{printed}");
        assert_eq!(lines[8], "reveille: 3 more slow polls");
        assert_eq!(lines[9], lines[0]);
    }
}
