//! The tasks of `task_life`: what they do, and what is to be true of them.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::vec;

use reveille_executor::JoinHandle;

use crate::{Action, End, Program, World};

/// What is known of one task.
pub(crate) struct Life {
    number: usize,
    local: bool,
    spawned: AtomicBool,
    polls: AtomicUsize,
    polled: AtomicBool,
    /// How often somebody began to wake it, and had woken it.
    wakes_begun: AtomicUsize,
    wakes: AtomicUsize,
    /// How many wakes had begun when it was last polled.
    seen: AtomicUsize,
    abort_begun: AtomicBool,
    aborted: AtomicBool,
    aborted_at_home: AtomicBool,
    returned: AtomicBool,
    panicked: AtomicBool,
    dropped: AtomicUsize,
    outputs: AtomicUsize,
    outputs_dropped: AtomicUsize,
}

/// What must be seen by the end of the next run.
pub(crate) struct Due {
    spawned: bool,
    wakes: usize,
    aborted: bool,
}

impl Life {
    pub(crate) fn new(number: usize, local: bool) -> Self {
        Self {
            number,
            local,
            spawned: AtomicBool::new(false),
            polls: AtomicUsize::new(0),
            polled: AtomicBool::new(false),
            wakes_begun: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
            seen: AtomicUsize::new(0),
            abort_begun: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            aborted_at_home: AtomicBool::new(false),
            returned: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            dropped: AtomicUsize::new(0),
            outputs: AtomicUsize::new(0),
            outputs_dropped: AtomicUsize::new(0),
        }
    }

    fn wakes(&self, wake: impl FnOnce()) {
        self.wakes_begun.fetch_add(1, SeqCst);
        wake();
        self.wakes.fetch_add(1, SeqCst);
    }

    /// `at_home`: on the thread that polls, so that no poll can begin meanwhile.
    pub(crate) fn aborts(&self, at_home: bool, abort: impl FnOnce()) {
        self.abort_begun.store(true, SeqCst);
        abort();
        self.aborted.store(true, SeqCst);
        if at_home {
            self.aborted_at_home.store(true, SeqCst);
        }
    }

    pub(crate) fn due(&self) -> Due {
        Due {
            spawned: self.spawned.load(SeqCst),
            wakes: self.wakes.load(SeqCst),
            aborted: self.aborted.load(SeqCst),
        }
    }

    /// Nothing is ready any more, so what was due then has been done.
    pub(crate) fn assert_seen(&self, due: &Due) {
        if self.dropped.load(SeqCst) != 0 {
            return;
        }
        let Self {
            number, seen, polls, ..
        } = self;
        assert!(!due.aborted, "task {number} was aborted and goes on");
        let polled = polls.load(SeqCst) != 0;
        assert!(polled || !due.spawned, "task {number} was never polled");
        assert!(
            seen.load(SeqCst) >= due.wakes,
            "task {number} was woken and not polled"
        );
    }

    pub(crate) fn assert_ended(&self) {
        let number = self.number;
        assert_eq!(
            self.dropped.load(SeqCst),
            1,
            "drops of the future of task {number}"
        );
        let outputs = self.outputs.load(SeqCst);
        assert!(outputs <= 1, "task {number} returned twice");
        assert_eq!(
            self.outputs_dropped.load(SeqCst),
            outputs,
            "drops of the output of task {number}"
        );
    }
}

/// A future that does what its program says.
pub(crate) struct Programmed {
    world: Arc<World>,
    life: Arc<Life>,
    polls: vec::IntoIter<Vec<Action>>,
    end: End,
    when_dropped: Option<Action>,
    drop_panics: bool,
    output_panics: bool,
}

impl Programmed {
    pub(crate) fn new(world: Arc<World>, life: Arc<Life>, program: &Program) -> Self {
        Self {
            world,
            life,
            polls: program.polls.clone().into_iter(),
            end: program.end,
            when_dropped: program.when_dropped,
            drop_panics: program.drop_panics,
            output_panics: program.output_panics,
        }
    }
}

impl Future for Programmed {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let life = self.life.clone();
        let number = life.number;
        assert!(self.world.is_home(), "task {number} is polled on another thread");
        assert!(
            !life.polled.swap(true, SeqCst),
            "task {number} is polled twice at once"
        );
        assert_eq!(
            life.dropped.load(SeqCst),
            0,
            "task {number} is polled after its drop"
        );
        assert!(
            !life.aborted_at_home.load(SeqCst),
            "task {number} is polled after its abort"
        );
        let begun = life.wakes_begun.load(SeqCst);
        let polls = life.polls.fetch_add(1, SeqCst);
        assert!(polls <= begun, "task {number} is polled for nothing");
        life.seen.store(begun, SeqCst);

        let kept = KeptWaker {
            life: life.clone(),
            waker: cx.waker().clone(),
        };
        let actions = self.polls.next().unwrap_or_default();
        actions
            .iter()
            .for_each(|action| self.world.act(*action, Some(&kept)));
        life.polled.store(false, SeqCst);
        if self.polls.len() != 0 {
            return Poll::Pending;
        }
        match self.end {
            End::Stays => Poll::Pending,
            End::Panics => {
                life.panicked.store(true, SeqCst);
                resume_unwind(Box::new(Planned(number)))
            }
            End::Returns => {
                life.returned.store(true, SeqCst);
                life.outputs.fetch_add(1, SeqCst);
                let panics = self.output_panics;
                Poll::Ready(Output { life, panics })
            }
        }
    }
}

impl Drop for Programmed {
    fn drop(&mut self) {
        let Life {
            number,
            local,
            dropped,
            ..
        } = &*self.life;
        assert_eq!(dropped.fetch_add(1, SeqCst), 0, "task {number} is dropped twice");
        // One that is not local is dropped where it was spawned if the runtime is ending.
        let may_be_elsewhere = !local && self.world.may_cancel(false);
        assert!(
            may_be_elsewhere || self.world.is_home(),
            "task {number} is dropped on another thread"
        );
        if let Some(action) = self.when_dropped {
            self.world.act(action, None);
        }
        if self.drop_panics {
            self.life.panicked.store(true, SeqCst);
            resume_unwind(Box::new(Planned(*number)));
        }
    }
}

pub(crate) struct Output {
    life: Arc<Life>,
    panics: bool,
}

impl Drop for Output {
    fn drop(&mut self) {
        self.life.outputs_dropped.fetch_add(1, SeqCst);
        if self.panics {
            resume_unwind(Box::new(Planned(self.life.number)));
        }
    }
}

/// What a task panics with, by `resume_unwind`: the panic hook, which is for findings, is not called.
struct Planned(usize);

/// The waker of a task, which counts.
#[derive(Clone)]
pub(crate) struct KeptWaker {
    life: Arc<Life>,
    waker: Waker,
}

impl KeptWaker {
    pub(crate) fn wake(self) {
        let Self { life, waker } = self;
        life.wakes(|| waker.wake());
    }

    pub(crate) fn wake_by_ref(&self) {
        self.life.wakes(|| self.waker.wake_by_ref());
    }
}

/// As who joins in a task.
impl Wake for KeptWaker {
    fn wake(self: Arc<Self>) {
        KeptWaker::wake_by_ref(&self);
    }
}

#[derive(Default)]
struct JoinWakes(AtomicUsize);

impl Wake for JoinWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A handle, and how it was polled last.
pub(crate) struct Joiner {
    pub(crate) life: Arc<Life>,
    pub(crate) handle: JoinHandle<Output>,
    wakes: [Arc<JoinWakes>; 2],
    /// Which of them it was polled with, and how often that had been woken before.
    pending: Option<(usize, usize)>,
}

impl Joiner {
    /// Of a task that was just spawned.
    pub(crate) fn new(life: Arc<Life>, handle: JoinHandle<Output>) -> Self {
        life.spawned.store(true, SeqCst);
        let (wakes, pending) = Default::default();
        Self {
            life,
            handle,
            wakes,
            pending,
        }
    }

    /// Gives itself back if the task goes on.
    pub(crate) fn poll(mut self, world: &World, with: u8, task: Option<&KeptWaker>) -> Option<Self> {
        let which = usize::from(with) % 2;
        let (waker, pending) = match task {
            Some(task) if with % 3 == 0 => (Waker::from(Arc::new(task.clone())), None),
            _ => {
                let wakes = &self.wakes[which];
                (Waker::from(wakes.clone()), Some((which, wakes.0.load(SeqCst))))
            }
        };
        let ended = self.handle.is_finished();
        let Poll::Ready(joined) = Pin::new(&mut self.handle).poll(&mut Context::from_waker(&waker)) else {
            assert!(!ended || task.is_some(), "a task that ended cannot be joined");
            self.pending = pending;
            return Some(self);
        };
        let number = self.life.number;
        assert_eq!(
            self.life.dropped.load(SeqCst),
            1,
            "task {number} ended, and its future is there"
        );
        let panicked = self.life.panicked.load(SeqCst);
        match joined {
            Ok(mut output) => {
                output.panics = false;
                assert!(
                    self.life.returned.load(SeqCst) && !panicked,
                    "task {number} did not return"
                );
                assert!(
                    Arc::ptr_eq(&output.life, &self.life),
                    "the output is another task's"
                );
            }
            Err(error) if error.is_cancelled() => {
                let may = self.life.abort_begun.load(SeqCst) || world.may_cancel(self.life.local);
                let ended = self.life.returned.load(SeqCst) || panicked;
                assert!(may && !ended, "task {number} was not cancelled");
            }
            Err(error) => {
                assert!(panicked, "task {number} did not panic");
                let payload = error.into_panic().downcast::<Planned>();
                assert!(
                    payload.is_ok_and(|payload| payload.0 == number),
                    "not the panic of task {number}"
                );
            }
        }
        None
    }

    /// Nothing is ready any more: if the task has ended, who waited for that has been woken.
    pub(crate) fn assert_woken(&self) {
        let Some((which, before)) = self.pending else {
            return;
        };
        let woken = self.wakes[which].0.load(SeqCst) > before;
        let Life { number, .. } = *self.life;
        assert!(
            woken || !self.handle.is_finished(),
            "who joins task {number} is not woken"
        );
    }
}
