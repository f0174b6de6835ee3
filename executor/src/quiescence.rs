//! Noticing that nothing runs any more and nothing will by itself: the moment in which virtual time moves.
//!
//! A runtime is at rest when every worker is parked (on a current-thread runtime: whoever drives it is about to), no task
//! is queued, no thread in its `block_on` is awake, and no blocking code runs but such as sleeps in a `block_on` in turn.
//! What it waits for then comes from outside: sockets, other threads, time.
//!
//! **How all of that is seen at once, without a lock around it.** Everything that may be active has a number that changes
//! whenever it has been. [`Quiescence::look`] asks everything twice. What is found at rest both times, with the same
//! number, was at rest from its first answer to its second; so if that holds for all, there was a moment, between the two
//! rounds, at which all rested (the double collect of Afek et al., *Atomic Snapshots of Shared Memory*, 1993). And from
//! that moment on nothing changes, since only what is active activates anything.
//!
//! **But for who comes from outside**, where nobody is asked: a thread that begins a `block_on`, or that spawns without
//! being in one of this runtime. Between the look and the telling the *door* is shut, and those wait in front of it. Each
//! first shows that it comes (the one as an entry, the other as [`Coming`]) and then passes the door. So either whoever
//! looks next finds it, or who looks just now has told before it goes on. (A wake or an abort from outside is let through:
//! a wake is what the runtime waits for, and comes when it comes. So is a spawn that finds rest not awaited, if that
//! changes before it is done; and a hook that a worker calls on its way to its park, if that spawns.)
//!
//! **Nobody forgets to look.** Workers look when they are about to park and everybody sees that they are. Whatever else
//! comes to rest (a thread in `block_on`, the last blocking job) unparks a worker, which looks on its way back. Each first
//! says that it rests, and then looks, or leaves it to the one who looks just now and then looks again. And who finds that
//! nobody waits for it goes to sleep without a look; but it fences between the two, and so does who looks, so it is seen by
//! somebody who has begun to wait meanwhile.
//!
//! All this happens only while somebody [waits for it](OnQuiescent::is_awaited).

#[cfg(all(test, loom))]
mod loom_models;

use std::sync::Arc;
use std::task::Waker;

use reveille_context::wake;

use crate::primitive::{AtomicUsize, Mutex, Ordering, fence, lock};

/// Told when a runtime has come to rest: [`Config::on_quiescent`](crate::Config::on_quiescent). It is what moves a clock
/// that is paused.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::task::Waker;
/// use reveille_executor::{Config, CurrentThread, OnQuiescent, ThreadPark};
///
/// /// Wakes whatever waits, one after the other, each time nothing else is left to do.
/// #[derive(Default)]
/// struct AtRest {
///     waiting: std::sync::Mutex<Vec<Waker>>,
///     times: AtomicUsize,
/// }
///
/// impl OnQuiescent for AtRest {
///     fn is_awaited(&self) -> bool {
///         !self.waiting.lock().unwrap().is_empty()
///     }
///     fn reached(&self, woken: &mut Vec<Waker>) {
///         self.times.fetch_add(1, Ordering::Relaxed);
///         woken.extend(self.waiting.lock().unwrap().pop());
///     }
/// }
///
/// let at_rest = Arc::new(AtRest::default());
/// let mut config = Config::default();
/// config.on_quiescent = Some(at_rest.clone());
/// let executor = CurrentThread::with_config(ThreadPark::new(), &config);
/// let mut waited = false;
/// executor.block_on(std::future::poll_fn(|cx| {
///     if std::mem::replace(&mut waited, true) {
///         return std::task::Poll::Ready(());
///     }
///     at_rest.waiting.lock().unwrap().push(cx.waker().clone());
///     std::task::Poll::Pending
/// }));
/// assert_eq!(at_rest.times.load(Ordering::Relaxed), 1);
/// ```
pub trait OnQuiescent: Send + Sync {
    /// Whether it matters now whether the runtime is at rest. Asked each time something goes to sleep, and by each thread
    /// that enters or spawns from outside, so it should cost little. Who changes the answer to "yes" from outside the
    /// runtime calls [`Handle::look_for_rest`].
    ///
    /// [`Handle::look_for_rest`]: crate::Handle::look_for_rest
    fn is_awaited(&self) -> bool;

    /// `None` while work is going on that the executor does not know of, else a number that changes whenever there was
    /// some. Who ends such work calls [`Handle::look_for_rest`](crate::Handle::look_for_rest).
    fn other_work(&self) -> Option<u64> {
        Some(0)
    }

    /// The runtime is at rest. What is put into `woken` is woken, and then the executor looks again; if there is nothing,
    /// the runtime sleeps. Called by one thread at a time.
    ///
    /// As long as it [is awaited](Self::is_awaited), a thread that begins a `block_on` or spawns from outside waits until
    /// [`is_awaited`](Self::is_awaited), [`other_work`](Self::other_work) and this have all been called. So none of the three
    /// may wait for another thread; and within [`block_in_place`](crate::block_in_place) it is as one from outside there.
    fn reached(&self, woken: &mut Vec<Waker>);
}

/// Looks whether a runtime is at rest, and tells.
pub(crate) struct Quiescence {
    listener: Option<Arc<dyn OnQuiescent>>,
    /// Of a worker, or of whoever drives a current-thread runtime: those look.
    worker: Waker,
    /// How many have wanted to look since the one who does began.
    looking: AtomicUsize,
    /// Shut from the look to the telling. So it is held while the listener is called, and on its terms; and over no wake.
    door: Mutex<()>,
    /// How many come from outside and have not spawned yet.
    coming: AtomicUsize,
}

/// The answers of one round: the numbers of everything, in a fixed order.
pub(crate) type Answers = Vec<u64>;

impl Quiescence {
    pub(crate) fn new(listener: Option<Arc<dyn OnQuiescent>>, worker: Waker) -> Self {
        Self {
            listener,
            worker,
            looking: AtomicUsize::new(0),
            door: Mutex::new(()),
            coming: AtomicUsize::new(0),
        }
    }

    /// Whether somebody wants to be told.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        let Some(listener) = &self.listener else {
            return false;
        };
        let mut awaited = false;
        wake::contain(|| awaited = listener.is_awaited());
        awaited
    }

    /// By a thread from outside that everybody sees to come by now: waits until whoever finds all at rest just now has told.
    pub(crate) fn pass_the_door(&self) {
        if self.is_awaited() {
            drop(lock(&self.door));
        }
    }

    /// By a thread from outside, before it spawns.
    pub(crate) fn come(&self) -> Option<Coming<'_>> {
        self.is_awaited().then(|| {
            // Relaxed: who shuts the door after this has passed it finds the change; who did so before has told by then.
            self.coming.fetch_add(1, Ordering::Relaxed);
            drop(lock(&self.door));
            Coming { quiescence: self }
        })
    }

    /// By whoever has come to rest, and is no worker: has a worker look.
    pub(crate) fn have_a_look(&self) {
        if self.is_awaited() {
            wake::contain(|| self.worker.wake_by_ref());
        }
    }

    /// By a worker that others find at rest by now. `ask` asks everything in the runtime: false if something is active.
    ///
    /// Wakes from here, so the thread must count as a foreign one.
    pub(crate) fn look(&self, ask: impl Fn(&mut Answers) -> bool) {
        let Some(listener) = &self.listener else { return };
        // AcqRel, as below: who looks sees what those did who left it to him.
        if self.looking.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let mut woken = Vec::new();
        loop {
            let wanted = self.looking.load(Ordering::Acquire);
            while self.tells(&**listener, &ask, &mut woken) {
                wake::wake_all(&mut woken);
            }
            let ended = self
                .looking
                .compare_exchange(wanted, 0, Ordering::AcqRel, Ordering::Acquire);
            if ended.is_ok() {
                return;
            }
        }
    }
}

/// A thread from outside that is about to spawn, until it has.
pub(crate) struct Coming<'a> {
    quiescence: &'a Quiescence,
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `is_quiet`, for what was spawned.
        self.quiescence.coming.fetch_sub(1, Ordering::Release);
        // As in `Entry::sleep`: either who looks finds this gone, or this finds that somebody waits for rest.
        fence(Ordering::SeqCst);
        // What was spawned may have come to rest already, and who looked then found this.
        self.quiescence.have_a_look();
    }
}

impl Quiescence {
    /// Looks, and tells. Whether somebody is to be woken for it.
    fn tells(
        &self,
        listener: &dyn OnQuiescent,
        ask: &impl Fn(&mut Answers) -> bool,
        woken: &mut Vec<Waker>,
    ) -> bool {
        let _shut = lock(&self.door);
        if self.is_at_rest(listener, ask) {
            wake::contain(|| listener.reached(woken));
        }
        !woken.is_empty()
    }

    /// The listener is foreign code: where it panics nothing is at rest, and nobody is kept from looking later.
    fn is_at_rest(&self, listener: &dyn OnQuiescent, ask: &impl Fn(&mut Answers) -> bool) -> bool {
        let mut quiet = false;
        wake::contain(|| quiet = listener.is_awaited() && self.is_quiet(listener, ask));
        quiet
    }

    fn is_quiet(&self, listener: &dyn OnQuiescent, ask: &impl Fn(&mut Answers) -> bool) -> bool {
        let Some(other_work) = listener.other_work() else {
            return false;
        };
        let round = || {
            // Pairs with the fence of whoever comes to rest (`Entry::sleep`, `Idle::announce`, `Coming`): after it said so, and
            // before it asks whether that matters.
            fence(Ordering::SeqCst);
            // Acquire: pairs with the Release of who has come.
            if self.coming.load(Ordering::Acquire) > 0 {
                return None;
            }
            let mut answers = Answers::new();
            ask(&mut answers).then_some(answers)
        };
        let Some(first) = round() else { return false };
        round().is_some_and(|second| second == first) && listener.other_work() == Some(other_work)
    }
}
