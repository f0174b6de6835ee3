//! Who asks the system: a wait for all sockets at once, and the wakers of those who wait for one of them.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::task::Waker;
use std::time::Duration;

use mio::event::{Event, Source};
use mio::{Events, Interest, Poll, Registry, Token};

// ANCHOR: reactor
/// The loop's end: it alone waits.
pub(crate) struct Reactor {
    poll: Poll,
    events: Events,
}

/// What everybody else has of it.
pub(crate) struct Sockets {
    registry: Registry,
    bell: mio::Waker,
    table: Mutex<Table>,
}

struct Table {
    next: usize,
    waiting: HashMap<Token, Waiting>,
}

/// Who waits for a socket: one in each direction.
#[derive(Default)]
struct Waiting {
    to_read: Option<Waker>,
    to_write: Option<Waker>,
}

#[derive(Clone, Copy)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// The bell's. Sockets have those from 1 on.
const BELL: Token = Token(0);
// ANCHOR_END: reactor

// ANCHOR: turn
impl Reactor {
    /// Waits until the system has something to report, at most for `timeout`. It returns whom that concerns.
    pub(crate) fn turn(&mut self, sockets: &Sockets, timeout: Option<Duration>) -> Vec<(Token, Waker)> {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal was handled on this thread. Whoever called this looks whether there is reason to wait again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Vec::new(),
            Err(error) => panic!("the system does not let us wait: {error}"),
        }
        let mut table = sockets.table.lock().unwrap();
        let mut woken = Vec::new();
        for event in &self.events {
            // Neither the bell is in there, nor a socket that was dropped after this was reported.
            let Some(waiting) = table.waiting.get_mut(&event.token()) else {
                continue;
            };
            let to_read = waiting.to_read.take_if(|_| concerns_reading(event));
            let to_write = waiting.to_write.take_if(|_| concerns_writing(event));
            woken.extend(
                to_read
                    .into_iter()
                    .chain(to_write)
                    .map(|waker| (event.token(), waker)),
            );
        }
        woken
    }
}

/// The end of what the peer sends, and an error, are found by reading.
fn concerns_reading(event: &Event) -> bool {
    event.is_readable() || event.is_read_closed() || event.is_error()
}

fn concerns_writing(event: &Event) -> bool {
    event.is_writable() || event.is_write_closed() || event.is_error()
}
// ANCHOR_END: turn

impl Reactor {
    pub(crate) fn new() -> io::Result<(Self, Sockets)> {
        let poll = Poll::new()?;
        let sockets = Sockets {
            registry: poll.registry().try_clone()?,
            bell: mio::Waker::new(poll.registry(), BELL)?,
            table: Mutex::new(Table {
                next: BELL.0 + 1,
                waiting: HashMap::new(),
            }),
        };
        let events = Events::with_capacity(64);
        Ok((Self { poll, events }, sockets))
    }
}

// ANCHOR: sockets
impl Sockets {
    /// From now on the system reports what becomes of this socket, and says the token.
    pub(crate) fn register(&self, socket: &mut impl Source) -> io::Result<Token> {
        let mut table = self.table.lock().unwrap();
        let token = Token(table.next);
        // Each once: an event that is late finds nobody, and not the next socket.
        table.next += 1;
        table.waiting.insert(token, Waiting::default());
        drop(table);
        let registered = self
            .registry
            .register(socket, token, Interest::READABLE | Interest::WRITABLE);
        match registered {
            Ok(()) => Ok(token),
            Err(error) => {
                self.table.lock().unwrap().waiting.remove(&token);
                Err(error)
            }
        }
    }

    /// The next event of this direction wakes `waker`, and nobody who has waited before.
    pub(crate) fn keep(&self, token: Token, direction: Direction, waker: &Waker) {
        let waker = waker.clone();
        let mut table = self.table.lock().unwrap();
        let waiting = table.waiting.get_mut(&token).expect("it is registered");
        let place = match direction {
            Direction::Read => &mut waiting.to_read,
            Direction::Write => &mut waiting.to_write,
        };
        let stale = place.replace(waker);
        drop(table);
        // Not under the lock: with the last waker of a task the task goes, and with it perhaps a socket.
        drop(stale);
    }

    pub(crate) fn deregister(&self, token: Token, socket: &mut impl Source) {
        // An error would say that the system does not know the socket, which is what is wanted.
        let _ = self.registry.deregister(socket);
        let waiting = self.table.lock().unwrap().waiting.remove(&token);
        drop(waiting);
    }

    /// Ends the wait of the loop, or else its next one.
    pub(crate) fn ring(&self) {
        self.bell.wake().expect("the bell is there as long as the loop");
    }
    // ANCHOR_END: sockets

    /// How many sockets are registered.
    pub(crate) fn len(&self) -> usize {
        self.table.lock().unwrap().waiting.len()
    }
}
