//! The life of a thread of the pool.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::Arc;

use reveille_context::event::{self, Event, Role};
use reveille_context::wake;

use super::config::ThreadMain;
use super::pool::BlockingPool;
use super::state::{Next, State, Woken, report_stranded};
use crate::config::Hook;
use crate::primitive::{Mutex, MutexGuard, lock, thread_local};

thread_local! {
    /// The pool that this thread is of, or null. Compared, never followed.
    static POOL: Cell<*const BlockingPool> = Cell::new(ptr::null());
    /// Whether the thread has run its last job: what it does then counts as none.
    static IS_DONE: Cell<bool> = Cell::new(false);
}

/// Whether this thread is one of the pool's.
pub(super) fn is_of(pool: &BlockingPool) -> bool {
    POOL.try_with(|own| ptr::eq(own.get(), pool)).unwrap_or(false)
}

/// Whether this thread is one of the pool's, and what it runs may be a job.
pub(super) fn may_run_job_of(pool: &BlockingPool) -> bool {
    is_of(pool) && !IS_DONE.try_with(Cell::get).unwrap_or(true)
}

/// The work of a substitute on its way to a new thread, or back if there is none.
type Slot = Arc<Mutex<Option<ThreadMain>>>;

impl BlockingPool {
    /// Does what the queue needs.
    pub(super) fn carry_out(self: &Arc<Self>, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Wake => self.work.notify_one(),
            Next::Start => {
                if let Err(error) = self.start(None) {
                    self.start_failed(&error);
                }
            }
        }
    }

    /// Starts a thread for work that may not wait.
    pub(super) fn start_substitute(
        self: &Arc<Self>,
        work: ThreadMain,
    ) -> Result<(), (io::Error, ThreadMain)> {
        let slot = Arc::new(Mutex::new(Some(work)));
        let Err(error) = self.start(Some(slot.clone())) else {
            return Ok(());
        };
        lock(&self.state).stand_in_failed();
        self.ended.notify_all();
        let work = lock(&slot).take();
        Err((error, work.expect("only a thread that was started takes it")))
    }

    fn start(self: &Arc<Self>, substitute: Option<Slot>) -> io::Result<()> {
        let pool = self.clone();
        let main = Box::new(move || {
            pool.run_thread(substitute);
            // Nobody counts on it any more, so what its thread-locals' destructors wait for are all the others.
            let _ = POOL.try_with(|own| own.set(ptr::null()));
            pool.gone();
        });
        let config = &self.config;
        let mut started = Err(io::Error::other("starting a thread panicked"));
        // std panics for a name with a NUL byte.
        wake::contain(|| {
            started = (config.start_thread)(&config.thread_name, config.thread_stack_size, main);
        });
        started
    }

    fn start_failed(self: &Arc<Self>, error: &io::Error) {
        let (next, stranded) = lock(&self.state).start_failed();
        self.ended.notify_all();
        // An idle thread takes over, or nobody; this starts no other.
        self.carry_out(next);
        if !stranded.is_empty() {
            report_stranded(error, stranded.len());
        }
        for job in stranded {
            job.task.cancel();
        }
        // Those jobs counted as work, and whoever looked meanwhile has found that.
        self.have_a_look();
    }

    fn run_thread(self: &Arc<Self>, substitute: Option<Slot>) {
        let _ = POOL.try_with(|own| own.set(Arc::as_ptr(self)));
        event::emit(move || Event::Thread { role: Role::Blocking });
        call(self.config.on_thread_start.as_ref());
        let mut substitute = Some(substitute);
        let mut work = || {
            if let Some(substitute) = substitute.take() {
                self.work(substitute);
            }
        };
        let around = lock(&self.state).around.clone();
        if let Some(around) = around {
            wake::contain(|| around(&mut work));
        }
        // Whatever became of `around`, this thread is counted on.
        work();
        let _ = IS_DONE.try_with(|is_done| is_done.set(true));
        call(self.config.on_thread_stop.as_ref());
    }

    // BOOK: ch09
    /// From a thread's first look at the queue to the moment nobody counts on it any more.
    fn work(self: &Arc<Self>, substitute: Option<Slot>) {
        let mut state = lock(&self.state);
        match substitute {
            None => state.started(),
            Some(slot) => {
                drop(state);
                let work = lock(&slot).take();
                match self.stand_in(work) {
                    Some(guard) => state = guard,
                    None => return,
                }
            }
        }
        loop {
            state = self.run_jobs(state);
            if state.closed {
                return state.leave();
            }
            let (guard, woken) = self.wait_for_work(state);
            state = guard;
            match woken {
                Woken::StandIn(work) => {
                    drop(state);
                    match self.stand_in(Some(work)) {
                        Some(guard) => state = guard,
                        None => return,
                    }
                }
                Woken::Expired if !state.has_jobs() => return state.leave(),
                Woken::Expired | Woken::Look | Woken::Spurious => {}
            }
        }
    }

    /// Stands in for a worker. Gives the lock if the thread is one for jobs afterwards.
    fn stand_in(&self, work: Option<ThreadMain>) -> Option<MutexGuard<'_, State>> {
        if let Some(work) = work {
            wake::contain(work);
            event::emit(move || Event::Thread { role: Role::Blocking });
        }
        let mut state = lock(&self.state);
        state.stand_out().then_some(state)
    }

    /// Runs jobs until the queue is empty.
    fn run_jobs<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        // With it may go the job's memory, and a waker.
        let mut ended = None;
        loop {
            while let Some((task, id, next)) = state.take() {
                drop(state);
                self.carry_out(next);
                drop(ended.take());
                let again = task.run();
                debug_assert!(again.is_none(), "a job was woken");
                state = lock(&self.state);
                ended = state.ended(id);
            }
            let Some(ended) = ended.take() else {
                return state;
            };
            // This thread rests now, whatever others do: theirs may be jobs that sleep. Not under the lock: this may be the
            // last one who has it, and then the driver's waker drops here.
            drop(state);
            drop(ended);
            self.have_a_look();
            state = lock(&self.state);
        }
    }

    fn have_a_look(&self) {
        if let Some(quiescence) = self.config.quiescence.upgrade() {
            quiescence.have_a_look();
        }
    }

    /// Waits until there is a reason not to.
    fn wait_for_work<'a>(&'a self, mut state: MutexGuard<'a, State>) -> (MutexGuard<'a, State>, Woken) {
        state.begin_wait();
        let deadline = self.keep_alive.deadline();
        loop {
            let (guard, timed_out) = self.keep_alive.wait(&self.work, state, deadline);
            state = guard;
            match state.end_wait(timed_out) {
                Woken::Spurious => {}
                woken => return (state, woken),
            }
        }
    }

    fn gone(&self) {
        lock(&self.state).gone();
        self.ended.notify_all();
    }
}

fn call(hook: Option<&Hook>) {
    if let Some(hook) = hook {
        wake::contain(|| hook());
    }
}
