//! A reactor as seen from anywhere.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::panic::Location;

use reveille_context::task::TaskId;

use crate::current::{self, EnterGuard};
use crate::fallback;
use crate::fork::{self, Generation};
use crate::interest::Direction;
use crate::membership::Host;
use crate::primitive::Arc;
use crate::shutdown::shutdown_error;
use crate::source::{self, Identity, Registrar};
use crate::station::Station;
use crate::table::Table;
use crate::token::{self, Token};

/// Names a [`Reactor`](crate::Reactor), so that sockets can be registered with it from any thread, also while it waits.
///
/// # Examples
///
/// ```
/// use reveille_reactor::{Handle, Reactor};
///
/// let reactor = Reactor::new()?;
/// assert!(Handle::current().is_none());
/// {
///     let _entered = reactor.handle().enter();
///     assert!(Handle::current().is_some());
/// }
/// let handle = reactor.handle();
/// drop(reactor);
/// assert!(handle.is_closed());
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    registrar: Registrar,
    table: Table<Handle>,
    waker: mio::Waker,
    station: Station,
    /// Of the process that made it.
    generation: Generation,
}

impl Handle {
    /// The handle that this thread has entered last.
    pub fn current() -> Option<Self> {
        current::current()
    }

    /// Makes this the current handle of this thread until the guard is dropped: sockets that begin to wait here are
    /// registered with its reactor.
    pub fn enter(&self) -> EnterGuard {
        current::enter(self.clone())
    }

    /// Makes `handle` the current one of this thread, for a driver that cannot keep the guard of [`enter`](Self::enter).
    /// Returns the one before.
    pub fn replace_current(handle: Option<Self>) -> Option<Self> {
        current::replace(handle)
    }

    /// Whether the reactor is gone. Sockets that were registered with it register anew when they next wait.
    pub fn is_closed(&self) -> bool {
        self.shared.table.is_closed()
    }

    /// Whether this process was forked from the one whose reactor this is. A wait by way of it then fails with an error that
    /// says so, at once; for which sockets wait in the parent is unchanged by anything that the child does.
    ///
    /// A child that was made by another system call than the C library's `fork` is not known as one.
    pub fn is_forked(&self) -> bool {
        self.shared.generation != Generation::now()
    }

    /// How many sockets are registered.
    pub fn registrations(&self) -> usize {
        self.shared.table.len()
    }

    /// Everyone who waits for a socket of this reactor just now, for a task dump.
    pub fn waits(&self) -> Vec<WaitInfo> {
        let mut waits = Vec::new();
        self.shared.table.for_each(|token, slot| {
            slot.for_each_waiter(|direction, waiter| {
                let wait = WaitInfo {
                    task: waiter.task(),
                    location: waiter.location(),
                    direction,
                    descriptor: None,
                };
                waits.push((token, wait));
            });
        });
        // The registrar has its lock in system calls, which the table's must not wait for; and in a forked child somebody may
        // have it who is not there.
        if !waits.is_empty() && !self.is_forked() {
            let noted = self.shared.registrar.noted();
            let mut descriptors = HashMap::new();
            for (&token, number) in noted.iter().zip(0..) {
                // One that is there twice was forgotten once, and which of the two is nobody's cannot be told.
                let known = descriptors.entry(token).or_insert(Some(number));
                if *known != Some(number) {
                    *known = None;
                }
            }
            for (token, wait) in &mut waits {
                wait.descriptor = descriptors.get(&token.pack()).copied().flatten();
            }
        }
        waits.into_iter().map(|(_, wait)| wait).collect()
    }

    /// For tests: an event with a token as the operating system would hand it back.
    #[doc(hidden)]
    pub fn inject(&self, packed: usize, ready: crate::Ready) {
        let mut woken = Vec::new();
        let event = (Token::unpack(packed), ready);
        self.shared.table.deliver([event].into_iter(), &mut woken);
        reveille_context::wake::wake_all(&mut woken);
    }

    /// The process in which its threads wait.
    pub(crate) fn generation(&self) -> Generation {
        self.shared.generation
    }

    pub(crate) fn new(registry: mio::Registry, station: Station) -> io::Result<Self> {
        fork::watch()?;
        let waker = mio::Waker::new(&registry, mio::Token(token::NOTIFIER))?;
        Ok(Self {
            shared: Arc::new(Shared {
                registrar: Registrar::new(registry),
                table: Table::default(),
                waker,
                station,
                generation: Generation::now(),
            }),
        })
    }

    pub(crate) fn notifier(&self) -> Notifier {
        Notifier {
            shared: self.shared.clone(),
        }
    }

    #[cfg_attr(unix, expect(dead_code, reason = "elsewhere sources register themselves"))]
    pub(crate) fn registrar(&self) -> &Registrar {
        &self.shared.registrar
    }
}

impl Host for Handle {
    type Identity = Identity;

    const REPORTS_ONCE: bool = source::REPORTS_ONCE;

    fn descriptor(identity: Identity) -> u64 {
        source::descriptor(identity)
    }

    fn forgets_what_is_closed() -> bool {
        // A forked child has duplicates of all.
        source::FORGETS_WHAT_IS_CLOSED && !fork::has_forked()
    }

    /// One place for all where sockets cannot move.
    fn here() -> Station {
        if source::FOLLOWS {
            current::station()
        } else {
            Station::FALLBACK
        }
    }

    /// The thread's current reactor, else the fallback.
    fn find() -> io::Result<Self> {
        let handle = match Self::current() {
            Some(current) if current.is_closed() => return Err(shutdown_error()),
            Some(current) => current,
            None => fallback::handle()?,
        };
        if handle.is_forked() {
            return Err(fork::error());
        }
        Ok(handle)
    }

    fn table(&self) -> &Table<Self> {
        &self.shared.table
    }

    fn station(&self) -> Station {
        if source::FOLLOWS {
            self.shared.station
        } else {
            Station::FALLBACK
        }
    }

    fn add(&self, identity: Identity, token: Token) -> io::Result<()> {
        self.shared.registrar.add(identity, token)
    }

    fn renew(&self, identity: Identity, token: Token) -> io::Result<()> {
        self.shared.registrar.renew(identity, token)
    }

    fn delete(&self, identity: Identity, token: Token) {
        // A forked child shares the interest list: it must not take the parent's sockets out.
        if self.is_forked() {
            return;
        }
        self.shared.registrar.delete(identity, token);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("registrations", &self.registrations())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Someone who waits for a socket; see [`Handle::waits`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WaitInfo {
    /// The task that waits, if a runtime of ours polled it.
    pub task: Option<TaskId>,
    /// Where the operation was begun.
    pub location: &'static Location<'static>,
    /// What it waits for.
    pub direction: Direction,
    /// The number of the descriptor by which the socket was registered, on Unix; `None` also if that is beyond a million. It is
    /// another one's as soon as the socket is closed.
    pub descriptor: Option<i32>,
}

// BOOK: ch07
/// Interrupts a reactor's wait; made by [`Reactor::notifier`](crate::Reactor::notifier).
#[derive(Clone)]
pub struct Notifier {
    shared: Arc<Shared>,
}

impl Notifier {
    /// Makes the reactor's current [`turn`](crate::Reactor::turn) return, or the next one that would wait. Several
    /// calls before that are as one.
    pub fn notify(&self) {
        // Else it fails only if the descriptor is broken, and then nobody waits on it either.
        while let Err(error) = self.shared.waker.wake() {
            if error.kind() != io::ErrorKind::Interrupted {
                return;
            }
        }
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").finish_non_exhaustive()
    }
}
