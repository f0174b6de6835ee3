//! What a loop that accepts connections does about errors.

use std::fmt;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use reveille_timer::{Instant, Sleep, sleep};

use crate::accept_error::{Verdict, judge};

/// What [`TcpListener::incoming`](crate::TcpListener::incoming) does about errors.
///
/// * Those about one connection, such as that the client has gone already, are passed over.
/// * When the process or the system is short of something (file descriptors: `EMFILE`, `ENFILE`; memory: `ENOBUFS`,
///   `ENOMEM`), it waits before it tries again: 5 ms, then twice as long each time up to a second, and again 5 ms
///   after a connection was accepted. Clients wait in the listener's queue meanwhile. Every ten seconds at most that is
///   reported, by a line on stderr.
/// * All others are about the listener itself, and are returned.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reveille_net::AcceptPolicy;
///
/// let policy = AcceptPolicy::new()
///     .longest_wait(Duration::from_millis(100))
///     .on_shortage(|error| eprintln!("cannot take connections: {error}"));
/// # let _ = policy;
/// ```
#[derive(Clone)]
#[must_use = "it does nothing by itself; pass it to `incoming`"]
pub struct AcceptPolicy {
    first_wait: Duration,
    longest_wait: Duration,
    report_every: Duration,
    report: Option<Report>,
}

type Report = Arc<dyn Fn(&io::Error) + Send + Sync>;

impl AcceptPolicy {
    /// The one described above, as is [`default`](Self::default).
    pub fn new() -> Self {
        Self {
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_secs(1),
            report_every: Duration::from_secs(10),
            report: None,
        }
    }

    /// How long it waits when a shortage begins; 5 ms if this is not called.
    ///
    /// # Panics
    ///
    /// If it is zero: it would try without pause.
    #[track_caller]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        assert!(
            !wait.is_zero(),
            "`AcceptPolicy::first_wait` was called with zero, which would try without pause; give a millisecond at least"
        );
        self.first_wait = wait;
        self
    }

    /// How long it waits at most, but never less than the first time; 1 s if this is not called.
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// How often a shortage is reported at most; every 10 s if this is not called.
    pub fn report_every(mut self, period: Duration) -> Self {
        self.report_every = period;
        self
    }

    /// Has `report` called with the error instead of a line on stderr. It is called in the task that accepts, which it must
    /// not block.
    pub fn on_shortage(mut self, report: impl Fn(&io::Error) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(report));
        self
    }

    fn report(&self, error: &io::Error) {
        match &self.report {
            Some(report) => report(error),
            // Not `eprintln`, which panics when nobody can read it.
            None => {
                let _ = writeln!(
                    io::stderr(),
                    "reveille: connections cannot be accepted, and wait: {error}"
                );
            }
        }
    }
}

impl Default for AcceptPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for AcceptPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptPolicy")
            .field("first_wait", &self.first_wait)
            .field("longest_wait", &self.longest_wait)
            .field("report_every", &self.report_every)
            .finish_non_exhaustive()
    }
}

/// So many errors about connections in a row, without one connection that is whole, are taken for a shortage: whatever
/// they are, trying on at once would only heat the processor.
const AT_ONCE: u32 = 64;

/// The policy at work.
#[derive(Debug)]
pub(crate) struct Accepting {
    policy: AcceptPolicy,
    next_wait: Duration,
    waiting: Option<Sleep>,
    passed_over: u32,
    reported: Option<Instant>,
}

impl Accepting {
    pub(crate) fn new(policy: AcceptPolicy) -> Self {
        Self {
            next_wait: policy.first_wait,
            policy,
            waiting: None,
            passed_over: 0,
            reported: None,
        }
    }

    /// Calls `accept` until it returns a connection, or an error that will not go away.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some(wait) = &mut self.waiting {
                ready!(Pin::new(wait).poll(cx));
                self.waiting = None;
            }
            let error = match ready!(accept(cx)) {
                Ok(connection) => {
                    self.next_wait = self.policy.first_wait;
                    self.passed_over = 0;
                    return Poll::Ready(Ok(connection));
                }
                Err(error) => error,
            };
            match judge(&error) {
                Verdict::TryAgain if self.passed_over < AT_ONCE => self.passed_over += 1,
                Verdict::TryAgain | Verdict::Wait => self.wait_because_of(&error),
                Verdict::GiveUp => return Poll::Ready(Err(error)),
            }
        }
    }

    fn wait_because_of(&mut self, error: &io::Error) {
        let now = Instant::now();
        self.waiting = Some(sleep(self.next_wait));
        let longest = self.policy.longest_wait.max(self.policy.first_wait);
        self.next_wait = longest.min(self.next_wait.saturating_mul(2));
        let period = self.policy.report_every;
        if self.reported.is_none_or(|reported| now >= reported + period) {
            self.reported = Some(now);
            self.policy.report(error);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Mutex;
    use std::task::Waker;

    use reveille_timer::{Clock, Timers};

    use super::*;

    /// How often `accept` was called until it had to wait, with whatever it returned each time.
    fn calls(accepting: &mut Accepting, mut outcome: impl FnMut(u32) -> io::Result<()>) -> u32 {
        let mut calls = 0;
        let cx = &mut Context::from_waker(Waker::noop());
        let _ = accepting.poll(cx, |_| {
            calls += 1;
            assert!(calls < 1000, "it spins");
            Poll::Ready(outcome(calls))
        });
        calls
    }

    fn error(number: i32) -> io::Error {
        io::Error::from_raw_os_error(number)
    }

    /// Whatever is waited for has passed.
    fn pass(accepting: &mut Accepting) {
        if let Some(wait) = &mut accepting.waiting {
            wait.reset(Instant::now());
        }
    }

    fn quiet() -> AcceptPolicy {
        AcceptPolicy::new().on_shortage(|_| {})
    }

    /// Timers of this thread that nobody drives, so that no other thread is started; and no time goes by that is not
    /// [passed](pass).
    fn undriven() -> Timers {
        Timers::with_clock(Clock::new_paused(), Waker::noop().clone())
    }

    #[test]
    fn errors_about_connections_are_passed_over_at_once() {
        let mut accepting = Accepting::new(quiet());
        let tried = calls(&mut accepting, |call| match call {
            10 => Ok(()),
            _ => Err(error(libc::ECONNABORTED)),
        });
        assert_eq!(tried, 10);
        assert!(accepting.waiting.is_none());
    }

    #[test]
    fn too_many_of_them_in_a_row_are_taken_for_a_shortage() {
        let timers = undriven();
        let _entered = timers.handle().enter();
        let mut accepting = Accepting::new(quiet());
        let tried = calls(&mut accepting, |_| Err(error(libc::ECONNABORTED)));
        assert_eq!(tried, AT_ONCE + 1);
        assert!(accepting.waiting.is_some());
    }

    #[test]
    fn a_shortage_is_waited_for_twice_as_long_each_time_and_anew_after_a_connection() {
        let timers = undriven();
        let _entered = timers.handle().enter();
        let mut accepting = Accepting::new(quiet());
        for milliseconds in [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000] {
            assert_eq!(accepting.next_wait, Duration::from_millis(milliseconds));
            assert_eq!(calls(&mut accepting, |_| Err(error(libc::EMFILE))), 1);
            assert_eq!(
                calls(&mut accepting, |_| Ok(())),
                0,
                "not before the time has come"
            );
            pass(&mut accepting);
        }
        assert_eq!(calls(&mut accepting, |_| Ok(())), 1);
        assert_eq!(accepting.next_wait, Duration::from_millis(5));
    }

    #[test]
    fn a_shortage_is_reported_once_a_period() {
        let timers = undriven();
        let _entered = timers.handle().enter();
        let reports = Arc::new(Mutex::new(Vec::new()));
        let policy = |period| {
            let reports = reports.clone();
            let report = move |error: &io::Error| reports.lock().unwrap().push(error.raw_os_error());
            AcceptPolicy::new().report_every(period).on_shortage(report)
        };
        for (period, times) in [(Duration::MAX, 1), (Duration::ZERO, 3)] {
            let mut accepting = Accepting::new(policy(period));
            for _ in 0..3 {
                calls(&mut accepting, |_| Err(error(libc::ENFILE)));
                pass(&mut accepting);
            }
            let told = std::mem::take(&mut *reports.lock().unwrap());
            assert_eq!(told, vec![Some(libc::ENFILE); times]);
        }
    }

    #[test]
    fn errors_about_the_listener_are_returned() {
        let mut accepting = Accepting::new(quiet());
        let cx = &mut Context::from_waker(Waker::noop());
        let outcome = accepting.poll(cx, |_| Poll::Ready(Err::<(), _>(error(libc::EINVAL))));
        assert!(matches!(outcome, Poll::Ready(Err(error)) if error.raw_os_error() == Some(libc::EINVAL)));
    }
}
