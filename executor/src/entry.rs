//! One call of `block_on`: its root future's waker, and the tasks that may not leave its thread.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use futures_task::ArcWake;
use reveille_context::cause;
use reveille_context::event::{self, Effect, Event, Moment};
use reveille_context::task::TaskId;
use reveille_context::wake;

use crate::big_future::{boxed, is_big};
use crate::local;
use crate::owned::OwnedTasks;
use crate::primitive::{AtomicU32, Ordering, SegQueue, Thread, current_thread, fence, park_thread};
use crate::task::{Finished, JoinHandle, Mail, PanicPolicy, Place, Runnable, Schedule, Wakers, new_local};

/// A thread inside `block_on`. It drives its runtime, or follows: it waits for its own future while another thread
/// drives.
///
/// | bit of `word` | set by | cleared by |
/// |---|---|---|
/// | `WOKEN` | the root future's waker | the thread, before it polls the root |
/// | `MAIL` | a foreign wake of a local task, after its push | the thread, before it empties the mailbox |
/// | `DRIVING` | the thread, when it takes the driving | the thread, when it gives it up |
/// | `ASLEEP` | the thread, before it sleeps as a follower | the thread, when it wakes up; it counts that too |
/// | `BLOCKED` | the thread, before it runs code that blocks | the thread, after that |
///
/// All are changed by read-modify-writes on one word. So a waker either finds `DRIVING` and unparks the driver's park,
/// or its bit is in the word before `DRIVING` is, and the thread finds it there before it first parks in the
/// driver. The other way round is the same with the thread's own token.
pub(crate) struct Entry {
    /// The bits, and above them how often the thread has slept as a follower.
    word: AtomicU32,
    mailbox: SegQueue<Mail>,
    /// Where a driving thread sleeps.
    driver: Waker,
    /// Where a following thread sleeps.
    thread: Thread,
    owned: OwnedTasks,
    /// Whether the thread is in the midst of blocking code of the same runtime.
    in_blocking_code: bool,
    /// The root's id, and the call of `block_on`; for people.
    root: OnceLock<(TaskId, &'static Location<'static>)>,
    /// Whether the root is being polled, as a recorder was told; for what it is told of the root's wakes.
    root_runs: AtomicBool,
}

/// The number of the table of local tasks.
pub(crate) const LOCAL: u16 = u16::MAX - 2;

const WOKEN: u32 = 1;
const MAIL: u32 = 2;
const DRIVING: u32 = 4;
const ASLEEP: u32 = 8;
const BLOCKED: u32 = 16;
/// One sleep, in the bits above.
const SLEPT: u32 = 32;

/// What a thread says of itself when somebody asks whether the runtime is at rest.
pub(crate) enum Rest {
    /// It runs something, or is about to.
    Active,
    /// It has nothing to run. The number of its sleeps so far.
    Asleep(u64),
    /// It drives, and has nothing that belongs to it alone; ask the driver. The same number.
    Driving(u64),
    /// It runs code that blocks, and may sleep in there.
    Blocked,
}

impl Entry {
    /// For this thread; the root is to be polled at once.
    pub(crate) fn new(driver: Waker) -> Self {
        Self {
            word: AtomicU32::new(WOKEN),
            mailbox: SegQueue::new(),
            driver,
            thread: current_thread(),
            owned: OwnedTasks::new(LOCAL),
            in_blocking_code: false,
            root: OnceLock::new(),
            root_runs: AtomicBool::new(false),
        }
    }

    /// For this thread, which is in the midst of blocking code of the same runtime.
    pub(crate) fn in_blocking_code(mut self, in_blocking_code: bool) -> Self {
        self.in_blocking_code = in_blocking_code;
        self
    }

    /// Whether the thread is in the midst of blocking code of the same runtime.
    pub(crate) fn is_in_blocking_code(&self) -> bool {
        self.in_blocking_code
    }

    /// Notes what the root is.
    pub(crate) fn set_root(&self, id: TaskId, location: &'static Location<'static>) {
        // It has one root, and is told once.
        let _ = self.root.set((id, location));
    }

    /// What was noted of the root, if there is one.
    pub(crate) fn root_id(&self) -> Option<(TaskId, &'static Location<'static>)> {
        self.root.get().copied()
    }

    /// Notes whether the root is being polled, while a recorder is told so.
    pub(crate) fn note_root_runs(&self, runs: bool) {
        // Relaxed: nothing depends on it but a word in a trace.
        self.root_runs.store(runs, Ordering::Relaxed);
    }

    /// Whether the root is being polled, as far as a recorder was told.
    pub(crate) fn root_runs(&self) -> bool {
        self.root_runs.load(Ordering::Relaxed)
    }

    /// Sleeps as a follower, unless there is news, until the thread is unparked. `rests` is called when everybody sees that
    /// it does.
    pub(crate) fn sleep(&self, rests: impl FnOnce()) {
        // Release: pairs with the Acquire in `rest`, for what the thread has done.
        self.word.fetch_or(ASLEEP, Ordering::AcqRel);
        // Pairs with the fence in `Quiescence::look`: either this finds that somebody wants to know whether all rest, or that
        // one finds this at rest.
        fence(Ordering::SeqCst);
        rests();
        if !self.has_news() {
            event::emit(move || Event::Park { timeout: None });
            park_thread();
            event::emit(move || Event::Unpark);
        }
        self.word.fetch_add(SLEPT.wrapping_sub(ASLEEP), Ordering::AcqRel);
    }

    /// Whether the thread is in code that blocks from now on.
    pub(crate) fn set_blocked(&self, blocked: bool) {
        if blocked {
            self.word.fetch_or(BLOCKED, Ordering::AcqRel);
        } else {
            self.word.fetch_and(!BLOCKED, Ordering::AcqRel);
        }
    }

    /// Whether the thread has anything to do.
    pub(crate) fn rest(&self) -> Rest {
        let word = self.word.load(Ordering::Acquire);
        let slept = u64::from(word / SLEPT);
        if word & BLOCKED != 0 {
            Rest::Blocked
        } else if word & (WOKEN | MAIL) != 0 {
            Rest::Active
        } else if word & ASLEEP != 0 {
            Rest::Asleep(slept)
        } else if word & DRIVING != 0 {
            Rest::Driving(slept)
        } else {
            Rest::Active
        }
    }

    // BOOK: ch03
    /// Whether the root is to be polled; if so, it counts as polled.
    #[inline]
    pub(crate) fn take_woken(&self) -> bool {
        // Relaxed: a WOKEN that this misses is seen after `park`; one that it sees is read again below.
        if self.word.load(Ordering::Relaxed) & WOKEN == 0 {
            return false;
        }
        // Acquire: pairs with the Release in `notify`, for what the waker's thread wrote.
        self.word.fetch_and(!WOKEN, Ordering::AcqRel) & WOKEN != 0
    }

    /// Whether the root is to be polled, as far as this thread knows.
    #[inline]
    pub(crate) fn is_woken(&self) -> bool {
        self.word.load(Ordering::Relaxed) & WOKEN != 0
    }

    /// Whether the root or a local task was woken since this thread last looked.
    pub(crate) fn has_news(&self) -> bool {
        self.word.load(Ordering::Relaxed) & (WOKEN | MAIL) != 0
    }

    /// Whether a local task was woken by another thread since this one last looked.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.word.load(Ordering::Relaxed) & MAIL != 0
    }

    /// Moves local tasks that other threads woke into this thread's queue. Whether there was mail.
    #[inline]
    pub(crate) fn receive(&self) -> bool {
        let has_mail = self.has_mail();
        if has_mail {
            // Acquire: pairs with the Release in `notify`, for the push before it.
            self.word.fetch_and(!MAIL, Ordering::AcqRel);
            while let Some(mail) = self.mailbox.pop() {
                if let Some(task) = self.owned.take_in(mail.open(None)) {
                    local::push(task);
                }
            }
        }
        has_mail
    }

    pub(crate) fn set_driving(&self, driving: bool) {
        if driving {
            self.word.fetch_or(DRIVING, Ordering::AcqRel);
        } else {
            self.word.fetch_and(!DRIVING, Ordering::AcqRel);
        }
    }

    /// Ends this thread's sleep as a follower.
    pub(crate) fn unpark_follower(&self) {
        self.thread.unpark();
    }

    /// Spawns on this thread, which is in this `block_on`.
    pub(crate) fn spawn_local<F>(
        self: &Arc<Self>,
        future: F,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if is_big::<F>() {
            return self.spawn_small(boxed(future, location), location, name);
        }
        self.spawn_small(future, location, name)
    }

    fn spawn_small<F>(
        self: &Arc<Self>,
        future: F,
        location: &'static Location<'static>,
        name: Option<Arc<str>>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        local::note_local_task();
        let (task, runnable, handle) = new_local(future, self, location);
        // As in `spawn_in`.
        let handle = ManuallyDrop::new(handle);
        match self.owned.insert(task, name) {
            Ok(()) => runnable.schedule(),
            Err(_closed) => runnable.cancel(),
        }
        ManuallyDrop::into_inner(handle)
    }

    /// The table of its local tasks.
    pub(crate) fn owned(&self) -> &OwnedTasks {
        &self.owned
    }

    /// Whether there is a local task that is not complete.
    pub(crate) fn has_local_tasks(&self) -> bool {
        !self.owned.is_empty()
    }

    /// Drops every local task, on this thread, which follows by now.
    pub(crate) fn cancel_local_tasks(&self) {
        let pop = || {
            self.receive();
            local::pop()
        };
        self.owned.cancel_all(pop, || {
            // Not `has_news`: nobody polls the root any more, so its bit may stay set.
            if !self.has_mail() {
                park_thread();
            }
        });
    }

    /// Sets a bit and, if it was clear and the thread may sleep, unparks it where it sleeps.
    #[inline(always)]
    fn notify(&self, bit: u32) {
        // Release: pairs with the Acquire in `take_woken` and `receive`. A bit that is set already must still be
        // written: the thread must read from the last waker, not from the first.
        let before = if event::is_on() {
            self.set_and_tell(bit)
        } else {
            self.word.fetch_or(bit, Ordering::AcqRel)
        };
        if before & bit != 0 || local::is_home(self) {
            return;
        }
        if before & DRIVING != 0 {
            // As in `Home::unpark`.
            wake::contain(|| self.driver.wake_by_ref());
        } else {
            self.thread.unpark();
        }
    }
}

impl Entry {
    /// Sets a bit, and tells a recorder that the root was woken, if that is what it means. What there was before.
    #[cold]
    fn set_and_tell(&self, bit: u32) -> u32 {
        let moment = event::before(|| ());
        let before = self.word.fetch_or(bit, Ordering::AcqRel);
        if let Some((moment, ())) = moment {
            self.tell_woken(moment, bit, before);
        }
        before
    }

    fn tell_woken(&self, moment: Moment, bit: u32, before: u32) {
        let Some((root, _)) = self.root_id().filter(|_| bit == WOKEN) else {
            return;
        };
        event::emit_at(moment, || Event::Wake {
            task: root,
            cause: cause::current(),
            effect: match before & WOKEN {
                // Relaxed: as where it is noted. Another thread may have seen it a moment too late.
                0 if self.root_runs() => Effect::Rescheduled,
                0 => Effect::Scheduled,
                _ => Effect::Coalesced,
            },
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.owned.end_process_unless_empty();
    }
}

/// The root future's waker.
impl ArcWake for Entry {
    #[inline(always)]
    fn wake_by_ref(entry: &Arc<Self>) {
        entry.notify(WOKEN);
    }
}

impl Schedule for Entry {
    const LOCAL: bool = true;
    const BOUND: bool = true;

    fn wakers() -> &'static Wakers<Self> {
        static WAKERS: Wakers<Entry> = Wakers::new();
        &WAKERS
    }

    #[inline]
    fn is_here(entry: *const Self) -> bool {
        local::is_home(entry)
    }

    #[inline]
    fn push_here<const TOLD: bool>(_: &Self, task: Runnable) -> Result<(), Runnable> {
        if TOLD {
            local::push(task);
        } else {
            local::push_untold(task);
        }
        Ok(())
    }

    type Pushed<'a> = ();

    fn push_from_elsewhere(_: &Self, _: Runnable) {
        unreachable!("a bound task comes by mail");
    }

    fn post(entry: Arc<Self>, mail: Mail) {
        mail.tell_sent();
        entry.mailbox.push(mail);
        entry.notify(MAIL);
    }

    fn release(&self, task: Finished, is_mailed: bool) {
        self.owned.remove(task, is_mailed);
    }

    fn name(&self, place: Place) -> Option<Arc<str>> {
        self.owned.name(place)
    }

    /// That of the runtime: its local tasks run only on this thread, where it is current.
    fn panic_policy(&self) -> PanicPolicy {
        local::current_handle().map_or_else(PanicPolicy::default, |handle| handle.panic_policy())
    }

    fn shut_down_after_panic(&self) {
        if let Some(handle) = local::current_handle() {
            handle.shut_down_after_panic();
        }
    }
}
