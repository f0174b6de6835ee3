//! What can be seen of a runtime's tasks while they run: nothing is polled, stopped or asked for that.

use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::sync::Arc;

use reveille_context::task::TaskId;
use reveille_context::wake;

use crate::blocking::JobInfo;
use crate::entry::Entry;
use crate::handle::Handle;
use crate::task::{Seen, TaskInfo};

/// What runs or waits in a runtime; from [`Handle::tasks`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tasks {
    /// The tasks that are not dropped yet.
    pub tasks: Vec<TaskInfo>,
    /// The futures of calls of `block_on`.
    pub roots: Vec<RootInfo>,
    /// What is queued for the blocking pool, and what runs there.
    pub blocking_jobs: Vec<JobInfo>,
    /// Who waits for the output of whom by a [`JoinHandle`](crate::JoinHandle). Whoever does so by a waker of somebody else, a
    /// [`JoinSet`](crate::JoinSet) say, is not among them.
    pub joins: Vec<Join>,
}

/// The future of a `block_on`. It is no task, but has an id as if it were.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RootInfo {
    /// Its id.
    pub id: TaskId,
    /// The call of `block_on`.
    pub called_at: &'static Location<'static>,
    /// Whether it was woken, and is about to be polled.
    pub is_woken: bool,
}

/// One task or root waits for another task, or a blocking job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Join {
    /// Who waits.
    pub waiter: TaskId,
    /// Whose output that is.
    pub of: TaskId,
}

impl Handle {
    /// What runs or waits just now, for people: from any thread, also while every thread of the runtime is stuck. What
    /// happens meanwhile may be in it or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let handle = executor.handle();
    /// executor.block_on(async {
    ///     let first = spawn(std::future::pending::<()>());
    ///     let waits = first.id();
    ///     let second = spawn(async move { first.await });
    ///     yield_now().await;
    ///     let seen = handle.tasks();
    ///     assert_eq!(seen.tasks.len(), 2);
    ///     assert_eq!((seen.joins[0].waiter, seen.joins[0].of), (second.id(), waits));
    /// });
    /// ```
    pub fn tasks(&self) -> Tasks {
        let before = self.look().joins;
        let mut tasks = self.look();
        // The looks at a waiter and at whom it waits for are not at the same time: in between its memory may have become
        // another task's. A waker that lies in a slot keeps its task's memory, so what is the same twice was true in between.
        let before: HashSet<Join> = before.into_iter().collect();
        tasks.joins.retain(|join| before.contains(join));
        tasks
    }

    fn look(&self) -> Tasks {
        let entries = self.entries().all();
        let mut seen = self.seen();
        seen.extend(entries.iter().flat_map(|entry| entry.owned().see()));
        let jobs = self.blocking().see();
        let roots: Vec<_> = entries.iter().filter_map(|entry| entry.root()).collect();

        // By the addresses of what their wakers wake.
        let own = seen.iter().map(|seen| (seen.address, seen.info.id));
        let of_roots = entries
            .iter()
            .filter_map(|entry| Some((Arc::as_ptr(entry).addr(), entry.root()?.id)));
        let waiters: HashMap<usize, TaskId> = own.chain(of_roots).collect();
        // The last reference to one may be this, and with it goes a driver's waker.
        wake::contain(|| drop(entries));
        let joined = seen.iter().map(|seen| (seen.joiner, seen.info.id));
        let joined = joined.chain(jobs.iter().map(|(job, joiner)| (*joiner, job.id)));
        let joins = joined.filter_map(|(joiner, of)| {
            let waiter = *waiters.get(&joiner)?;
            Some(Join { waiter, of })
        });
        Tasks {
            joins: joins.collect(),
            tasks: seen.into_iter().map(|seen: Seen| seen.info).collect(),
            roots,
            blocking_jobs: jobs.into_iter().map(|(job, _)| job).collect(),
        }
    }
}

impl Entry {
    /// What it polls beside tasks, if that is a future of its own.
    fn root(&self) -> Option<RootInfo> {
        let (id, called_at) = self.root_id()?;
        Some(RootInfo {
            id,
            called_at,
            is_woken: self.is_woken(),
        })
    }
}
