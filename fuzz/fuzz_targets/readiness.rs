//! Sockets that are waited for by way of several reactors, in any order: who waits is woken once the system says that
//! the socket is ready, and for nothing else, and finds it ready; no reactor keeps what was dropped. What is true of a
//! socket, poll(2) tells.
#![no_main]

use std::array;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use reveille_reactor::{Direction, Handle, Reactor};

mod waits;

use waits::{Here, Kind, News, Socket, Wait};

const SOCKETS: usize = 3;
/// The first two are one group.
const REACTORS: usize = 3;
const MOST_WAITS: usize = 12;

#[derive(Debug)]
enum Step {
    Open(u8),
    /// With its socket shared, it waits for readiness alone.
    Begin(u8, Direction, bool, u8),
    /// By way of which reactor, and as which of two tasks; `news`: after the first `WouldBlock`, before it is noted.
    Poll {
        wait: u8,
        by: u8,
        kind: Kind,
        task: bool,
        news: bool,
    },
    DropWait(u8),
    /// As the `poll_*` methods do, whose place for a waker is shared.
    PollShared {
        socket: u8,
        by: u8,
        direction: Direction,
        kind: Kind,
        amount: u8,
        task: bool,
    },
    Try(u8, u8, Direction, u8),
    PeerSends(u8, u8),
    PeerReceives(u8),
    PeerShutsDown(u8, Direction),
    PeerCloses(u8),
    ShutDown(u8, Direction),
    Drop(u8),
    /// Out of its reactors, and once more as a new one.
    Renew(u8),
    Turn(u8),
    TurnGroup(u8),
    TurnAll,
    Close(u8),
}

/// By hand: what is derived takes four bytes for each choice, which libFuzzer seldom hits.
impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let [choice, which, amount, more]: [u8; 4] = bytes.arbitrary()?;
        let direction = if more & 1 == 0 {
            Direction::Read
        } else {
            Direction::Write
        };
        let task = more & 2 != 0;
        let by = (more >> 2) & 3;
        let kind = [Kind::Ready, Kind::Operation, Kind::Stream][usize::from(more >> 4) % 3];
        Ok(match choice % 20 {
            0 => Self::Open(which),
            1 | 2 => Self::Begin(which, direction, task, amount),
            3 | 4 => Self::Poll {
                wait: which,
                by,
                kind,
                task,
                news: more & 1 != 0,
            },
            5 => Self::DropWait(which),
            6 => Self::PollShared {
                socket: which,
                by,
                direction,
                kind,
                amount,
                task,
            },
            7 | 8 => Self::Try(which, by, direction, amount),
            9 | 10 => Self::PeerSends(which, amount),
            11 => Self::PeerReceives(which),
            12 => Self::PeerShutsDown(which, direction),
            13 => Self::PeerCloses(which),
            14 => Self::ShutDown(which, direction),
            15 => Self::Drop(which),
            16 => Self::Renew(which),
            17 => Self::Turn(by),
            18 if task => Self::TurnGroup(by),
            18 => Self::TurnAll,
            _ => Self::Close(by),
        })
    }
}

struct World {
    sockets: [Option<Rc<Socket>>; SOCKETS],
    waits: Vec<Wait>,
    news: Rc<News>,
    /// Of each reactor, with which others it stands in for one another.
    groups: [usize; REACTORS],
    /// How many groups there were.
    all_groups: usize,
    /// Nothing was done since all reactors were turned, and none has ever closed.
    settled: bool,
    any_closed: bool,
}

impl World {
    fn new() -> Self {
        let mut reactors = Reactor::several(REACTORS - 1).unwrap();
        reactors.push(Reactor::new().unwrap());
        Self {
            sockets: array::from_fn(|_| None),
            waits: Vec::new(),
            news: Rc::new(News::new(reactors)),
            groups: [0, 0, 1],
            all_groups: 2,
            settled: false,
            any_closed: false,
        }
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Open(socket) => {
                let place = &mut self.sockets[usize::from(socket) % SOCKETS];
                if place.is_none() {
                    *place = Some(Rc::new(Socket::new()));
                }
            }
            Step::Begin(socket, direction, shares, amount) => {
                if let Some(socket) = self.socket(socket).filter(|_| self.waits.len() < MOST_WAITS) {
                    let wait = Wait::new(&self.news, socket, direction, shares, amount);
                    self.waits.push(wait);
                }
                return;
            }
            Step::Poll {
                wait,
                by,
                kind,
                task,
                news,
            } => {
                self.news.next.set(news);
                self.poll(wait, by, kind, task);
                self.news.next.set(false);
            }
            Step::DropWait(wait) => {
                if !self.waits.is_empty() {
                    let wait = usize::from(wait) % self.waits.len();
                    self.waits.swap_remove(wait).end();
                }
                return;
            }
            Step::PollShared {
                socket,
                by,
                direction,
                kind,
                amount,
                task,
            } => {
                if let Some(socket) = self.socket(socket) {
                    let _entered = self.reactor(by).enter();
                    socket.poll_shared(&self.news, direction, kind, amount, task, self.here(by));
                }
            }
            Step::Try(socket, by, direction, amount) => {
                if let Some(socket) = self.socket(socket) {
                    let _entered = self.reactor(by).enter();
                    socket.try_once(direction, amount, self.settled);
                }
            }
            Step::Turn(by) => self.turn(&[usize::from(by) % REACTORS]),
            Step::TurnGroup(by) => {
                let group = self.here(by).group;
                let which: Vec<_> = (0..REACTORS)
                    .filter(|which| self.groups[*which] == group)
                    .collect();
                self.turn(&which);
                self.each_that_waits_is_woken(Some(group));
            }
            Step::TurnAll => {
                self.turn(&array::from_fn::<_, REACTORS, _>(|by| by));
                self.each_that_waits_is_woken(None);
                self.settled = !self.any_closed;
                return;
            }
            Step::Close(by) => {
                let by = usize::from(by) % REACTORS;
                self.any_closed = true;
                self.news.close(by);
                self.groups[by] = self.all_groups;
                self.all_groups += 1;
            }
            _ => self.apply_to_a_socket(step),
        }
        self.settled = false;
    }

    fn apply_to_a_socket(&mut self, step: &Step) {
        match *step {
            Step::PeerSends(socket, amount) => self.peer(socket, |peer| waits::send(peer, amount)),
            Step::PeerReceives(socket) => self.peer(socket, waits::drain),
            Step::PeerShutsDown(socket, way) => self.peer(socket, |peer| waits::shut_down(peer, way)),
            Step::PeerCloses(socket) => {
                if let Some(socket) = self.socket(socket) {
                    drop(socket.peer.take());
                }
            }
            Step::ShutDown(socket, way) => {
                if let Some(socket) = self.socket(socket) {
                    waits::shut_down(socket.registration.get_ref(), way);
                }
            }
            Step::Drop(socket) => drop(self.take(socket)),
            Step::Renew(socket) => {
                let renewed = self.take(socket).map(Socket::renew);
                self.sockets[usize::from(socket) % SOCKETS] = renewed.map(Rc::new);
            }
            _ => unreachable!("not about a socket alone"),
        }
    }

    fn socket(&self, number: u8) -> Option<Rc<Socket>> {
        self.sockets[usize::from(number) % SOCKETS].clone()
    }

    fn reactor(&self, number: u8) -> Handle {
        self.news.reactors.borrow()[usize::from(number) % REACTORS].handle()
    }

    fn here(&self, number: u8) -> Here {
        Here {
            group: self.groups[usize::from(number) % REACTORS],
            settled: self.settled,
        }
    }

    fn peer(&self, socket: u8, act: impl FnMut(&UnixStream)) {
        if let Some(socket) = self.socket(socket) {
            socket.peer.borrow().as_ref().into_iter().for_each(act);
        }
    }

    /// Ends all that waits for it.
    fn take(&mut self, number: u8) -> Option<Socket> {
        let socket = self.sockets[usize::from(number) % SOCKETS].take()?;
        while let Some(wait) = self
            .waits
            .iter()
            .position(|wait| Rc::ptr_eq(&wait.socket, &socket))
        {
            self.waits.swap_remove(wait).end();
        }
        let socket = Rc::into_inner(socket);
        assert!(socket.is_some(), "somebody waits for it who was dropped");
        socket
    }

    fn poll(&mut self, wait: u8, by: u8, kind: Kind, task: bool) {
        if self.waits.is_empty() {
            return;
        }
        let which = usize::from(wait) % self.waits.len();
        let _entered = self.reactor(by).enter();
        let here = self.here(by);
        self.waits[which].poll(kind, task, here);
    }

    fn turn(&self, which: &[usize]) {
        let shared = self.sockets.iter().flatten().map(|socket| socket.wakes());
        let waits = self
            .waits
            .iter()
            .map(|wait| (wait.socket.is_ready(wait.direction), wait.wakes()));
        let before: Vec<_> = waits.chain(shared.flatten()).collect();
        which.iter().for_each(|which| self.news.turn(*which));
        let shared = self.sockets.iter().flatten().map(|socket| socket.wakes());
        let waits = self
            .waits
            .iter()
            .map(|wait| (wait.socket.is_ready(wait.direction), wait.wakes()));
        for ((ready, before), (_, after)) in before.into_iter().zip(waits.chain(shared.flatten())) {
            assert!(ready || before == after, "a task is woken for nothing");
        }
    }

    /// The reactors of that group have been turned, or all.
    fn each_that_waits_is_woken(&self, group: Option<usize>) {
        self.waits.iter().for_each(|wait| wait.assert_woken(group));
        let sockets = self.sockets.iter().flatten();
        sockets.for_each(|socket| socket.assert_woken(group));
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::new();
    world.apply(&Step::Open(0));
    steps.iter().for_each(|step| world.apply(step));
    world.apply(&Step::TurnAll);
    // Who is woken finds it ready.
    for wait in 0..world.waits.len() {
        world.apply(&Step::TurnAll);
        let here = world.here(0);
        let _entered = world.reactor(0).enter();
        world.waits[wait].poll(Kind::Operation, false, here);
    }
    world.waits.drain(..).for_each(Wait::end);
    world.sockets = array::from_fn(|_| None);
    for reactor in world.news.reactors.borrow().iter() {
        assert_eq!(
            reactor.handle().registrations(),
            0,
            "a dropped socket is still registered"
        );
    }
});
