//! What the runtime's executor sleeps on: one wait for sockets and timers.

use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use reveille_executor::{Park, Token};
use reveille_reactor::{Notifier, Reactor};
use reveille_timer::Timers;

use crate::drivers::{self, Drivers};

/// A reactor and a wheel, turned together.
pub(crate) struct Driver {
    reactor: Reactor,
    timers: Timers,
    unparker: Arc<Unparker>,
    /// The runtime's, once they are all there.
    drivers: Option<Drivers>,
}

impl Driver {
    /// The drivers of one runtime, and what is known of them.
    pub(crate) fn several(count: usize) -> io::Result<(Vec<Self>, Drivers)> {
        let mut all = (0..count).map(|_| Self::new()).collect::<io::Result<Vec<_>>>()?;
        let drivers = Drivers::new(all.iter().map(Self::handles));
        for driver in &mut all {
            driver.drivers = Some(drivers.clone());
        }
        Ok((all, drivers))
    }

    fn new() -> io::Result<Self> {
        let reactor = Reactor::new()?;
        let unparker = Arc::new(Unparker {
            token: Token::new(),
            notifier: reactor.notifier(),
        });
        let timers = Timers::new(unparker.clone().into());
        Ok(Self {
            reactor,
            timers,
            unparker,
            drivers: None,
        })
    }

    fn handles(&self) -> (reveille_reactor::Handle, reveille_timer::Handle) {
        (self.reactor.handle(), self.timers.handle())
    }

    fn wait(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        if let Err(error) = self.reactor.turn(timeout, woken) {
            // Only a closed or foreign descriptor in the reactor's place can do this; going on would spin or hang.
            panic!("the system refused to wait for events: {error}");
        }
    }
}

impl Park for Driver {
    fn enter(&mut self) {
        let (reactor, timers) = self.handles();
        // For good: a worker's thread has no other, and who is in `block_on` gets back what it had from its guard.
        drop(reveille_reactor::Handle::replace_current(Some(reactor)));
        drop(reveille_timer::Handle::replace_current(Some(timers)));
        drop(drivers::replace_current(self.drivers.clone()));
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        // Announced first, so that whoever sets an earlier timer from now on ends the wait.
        let timeout = if self.unparker.token.announce() {
            match (timeout, self.timers.wait()) {
                (Some(timeout), Some(deadline)) => Some(timeout.min(deadline)),
                (timeout, deadline) => timeout.or(deadline),
            }
        } else {
            Some(Duration::ZERO)
        };
        self.wait(timeout, woken);
        self.unparker.token.clear();
        self.timers.advance(woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.wait(Some(Duration::ZERO), woken);
        self.timers.advance(woken);
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone().into()
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
