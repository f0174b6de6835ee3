//! A stand-in for the operating system: a pipe, and selectors that hand an event to whoever caused it, to deliver there
//! and then.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem;
use std::ops::Deref;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Condvar;
use loom::thread;

use crate::interest::{Direction, Ready};
use crate::membership::{Host, Membership};
use crate::primitive::{Mutex, lock, thread_local};
use crate::readiness::Snapshot;
use crate::retry::Waiting;
use crate::station::Station;
use crate::table::Table;
use crate::token::Token;
use crate::waiters::Place;

/// The operating system, and two reactors. A thread has one of them; when the first has closed, its threads have the
/// second.
#[derive(Debug)]
pub(super) struct World {
    pub(super) tables: Scenery<[Table<Selector>; 2]>,
    pub(super) system: Mutex<System>,
    /// The two stand in for one another.
    one_group: bool,
}

#[derive(Debug, Default)]
pub(super) struct System {
    bytes: usize,
    room: bool,
    /// What the socket is registered as with each of the two.
    registered: [Option<Token>; 2],
    pub(super) adds: usize,
    /// How often it was asked to register, in vain or not.
    pub(super) asked: usize,
    /// The next registration fails.
    pub(super) refuse: bool,
}

impl World {
    /// Makes one, for a thread with the first reactor.
    pub(super) fn enter() -> Arc<Self> {
        Self::enter_with(false)
    }

    /// As [`enter`](Self::enter), but the two reactors are one runtime's, and a thread whose own has closed has none.
    pub(super) fn enter_group() -> Arc<Self> {
        Self::enter_with(true)
    }

    fn enter_with(one_group: bool) -> Arc<Self> {
        let world = Arc::new(Self {
            tables: Scenery::new([Table::default(), Table::default()]),
            system: Mutex::new(System::default()),
            one_group,
        });
        HERE.with(|here| *here.borrow_mut() = Some((world.clone(), 0)));
        world
    }

    /// A thread with the first reactor.
    pub(super) fn spawn<T: 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&Arc<Self>) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        self.spawn_at(0, run)
    }

    /// A thread with one of the two.
    pub(super) fn spawn_at<T: 'static>(
        self: &Arc<Self>,
        table: usize,
        run: impl FnOnce(&Arc<Self>) -> T + 'static,
    ) -> thread::JoinHandle<T> {
        let world = self.clone();
        thread::spawn(move || {
            HERE.with(|here| *here.borrow_mut() = Some((world.clone(), table)));
            run(&world)
        })
    }

    /// The peer sends a byte.
    pub(super) fn write(self: &Arc<Self>) {
        self.change(Ready::READABLE, |system| system.bytes += 1);
    }

    /// The peer takes what was sent.
    pub(super) fn make_room(self: &Arc<Self>) {
        self.change(Ready::WRITABLE, |system| system.room = true);
    }

    fn change(&self, ready: Ready, change: impl FnOnce(&mut System)) {
        let registered = {
            let mut system = lock(&self.system);
            change(&mut system);
            system.registered
        };
        for (table, token) in registered.into_iter().enumerate() {
            if let Some(token) = token {
                self.deliver(table, token, ready);
            }
        }
    }

    pub(super) fn deliver(&self, table: usize, token: Token, ready: Ready) {
        let mut woken = Vec::new();
        self.tables[table].deliver([(token, ready)].into_iter(), &mut woken);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// One of the two reactors.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    world: Arc<World>,
    table: usize,
    /// Of the threads that have it.
    station: Station,
}

impl Host for Selector {
    type Identity = ();

    fn here() -> Station {
        let (world, table) = here();
        let [member, group] = if world.one_group { [table, 1] } else { [0, table] };
        Station::unpack((group << 16 | member) as u64)
    }

    fn find() -> io::Result<Self> {
        let (world, table) = here();
        let moves_on = !world.one_group && world.tables[0].is_closed();
        let table = table.max(usize::from(moves_on));
        let station = Self::here();
        Ok(Self {
            world,
            table,
            station,
        })
    }

    fn table(&self) -> &Table<Self> {
        &self.world.tables[self.table]
    }

    fn station(&self) -> Station {
        self.station
    }

    fn add(&self, (): (), token: Token) -> io::Result<()> {
        let mut system = lock(&self.world.system);
        system.asked += 1;
        if mem::take(&mut system.refuse) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if system.registered[self.table].is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        system.adds += 1;
        system.registered[self.table] = Some(token);
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

    fn delete(&self, (): (), _: Token) {
        lock(&self.world.system).registered[self.table] = None;
    }
}

/// This thread's world and reactor.
fn here() -> (Arc<World>, usize) {
    HERE.with(|here| here.borrow().clone()).unwrap()
}

/// Reads all bytes there are.
pub(super) async fn read(world: &World, socket: &Membership<Selector>) -> usize {
    try_read(world, socket).await.unwrap()
}

pub(super) async fn try_read(world: &World, socket: &Membership<Selector>) -> io::Result<usize> {
    let read = |_| match mem::take(&mut lock(&world.system).bytes) {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        bytes => Ok(bytes),
    };
    operate(socket, Direction::Read, Snapshot::is_worth_trying, read).await
}

pub(super) async fn write(world: &World, socket: &Membership<Selector>) {
    try_write(world, socket).await.unwrap();
}

pub(super) async fn try_write(world: &World, socket: &Membership<Selector>) -> io::Result<()> {
    let write = |_| {
        let room = mem::take(&mut lock(&world.system).room);
        room.then_some(()).ok_or(io::ErrorKind::WouldBlock.into())
    };
    operate(socket, Direction::Write, Snapshot::is_worth_trying, write).await
}

/// Waits until reading is reported to be ready.
pub(super) async fn ready(socket: &Membership<Selector>) {
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
    let mut place = Place::own(direction);
    poll_fn(|cx| {
        let waiting = Waiting {
            location: Location::caller(),
            place: &mut place,
        };
        socket.poll_retry(|| (), waiting, cx, worth, &mut attempt)
    })
    .await
}

/// Forgets its content when a model fails: loom's objects must not be touched any more while that unwinds.
#[derive(Debug)]
pub(super) struct Scenery<T>(Option<T>);

impl<T> Scenery<T> {
    pub(super) fn new(content: T) -> Self {
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
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
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
    static HERE: RefCell<Option<(Arc<World>, usize)>> = RefCell::new(None);
}
