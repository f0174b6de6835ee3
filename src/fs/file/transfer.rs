//! What the traits of a file are made of.

use std::io::{self, SeekFrom};
use std::task::{Context, Poll, ready};

use super::File;
use super::shared::{Done, Shared};
use crate::fs::operation::NEEDS;
use crate::pool_job::{self, Job};
use crate::runtime::is_shutdown;

impl File {
    /// Hands what there is to `put`, as much of it as there is `room` for; how much that was. Nothing at the end.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        mut put: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        if room == 0 {
            return Poll::Ready(Ok(0));
        }
        let mut begun = false;
        loop {
            let done = ready!(self.poll_done(cx, begun))?;
            if let Some(count) = self.shared.hand_out(room, &mut put) {
                return Poll::Ready(Ok(count));
            }
            if let Some(Done::Read(Err(error))) = done {
                return Poll::Ready(Err(error));
            }
            let wanted = room.min(self.max_buf_size);
            self.begin(move |shared| shared.read(wanted))?;
            begun = true;
        }
    }

    /// Accepts bytes, as many as one job writes.
    pub(super) fn poll_accept<'a>(
        &mut self,
        cx: &mut Context<'_>,
        buffers: impl Iterator<Item = &'a [u8]>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_written(cx))?;
        // Nothing is accepted where nobody would write it.
        let runtime = pool_job::runtime(NEEDS)?;
        let count = self.shared.accept(buffers, self.max_buf_size);
        if count > 0 {
            let shared = self.shared.clone();
            let write = move || shared.write();
            self.job = Some(Job::begin_mandatory(runtime, self.location, write));
        }
        Poll::Ready(Ok(count))
    }

    /// Ready when all is written that was accepted.
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut begun = false;
        loop {
            ready!(self.poll_done(cx, begun))?;
            if !self.shared.is_unwritten() {
                return Poll::Ready(Ok(()));
            }
            self.begin(Shared::write)?;
            begun = true;
        }
    }

    pub(super) fn poll_sought(&mut self, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let mut begun = false;
        loop {
            match ready!(self.poll_done(cx, begun))? {
                Some(Done::Sought(that, outcome)) if that == to => return Poll::Ready(outcome),
                _ => self.begin(move |shared| shared.seek(to))?,
            }
            begun = true;
        }
    }

    /// What the job has done that there was, if there was one. The error of a write that has failed, if nobody was told.
    ///
    /// A job that was cancelled counts as none, so that another runtime begins it anew: unless it has `begun` in this
    /// poll, and so is one of the runtime that is here.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>, begun: bool) -> Poll<io::Result<Option<Done>>> {
        let mut done = None;
        if let Some(job) = &mut self.job {
            let outcome = ready!(job.poll(cx));
            self.job = None;
            done = match outcome {
                Err(error) if is_shutdown(&error) && !begun => None,
                outcome => Some(outcome?),
            };
        }
        match self.shared.take_error() {
            Some(error) => Poll::Ready(Err(error)),
            None => Poll::Ready(Ok(done)),
        }
    }

    pub(super) fn begin(&mut self, work: impl FnOnce(&Shared) -> Done + Send + 'static) -> io::Result<()> {
        let (runtime, shared) = (pool_job::runtime(NEEDS)?, self.shared.clone());
        self.job = Some(Job::begin(runtime, self.location, move || work(&shared)));
        Ok(())
    }
}
