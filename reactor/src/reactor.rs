//! The waiting itself.

use std::fmt;
use std::io;
use std::mem;
use std::task::Waker;
use std::time::{Duration, Instant};

use reveille_context::wake;

use crate::fork;
use crate::handle::{Handle, Notifier};
use crate::interest::Ready;
use crate::look::Look;
use crate::membership::Host;
use crate::precise_wait;
use crate::station::Station;
use crate::token::{self, Token};

// BOOK: ch14
/// Waits for the operating system to report that sockets are ready, and says who is to be woken.
///
/// It is owned by whoever drives it. Dropping it closes it: everyone who waits is woken, and registers with another
/// reactor when polled again.
///
/// # Examples
///
/// ```
/// use std::io::{self, Read, Write};
/// use std::net::{TcpListener, TcpStream};
/// use std::panic::Location;
/// use std::task::{Context, Poll, Waker};
///
/// use reveille_reactor::{Direction, Reactor, Registration};
///
/// let mut reactor = Reactor::new()?;
/// let _entered = reactor.handle().enter();
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut peer = TcpStream::connect(listener.local_addr()?)?;
/// let (stream, _) = listener.accept()?;
/// stream.set_nonblocking(true)?;
///
/// let stream = Registration::new(stream)?;
/// let mut read = stream.wait(Direction::Read, Location::caller());
/// let cx = &mut Context::from_waker(Waker::noop());
/// let mut buffer = [0; 8];
/// assert!(read.poll_io(cx, |mut stream| stream.read(&mut buffer)).is_pending());
///
/// peer.write_all(b"hello")?;
/// let mut woken = Vec::new();
/// while woken.is_empty() {
///     reactor.turn(None, &mut woken)?;
/// }
/// let Poll::Ready(length) = read.poll_io(cx, |mut stream| stream.read(&mut buffer)) else { panic!() };
/// assert_eq!(length?, 5);
/// # io::Result::Ok(())
/// ```
pub struct Reactor {
    poll: mio::Poll,
    events: mio::Events,
    handle: Handle,
    /// A look found a notification, which is for the next wait.
    notified: bool,
    /// Its waits are not rounded.
    precise: bool,
    look: Option<Look>,
    /// For tests: how often it looked, and how often it slept.
    counts: [u64; 2],
}

impl Reactor {
    /// A reactor with nothing registered.
    ///
    /// # Errors
    ///
    /// When the operating system gives no selector, for want of file descriptors say.
    pub fn new() -> io::Result<Self> {
        Self::at(Station::alone())
    }

    /// Reactors that stand in for one another: a socket that is waited for by way of several of them is registered with
    /// one. It is with the first, and moves to another one where it was waited for eight times in a row.
    ///
    /// They are for the threads of one runtime, which must drive all of them as long as one is driven, and close all of
    /// them when it closes one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and `InvalidInput` for more than a process can have descriptors for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::UdpSocket;
    /// use std::panic::Location;
    /// use std::task::{Context, Waker};
    ///
    /// use reveille_reactor::{Direction, Reactor, Registration};
    ///
    /// let reactors = Reactor::several(2)?;
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = Registration::new(socket)?;
    /// for reactor in &reactors {
    ///     let _entered = reactor.handle().enter();
    ///     let mut wait = socket.wait(Direction::Read, Location::caller());
    ///     let cx = &mut Context::from_waker(Waker::noop());
    ///     assert!(wait.poll_io(cx, |socket| socket.recv(&mut [0])).is_pending());
    /// }
    /// let registrations = reactors.iter().map(|reactor| reactor.handle().registrations());
    /// assert_eq!(registrations.sum::<usize>(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn several(count: usize) -> io::Result<Vec<Self>> {
        if count > MOST {
            let text = format!("{count} reactors are more than a process can have descriptors for");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Station::group_of(count).map(Self::at).collect()
    }

    pub(crate) fn at(station: Station) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let handle = Handle::new(poll.registry().try_clone()?, station)?;
        Ok(Self {
            poll,
            events: mio::Events::with_capacity(EVENTS_PER_TURN),
            handle,
            notified: false,
            precise: false,
            look: None,
            counts: [0; 2],
        })
    }

    /// A handle to it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// What interrupts its wait.
    pub fn notifier(&self) -> Notifier {
        self.handle.notifier()
    }

    /// From now on its waits end to the nanosecond, as far as the system can: on Linux, whose selector counts milliseconds, by a
    /// `ppoll` of its descriptor. A wait that an event ends before its time then makes two system calls, not one; a wait
    /// that just ends, and one without end, make one.
    ///
    /// Elsewhere it changes nothing: kqueue is as precise by itself, Windows is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Reactor;
    ///
    /// let mut reactor = Reactor::new()?;
    /// reactor.wait_precisely();
    /// reactor.turn(Some(Duration::from_micros(50)), &mut Vec::new())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn wait_precisely(&mut self) {
        self.precise = true;
    }

    /// From now on a wait may begin with a while of looking: the system is asked again and again, without waiting, for `longest`
    /// at most. What comes in that time is had sooner than by falling asleep and being woken; and the processor is busy that
    /// long. Whether it looks at all hangs on what it has seen: four waits in a row that ended within about that time make it look,
    /// four looks in vain stop it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Reactor;
    ///
    /// let mut reactor = Reactor::new()?;
    /// reactor.look_before_waiting(Duration::from_micros(20));
    /// reactor.notifier().notify();
    /// reactor.turn(None, &mut Vec::new())?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn look_before_waiting(&mut self, longest: Duration) {
        self.look = Some(Look::new(longest));
    }

    /// For tests: how many of its waits looked first, and how many slept.
    #[doc(hidden)]
    pub fn looks_and_sleeps(&self) -> [u64; 2] {
        self.counts
    }

    // BOOK: ch07
    /// Waits for events at most for `timeout` (`None`: without end; rounded up to milliseconds where the system counts
    /// those, unless it [waits precisely](Self::wait_precisely)), or until notified. The wakers of those who waited for the events are appended to `woken`, for the
    /// caller to wake where it holds no lock.
    ///
    /// A zero timeout only looks: it leaves a notification for the next wait, and makes no system call while nothing is
    /// registered. A signal ends the wait early.
    ///
    /// # Errors
    ///
    /// In a process forked from the one that made the reactor; it would take the parent's events. Else those of the
    /// operating system's wait; none is known of a reactor whose descriptors nobody has closed.
    pub fn turn(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<()> {
        let looks = timeout == Some(Duration::ZERO);
        if looks && self.handle.registrations() == 0 {
            return Ok(());
        }
        self.collect(timeout, looks, woken)
    }

    /// As [`turn`](Self::turn), but it asks the system in any case, and takes a notification also if the timeout is zero:
    /// for whoever waits elsewhere until this reactor's descriptor is readable. True if the system may have more to
    /// report than fitted into one turn.
    ///
    /// # Errors
    ///
    /// As `turn`.
    pub fn harvest(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<bool> {
        self.collect(timeout, false, woken)?;
        Ok(self.events.iter().nth(EVENTS_PER_TURN - 1).is_some())
    }

    fn collect(&mut self, timeout: Option<Duration>, looks: bool, woken: &mut Vec<Waker>) -> io::Result<()> {
        if self.handle.is_forked() {
            return Err(fork::error());
        }
        let notified = !looks && mem::take(&mut self.notified);
        let timeout = if notified { Some(Duration::ZERO) } else { timeout };
        let timeout = timeout.map(cut);
        self.events.clear();
        match self.wait(timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        // The system reports a notification once, even to someone who does not wait.
        self.notified |= looks && self.events.iter().any(|event| event.token().0 == token::NOTIFIER);
        let events = self
            .events
            .iter()
            .filter(|event| event.token().0 != token::NOTIFIER);
        let events = events.map(|event| (Token::unpack(event.token().0), ready(event)));
        self.handle.table().deliver(events, woken);
        Ok(())
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let limit = match &self.look {
            Some(look) if timeout != Some(Duration::ZERO) => look.limit(),
            _ => return self.sleep(timeout),
        };
        let began = Instant::now();
        if let Some(limit) = limit {
            self.counts[0] += 1;
            let limit = timeout.map_or(limit, |timeout| timeout.min(limit));
            let found = self.look_until(began, limit)?;
            if let Some(look) = &mut self.look {
                if found {
                    look.found();
                } else {
                    look.found_nothing();
                }
            }
            if found {
                return Ok(());
            }
            // What is left is counted in whole milliseconds once more: later by the look at the most.
            return self.sleep(timeout.map(|timeout| timeout.saturating_sub(began.elapsed())));
        }
        let outcome = self.sleep(timeout);
        if let Some(look) = &mut self.look {
            look.waited(began.elapsed(), !self.events.is_empty());
        }
        outcome
    }

    /// Whether something came before the time was over. A notification is an event too.
    fn look_until(&mut self, began: Instant, limit: Duration) -> io::Result<bool> {
        loop {
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            if !self.events.is_empty() {
                return Ok(true);
            }
            if began.elapsed() >= limit {
                return Ok(false);
            }
        }
    }

    fn sleep(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.counts[1] += u64::from(timeout != Some(Duration::ZERO));
        let timeout = match timeout {
            Some(timeout) if self.precise && !timeout.is_zero() => {
                let left = precise_wait::wait(self.poll.registry(), timeout)?;
                let Some(left) = left else { return Ok(()) };
                Some(left)
            }
            timeout => timeout,
        };
        self.poll.poll(&mut self.events, timeout)
    }
}

impl Reactor {
    #[cfg_attr(not(unix), expect(dead_code, reason = "elsewhere there is no descriptor"))]
    pub(crate) fn poll(&self) -> &mio::Poll {
        &self.poll
    }
}

impl Reactor {
    /// Refuses sockets from now on and moves the wakers of those that wait to `woken`; the caller wakes them once it
    /// holds no lock. What they do then on a thread of this reactor fails: [`is_shutdown`](crate::is_shutdown). The
    /// reactor can still be turned, and notified.
    ///
    /// Dropping the reactor does this too, and wakes.
    pub fn close(&mut self, woken: &mut Vec<Waker>) {
        self.handle.table().close(woken);
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        let mut woken = Vec::new();
        self.close(&mut woken);
        wake::wake_all(&mut woken);
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("registrations", &self.handle.registrations())
            .finish_non_exhaustive()
    }
}

/// What the system said, from what it was asked for: both directions at once.
fn ready(event: &mio::event::Event) -> Ready {
    Ready::READABLE.if_it(event.is_readable())
        | Ready::WRITABLE.if_it(event.is_writable())
        | Ready::READ_CLOSED.if_it(event.is_read_closed())
        | Ready::WRITE_CLOSED.if_it(event.is_write_closed())
        | Ready::ERROR.if_it(event.is_error())
}

/// More than that wait for the next turn.
const EVENTS_PER_TURN: usize = 1024;

/// A descriptor is an `int`. So stations, which are counted, never run out either.
const MOST: usize = i32::MAX as usize;

/// Some systems refuse to wait for years, or take 30 days of milliseconds for none at all. Whoever wanted to is told that
/// nothing happened, and waits again.
fn cut(timeout: Duration) -> Duration {
    timeout.min(LONGEST_WAIT)
}

const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_to_wait_for_a_time_that_it_can_count() {
        let days = |count: u64| Duration::from_secs(count * 24 * 60 * 60);
        for far in [days(30), days(3_650), Duration::MAX] {
            let milliseconds = i32::try_from(cut(far).as_millis());
            assert!(milliseconds.is_ok_and(|wait| wait > 0), "{far:?}");
        }
        for near in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_micros(300),
            days(1),
        ] {
            assert_eq!(cut(near), near);
        }
    }
}
