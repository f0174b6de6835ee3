//! What the runtime's executor sleeps on: one wait for sockets and timers.

use std::io;
use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_context::wake;
use reveille_executor::{Announce, Park, Token};
use reveille_net::names::Names;
use reveille_reactor::{Notifier, Reactor};
use reveille_timer::{Clock, Timers};

use crate::drivers::{self, Drivers};

/// How the drivers of a runtime wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// Not rounded to milliseconds.
    pub(crate) precise: bool,
    /// They look that long first, where it pays.
    pub(crate) look: Option<Duration>,
}

// BOOK: ch00, ch06, ch07, ch14
/// A reactor and a wheel, turned together.
pub(crate) struct Driver {
    reactor: Reactor,
    timers: Timers,
    unparker: Arc<Unparker>,
    /// The runtime's, once they are all there.
    drivers: Option<Drivers>,
    /// A foreign loop waits in its place, and is interrupted by the reactor's descriptor.
    announced: bool,
    /// The system had more to report than it was asked for.
    more: bool,
}

impl Driver {
    /// The drivers of one runtime, and what is known of them.
    pub(crate) fn several(
        count: usize,
        names: Names,
        clock: Clock,
        waiting: Waiting,
    ) -> io::Result<(Vec<Self>, Drivers)> {
        // One group: all of them are driven, if need be by the monitor, and all are closed at the end.
        let mut reactors = Reactor::several(count)?;
        for reactor in &mut reactors {
            if waiting.precise {
                reactor.wait_precisely();
            }
            if let Some(longest) = waiting.look {
                reactor.look_before_waiting(longest);
            }
        }
        let mut all: Vec<Self> = reactors
            .into_iter()
            .map(|reactor| Self::new(reactor, clock.clone(), count > 1))
            .collect();
        if let Some(first) = all.first() {
            let (clock, unparker) = (clock.clone(), first.unparker.clone());
            names.wake_when_finished(Arc::new(LookAgain { clock, unparker }).into());
        }
        let drivers = Drivers::new(all.iter().map(Self::handles), names, clock);
        for driver in &mut all {
            driver.drivers = Some(drivers.clone());
        }
        Ok((all, drivers))
    }

    /// `of_several`: it is a worker's, which turns it until the runtime ends.
    fn new(reactor: Reactor, clock: Clock, of_several: bool) -> Self {
        let unparker = Arc::new(Unparker {
            token: Token::new(),
            notifier: reactor.notifier(),
        });
        let timers = match of_several {
            true => Timers::always_driven(clock, unparker.clone().into()),
            false => Timers::with_clock(clock, unparker.clone().into()),
        };
        Self {
            reactor,
            timers,
            unparker,
            drivers: None,
            announced: false,
            more: false,
        }
    }

    fn handles(&self) -> (reveille_reactor::Handle, reveille_timer::Handle) {
        (self.reactor.handle(), self.timers.handle())
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "elsewhere there is no descriptor"))]
    pub(crate) fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    fn wait(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.reactor
            .turn(timeout, woken)
            .unwrap_or_else(|error| refused(&error));
    }

    /// Ends what a foreign loop waited for: unlike [`wait`](Self::wait) it leaves nothing that would interrupt the
    /// loop again.
    fn harvest(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        // Whoever unparked since the announcement has written to the descriptor, and that ends this wait too.
        let timeout = sooner(timeout, self.timers.wait());
        let more = self.reactor.harvest(timeout, woken);
        self.more = more.unwrap_or_else(|error| refused(&error));
    }
}

/// Only a closed or foreign descriptor in the reactor's place can do this; going on would spin or hang.
fn refused(error: &io::Error) -> ! {
    panic!("the system refused to wait for events: {error}")
}

/// The shorter of two waits, of which `None` is the longest.
fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Park for Driver {
    fn enter(&mut self) {
        let (reactor, timers) = self.handles();
        // For good: a worker's thread has no other, and who is in `block_on` gets back what it had from its guard.
        drop(reveille_reactor::Handle::replace_current(Some(reactor)));
        drop(reveille_timer::Handle::replace_current(Some(timers)));
        drop(Names::replace_current(
            self.drivers.as_ref().map(|drivers| drivers.names().clone()),
        ));
        drop(drivers::replace_current(self.drivers.clone()));
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        // Announced first, so that whoever sets an earlier timer from now on ends the wait.
        if mem::take(&mut self.announced) {
            self.harvest(timeout, woken);
        } else if self.unparker.token.announce() {
            let timeout = sooner(timeout, self.timers.wait());
            self.wait(timeout, woken);
        } else {
            self.wait(Some(Duration::ZERO), woken);
        }
        self.unparker.token.clear();
        self.timers.advance(woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.wait(Some(Duration::ZERO), woken);
        self.timers.advance(woken);
    }

    fn close(&mut self, woken: &mut Vec<Waker>) {
        self.reactor.close(woken);
        self.timers.close(woken);
        if let Some(drivers) = &self.drivers {
            drivers.close(woken);
        }
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone().into()
    }
}

impl Announce for Driver {
    fn announce(&mut self) -> bool {
        self.announced = self.announced || self.unparker.token.announce();
        self.announced
    }

    fn next_deadline(&mut self) -> Option<Duration> {
        if self.more {
            return Some(Duration::ZERO);
        }
        self.timers.wait()
    }
}

impl Drop for Driver {
    /// A current-thread runtime does not close its driver, it drops it, before it waits for its blocking jobs: those may
    /// wait for a name or for time, as for a socket.
    fn drop(&mut self) {
        if let Some(drivers) = &self.drivers {
            let mut woken = Vec::new();
            drivers.close(&mut woken);
            wake::wake_all(&mut woken);
        }
    }
}

/// Ends the driver's wait, but only if it waits.
struct Unparker {
    token: Token,
    notifier: Notifier,
}

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.token.notify() {
            self.notifier.notify();
        }
    }
}

/// Has a worker look whether the runtime is at rest, if its clock may wait for that.
struct LookAgain {
    clock: Clock,
    unparker: Arc<Unparker>,
}

impl Wake for LookAgain {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.clock.was_paused() {
            self.unparker.wake_by_ref();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn each_driver_waits_as_it_was_told_to() {
        for look in [None, Some(Duration::from_secs(3600))] {
            let waiting = Waiting { precise: false, look };
            let clock = Clock::with_granularity(Duration::from_millis(1));
            let (mut drivers, _all) = Driver::several(2, Names::new(None), clock, waiting).unwrap();
            for driver in &mut drivers {
                for _ in 0..10 {
                    driver.unparker().wake();
                    driver.park(None, &mut Vec::new());
                }
                // Nobody sleeps who has been woken before; who is woken by the reactor may have looked for it.
                let notifier = driver.reactor().notifier();
                for _ in 0..10 {
                    notifier.notify();
                    driver.park(None, &mut Vec::new());
                }
                let [looks, sleeps] = driver.reactor().looks_and_sleeps();
                assert_eq!((looks > 0, looks + sleeps), (look.is_some(), 10));
            }
        }
    }
}
