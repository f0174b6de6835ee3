//! The seam between an executor and whatever it sleeps on.

use std::fmt;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::primitive::{AtomicU8, Condvar, Mutex, Ordering, lock};

/// For how long a thread that ends its runtime sleeps at a time if its park has panicked.
pub(crate) const BROKEN_PARK: Duration = Duration::from_millis(1);

/// What an executor sleeps on when it has nothing to run: a thread parker, or a driver that also watches sockets and
/// timers. Parks are not nested in parks.
///
/// What it finds to be woken it adds to `woken`; the executor calls those wakers, after every lock is released.
///
/// # Examples
///
/// [`ThreadPark`] is the built-in one. The example `own_park` of the `reveille` crate shows a home-made one.
///
/// What an executor does with one:
///
/// ```
/// use std::thread;
/// use reveille_executor::{Park, ThreadPark};
///
/// let mut park = ThreadPark::new();
/// let unparker = park.unparker();
/// thread::spawn(move || unparker.wake());
/// let mut woken = Vec::new();
/// park.enter();
/// park.park(None, &mut woken);
/// // The unparker ended the wait. `woken` would hold the wakers of ready sockets and timers now.
/// park.turn(&mut woken); // Looks once more, and does not wait.
/// park.close(&mut woken); // At the runtime's end.
/// assert!(woken.is_empty());
/// ```
pub trait Park: Send {
    /// Called on the thread that will park, before it does: makes this park's sockets and timers the thread's own.
    ///
    /// See [`Park`] for an example.
    fn enter(&mut self);

    /// Waits until something is to be woken, [`unparker`](Self::unparker) is woken, or `timeout` is over (`None`: without
    /// end, which is all that [`CurrentThread`](crate::CurrentThread) asks for). Returns
    /// at once if the unparker was woken since the last `park`. It may return early for no reason.
    ///
    /// See [`Park`] for an example.
    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>);

    /// Collects what is to be woken now, without waiting. Leaves the unparker's token alone.
    ///
    /// See [`Park`] for an example.
    fn turn(&mut self, woken: &mut Vec<Waker>);

    /// The runtime shuts down: whoever waits for this park's sockets and timers is to be woken, and nobody is to wait for
    /// them any more. It may still be parked. May be called again; dropping the park does this too.
    ///
    /// See [`Park`] for an example.
    fn close(&mut self, woken: &mut Vec<Waker>) {
        let _ = woken;
    }

    /// A waker that ends the current `park`, or the next one. What happened before it is woken is seen after `park`
    /// returns. Waking it again before that costs no system call.
    ///
    /// See [`Park`] for an example.
    fn unparker(&self) -> Waker;
}

/// A [`Park`] whose wait may take place elsewhere: in a foreign event loop that
/// [embeds](crate::CurrentThread::embed) the runtime.
///
/// The thread announces the wait, looks at whatever other threads may change, and returns to the foreign loop, which
/// calls back when the park has something for it, when the deadline is over, or when it likes. The next
/// [`park`](Park::park) ends the announcement: it does not announce again, and returns at once if the unparker was
/// woken since, which it uses up whatever the timeout.
///
/// # Examples
///
/// ```
/// use reveille_executor::{Announce, Park, ThreadPark};
///
/// let mut park = ThreadPark::new();
/// park.unparker().wake();
/// // There is news: look for it, and announce again.
/// assert!(!park.announce());
/// assert!(park.announce());
/// // The foreign loop may wait now, without end.
/// assert_eq!(park.next_deadline(), None);
/// ```
pub trait Announce: Park {
    /// From now on until the next [`park`](Park::park) the unparker interrupts the foreign loop, by a descriptor that
    /// becomes readable say. False if it was woken since the last `park`: then that is used up and nothing is
    /// announced; look for what it told of, and announce again.
    ///
    /// See [`Announce`] for an example.
    #[must_use = "if this says false, there may be something to run"]
    fn announce(&mut self) -> bool;

    /// How long, from now, the foreign loop may wait before the next [`park`](Park::park): `None` without end, zero if
    /// there is something to collect already. Called after [`announce`](Self::announce), as often as the loop asks; who
    /// sets an earlier deadline after that wakes the unparker.
    ///
    /// See [`Announce`] for an example.
    fn next_deadline(&mut self) -> Option<Duration>;
}

// BOOK: ch03
/// The one bit between a thread that sleeps and those who unpark it. Sticky: an unpark that comes first is not lost.
///
/// ```text
///            announce                      clear
///   EMPTY ─────────────▶ PARKED ───────────────────────▶ EMPTY
///     │                    │ notify: interrupt the sleep   ▲
///     │ notify             ▼                               │
///     └───────────────▶ NOTIFIED ──────────────────────────┘
///                               announce (do not sleep), clear
/// ```
///
/// Every implementation of [`Park`] that sleeps in a system call needs one; it makes sure that only a thread that
/// sleeps is interrupted, and only once. Its `park` announces first, then looks at whatever other threads may change,
/// then sleeps, then clears, and then collects what is to be woken; its unparker notifies, and interrupts if told to.
///
/// # Examples
///
/// ```
/// use reveille_executor::Token;
///
/// let token = Token::new();
/// // An unpark that comes first: there is nobody to interrupt, and the next sleep is not to begin.
/// assert!(!token.notify());
/// assert!(!token.announce());
/// // One that finds the sleeper asleep.
/// assert!(token.announce());
/// assert!(token.notify());
/// token.clear();
/// ```
pub struct Token(AtomicU8);

impl Token {
    /// Nobody sleeps, nobody was notified.
    ///
    /// See [`Token`] for an example.
    #[allow(
        clippy::new_without_default,
        reason = "a token is made where its sleeper is, never by default"
    )]
    pub fn new() -> Self {
        Self(AtomicU8::new(EMPTY))
    }

    /// By the sleeper, before it sleeps: whether it may. If not, it was notified, and that is now used up.
    ///
    /// See [`Token`] for an example.
    #[must_use = "if this says false, do not sleep"]
    pub fn announce(&self) -> bool {
        // Acquire on failure: pairs with the Release in `notify`.
        if self
            .0
            .compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            return true;
        }
        self.clear();
        false
    }

    /// By the sleeper, after it slept: uses up a notification, whether or not that is what ended the sleep.
    ///
    /// See [`Token`] for an example.
    pub fn clear(&self) {
        // Acquire: pairs with the Release in `notify`, so that the sleeper sees what it was notified of. A swap, not
        // a store: only a read-modify-write reads the newest notification.
        self.0.swap(EMPTY, Ordering::AcqRel);
    }

    /// By anybody: whether the sleeper sleeps, so that the caller must interrupt it.
    ///
    /// See [`Token`] for an example.
    #[must_use = "if this says true, interrupt the sleeper"]
    pub fn notify(&self) -> bool {
        // A swap even if NOTIFIED already: the sleeper must read from the last notifier, not from the first.
        self.0.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.load(Ordering::Relaxed) {
            EMPTY => "Token(EMPTY)",
            PARKED => "Token(PARKED)",
            _ => "Token(NOTIFIED)",
        })
    }
}

const EMPTY: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// A [`Park`] that knows neither sockets nor timers: the thread sleeps until it is unparked.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// assert_eq!(executor.block_on(async { 1 + 1 }), 2);
/// ```
#[derive(Debug)]
pub struct ThreadPark {
    sleeper: Arc<Sleeper>,
    announced: bool,
}

struct Sleeper {
    token: Token,
    /// Whether the sleeper was interrupted; guards the gap between `announce` and the wait.
    interrupted: Mutex<bool>,
    condvar: Condvar,
}

impl ThreadPark {
    /// A parker for whichever thread calls it.
    ///
    /// See [`ThreadPark`] for an example.
    #[allow(clippy::new_without_default, reason = "as `Token`")]
    pub fn new() -> Self {
        let sleeper = Sleeper {
            token: Token::new(),
            interrupted: Mutex::new(false),
            condvar: Condvar::new(),
        };
        Self {
            sleeper: Arc::new(sleeper),
            announced: false,
        }
    }
}

#[cfg(all(test, loom))]
impl ThreadPark {
    /// In place of a foreign loop's sleep: waits for an interruption, and leaves it for the next `park` to collect.
    pub(crate) fn wait_for_interruption(&self) {
        let mut interrupted = lock(&self.sleeper.interrupted);
        while !*interrupted {
            interrupted = self.sleeper.condvar.wait(interrupted).unwrap();
        }
    }
}

impl Park for ThreadPark {
    fn enter(&mut self) {}

    fn park(&mut self, timeout: Option<Duration>, _woken: &mut Vec<Waker>) {
        if mem::take(&mut self.announced) || self.sleeper.token.announce() {
            self.sleeper.sleep(timeout);
        }
    }

    fn turn(&mut self, _woken: &mut Vec<Waker>) {}

    fn unparker(&self) -> Waker {
        self.sleeper.clone().into()
    }
}

/// It can interrupt no foreign loop: one that embeds it calls
/// [`poll_once`](crate::Embedded::poll_once) again and again, or waits in it.
impl Announce for ThreadPark {
    fn announce(&mut self) -> bool {
        self.announced = self.announced || self.sleeper.token.announce();
        self.announced
    }

    fn next_deadline(&mut self) -> Option<Duration> {
        None
    }
}

impl Sleeper {
    /// By the thread, which has announced it.
    fn sleep(&self, timeout: Option<Duration>) {
        let mut interrupted = lock(&self.interrupted);
        if let Some(timeout) = timeout {
            if !*interrupted && !timeout.is_zero() {
                let waited = self.condvar.wait_timeout(interrupted, timeout);
                interrupted = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        } else {
            while !*interrupted {
                interrupted = self
                    .condvar
                    .wait(interrupted)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        *interrupted = false;
        drop(interrupted);
        self.token.clear();
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.token.notify() {
            *lock(&self.interrupted) = true;
            self.condvar.notify_one();
        }
    }
}

impl fmt::Debug for Sleeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleeper")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
