//! Who tells a connection when to end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use reveille::time::{Instant, Sleep, sleep};

use super::activity::Activity;
use super::connection_error::Kind;
use super::phases::{Follower, Phase};

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
        }
    }

    /// Waits for the next order.
    pub(super) async fn next(&mut self) -> Order {
        let Self {
            phase,
            activity,
            beginning,
            idle,
        } = self;
        let mut phase = pin!(phase.next());
        poll_fn(|cx| {
            if let Poll::Ready(phase) = phase.as_mut().poll(cx) {
                return Poll::Ready(match phase {
                    Phase::Serving | Phase::Draining => Order::Close,
                    Phase::Cut => Order::Cut(Kind::Cut),
                });
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
    /// The timer is set anew when it fires, not with each request: those only note when they ended.
    fn poll(&mut self, activity: &Activity, cx: &mut Context<'_>) -> Poll<Order> {
        while Pin::new(&mut self.sleep).poll(cx).is_ready() {
            let now = Instant::now();
            let deadline = activity.idle_since().map(|since| since + self.timeout);
            match deadline {
                Some(deadline) if deadline > now => self.sleep.reset(deadline),
                None => self.sleep.reset(now + self.timeout),
                Some(_) => {
                    self.sleep.reset(now + self.timeout);
                    // A slow reader gets what is written still as long as it takes some of it each time.
                    let writes = activity.writes();
                    return Poll::Ready(match self.asked.replace(writes) {
                        Some(before) if before == writes => Order::Cut(Kind::Idle),
                        _ => Order::Close,
                    });
                }
            }
        }
        Poll::Pending
    }
}
