//! Who tells a connection when to end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use reveille::time::{Instant, Sleep, sleep};

use super::activity::Activity;
use super::connection_error::Kind;
use super::phases::{Follower, Phase};

/// How long a connection without a request may take to close when the server ends: over HTTP/2 the peer has to answer first.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a connection is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Finish what runs, and close.
    Close,
    /// End at once.
    Cut(Kind),
}

/// Of one connection.
#[derive(Debug)]
pub(super) struct Overseer {
    phase: Follower,
    activity: Arc<Activity>,
    /// Until when it must have begun.
    beginning: Option<Sleep>,
    idle: Option<Idle>,
    /// Since the server ends: asks whether the connection has no request.
    farewell: Option<Sleep>,
}

#[derive(Debug)]
struct Idle {
    timeout: Duration,
    sleep: Sleep,
    /// How often something had been written when it was last asked to close.
    asked: Option<u64>,
}

impl Overseer {
    pub(super) fn new(
        phase: Follower,
        activity: Arc<Activity>,
        header_read_timeout: Option<Duration>,
        idle_timeout: Option<Duration>,
    ) -> Self {
        Self {
            phase,
            activity,
            beginning: header_read_timeout.map(sleep),
            idle: idle_timeout.map(|timeout| Idle {
                timeout,
                sleep: sleep(timeout),
                asked: None,
            }),
            farewell: None,
        }
    }

    /// Waits for the next order.
    pub(super) async fn next(&mut self) -> Order {
        let Self {
            phase,
            activity,
            beginning,
            idle,
            farewell,
        } = self;
        let mut phase = pin!(phase.next());
        poll_fn(|cx| {
            match phase.as_mut().poll(cx) {
                Poll::Ready(Phase::Cut) => return Poll::Ready(Order::Cut(Kind::Cut)),
                Poll::Ready(Phase::Serving | Phase::Draining) => {
                    *farewell = Some(sleep(FAREWELL));
                    return Poll::Ready(Order::Close);
                }
                Poll::Pending => {}
            }
            if let Some(sleep) = farewell {
                if poll_lasted(sleep, FAREWELL, || activity.at_rest_since(), cx).is_ready() {
                    return Poll::Ready(Order::Cut(Kind::Idle));
                }
            }
            // From then on hyper has a timeout of its own, if it is HTTP/1.
            if activity.has_begun() {
                *beginning = None;
            }
            if let Some(sleep) = beginning {
                if Pin::new(sleep).poll(cx).is_ready() {
                    return Poll::Ready(Order::Cut(Kind::NoRequest));
                }
            }
            match idle {
                Some(idle) => idle.poll(activity, cx),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl Idle {
    fn poll(&mut self, activity: &Activity, cx: &mut Context<'_>) -> Poll<Order> {
        let Self { sleep, timeout, .. } = self;
        ready!(poll_lasted(sleep, *timeout, || activity.idle_since(), cx));
        // A slow reader gets what is written still as long as it takes some of it each time.
        let writes = activity.writes();
        Poll::Ready(match self.asked.replace(writes) {
            Some(before) if before == writes => Order::Cut(Kind::Idle),
            _ => Order::Close,
        })
    }
}

/// Whether something has lasted for that time, and again each such time. The timer is set anew when it fires, not with each
/// request: those only note when they ended.
fn poll_lasted(
    sleep: &mut Sleep,
    time: Duration,
    since: impl Fn() -> Option<Instant>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    while Pin::new(&mut *sleep).poll(cx).is_ready() {
        let now = Instant::now();
        let deadline = since().unwrap_or(now) + time;
        if deadline <= now {
            sleep.reset(now + time);
            return Poll::Ready(());
        }
        sleep.reset(deadline);
    }
    Poll::Pending
}
