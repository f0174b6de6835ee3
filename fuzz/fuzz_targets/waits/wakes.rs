//! Who is woken, and how often.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Poll, Wake, Waker};

use reveille_reactor::is_shutdown;

use super::Here;

/// Two tasks that take turns in polling, and how often each was woken.
#[derive(Default)]
pub(super) struct Tasks {
    wakes: [Arc<Wakes>; 2],
    pub(super) pending: Option<Pending>,
}

pub(super) struct Pending {
    task: bool,
    /// By way of the reactors of which group it waits.
    group: usize,
    /// How often it had been woken when it was told to wait.
    woken: usize,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Tasks {
    pub(super) fn waker(&self, task: bool) -> Waker {
        self.wakes[usize::from(task)].clone().into()
    }

    fn count(&self, task: bool) -> usize {
        self.wakes[usize::from(task)].0.load(Relaxed)
    }

    pub(super) fn wakes(&self) -> usize {
        self.count(false) + self.count(true)
    }

    pub(super) fn polled<T>(
        &mut self,
        task: bool,
        polled: &Poll<io::Result<T>>,
        must_be_ready: bool,
        at: Here,
    ) {
        match polled {
            Poll::Ready(Err(error)) => {
                assert!(!is_shutdown(error), "the reactor is open, but not to this one")
            }
            Poll::Ready(Ok(_)) => {}
            Poll::Pending => assert!(!must_be_ready, "what was reported is not known to who waits"),
        }
        self.pending = polled.is_pending().then(|| Pending {
            task,
            group: at.group,
            woken: self.count(task),
        });
    }

    /// Whether nobody waits any more, or by way of that group.
    pub(super) fn are_woken(&self, group: Option<usize>) -> bool {
        self.pending.as_ref().is_none_or(|pending| {
            let elsewhere = group.is_some_and(|group| pending.group != group);
            elsewhere || self.count(pending.task) > pending.woken
        })
    }

    pub(super) fn assert_nobody_keeps(&self, task: bool) {
        let kept = Arc::strong_count(&self.wakes[usize::from(task)]) - 1;
        assert_eq!(kept, 0, "a waker is kept that nobody waits with");
    }

    pub(super) fn assert_nobody_keeps_one(&self) {
        [false, true]
            .into_iter()
            .for_each(|task| self.assert_nobody_keeps(task));
    }
}
