//! The retry loop: try, clear on `WouldBlock`, wait. It is written here and nowhere else.

use std::io;
use std::panic::Location;
use std::task::{Context, Poll};

use reveille_context::coop;

use crate::interest::Direction;
use crate::membership::{Host, Membership};
use crate::readiness::{Readiness, Snapshot};
use crate::told;
use crate::waiters::Place;

/// Who waits, for what, and where its waker is kept.
pub(crate) struct Waiting<'a> {
    pub(crate) location: &'static Location<'static>,
    pub(crate) place: &'a mut Place,
}

impl<H: Host> Membership<H> {
    // BOOK: ch07
    /// Calls `attempt` whenever `worth` says that it is worth it, until it returns something else than `WouldBlock`
    /// (or `Interrupted`, which is tried again at once).
    pub(crate) fn poll_retry<T>(
        &self,
        identity: impl Fn() -> H::Identity,
        waiting: Waiting<'_>,
        cx: &mut Context<'_>,
        worth: impl Fn(Snapshot) -> bool,
        mut attempt: impl FnMut(Snapshot) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let Poll::Ready(progress) = coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        let readiness = self.slot().readiness(waiting.place.direction());
        let outcome = loop {
            // Before the attempt: only what was seen before it may be cleared because of it.
            let seen = readiness.snapshot();
            if worth(seen) {
                match attempt(seen) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => readiness.clear(seen),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    outcome => break outcome,
                }
                continue;
            }
            let losses = self.slot().losses();
            let here = H::here();
            // What the system knows the socket by is asked of foreign code: before any lock is taken.
            if !self.slot().is_attached_for(here) {
                let identity = identity();
                if let Err(error) = self.attach(identity, |host, token| host.add(identity, token)) {
                    break Err(error);
                }
            } else if self.slot().visited_from(here) {
                self.move_here(identity());
            }
            if let Err(error) = self.ask_again(readiness) {
                break Err(error);
            }
            let seen = self.slot().keep(waiting.place, waiting.location, cx);
            // The second look, which `Slot` explains. If a reactor closed, one has to register elsewhere.
            if !worth(seen) && self.slot().is_attached() && self.slot().losses() == losses {
                told::touched(self.slot(), waiting.place, false);
                return Poll::Pending;
            }
        };
        told::touched(self.slot(), waiting.place, true);
        self.slot().withdraw(waiting.place);
        progress.made();
        Poll::Ready(outcome)
    }

    /// Calls `operation` once, unless it is known that it would block.
    pub(crate) fn try_once<T>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let readiness = self.slot().readiness(direction);
        let seen = readiness.snapshot();
        // While no events reach the slot by way of this thread's reactor, or one that stands in for it, nothing is known,
        // however often an operation met `WouldBlock`: nobody may be driving the others.
        if !seen.is_worth_trying() && self.slot().is_attached_for(H::here()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let outcome = operation();
        if matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            readiness.clear(seen);
            self.ask_again(readiness)?;
        }
        outcome
    }

    /// Nothing is ready: the system is to say when something is, where it says so only if asked.
    #[inline]
    fn ask_again(&self, readiness: &Readiness) -> io::Result<()> {
        // What has hung up does so for good, and would be reported again and again.
        if H::REPORTS_ONCE && !readiness.snapshot().is_closed() {
            return self.renew();
        }
        Ok(())
    }
}
