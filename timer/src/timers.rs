//! A wheel with a lock and a clock, the protocol of the thread that drives it, and the handles through which
//! everybody else gets at it.
//!
//! **Nothing is lost between looking and waiting.** [`Timers::wait`] reads the next deadline and writes down until
//! when its caller will sleep in one critical section; every insertion and reset compares itself with that in its
//! own. So an earlier deadline is either seen by `wait`, or sees the sleep and calls the unparker, which is sticky:
//! it counts also when the caller has not begun to wait.
//!
//! **No waker runs under the lock.** Wakers are cloned before, and dropped and woken after.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

use reveille_context::task::TaskId;
use reveille_context::waiter::Waiter;
use reveille_context::wake;

use crate::abandoned::Remains;
use crate::clock::Clock;
use crate::current::{self, EnterGuard};
use crate::instant::Instant;
use crate::primitive::Arc;
use crate::shared::{Renewed, Shared, Spare};
use crate::told;
use crate::wheel::Key;

/// How many entries one call of [`Timers::advance`] handles: a million timers that come due together must not keep
/// sockets and tasks waiting.
const ENTRIES_PER_TURN: usize = 1024;

// BOOK: ch14
/// The timers of one driver thread, which calls [`advance`](Self::advance) and [`wait`](Self::wait) by turns.
///
/// # Examples
///
/// A driver of one's own; this one does nothing but keep time.
///
/// ```
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Wake};
/// use std::thread::{self, Thread};
/// use reveille_timer::{Duration, Timers, sleep};
///
/// struct Unpark(Thread);
/// impl Wake for Unpark {
///     fn wake(self: Arc<Self>) {
///         self.0.unpark();
///     }
/// }
///
/// let unparker = Arc::new(Unpark(thread::current())).into();
/// let mut timers = Timers::new(unparker);
/// let _entered = timers.handle().enter();
///
/// let mut sleep = std::pin::pin!(sleep(Duration::from_millis(5)));
/// let waker = std::task::Waker::noop();
/// let mut woken = Vec::new();
/// while sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending() {
///     match timers.wait() {
///         Some(timeout) => thread::park_timeout(timeout),
///         None => thread::park(),
///     }
///     timers.advance(&mut woken);
///     woken.drain(..).for_each(|waker| waker.wake());
/// }
/// ```
pub struct Timers {
    handle: Handle,
    remains: std::sync::Arc<Remains>,
}

impl Timers {
    /// Timers on the machine's clock. `unparker` ends the wait of the driver thread, also one that has not begun
    /// yet; it is called from any thread, with no lock held.
    pub fn new(unparker: Waker) -> Self {
        Self::with_clock(Clock::new(), unparker)
    }

    /// Timers on a runtime's clock.
    pub fn with_clock(clock: Clock, unparker: Waker) -> Self {
        Self::made(Shared::new(clock, unparker, false))
    }

    /// As [`with_clock`](Self::with_clock), for a driver that advances them again and again until they are closed, as the workers
    /// of a runtime do. So timers that other threads give up may stay until then, many at a time; never while the driver sleeps.
    pub fn always_driven(clock: Clock, unparker: Waker) -> Self {
        Self::made(Shared::new(clock, unparker, true))
    }

    fn made(shared: Shared) -> Self {
        Self {
            handle: Handle {
                shared: Arc::new(shared),
            },
            remains: std::sync::Arc::default(),
        }
    }

    /// A handle, through which sleeps register.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    // BOOK: ch06
    /// How long the driver may wait: zero if something is due, or it is to advance them before it waits; `None` if there is no
    /// deadline at all.
    ///
    /// Unless that is zero, the caller is taken to be asleep from here until [`advance`](Self::advance): whoever sets an earlier
    /// deadline meanwhile calls the unparker, once. A driver that may be advanced by others must keep them out until it has
    /// woken up, as the lock around it does.
    ///
    /// While the clock is paused there is no deadline: time does not pass by itself. Who lets it go on
    /// [unparks](Handle::unpark) the driver.
    pub fn wait(&mut self) -> Option<Duration> {
        current::vacate_spare();
        if !self.handle.shared.abandoned.may_sleep() {
            return Some(Duration::ZERO);
        }
        let mut state = self.handle.shared.lock();
        if self.handle.shared.clock.is_paused() {
            state.sleeps_until = None;
            return None;
        }
        let deadline = state.wheel.next_deadline();
        let wait = deadline.map(|tick| self.handle.shared.clock.until(tick));
        // One that returns at once need not be woken.
        state.sleeps_until = (wait != Some(Duration::ZERO)).then(|| deadline.unwrap_or(u64::MAX));
        wait
    }

    /// Moves the wakers of timers that are due to `woken`, a bounded number; the caller wakes them once it holds no
    /// lock. There may be one more, which drops what others have given up. True if more is due: then the caller should not wait
    /// before it calls this again (and [`wait`](Self::wait) says zero).
    ///
    /// Nothing while the clock is paused: then [`Clock::step`] does it.
    pub fn advance(&mut self, woken: &mut Vec<Waker>) -> bool {
        current::vacate_spare();
        let remains = match self.handle.shared.abandoned.is_in_use() {
            true => self.collect(),
            false => Vec::new(),
        };
        let more = self.fire(woken);
        self.remains.hand_over(remains, woken);
        more
    }

    fn fire(&mut self, woken: &mut Vec<Waker>) -> bool {
        let shared = &self.handle.shared;
        let mut state = shared.lock();
        state.sleeps_until = None;
        // Where it is empty not even the clock is read. What is inserted next is placed as seen from an old tick, which
        // is allowed.
        if state.wheel.is_empty() || shared.clock.is_paused() {
            return false;
        }
        let now = shared.clock.current_tick();
        state
            .wheel
            .advance_with(now, ENTRIES_PER_TURN, &mut |key, waiter| {
                woken.push(told::fired(shared, key, waiter));
            })
    }

    /// For tests: as if a thread that gives up a timer had found another one busy with these.
    #[doc(hidden)]
    pub fn note_contention(&self) {
        self.handle.shared.abandoned.want();
    }

    /// Takes out the timers that others have given up, and lets them leave more.
    #[cold]
    fn collect(&self) -> Vec<Waiter> {
        let shared = &self.handle.shared;
        // Not under a clock that was ever paused: it would stop at the deadlines of what is left.
        let abandoned = shared.abandoned.open(!shared.clock.was_paused());
        shared.lock().remove_all(abandoned)
    }

    /// Refuses timers from now on and moves the wakers of those that wait to `woken`; the caller wakes them once it
    /// holds no lock. The sleeps that are polled again then wait elsewhere: nothing ends early.
    ///
    /// Dropping the timers does this too, and wakes.
    pub fn close(&mut self, woken: &mut Vec<Waker>) {
        let abandoned = self.handle.shared.abandoned.take();
        let mut state = self.handle.shared.lock();
        state.closed = true;
        state.sleeps_until = None;
        let remains = state.remove_all(abandoned);
        // The wheel's memory goes too: handles may live on for long.
        let mut wheel = mem::take(&mut state.wheel);
        drop(state);
        woken.extend(wheel.drain().into_iter().map(Waiter::into_waker));
        self.remains.hand_over(remains, woken);
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        let mut woken = Vec::new();
        self.close(&mut woken);
        wake::wake_all(&mut woken);
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("handle", &self.handle).finish()
    }
}

/// A way to [`Timers`], from any thread. It does not keep them open.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// The timers that sleeps polled on this thread use. `None` outside a runtime, where they use a thread of the
    /// process.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_timer::{Handle, Timers};
    ///
    /// let timers = Timers::new(std::task::Waker::noop().clone());
    /// assert!(Handle::current().is_none());
    /// let entered = timers.handle().enter();
    /// assert!(Handle::current().is_some());
    /// drop(entered);
    /// assert!(Handle::current().is_none());
    /// ```
    pub fn current() -> Option<Self> {
        current::get()
    }

    /// Makes these the timers of this thread until the guard is dropped; those before come back then.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::new(self.clone())
    }

    /// Makes `handle` the timers of this thread, for a driver that cannot keep the guard of [`enter`](Self::enter).
    /// Returns those before.
    ///
    /// The thread is taken to call [`Timers::wait`] or [`Timers::advance`] again and again: the timer of a sleep that is dropped
    /// on it may stay until then, for the next sleep to take over, and its waker until the thread's next timer.
    pub fn replace_current(handle: Option<Self>) -> Option<Self> {
        let drives = handle.is_some();
        current::replace(handle, drives).0
    }

    /// The clock that these timers go by.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Ends the wait of the driver, as an earlier deadline would.
    pub fn unpark(&self) {
        self.shared.unparker.wake_by_ref();
    }

    /// Whether these timers refuse new ones.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// How many timers wait.
    pub fn len(&self) -> usize {
        self.shared.see(|state| state.wheel.len())
    }

    /// Whether no timer waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who waits here, in no particular order: for a task dump. It holds the timers' lock for as long as it takes to
    /// copy the list.
    pub fn waiting(&self) -> Vec<Waiting> {
        let clock = &self.shared.clock;
        let waiting = |(when, waiter): (u64, &Waiter)| Waiting {
            task: waiter.task(),
            location: waiter.location(),
            deadline: clock.instant_of(when),
        };
        self.shared.see(|state| state.wheel.iter().map(waiting).collect())
    }

    /// Whether the two lead to the same timers.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// The tick at which a clock that stands should stop next.
    pub(crate) fn next_tick(&self) -> Option<u64> {
        self.shared.see(|state| state.wheel.next_deadline())
    }

    /// For a thread that drives these timers: where it says what it keeps spare.
    pub(crate) fn new_spare(&self) -> std::sync::Arc<Spare> {
        self.shared.lock().new_spare()
    }

    /// Moves the wakers of everything that is due at `tick` to `woken`.
    pub(crate) fn fire(&self, tick: u64, woken: &mut Vec<Waker>) {
        let mut state = self.shared.lock();
        state.wheel.advance_with(tick, usize::MAX, &mut |key, waiter| {
            woken.push(told::fired(&self.shared, key, waiter));
        });
    }

    /// Lets `waiter` wait; it comes back if the timers are closed.
    pub(crate) fn insert(&self, deadline: Instant, waiter: Waiter) -> Result<Key, Waiter> {
        let when = self.shared.clock.tick_of(deadline);
        if self.shared.abandoned.are_many() {
            self.shared.remove_abandoned();
        }
        let mut state = self.shared.lock();
        if state.closed {
            return Err(waiter);
        }
        let key = state.wheel.insert(when, waiter);
        told::set(&self.shared, &state, key, when);
        self.shared.notify(state, when);
        Ok(key)
    }

    /// What a recorder knows a timer by.
    pub(crate) fn number_of(&self, key: Key) -> u64 {
        self.shared.number_of(key)
    }

    /// Tells a recorder that nobody waits for a timer any more.
    pub(crate) fn tell_cancelled(&self, key: Key) {
        told::cancelled(&self.shared, key);
    }

    /// As [`remove`](Self::remove), by a thread that does not drive these timers: it may be left to the one that does.
    pub(crate) fn abandon(&self, key: Key) -> Option<Waiter> {
        self.shared.abandon(key)
    }

    /// Makes `waker` the one to be woken, and at `deadline` if there is one.
    pub(crate) fn renew(
        &self,
        key: Key,
        deadline: Option<Instant>,
        waker: &Waker,
        location: &'static Location<'static>,
    ) -> Renewed {
        let when = deadline.map(|deadline| self.shared.clock.tick_of(deadline));
        let mut state = self.shared.lock();
        let mut old = None;
        match state.wheel.get_mut(key) {
            None => return state.gone(),
            Some(waiter) if waiter.will_wake(waker) => waiter.wait_at(location),
            Some(_) => {
                drop(state);
                let fresh = Waiter::new(waker.clone(), location);
                state = self.shared.lock();
                match state.wheel.get_mut(key) {
                    Some(waiter) => old = Some(mem::replace(waiter, fresh)),
                    None => {
                        let gone = state.gone();
                        drop(state);
                        return gone;
                    }
                }
            }
        }
        match when {
            Some(when) => {
                state.wheel.reset(key, when);
                told::set(&self.shared, &state, key, when);
                self.shared.notify(state, when);
            }
            None => drop(state),
        }
        drop(old);
        Renewed::Waits
    }

    /// Changes a timer's deadline. False if it is gone.
    pub(crate) fn reset(&self, key: Key, deadline: Instant) -> bool {
        let when = self.shared.clock.tick_of(deadline);
        let mut state = self.shared.lock();
        let is_there = state.wheel.reset(key, when);
        if is_there {
            told::set(&self.shared, &state, key, when);
            self.shared.notify(state, when);
        }
        is_there
    }

    /// Takes a timer out, unless it is gone; the waiter is to be dropped by the caller, where no lock is held.
    pub(crate) fn remove(&self, key: Key) -> Option<Waiter> {
        self.shared.lock().wheel.remove(key)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("timers", &Arc::as_ptr(&self.shared))
            .finish()
    }
}

/// A timer that waits; from [`Handle::waiting`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Waiting {
    /// The task that waits, if a runtime of ours polled it.
    pub task: Option<TaskId>,
    /// Where the operation was begun: the call of `sleep`, `timeout` or `tick`.
    pub location: &'static Location<'static>,
    /// When it will be woken: its deadline, rounded up to a tick.
    pub deadline: Instant,
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::Context;
    use std::thread;

    use super::*;
    use crate::sleep::sleep;

    #[test]
    fn who_finds_the_lock_taken_has_the_next_ones_left_to_the_driver() {
        let mut timers = Timers::always_driven(Clock::new(), Waker::noop().clone());
        let cx = &mut Context::from_waker(Waker::noop());
        let [first, second] = [(); 2].map(|()| {
            let _entered = timers.handle().enter();
            let mut sleep = sleep(Duration::from_secs(60));
            assert!(pin!(&mut sleep).poll(cx).is_pending());
            sleep
        });
        let shared = timers.handle.shared.clone();
        let locked = shared.lock();
        let foreign = thread::spawn(move || drop(first));
        while !shared.abandoned.is_in_use() {
            assert!(!foreign.is_finished(), "it has not found the lock taken");
            thread::yield_now();
        }
        drop(locked);
        foreign.join().unwrap();
        assert_eq!(shared.lock().wheel.len(), 1);
        timers.advance(&mut Vec::new());
        thread::spawn(move || drop(second)).join().unwrap();
        assert_eq!(shared.lock().wheel.len(), 1, "it is left to the driver");
        timers.advance(&mut Vec::new());
        assert_eq!(shared.lock().wheel.len(), 0);
    }

    /// Somebody is inside the timers of the thread that resets and drops sleeps, which wait in others: nobody waits for
    /// anybody.
    #[test]
    fn a_foreign_cancel_and_a_foreign_reset_lock_their_own_wheel_alone() {
        let theirs = Timers::new(Waker::noop().clone());
        let others = Timers::new(Waker::noop().clone());
        let cx = &mut Context::from_waker(Waker::noop());
        let mut sleeps = [(); 3].map(|()| Box::pin(sleep(Duration::from_secs(60))));
        {
            let _entered = theirs.handle().enter();
            for sleep in &mut sleeps {
                assert!(pin!(sleep).poll(cx).is_pending());
            }
        }
        let [mut earlier, mut later, cancelled] = sleeps;
        let (done, is_done) = mpsc::channel();
        let current = others.handle();
        let locked = others.handle.shared.lock();
        let foreign = thread::spawn(move || {
            let _entered = current.enter();
            earlier.as_mut().reset(Instant::now() + Duration::from_secs(30));
            later.as_mut().reset(Instant::now() + Duration::from_secs(90));
            drop(cancelled);
            done.send(()).unwrap();
            (earlier, later)
        });
        let ended = is_done.recv_timeout(Duration::from_secs(30));
        drop(locked);
        assert!(ended.is_ok(), "it waits for a lock that is not its own");
        let left = foreign.join().unwrap();
        assert_eq!(theirs.handle().len(), 2);
        drop(left);
        assert!(theirs.handle().is_empty());
    }
}
