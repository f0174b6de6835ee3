//! The sockets of `readiness` and who waits for them.

mod wakes;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reveille_reactor::{Direction, Reactor, Ready, Registration, WaitOwned};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, sockopt};

use wakes::Tasks;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Ready,
    Operation,
    /// A short count is taken for a sign that the next one would block, which holds for these sockets.
    Stream,
}

/// Where it is polled.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    pub(crate) group: usize,
    /// Whether what the system says has been reported.
    pub(crate) settled: bool,
}

/// The reactors, and what happens between a `WouldBlock` and its being noted.
pub(crate) struct News {
    pub(crate) reactors: RefCell<Vec<Reactor>>,
    /// Whether the next `WouldBlock` is followed by news.
    pub(crate) next: Cell<bool>,
}

impl News {
    pub(crate) fn new(reactors: Vec<Reactor>) -> Self {
        Self {
            reactors: RefCell::new(reactors),
            next: Cell::new(false),
        }
    }

    pub(crate) fn turn(&self, which: usize) {
        let mut woken = Vec::new();
        self.reactors.borrow_mut()[which]
            .turn(Some(Duration::ZERO), &mut woken)
            .unwrap();
        woken.into_iter().for_each(Waker::wake);
    }

    /// There is another one in its place.
    pub(crate) fn close(&self, which: usize) {
        let mut closed = std::mem::replace(&mut self.reactors.borrow_mut()[which], Reactor::new().unwrap());
        let mut woken = Vec::new();
        closed.close(&mut woken);
        woken.into_iter().for_each(Waker::wake);
    }

    fn operate(&self, socket: &Socket, direction: Direction, amount: usize) -> io::Result<usize> {
        let outcome = socket.operate(direction, amount);
        let blocked = outcome
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        if blocked && self.next.take() {
            if let Some(peer) = &*socket.peer.borrow() {
                match direction {
                    Direction::Read => send(peer, 1),
                    Direction::Write => drain(peer),
                }
            }
            let count = self.reactors.borrow().len();
            (0..count).for_each(|which| self.turn(which));
        }
        outcome
    }
}

pub(crate) struct Socket {
    pub(crate) registration: Registration<UnixStream>,
    pub(crate) peer: RefCell<Option<UnixStream>>,
    /// Who waits by the `poll_*` methods.
    shared: [RefCell<Tasks>; 2],
}

const DIRECTIONS: [Direction; 2] = [Direction::Read, Direction::Write];

impl Socket {
    pub(crate) fn new() -> Self {
        let (ours, peer) = UnixStream::pair().unwrap();
        for socket in [&ours, &peer] {
            socket.set_nonblocking(true).unwrap();
            // As small as the system allows: soon full.
            sockopt::set_socket_send_buffer_size(socket, 1).unwrap();
        }
        Self::over(ours, RefCell::new(Some(peer)))
    }

    fn over(ours: UnixStream, peer: RefCell<Option<UnixStream>>) -> Self {
        Self {
            registration: Registration::new(ours).unwrap(),
            peer,
            shared: Default::default(),
        }
    }

    pub(crate) fn renew(self) -> Self {
        let ours = self.registration.into_inner().unwrap();
        self.shared
            .iter()
            .for_each(|tasks| tasks.borrow().assert_nobody_keeps_one());
        Self::over(ours, self.peer)
    }

    /// What the system says.
    pub(crate) fn is_ready(&self, direction: Direction) -> bool {
        let asked = PollFlags::IN | PollFlags::PRI | PollFlags::RDHUP | PollFlags::OUT;
        let mut polled = [PollFd::new(self.registration.get_ref(), asked)];
        // libFuzzer's alarm interrupts it now and then.
        while rustix::event::poll(&mut polled, Some(&Default::default())) == Err(Errno::INTR) {}
        let closed = PollFlags::HUP | PollFlags::ERR;
        polled[0].revents().intersects(match direction {
            Direction::Read => closed | PollFlags::IN | PollFlags::PRI | PollFlags::RDHUP,
            Direction::Write => closed | PollFlags::OUT,
        })
    }

    fn operate(&self, direction: Direction, amount: usize) -> io::Result<usize> {
        let ours = self.registration.get_ref();
        match direction {
            Direction::Read => {
                let mut buffer = [0; 255];
                Ok(rustix::net::recv(ours, &mut buffer[..amount], RecvFlags::empty())?.0)
            }
            // Larger ones, which fill it.
            Direction::Write => Ok(rustix::net::send(
                ours,
                &[0; 255 * 16][..amount * 16],
                SendFlags::NOSIGNAL,
            )?),
        }
    }

    /// `settled`: what the system says has been reported.
    pub(crate) fn try_once(&self, direction: Direction, amount: u8, settled: bool) {
        let ready = self.is_ready(direction);
        let outcome = self
            .registration
            .try_io(direction, |_| self.operate(direction, usize::from(amount.max(1))));
        let blocked = outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        assert!(!(settled && ready && blocked), "what was reported is not known");
    }

    pub(crate) fn poll_shared(
        &self,
        news: &News,
        direction: Direction,
        kind: Kind,
        amount: u8,
        task: bool,
        at: Here,
    ) {
        let amount = usize::from(amount.max(1));
        let tasks = &mut self.shared[direction as usize].borrow_mut();
        let must = at.settled && tasks.pending.is_some() && self.is_ready(direction);
        let waker = tasks.waker(task);
        let (cx, here) = (&mut Context::from_waker(&waker), Location::caller());
        let operation = |_: &UnixStream| news.operate(self, direction, amount);
        let polled = match kind {
            Kind::Ready => self
                .registration
                .poll_ready(direction, here, cx)
                .map_ok(|ready| assert_says(ready, direction)),
            Kind::Operation => self
                .registration
                .poll_io(direction, here, cx, operation)
                .map_ok(drop),
            Kind::Stream => self
                .registration
                .poll_stream_io(direction, here, cx, wanted(direction, amount), operation)
                .map_ok(drop),
        };
        drop(waker);
        tasks.polled(task, &polled, must, at);
    }

    /// Of both directions: whether the system says that it is ready, and how often who waits was woken.
    pub(crate) fn wakes(&self) -> impl Iterator<Item = (bool, usize)> {
        DIRECTIONS.into_iter().map(|direction| {
            let wakes = self.shared[direction as usize].borrow().wakes();
            (self.is_ready(direction), wakes)
        })
    }

    pub(crate) fn assert_woken(&self, group: Option<usize>) {
        for direction in DIRECTIONS {
            let tasks = self.shared[direction as usize].borrow();
            assert!(
                !self.is_ready(direction) || tasks.are_woken(group),
                "who polls a socket is not woken"
            );
        }
    }
}

/// As much as there is room for.
pub(crate) fn send(socket: &UnixStream, amount: u8) {
    let _ = rustix::net::send(socket, &[0; 255][..usize::from(amount)], SendFlags::NOSIGNAL);
}

/// Takes all that there is.
pub(crate) fn drain(socket: &UnixStream) {
    let mut buffer = [0; 4096];
    while rustix::net::recv(socket, &mut buffer, RecvFlags::empty()).is_ok_and(|(taken, _)| taken != 0) {}
}

pub(crate) fn shut_down(socket: &UnixStream, direction: Direction) {
    let how = match direction {
        Direction::Read => Shutdown::Read,
        Direction::Write => Shutdown::Write,
    };
    // It may be without a peer by now.
    let _ = socket.shutdown(how);
}

fn wanted(direction: Direction, amount: usize) -> usize {
    match direction {
        Direction::Read => amount,
        Direction::Write => amount * 16,
    }
}

fn assert_says(ready: Ready, direction: Direction) {
    let says = match direction {
        Direction::Read => ready.is_readable() || ready.is_read_closed(),
        Direction::Write => ready.is_writable() || ready.is_write_closed(),
    };
    assert!(
        says || ready.is_error(),
        "{ready:?} is ready, but not for {direction:?}"
    );
}

/// Who waits, for one operation after the other.
pub(crate) struct Wait {
    pub(crate) socket: Rc<Socket>,
    pub(crate) direction: Direction,
    future: Pin<Box<dyn Future<Output = Infallible>>>,
    next: Rc<Cell<Kind>>,
    outcome: Outcome,
    tasks: Tasks,
}

impl Wait {
    pub(crate) fn new(
        news: &Rc<News>,
        socket: Rc<Socket>,
        direction: Direction,
        shares: bool,
        amount: u8,
    ) -> Self {
        let amount = usize::from(amount.max(1));
        let (next, outcome) = (Rc::new(Cell::new(Kind::Ready)), Outcome::default());
        let future: Pin<Box<dyn Future<Output = Infallible>>> = if shares {
            Box::pin(wait_owned(socket.clone(), direction, outcome.clone()))
        } else {
            let (socket, next, outcome) = (socket.clone(), next.clone(), outcome.clone());
            Box::pin(wait(news.clone(), socket, direction, amount, next, outcome))
        };
        Self {
            socket,
            direction,
            future,
            next,
            outcome,
            tasks: Tasks::default(),
        }
    }

    /// As one of two tasks.
    pub(crate) fn poll(&mut self, kind: Kind, task: bool, at: Here) {
        let must = at.settled && self.tasks.pending.is_some() && self.socket.is_ready(self.direction);
        let waker = self.tasks.waker(task);
        self.next.set(kind);
        let Poll::Pending = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        let polled = self.outcome.take().expect("it was polled");
        drop(waker);
        self.tasks.polled(task, &polled, must, at);
        if polled.is_ready() {
            self.tasks.assert_nobody_keeps_one();
        } else {
            self.tasks.assert_nobody_keeps(!task);
        }
    }

    pub(crate) fn end(self) {
        drop(self.future);
        self.tasks.assert_nobody_keeps_one();
    }

    pub(crate) fn wakes(&self) -> usize {
        self.tasks.wakes()
    }

    pub(crate) fn assert_woken(&self, group: Option<usize>) {
        let ready = self.socket.is_ready(self.direction);
        assert!(
            !ready || self.tasks.are_woken(group),
            "who waits for a socket is not woken"
        );
    }
}

/// One operation after the other, each of the kind that is in `next`; what a poll comes to is left in `outcome`.
async fn wait(
    news: Rc<News>,
    socket: Rc<Socket>,
    direction: Direction,
    amount: usize,
    next: Rc<Cell<Kind>>,
    outcome: Outcome,
) -> Infallible {
    let operation = |_: &UnixStream| news.operate(&socket, direction, amount);
    let mut wait = socket.registration.wait(direction, Location::caller());
    poll_fn(|cx| {
        outcome.set(Some(match next.get() {
            Kind::Ready => wait.poll_ready(cx).map_ok(|ready| assert_says(ready, direction)),
            Kind::Operation => wait.poll_io(cx, operation).map_ok(drop),
            Kind::Stream => wait
                .poll_stream_io(cx, wanted(direction, amount), operation)
                .map_ok(drop),
        }));
        Poll::Pending
    })
    .await
}

async fn wait_owned(socket: Rc<Socket>, direction: Direction, outcome: Outcome) -> Infallible {
    let mut wait = WaitOwned::new(
        socket,
        |socket| &socket.registration,
        direction,
        Location::caller(),
    );
    poll_fn(|cx| {
        let polled = wait.poll_ready(cx).map_ok(|ready| assert_says(ready, direction));
        outcome.set(Some(polled));
        Poll::Pending
    })
    .await
}

type Outcome = Rc<Cell<Option<Poll<io::Result<()>>>>>;
