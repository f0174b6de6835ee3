//! A runtime that a foreign event loop drives, call by call.
//!
//! ```text
//!                     ┌────────────────────── foreign loop ──────────────────────┐
//!  embed ─▶ announced ─▶ poll_once: park (harvest) ─▶ run ─▶ announce ─▶ look again ─┐
//!                ▲                                             ▲                  │ nothing
//!                │                                             └── notified ──────┤
//!                └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! **No wake is lost between two calls.** Whoever pushes a task unparks afterwards. An unpark that comes after the
//! announcement interrupts the foreign loop; one that comes before makes the announcement fail, and the thread looks at
//! the mailboxes before it announces again. Between two calls the thread itself counts as another one.

#[cfg(all(test, loom))]
mod loom_models;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use reveille_context::wake;

use super::{Core, CurrentThread, Driving, Embedding};
use crate::entries::Registered;
use crate::entry::Entry;
use crate::local::{self, Aside, EntryGuard, Flavor};
use crate::park::Announce;
use crate::primitive::lock;
use crate::root::BATCH;
use crate::task::JoinHandle;

impl<P: Announce> CurrentThread<P> {
    /// Lets a foreign event loop drive the executor from this thread: that of a user interface, a game, another
    /// runtime. No thread is started for it.
    ///
    /// Until the [`Embedded`] is dropped this thread has the driver's seat, and threads in [`block_on`](Self::block_on)
    /// follow.
    ///
    /// # Errors
    ///
    /// If another thread drives, or if this thread is inside a `block_on`, or inside a call of
    /// [`poll_once`](Embedded::poll_once).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_executor::{CurrentThread, ThreadPark, yield_now};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let mut embedded = executor.embed()?;
    /// let task = embedded.spawn_local(async {
    ///     yield_now().await;
    ///     7
    /// });
    /// // Once for each frame of a game, say.
    /// while !task.is_finished() {
    ///     embedded.poll_once(Some(Duration::ZERO));
    /// }
    /// # Ok::<(), reveille_executor::EmbedError>(())
    /// ```
    #[track_caller]
    pub fn embed(&self) -> Result<Embedded<'_, P>, EmbedError> {
        let location = Location::caller();
        if let Some(outer) = local::entered_at() {
            return Err(EmbedError { inside: Some(outer) });
        }
        // A job that drives its own runtime rests when that does.
        let in_blocking_code = self.handle().is_in_blocking_code();
        // To clone an unparker is foreign code: before the seat is taken.
        let entry = Entry::new(self.home.unparker().clone()).in_blocking_code(in_blocking_code);
        let entry = Arc::new(entry);
        // It has no root future.
        entry.take_woken();
        let aside = Aside::new(self.handle(), entry.clone(), location);
        let core = self.take_seat(location)?;
        let inside = aside.enter().expect("`entered_at` found the thread-locals");
        let mut driving = Driving::start(self, core, &entry);
        let core = driving.core.as_mut().expect("just given");
        let more = self.announce(core, &entry);
        core.rest();
        let core = driving.core.take();
        drop(driving);
        drop(inside);
        Ok(Embedded {
            executor: self,
            _registered: self.home.entries.register(&entry, &self.home.quiescence),
            entry,
            location,
            core,
            aside,
            more,
        })
    }

    fn take_seat(&self, location: &'static Location<'static>) -> Result<Box<Core<P>>, EmbedError> {
        let mut seat = lock(&self.seat);
        let core = seat.core.take().ok_or(EmbedError { inside: None })?;
        seat.embedding = Some(Embedding {
            thread: local::address(),
            location,
        });
        Ok(core)
    }

    /// Runs what is ready, but no more than [`Embedded::POLLS_PER_CALL`].
    fn run_some(&self, core: &mut Core<P>, entry: &Entry) {
        for _ in 0..Embedded::<P>::POLLS_PER_CALL / BATCH {
            self.receive(entry);
            if core.run_batch() == 0 {
                break;
            }
        }
    }

    /// Announces that the foreign loop may sleep, then looks again: true if it is not to.
    fn announce(&self, core: &mut Core<P>, entry: &Entry) -> bool {
        loop {
            let announced = core.park.announce();
            // After it: one that fails has used up the only hint at what lies in the mailboxes.
            // Also if it led to nothing to run: whether all is at rest was to be looked at behind it.
            if self.receive(entry) || !local::is_empty() {
                return true;
            }
            if announced {
                return core.park.next_deadline() == Some(Duration::ZERO);
            }
        }
    }
}

/// An executor that a foreign event loop drives; made by [`CurrentThread::embed`].
///
/// The foreign loop calls [`poll_once`](Self::poll_once) whenever the park interrupts it, when
/// [`next_deadline`](Self::next_deadline) is over, and as often as it likes besides. Between two calls nothing runs,
/// and whatever wakes a task interrupts the foreign loop, on this thread too. How, is up to the park: a driver of
/// sockets makes its descriptor readable; [`ThreadPark`](crate::ThreadPark) has nothing to interrupt a foreign loop with.
///
/// It stays on its thread. When it is dropped, its local tasks are cancelled and dropped, and the driver's seat is
/// free for the next; other tasks wait for that.
///
/// See [`CurrentThread::embed`] for an example.
pub struct Embedded<'a, P: Announce> {
    executor: &'a CurrentThread<P>,
    _registered: Registered<'a>,
    entry: Arc<Entry>,
    location: &'static Location<'static>,
    /// `None` only while it is given back.
    core: Option<Box<Core<P>>>,
    aside: Aside,
    /// What the last call returned.
    more: bool,
}

impl<P: Announce> Embedded<'_, P> {
    /// How many times one [`poll_once`](Self::poll_once) polls tasks at the most.
    ///
    /// See [`poll_once`](Self::poll_once) for an example.
    pub const POLLS_PER_CALL: u32 = 256;

    /// Collects what the park has, runs what is ready, and returns: true if more is ready now.
    ///
    /// If nothing is ready at first, it waits until something is, at most for `timeout` (`None`: without end); it may
    /// return early for no reason. With `Some(Duration::ZERO)` it never waits. It polls tasks
    /// [`POLLS_PER_CALL`](Self::POLLS_PER_CALL) times at the most, however many are ready.
    ///
    /// When it has returned false, every wake interrupts the foreign loop, until the next call. When it has returned
    /// true, the foreign loop should not sleep before it calls again.
    ///
    /// # Panics
    ///
    /// If this thread is inside a `block_on`, or inside a `poll_once` of another runtime. A task's panic does not come
    /// out here, it is in its [`JoinHandle`]; but this panics if a task did and that is to shut the runtime down
    /// ([`PanicPolicy::ShutdownRuntime`](crate::PanicPolicy)).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_executor::{CurrentThread, ThreadPark, yield_now};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let mut embedded = executor.embed()?;
    /// let task = embedded.spawn_local(async {
    ///     for _ in 0..1_000 {
    ///         yield_now().await;
    ///     }
    /// });
    /// // It is always ready: the call returns after `POLLS_PER_CALL` polls, and says that there is more.
    /// assert!(embedded.poll_once(Some(Duration::ZERO)));
    /// while embedded.poll_once(Some(Duration::ZERO)) {}
    /// assert!(task.is_finished());
    /// # Ok::<(), reveille_executor::EmbedError>(())
    /// ```
    #[track_caller]
    pub fn poll_once(&mut self, timeout: Option<Duration>) -> bool {
        if let Some(outer) = local::entered_at() {
            panic!(
                "`poll_once` was called inside the `block_on` or `poll_once` at {outer}, whose tasks would all stand \
                 still; call it from the foreign loop alone"
            );
        }
        let Self {
            executor,
            entry,
            core,
            aside,
            more,
            ..
        } = self;
        let _inside = aside.enter();
        let core = core.as_mut().expect("it is given back in `drop`");
        executor.receive(entry);
        let nothing_is_ready = local::is_empty() && !*more;
        // Even if something is: what interrupted the foreign loop must be collected, or it would go on interrupting.
        core.sleep(if nothing_is_ready {
            timeout
        } else {
            Some(Duration::ZERO)
        });
        executor.run_some(core, entry);
        if local::is_empty() && !entry.has_news() {
            // What it finds is announced, or is in the queue.
            core.finds_work_at_rest(entry);
        }
        if executor.home.is_down() {
            executor.go_down(core, entry);
        }
        *more = executor.announce(core, entry);
        core.rest();
        *more
    }

    /// How long, from now, the foreign loop may sleep unless it is interrupted: `None` without end, zero if something
    /// is ready. An earlier deadline that is set after this call interrupts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let mut embedded = executor.embed()?;
    /// assert_eq!(embedded.next_deadline(), None);
    /// let task = embedded.spawn_local(async {});
    /// assert_eq!(embedded.next_deadline(), Some(Duration::ZERO));
    /// # drop(task);
    /// # Ok::<(), reveille_executor::EmbedError>(())
    /// ```
    pub fn next_deadline(&mut self) -> Option<Duration> {
        if self.more || self.executor.home.has_mail() || self.entry.has_news() {
            return Some(Duration::ZERO);
        }
        self.core.as_mut()?.park.next_deadline()
    }

    /// Spawns a task that stays on this thread, from outside of [`poll_once`](Self::poll_once); inside,
    /// [`spawn_local`](crate::spawn_local) does. It is cancelled when this is dropped.
    ///
    /// See [`CurrentThread::embed`] for an example.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.aside.note_local_task();
        self.entry.spawn_local(future, Location::caller(), None)
    }

    /// The park, of whose descriptor the foreign loop may need to know.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let embedded = executor.embed()?;
    /// // A driver of sockets would give out its descriptor here.
    /// let park: &ThreadPark = embedded.park();
    /// # println!("{park:?}");
    /// # Ok::<(), reveille_executor::EmbedError>(())
    /// ```
    pub fn park(&self) -> &P {
        &self.core.as_ref().expect("it is given back in `drop`").park
    }
}

impl<P: Announce> Drop for Embedded<'_, P> {
    fn drop(&mut self) {
        let Some(core) = self.core.take() else { return };
        let mut driving = Driving {
            executor: self.executor,
            entry: &self.entry,
            core: Some(core),
        };
        let Some(_inside) = self.aside.enter() else {
            // The thread has all but ended, and the queues cannot be told apart any more.
            // With the tasks the homes stay, to which they point.
            std::mem::forget((driving, self.entry.clone()));
            return;
        };
        // Leaves as a `block_on` does: the seat is given back, then the local tasks are cancelled.
        let _entry = EntryGuard::new(self.entry.clone(), self.location, Flavor::CurrentThread);
        // Ends the announcement, in whose place nothing sleeps any more.
        let core = driving.core.as_mut().expect("just given");
        // One that panics must not change the order of the rest.
        wake::contain(|| core.sleep(Some(Duration::ZERO)));
        drop(driving);
    }
}

impl<P: Announce> fmt::Debug for Embedded<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

/// The driver's seat was not free for [`CurrentThread::embed`].
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let embedded = executor.embed()?;
/// assert!(executor.embed().unwrap_err().is_driven());
/// drop(embedded);
/// executor.block_on(async { assert!(executor.embed().unwrap_err().is_nested()) });
/// # Ok::<(), reveille_executor::EmbedError>(())
/// ```
pub struct EmbedError {
    /// Where this thread entered the runtime whose tasks it runs.
    inside: Option<&'static Location<'static>>,
}

impl EmbedError {
    /// Whether this thread is inside a `block_on` or a `poll_once`.
    ///
    /// See [`EmbedError`] for an example.
    pub fn is_nested(&self) -> bool {
        self.inside.is_some()
    }

    /// Whether somebody drives the runtime already.
    ///
    /// See [`EmbedError`] for an example.
    pub fn is_driven(&self) -> bool {
        self.inside.is_none()
    }
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inside {
            Some(outer) => write!(
                f,
                "a runtime cannot be embedded inside the `block_on` or `poll_once` at {outer}, whose tasks would all \
                 stand still; embed it in the foreign loop itself"
            ),
            None => f.write_str(
                "the runtime cannot be embedded while another `block_on` or `Embedded` drives it; wait until that has \
                 returned or is dropped",
            ),
        }
    }
}

impl fmt::Debug for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmbedError({self})")
    }
}

impl std::error::Error for EmbedError {}
