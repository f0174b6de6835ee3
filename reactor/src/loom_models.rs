//! Models of what runs at the same time, for loom: every interleaving and every weak memory order it may have.
//!
//! What runs here is the code that runs in a program, from the retry loop to the table. Only the operating system is a
//! stand-in, [`World`]: a pipe, and a selector that hands an event to whoever caused it, to deliver there and then.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::ops::Deref;
use std::panic::Location;
use std::pin::pin;
// The scenery is not modelled, so its references are std's.
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Condvar;
use loom::thread;

use crate::interest::{Direction, Ready};
use crate::membership::{Host, Membership};
use crate::primitive::{Mutex, lock, thread_local};
use crate::readiness::Snapshot;
use crate::retry::Waiting;
use crate::table::Table;
use crate::token::Token;
use crate::waiters::Place;

/// Two events, a reader that meets `WouldBlock` and clears, and an event for a past use of the reader's table entry.
#[test]
fn two_events_and_a_clear_and_a_late_event_lose_nothing() {
    loom::model(|| {
        let world = World::enter();
        let gone = Scenery::new(Membership::<Selector>::new(true));
        gone.attach((), |_, _| Ok(())).unwrap();
        let (_, late) = gone.home().unwrap();

        let deliverer = world.spawn(move |world| world.deliver(0, late, Ready::READ_CLOSED));
        drop(gone);
        let socket = Scenery::new(Membership::new(true));
        socket
            .attach((), |host: &Selector, token| host.add((), token))
            .unwrap();
        let (_, token) = socket.home().unwrap();
        assert_eq!(token.index, late.index, "the entry was to be used again");

        let writer = world.spawn(|world| {
            world.write();
            world.write();
        });
        let mut received = 0;
        while received < 2 {
            received += block_on(read(&world, &socket));
        }
        deliverer.join().unwrap();
        writer.join().unwrap();
        let ready = socket
            .slot
            .half(Direction::Read)
            .readiness
            .snapshot()
            .ready(Direction::Read);
        assert!(
            !ready.is_read_closed(),
            "a late event reached the next user of its entry"
        );
    });
}

/// The waiter keeps its waker and looks again; the event sets the readiness and takes the wakers.
#[test]
fn an_event_while_somebody_begins_to_wait_wakes_them() {
    loom::model(|| {
        let world = World::enter();
        let socket = Scenery::new(Membership::new(false));
        socket
            .attach((), |host: &Selector, token| host.add((), token))
            .unwrap();
        let writer = world.spawn(World::write);
        assert_eq!(block_on(read(&world, &socket)), 1);
        writer.join().unwrap();
    });
}

/// Two readers, each with a place of its own; whoever comes first takes both bytes or one.
#[test]
fn an_event_wakes_all_who_wait_in_its_direction() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        socket
            .attach((), |host: &Selector, token| host.add((), token))
            .unwrap();
        let other = {
            let socket = socket.clone();
            world.spawn(move |_| block_on(ready(&socket)))
        };
        let writer = world.spawn(World::write);
        block_on(ready(&socket));
        other.join().unwrap();
        writer.join().unwrap();
    });
}

/// A reader and a writer of one socket begin to wait at the same time, on two threads.
#[test]
fn two_halves_that_wait_first_at_the_same_time_register_once() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(true)));
        let writing = {
            let socket = socket.clone();
            world.spawn(move |world| block_on(write(&world, &socket)))
        };
        let peer = world.spawn(|world| {
            world.write();
            world.make_room();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        writing.join().unwrap();
        peer.join().unwrap();
        let adds = lock(&world.system).adds;
        assert!(adds <= 1, "one socket was registered {adds} times");
        assert_eq!(world.tables[0].len(), adds);
    });
}

/// As before, but the system refuses the first time: one half gets the error, the other must not trust in the
/// registration that failed.
#[test]
fn a_registration_that_fails_strands_nobody() {
    loom::model(|| {
        let world = World::enter();
        lock(&world.system).refuse = true;
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        let writing = {
            let socket = socket.clone();
            world.spawn(move |world| block_on(try_write(&world, &socket)).is_err())
        };
        let peer = world.spawn(World::write);
        let reading = block_on(try_read(&world, &socket)).is_err();
        // The half that did not get the error may still wait for room.
        world.make_room();
        let errors = [reading, writing.join().unwrap()];
        peer.join().unwrap();
        assert_eq!(errors.iter().filter(|error| **error).count(), 1);
        assert_eq!(world.tables[0].len(), 1);
    });
}

/// The reactor closes while somebody begins to wait: they must move to the next one, where the byte is reported.
#[test]
fn whoever_waits_when_the_reactor_closes_moves_on() {
    loom::model(|| {
        let world = World::enter();
        let socket = Scenery::new(Membership::new(true));
        let closer = world.spawn(|world| {
            let mut woken = Vec::new();
            world.tables[0].close(&mut woken);
            woken.into_iter().for_each(Waker::wake);
            world.write();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        closer.join().unwrap();
        assert_eq!(world.tables[0].len(), 0);
    });
}

/// The operating system, and two reactors: the second serves when the first has closed.
#[derive(Debug)]
struct World {
    tables: Scenery<[Table; 2]>,
    system: Mutex<System>,
}

#[derive(Debug, Default)]
struct System {
    bytes: usize,
    room: bool,
    /// The table and the token that events go to.
    registered: Option<(usize, Token)>,
    adds: usize,
    /// The next registration fails.
    refuse: bool,
}

impl World {
    fn enter() -> Arc<Self> {
        let world = Arc::new(Self {
            tables: Scenery::new([Table::default(), Table::default()]),
            system: Mutex::new(System::default()),
        });
        WORLD.with(|current| *current.borrow_mut() = Some(world.clone()));
        world
    }

    fn spawn<T: 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&Arc<Self>) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || {
            WORLD.with(|current| *current.borrow_mut() = Some(world.clone()));
            run(&world)
        })
    }

    /// The peer sends a byte.
    fn write(self: &Arc<Self>) {
        let mut system = lock(&self.system);
        system.bytes += 1;
        let registered = system.registered;
        drop(system);
        self.report(registered, Ready::READABLE);
    }

    /// The peer takes what was sent.
    fn make_room(self: &Arc<Self>) {
        let mut system = lock(&self.system);
        system.room = true;
        let registered = system.registered;
        drop(system);
        self.report(registered, Ready::WRITABLE);
    }

    fn report(&self, registered: Option<(usize, Token)>, ready: Ready) {
        if let Some((table, token)) = registered {
            self.deliver(table, token, ready);
        }
    }

    fn deliver(&self, table: usize, token: Token, ready: Ready) {
        let mut woken = Vec::new();
        self.tables[table].deliver([(token, ready)].into_iter(), &mut woken);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// One of the two reactors.
#[derive(Clone, Debug)]
struct Selector {
    world: Arc<World>,
    table: usize,
}

impl Host for Selector {
    type Identity = ();

    /// No model moves a socket between reactors that are open.
    fn here() -> usize {
        0
    }

    fn find() -> io::Result<Self> {
        let world = WORLD.with(|current| current.borrow().clone()).unwrap();
        let table = usize::from(world.tables[0].is_closed());
        Ok(Self { world, table })
    }

    fn table(&self) -> &Table {
        &self.world.tables[self.table]
    }

    fn add(&self, (): (), token: Token) -> io::Result<()> {
        let mut system = lock(&self.world.system);
        if mem::take(&mut system.refuse) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        system.adds += 1;
        system.registered = Some((self.table, token));
        let (bytes, room) = (system.bytes, system.room);
        drop(system);
        // As epoll does: what is the case already is reported first.
        if bytes > 0 {
            self.world.deliver(self.table, token, Ready::READABLE);
        }
        if room {
            self.world.deliver(self.table, token, Ready::WRITABLE);
        }
        Ok(())
    }

    fn delete(&self, (): ()) {
        let mut system = lock(&self.world.system);
        if system.registered.is_some_and(|(table, _)| table == self.table) {
            system.registered = None;
        }
    }
}

/// Reads all bytes there are.
async fn read(world: &World, socket: &Membership<Selector>) -> usize {
    try_read(world, socket).await.unwrap()
}

async fn try_read(world: &World, socket: &Membership<Selector>) -> io::Result<usize> {
    let read = |_| match mem::take(&mut lock(&world.system).bytes) {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        bytes => Ok(bytes),
    };
    operate(socket, Direction::Read, Snapshot::is_worth_trying, read).await
}

async fn write(world: &World, socket: &Membership<Selector>) {
    try_write(world, socket).await.unwrap();
}

async fn try_write(world: &World, socket: &Membership<Selector>) -> io::Result<()> {
    let write = |_| {
        let room = mem::take(&mut lock(&world.system).room);
        room.then_some(()).ok_or(io::ErrorKind::WouldBlock.into())
    };
    operate(socket, Direction::Write, Snapshot::is_worth_trying, write).await
}

/// Waits until reading is reported to be ready.
async fn ready(socket: &Membership<Selector>) {
    operate(socket, Direction::Read, Snapshot::is_reported, |_| Ok(()))
        .await
        .unwrap();
}

async fn operate<T>(
    socket: &Membership<Selector>,
    direction: Direction,
    worth: fn(Snapshot) -> bool,
    mut attempt: impl FnMut(Snapshot) -> io::Result<T>,
) -> io::Result<T> {
    let mut place = Place::Own(None);
    poll_fn(|cx| {
        let waiting = Waiting {
            direction,
            location: Location::caller(),
            place: &mut place,
        };
        socket.poll_retry(|| (), waiting, cx, worth, &mut attempt)
    })
    .await
}

/// Forgets its content when a model fails: loom's objects must not be touched any more while that unwinds.
#[derive(Debug)]
struct Scenery<T>(Option<T>);

impl<T> Scenery<T> {
    fn new(content: T) -> Self {
        Self(Some(content))
    }
}

impl<T> Deref for Scenery<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().unwrap()
    }
}

impl<T> Drop for Scenery<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            mem::forget(self.0.take());
        }
    }
}

/// Polls `future` until it is ready. If a wake-up is lost, this waits for ever, which loom reports as a deadlock.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => bell.wait(),
        }
    }
}

/// What a thread that polls waits for. (Not `park`: in loom an `unpark` is lost on a thread that waits for a mutex.)
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn wait(&self) {
        let mut rung = lock(&self.rung);
        while !mem::take(&mut *rung) {
            rung = self.ring.wait(rung).unwrap();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *lock(&self.rung) = true;
        self.ring.notify_one();
    }
}

thread_local! {
    static WORLD: RefCell<Option<Arc<World>>> = RefCell::new(None);
}
