//! Time that stands until nothing is left to do, and then moves on at once to the next deadline.
//!
//! ```text
//!                       nobody settles, nobody holds: step
//!            ┌────────────────────────────────────────────────────┐
//!            ▼                                                    │
//!   tasks run, time stands ──── the executor is at rest ───▶ who is told?
//!            ▲                                                    │
//!            └────────────────────────────────────────────────────┘
//!                  whoever settles is woken, and steps himself
//! ```

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use reveille_context::wake;
use reveille_executor::OnQuiescent;
use reveille_net::names::Names;
use reveille_timer::{Clock, Instant};

use crate::drivers::Drivers;
use crate::runtime::Handle;

/// Stops the clock of the runtime that this thread is in. From now on time passes only when nothing else is left to do: when
/// every worker is idle, no task is queued, and no blocking job and no look-up of a name is going on, it moves on to the next
/// deadline at once. So tests with long sleeps take no time, and their order is that of the deadlines.
///
/// What happens outside of the runtime it does not know of: data on its way to a socket is nothing to do. Take a
/// [`hold`] on time for so long. Timers that were set before, or on a runtime that was not [built
/// paused](crate::runtime::Builder::start_paused), fire up to 66 µs late, as they do in real time.
///
/// # Panics
///
/// If this thread is in no runtime, or its clock is paused already.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reveille::time::{self, Instant};
///
/// reveille::block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(24 * 60 * 60)).await;
///     assert!(start.elapsed() >= Duration::from_secs(24 * 60 * 60));
///     time::resume();
/// });
/// ```
#[track_caller]
pub fn pause() {
    let (time, handle) = current("pause");
    let settling = time.settling();
    // Nobody would move it any more.
    let paused = settling.closed || time.clock.pause();
    drop(settling);
    assert!(
        paused,
        "`time::pause` was called while the clock is paused already; call `time::resume` first"
    );
    handle.look_for_rest();
}

/// Lets the clock go on, from where it stands.
///
/// # Panics
///
/// If this thread is in no runtime, or its clock is not paused.
///
/// See [`pause`] for an example.
#[track_caller]
pub fn resume() {
    let (time, _) = current("resume");
    assert!(
        time.clock.resume() || time.settling().closed,
        "`time::resume` was called while the clock goes; call `time::pause` first"
    );
    // They wait without end, or for the deadlines of before.
    time.timers.iter().for_each(reveille_timer::Handle::unpark);
}

/// Moves a paused clock on by `duration`, and lets everything happen in between: first whatever is ready now, then, deadline
/// by deadline, what is due, each with all that follows from it before time goes on. When this is ready, all of that has come
/// to rest, but for what runs because of the caller.
///
/// (tokio's sets the clock in one go.)
///
/// # Panics
///
/// If this thread is in no runtime, or its clock is not paused.
///
/// **Cancel safety**: safe to drop at any time; the clock stays where it is by then.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reveille::time::{self, Instant};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = reveille::runtime::Builder::multi_thread().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     let ticks = reveille::spawn(async move {
///         let mut interval = time::interval(Duration::from_secs(1));
///         let mut ticks = 0;
///         while interval.tick().await < start + Duration::from_secs(10) {
///             ticks += 1;
///         }
///         ticks
///     });
///     time::advance(Duration::from_secs(10)).await;
///     assert!(ticks.is_finished());
///     assert_eq!(ticks.await.unwrap(), 10);
///     assert_eq!(start.elapsed(), Duration::from_secs(10));
/// });
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn advance(duration: Duration) -> Advance {
    let (time, handle) = current("advance");
    assert!(
        time.clock.is_paused() || time.settling().closed,
        "`time::advance` was called while the clock goes; call `time::pause` first"
    );
    Advance {
        settle: Settle::new(time, handle),
        duration,
        until: None,
    }
}

/// Keeps a paused clock from moving on by itself until the guard is dropped: for work outside of the runtime, such as real
/// input and output. [`advance`] still moves it.
///
/// # Panics
///
/// If this thread is in no runtime.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reveille::net::{TcpListener, TcpStream};
/// use reveille::time;
///
/// reveille::block_on(async {
///     time::pause();
///     let hold = time::hold();
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?);
///     // However long the system takes, the time limit does not strike.
///     let connected = time::timeout(Duration::from_millis(1), client).await;
///     assert!(connected.is_ok());
///     drop(hold);
///     std::io::Result::Ok(())
/// })
/// # .unwrap();
/// ```
#[track_caller]
pub fn hold() -> Hold {
    let (time, handle) = current("hold");
    // Relaxed, as all here: it is read when everything is at rest, and whoever changed it has come to rest since.
    time.holds.fetch_add(1, Ordering::Relaxed);
    Hold { time, handle }
}

#[track_caller]
fn current(function: &str) -> (Arc<VirtualTime>, Handle) {
    let time = Drivers::current().map(|drivers| drivers.virtual_time().clone());
    time.zip(Handle::try_current()).unwrap_or_else(|| {
        panic!(
            "`time::{function}` was called outside of a runtime; call it inside `block_on` or a task, or enter a handle first"
        )
    })
}

/// A paused clock stands while this lives; made by [`hold`].
#[must_use = "time moves on again when the guard is dropped"]
pub struct Hold {
    time: Arc<VirtualTime>,
    handle: Handle,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.time.holds.fetch_sub(1, Ordering::Relaxed);
        self.handle.look_for_rest();
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// The future of [`advance`].
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Advance {
    settle: Settle,
    duration: Duration,
    /// From the first poll on.
    until: Option<Instant>,
}

impl Future for Advance {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let time = self.settle.time.clone();
        let duration = self.duration;
        let until = *self.until.get_or_insert_with(|| time.clock.now() + duration);
        loop {
            ready!(self.settle.poll(cx));
            let mut woken = Vec::new();
            if !time.step(Some(until), &mut woken) {
                break;
            }
            wake::wake_all(&mut woken);
        }
        // If somebody has let it go meanwhile, that is so.
        time.clock.advance_to(until);
        Poll::Ready(())
    }
}

impl fmt::Debug for Advance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Advance")
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

/// Waits until the runtime is at rest, again and again.
struct Settle {
    time: Arc<VirtualTime>,
    handle: Handle,
    /// Its number among those who wait, while it does.
    place: Option<u64>,
}

impl Settle {
    fn new(time: Arc<VirtualTime>, handle: Handle) -> Self {
        Self {
            time,
            handle,
            place: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut settling = self.time.settling();
        if settling.closed {
            drop(settling);
            self.place = None;
            return Poll::Ready(());
        }
        let before = match self.place {
            None => {
                let place = settling.next;
                settling.next += 1;
                settling.waiting.push((place, waker));
                self.place = Some(place);
                None
            }
            Some(place) => match settling.waiting.iter_mut().find(|(other, _)| *other == place) {
                Some((_, old)) => Some(std::mem::replace(old, waker)),
                // It was told.
                None => {
                    self.place = None;
                    return Poll::Ready(());
                }
            },
        };
        drop(settling);
        // A foreign waker's destructor: after unlocking.
        drop(before);
        // The runtime may be at rest already, if this is polled elsewhere.
        self.handle.look_for_rest();
        Poll::Pending
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut settling = self.time.settling();
        let index = settling.waiting.iter().position(|(other, _)| *other == place);
        let waiting = index.map(|index| settling.waiting.swap_remove(index));
        drop(settling);
        wake::contain(|| drop(waiting));
        // Time may move on by itself again.
        self.handle.look_for_rest();
    }
}

/// The clock of a runtime, and who moves it while it is paused.
pub(crate) struct VirtualTime {
    clock: Clock,
    /// Of every driver.
    timers: Box<[reveille_timer::Handle]>,
    names: Names,
    holds: AtomicUsize,
    settling: Mutex<Settling>,
}

/// Who waits for the runtime to come to rest.
#[derive(Default)]
struct Settling {
    /// The runtime shuts down: it does not come to rest any more.
    closed: bool,
    next: u64,
    waiting: Vec<(u64, Waker)>,
}

impl VirtualTime {
    /// For the clock by which all those timers go.
    pub(crate) fn new(
        clock: Clock,
        timers: impl Iterator<Item = reveille_timer::Handle>,
        names: Names,
    ) -> Self {
        Self {
            clock,
            timers: timers.collect(),
            names,
            holds: AtomicUsize::new(0),
            settling: Mutex::default(),
        }
    }

    /// The runtime shuts down. A clock that stands would never go again, and what still runs, a blocking job say, may wait
    /// for it; so it goes from now on. Whoever waits for rest is to be woken by the caller.
    pub(crate) fn close(&self, woken: &mut Vec<Waker>) {
        let mut settling = self.settling();
        settling.closed = true;
        self.clock.resume();
        let waiting = std::mem::take(&mut settling.waiting);
        drop(settling);
        woken.extend(waiting.into_iter().map(|(_, waker)| waker));
    }

    fn step(&self, limit: Option<Instant>, woken: &mut Vec<Waker>) -> bool {
        self.clock.step(&self.timers, limit, woken)
    }

    fn settling(&self) -> MutexGuard<'_, Settling> {
        // Nothing that can panic happens under it.
        self.settling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnQuiescent for VirtualTime {
    fn is_awaited(&self) -> bool {
        // Who settles has found the clock paused. Should it go again since, he is told by whoever looks next.
        self.clock.was_paused() && (self.clock.is_paused() || !self.settling().waiting.is_empty())
    }

    fn other_work(&self) -> Option<u64> {
        self.names.finished()
    }

    fn reached(&self, woken: &mut Vec<Waker>) {
        let mut settling = self.settling();
        // One at a time: what he does, a step say, is to come to rest before the next one's turn.
        if !settling.waiting.is_empty() {
            woken.push(settling.waiting.remove(0).1);
            return;
        }
        drop(settling);
        // Under a hold what is due already still comes.
        let limit = (self.holds.load(Ordering::Relaxed) > 0).then(|| self.clock.now());
        self.step(limit, woken);
    }
}
