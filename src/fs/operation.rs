//! One call of the system, as a job of the blocking pool.

use std::convert::identity;
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::pool_job::{self, Job, Needs};

/// The error where there is no runtime.
pub(super) const NEEDS: Needs = Needs {
    what: "files",
    instead: "std::fs",
};

/// The future of the functions of [`fs`](crate::fs).
///
/// Its first poll makes it a job of the runtime's blocking pool. A report of that job, such as the one of a
/// [shutdown](crate::runtime::ShutdownReport), says where the function was called.
///
/// # Errors
///
/// The system's, and those that all of [`fs`](crate::fs#errors) has in common.
///
/// # Cancel safety
///
/// Dropped before its first poll it does nothing; afterwards it is done nevertheless, to its end, and nobody hears how it went.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Operation<T> {
    stage: Stage<T>,
    location: &'static Location<'static>,
}

enum Stage<T> {
    New(Box<dyn FnOnce() -> io::Result<T> + Send>),
    Running(Job<io::Result<T>>),
    Over,
}

impl<T> Operation<T> {
    #[track_caller]
    pub(super) fn new(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Self {
        Self {
            stage: Stage::New(Box::new(work)),
            location: Location::caller(),
        }
    }
}

impl<T: Send + 'static> Future for Operation<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut job = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::New(work) => Job::begin(pool_job::runtime(NEEDS)?, self.location, work),
            Stage::Running(job) => job,
            Stage::Over => panic!("this was ready already; await it once, or ask `fs` for another one"),
        };
        let outcome = job.poll(cx);
        if outcome.is_pending() {
            self.stage = Stage::Running(job);
        }
        outcome.map(|done| done.and_then(identity))
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "not begun",
            Stage::Running(_) => "begun",
            Stage::Over => "over",
        };
        f.debug_struct("Operation")
            .field("stage", &stage)
            .field("location", &self.location)
            .finish()
    }
}
