//! What a blocking pool knows: its queue, and what each of its threads is about to do.
//!
//! A thread is in one of these groups, each counted here, and changes group only under the pool's lock:
//!
//! ```text
//!               start fails
//!          ┌──────────────────► gone
//!     starting ───────────► busy ◄──────────── woken         runs jobs: `threads` counts these four
//!          ▲                │  ▲                 ▲
//!   next() │     queue empty│  │queue not empty  │ next()
//!          │                ▼  │                 │
//!        (none)            idle ─────────────────┘
//!                           │ │
//!                   time-out│ └──── stand_in() ──► substitute  stands in for a worker; not one of `threads`
//!                           ▼                        │
//!                         gone ◄─────────────────────┘         back to busy if there is room
//! ```
//!
//! **The rule.** After every change that can add to the need for threads (a push, a failed start, a job taken from the
//! queue) somebody calls [`State::next`]. It keeps the number of queued jobs at or below the number of threads that
//! are promised to them (*starting* and *woken*), as long as there are idle threads or room for new ones. So:
//!
//! * a job that is queued while no thread is busy has one promised to it;
//! * a burst of N pushes wakes or starts N threads, however late the first of them comes, since an idle thread counts
//!   as idle only until it is promised, not until it wakes;
//! * a thread whose wait times out was promised nothing, or else takes what it was promised.
//!
//! A promise by a *starting* thread can be broken. Then the jobs stay queued if any of `threads` is left, which takes
//! them when it is done with what it does, and tries to start another thread then; if none is left, the
//! queued jobs fail, because nothing would ever come back to them. Substitutes do not count: they may run as long as
//! the runtime does.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::config::ThreadMain;
use super::info::{JobInfo, PoolMetrics};
use super::job::{Job, Record};
use reveille_context::task::TaskId;

use crate::config::Around;
use crate::task::Runnable;

pub(super) struct State {
    queue: VecDeque<Job>,
    running: Vec<Running>,
    /// Work for idle threads that no longer count among `threads`.
    substitutes: VecDeque<ThreadMain>,
    max_threads: usize,
    /// Starting, busy, idle and woken.
    threads: usize,
    starting: usize,
    /// Waiting, and promised nothing.
    idle: usize,
    /// Waiting, and to take a job when they come out of it.
    woken: usize,
    standing_in: usize,
    /// Every thread that was started, until it touches the pool no more.
    alive: usize,
    pub(super) closed: bool,
    pub(super) around: Option<Around>,
    jobs_begun: u64,
    failed_starts: u64,
    queue_latency_total: Duration,
    queue_latency_max: Duration,
}

pub(super) struct Running {
    id: TaskId,
    record: Record,
    since: Instant,
}

/// What is to be done, once the lock is released, so that queued jobs have their threads.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Next {
    Nothing,
    /// Notify one waiting thread.
    Wake,
    /// Start a thread, which counts already.
    Start,
}

/// Why a thread came out of its wait.
#[must_use]
pub(super) enum Woken {
    /// To stand in for a worker.
    StandIn(ThreadMain),
    /// To look at the queue. It is busy now.
    Look,
    /// Because it has waited long enough, or the pool is closed. It is busy now, and ends if the queue is empty.
    Expired,
    /// For nothing that concerns it.
    Spurious,
}

impl State {
    pub(super) fn new(max_threads: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            running: Vec::new(),
            substitutes: VecDeque::new(),
            max_threads: max_threads.max(1),
            threads: 0,
            starting: 0,
            idle: 0,
            woken: 0,
            standing_in: 0,
            alive: 0,
            closed: false,
            around: None,
            jobs_begun: 0,
            failed_starts: 0,
            queue_latency_total: Duration::ZERO,
            queue_latency_max: Duration::ZERO,
        }
    }

    /// Queues a job; gives it back once the pool is closed. The flag is read under the same lock under which
    /// [`close`](Self::close) empties the queue, so that no job is queued after that.
    pub(super) fn push(&mut self, job: Job) -> Result<Next, Job> {
        if self.closed {
            return Err(job);
        }
        self.queue.push_back(job);
        Ok(self.next())
    }

    // BOOK: ch09
    /// Promises a thread to the queue, if a job there has none. See the module's rule.
    pub(super) fn next(&mut self) -> Next {
        let next = if self.queue.len() <= self.starting + self.woken {
            Next::Nothing
        } else if self.idle > 0 {
            self.idle -= 1;
            self.woken += 1;
            Next::Wake
        } else if self.threads < self.max_threads {
            self.threads += 1;
            self.starting += 1;
            self.alive += 1;
            Next::Start
        } else {
            Next::Nothing
        };
        self.check();
        next
    }

    /// A thread began its work: it is busy now, and looks at the queue before the lock is released.
    pub(super) fn started(&mut self) {
        self.starting -= 1;
    }

    /// A thread could not be started. Gives the jobs for which none is left.
    pub(super) fn start_failed(&mut self) -> (Next, VecDeque<Job>) {
        self.starting -= 1;
        self.threads -= 1;
        self.alive -= 1;
        self.failed_starts += 1;
        if self.threads == 0 {
            return (Next::Nothing, std::mem::take(&mut self.queue));
        }
        // Not another attempt at once; but an idle thread makes good what this one promised.
        let next = if self.idle > 0 { self.next() } else { Next::Nothing };
        self.check();
        (next, VecDeque::new())
    }

    /// The next job for a busy thread, and what the rest of the queue needs.
    pub(super) fn take(&mut self) -> Option<(Runnable, TaskId, Next)> {
        let job = self.queue.pop_front()?;
        let now = Instant::now();
        let latency = now.saturating_duration_since(job.queued_at);
        self.jobs_begun += 1;
        self.queue_latency_total += latency;
        self.queue_latency_max = self.queue_latency_max.max(latency);
        let id = job.record.watched.id;
        self.running.push(Running {
            id,
            record: job.record,
            since: now,
        });
        // As a rule the push has seen to it; this is for what a failed start left behind.
        let next = self.next();
        Some((job.task, id, next))
    }

    /// A job that was taken has ended. It comes back, to be dropped where no lock is held.
    pub(super) fn ended(&mut self, id: TaskId) -> Option<Running> {
        let index = self.running.iter().position(|job| job.id == id)?;
        Some(self.running.swap_remove(index))
    }

    /// How many jobs are queued or run, and how many ever began.
    pub(super) fn demand(&self) -> (usize, u64) {
        (self.queue.len() + self.running.len(), self.jobs_begun)
    }

    /// A busy thread found the queue empty and is about to wait.
    pub(super) fn begin_wait(&mut self) {
        self.idle += 1;
        self.check();
    }

    /// A waiting thread has the lock again. Which of several was notified does not matter: the first one to come takes
    /// what there is.
    pub(super) fn end_wait(&mut self, timed_out: bool) -> Woken {
        if let Some(work) = self.substitutes.pop_front() {
            return Woken::StandIn(work);
        }
        if self.woken > 0 {
            // Also after a time-out: the notification may have been for this thread.
            self.woken -= 1;
            Woken::Look
        } else if timed_out || self.closed {
            self.idle -= 1;
            Woken::Expired
        } else {
            Woken::Spurious
        }
    }

    /// A busy thread ends.
    pub(super) fn leave(&mut self) {
        self.threads -= 1;
        self.check();
    }

    /// Finds a thread to stand in for a worker. Gives the work back if the caller must start one, which counts
    /// already. `Err` once the pool is closed.
    pub(super) fn stand_in(&mut self, work: ThreadMain) -> Result<Option<ThreadMain>, ThreadMain> {
        if self.closed {
            return Err(work);
        }
        self.standing_in += 1;
        if self.idle == 0 {
            self.alive += 1;
            return Ok(Some(work));
        }
        // It is nobody's but the worker's from now on, not only from when it wakes: meanwhile a job that is pushed must
        // not count on it, nor be refused a new thread for it.
        self.idle -= 1;
        self.threads -= 1;
        self.substitutes.push_back(work);
        self.check();
        Ok(None)
    }

    /// A thread to stand in for a worker could not be started.
    pub(super) fn stand_in_failed(&mut self) {
        self.standing_in -= 1;
        self.alive -= 1;
        self.failed_starts += 1;
    }

    /// A substitute is done. Whether it stays, as a busy thread.
    pub(super) fn stand_out(&mut self) -> bool {
        self.standing_in -= 1;
        let stays = !self.closed && self.threads < self.max_threads;
        if stays {
            self.threads += 1;
        }
        stays
    }

    /// A thread touches the pool for the last time.
    pub(super) fn gone(&mut self) {
        self.alive -= 1;
    }

    /// No job enters from now on; those that are queued come back, to be cancelled. What is mandatory stays, and keeps the
    /// threads that are promised to the queue, of which there are not fewer.
    pub(super) fn close(&mut self) -> (VecDeque<Job>, Option<Around>) {
        self.closed = true;
        let (kept, cancelled) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|job| job.mandatory);
        self.queue = kept;
        self.check();
        (cancelled, self.around.take())
    }

    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    pub(super) fn has_jobs(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn jobs(&self) -> Vec<(JobInfo, usize)> {
        let now = Instant::now();
        let running = self.running.iter().map(|job| (&job.record, Some(job.since)));
        let queued = self.queue.iter().map(|job| (&job.record, None));
        running
            .chain(queued)
            .map(|(record, since): (&Record, Option<Instant>)| {
                let job = JobInfo {
                    id: record.watched.id,
                    name: record.name.clone(),
                    spawned_at: record.spawned_at,
                    running_for: since.map(|since| now.saturating_duration_since(since)),
                };
                (job, record.watched.joiner())
            })
            .collect()
    }

    pub(super) fn metrics(&self) -> PoolMetrics {
        PoolMetrics {
            threads: self.alive,
            idle_threads: self.idle,
            substitutes: self.standing_in,
            queue_depth: self.queue.len(),
            jobs_begun: self.jobs_begun,
            failed_starts: self.failed_starts,
            queue_latency_total: self.queue_latency_total,
            queue_latency_max: self.queue_latency_max,
        }
    }

    /// The rule, where tests can see it broken.
    fn check(&self) {
        if !cfg!(any(test, debug_assertions)) {
            return;
        }
        let promised = self.starting + self.woken;
        let numbers = || {
            format!(
                "{promised} of {} threads promised, {:?}",
                self.threads,
                self.metrics()
            )
        };
        assert!(
            self.threads >= promised + self.idle,
            "a thread of the blocking pool is in two groups: {}",
            numbers()
        );
        assert!(
            self.queue.is_empty() || self.threads > self.idle,
            "a blocking job is queued, and no thread is busy, woken or starting: {}",
            numbers()
        );
        assert!(
            self.idle == 0 || self.queue.len() <= promised,
            "a thread of the blocking pool is idle, and a job has none: {}",
            numbers()
        );
    }
}

/// No thread could be started for the jobs that are dropped with this.
pub(super) fn report_stranded(error: &io::Error, count: usize) {
    use std::io::Write;
    let _ = writeln!(
        std::io::stderr(),
        "reveille: no thread could be started for blocking jobs, and none is there: {error}; cancelled: {count}"
    );
}
