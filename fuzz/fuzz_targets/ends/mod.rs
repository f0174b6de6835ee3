//! The two ends, and what is known of them: a queue of bytes in each direction.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use reveille_reactor::Reactor;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

mod kind;

pub use kind::Kind;

/// How a byte is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The trait's, whose waker stays with the stream.
    Polled,
    /// The same, in two pieces.
    Vectored,
    /// A future that is polled once and dropped: it must take nothing with it.
    Once,
    /// Not waiting at all.
    Tried,
    /// By way of a half that borrows.
    Half,
    /// Without taking it; writing has no such thing, and is as `Once`.
    Peeked,
}

impl Way {
    fn keeps_its_waker(self) -> bool {
        matches!(self, Self::Polled | Self::Vectored | Self::Half)
    }

    pub const ALL: [Self; 6] = [
        Self::Polled,
        Self::Vectored,
        Self::Once,
        Self::Tried,
        Self::Half,
        Self::Peeked,
    ];
}

pub struct Connection<S: Kind> {
    ends: [End<S>; 2],
    /// From each end to the other.
    pipes: [Pipe; 2],
    /// Something was closed while there were bytes that nobody will read: a reset, by which anything may be lost.
    broken: bool,
    /// What was ready before the reactor was turned last, for reading and for writing, at each end: the reactor has heard of that.
    /// Of nothing, once something was done that makes a socket ready. (TCP may acknowledge by itself, too, when its timer says so:
    /// of that the reactor hears at its next turn.)
    reported: [(bool, bool); 2],
}

struct End<S: Kind> {
    form: Form<S>,
    readers: Waiting,
    writers: Waiting,
}

enum Form<S: Kind> {
    Whole(S),
    Apart(Option<S::Reader>, Option<S::Writer>),
}

/// What was written and is not read.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    next: u8,
    closed: bool,
}

/// Whom the stream is to wake.
#[derive(Default)]
struct Waiting {
    wakes: Arc<Wakes>,
    since: Option<usize>,
    /// Something has waited, so the reactor tells of this direction from its next turn on. Before, what was tried in vain is
    /// all that is known.
    registered: bool,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Waiting {
    /// One that nothing knows yet, each time that the stream is to keep it: only the last is woken.
    fn waker(&mut self, way: Way) -> Waker {
        if way.keeps_its_waker() {
            self.wakes = Arc::default();
        }
        self.wakes.clone().into()
    }

    /// Whether it waits for the first time.
    fn polled<T>(&mut self, way: Way, polled: &Poll<T>) -> bool {
        if way.keeps_its_waker() {
            self.since = polled.is_pending().then(|| self.wakes.0.load(Relaxed));
        }
        way != Way::Tried && polled.is_pending() && !mem::replace(&mut self.registered, true)
    }

    fn is_woken(&self) -> bool {
        self.since
            .is_none_or(|before| self.wakes.0.load(Relaxed) > before)
    }
}

impl<S: Kind> End<S> {
    fn new(stream: S) -> Self {
        Self {
            form: Form::Whole(stream),
            readers: Waiting::default(),
            writers: Waiting::default(),
        }
    }

    /// By way of any part.
    fn stream(&self) -> Option<&S> {
        match &self.form {
            Form::Whole(stream) => Some(stream),
            Form::Apart(Some(reader), _) => Some(reader.as_ref()),
            Form::Apart(None, Some(writer)) => Some(writer.as_ref()),
            Form::Apart(None, None) => None,
        }
    }

    fn is_gone(&self) -> bool {
        self.stream().is_none()
    }

    fn can_read(&self) -> bool {
        matches!(self.form, Form::Whole(_) | Form::Apart(Some(_), _))
    }

    fn can_write(&self) -> bool {
        matches!(self.form, Form::Whole(_) | Form::Apart(_, Some(_)))
    }

    fn read(&mut self, way: Way, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match (way, &mut self.form) {
            (Way::Polled, Form::Whole(stream)) => Pin::new(stream).poll_read(cx, buffer),
            (Way::Vectored, form) => {
                let (first, second) = buffer.split_at_mut(buffer.len() / 3);
                let buffers = &mut [IoSliceMut::new(first), IoSliceMut::new(second)];
                match form {
                    Form::Whole(stream) => Pin::new(stream).poll_read_vectored(cx, buffers),
                    Form::Apart(reader, _) => {
                        Pin::new(reader.as_mut().unwrap()).poll_read_vectored(cx, buffers)
                    }
                }
            }
            (Way::Polled | Way::Half, Form::Apart(Some(reader), _)) => Pin::new(reader).poll_read(cx, buffer),
            (Way::Half, Form::Whole(stream)) => stream.read_by_half(cx, buffer),
            (Way::Once, _) => self.stream().unwrap().read_once(cx, buffer),
            (Way::Peeked, _) => self.stream().unwrap().peek_once(cx, buffer),
            _ => tried(self.stream().unwrap().try_read(buffer)),
        }
    }

    fn write(&mut self, way: Way, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match (way, &mut self.form) {
            (Way::Polled, Form::Whole(stream)) => Pin::new(stream).poll_write(cx, bytes),
            (Way::Vectored, form) => {
                let (first, second) = bytes.split_at(bytes.len() / 3);
                let bytes = &[IoSlice::new(first), IoSlice::new(second)];
                match form {
                    Form::Whole(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
                    Form::Apart(_, writer) => {
                        Pin::new(writer.as_mut().unwrap()).poll_write_vectored(cx, bytes)
                    }
                }
            }
            (Way::Polled | Way::Half, Form::Apart(_, Some(writer))) => Pin::new(writer).poll_write(cx, bytes),
            (Way::Half, Form::Whole(stream)) => stream.write_by_half(cx, bytes),
            (Way::Once | Way::Peeked, _) => self.stream().unwrap().write_once(cx, bytes),
            _ => tried(self.stream().unwrap().try_write(bytes)),
        }
    }

    fn is_ready(&self, flags: PollFlags) -> bool {
        self.stream().is_some_and(|stream| is_ready(stream, flags, 0))
    }
}

impl<S: Kind> Connection<S> {
    pub fn new() -> Self {
        let (one, other) = S::pair();
        Self {
            ends: [End::new(one), End::new(other)],
            pipes: Default::default(),
            broken: false,
            reported: Default::default(),
        }
    }

    pub fn write(&mut self, reactor: &mut Reactor, from: bool, way: Way, length: usize) {
        let (from, to) = (usize::from(from), usize::from(!from));
        let end = &mut self.ends[from];
        if !end.can_write() {
            return;
        }
        let pipe = &mut self.pipes[from];
        let bytes: Vec<u8> = (0..length)
            .map(|place| pipe.next.wrapping_add(place as u8))
            .collect();
        let must_be_ready = self.reported[from].1 && end.writers.registered && end.is_ready(PollFlags::OUT);
        let waker = end.writers.waker(way);
        let mut cx = Context::from_waker(&waker);
        let mut polled = end.write(way, &mut cx, &bytes);
        if must_be_ready && polled.is_pending() {
            hear(reactor);
            polled = end.write(way, &mut cx, &bytes);
        }
        if end.writers.polled(way, &polled) {
            self.reported = Default::default();
        }
        match polled {
            Poll::Ready(Ok(count)) => {
                assert!(!pipe.closed, "written after the end");
                assert!(0 < count && count <= length);
                pipe.bytes.extend(&bytes[..count]);
                pipe.next = pipe.next.wrapping_add(count as u8);
                // Whom nobody can read any more, a reset answers.
                self.broken |= self.ends[to].is_gone();
                self.reported = Default::default();
            }
            Poll::Ready(Err(error)) => {
                let nobody = self.broken || self.ends[to].is_gone();
                assert!(pipe.closed || nobody, "{error}");
                assert!(nobody || error.kind() == io::ErrorKind::BrokenPipe, "{error}");
            }
            Poll::Pending => assert!(!must_be_ready, "the system would have taken it"),
        }
    }

    pub fn read(&mut self, reactor: &mut Reactor, at: bool, way: Way, length: usize) {
        let (at, from) = (usize::from(at), usize::from(!at));
        let end = &mut self.ends[at];
        if !end.can_read() {
            return;
        }
        let pipe = &mut self.pipes[from];
        let mut buffer = vec![0; length];
        let must_be_ready = self.reported[at].0 && end.readers.registered && end.is_ready(PollFlags::IN);
        let waker = end.readers.waker(way);
        let mut cx = Context::from_waker(&waker);
        let mut polled = end.read(way, &mut cx, &mut buffer);
        if must_be_ready && polled.is_pending() {
            hear(reactor);
            polled = end.read(way, &mut cx, &mut buffer);
        }
        if end.readers.polled(way, &polled) {
            self.reported = Default::default();
        }
        match polled {
            Poll::Ready(Ok(0)) => assert!(
                self.broken || pipe.closed && pipe.bytes.is_empty(),
                "no end was written"
            ),
            Poll::Ready(Ok(count)) => {
                let expected = pipe.bytes.iter().take(count);
                assert!(expected.eq(&buffer[..count]), "other bytes than were written");
                if way != Way::Peeked {
                    pipe.bytes.drain(..count);
                }
                // Peeking too makes TCP tell its peer how much room there is; the peer goes on sending, and with that tells what
                // it has received: there is room to write.
                self.reported = Default::default();
            }
            Poll::Ready(Err(error)) => assert!(self.broken, "{error}"),
            Poll::Pending => assert!(!must_be_ready, "the system has something"),
        }
    }

    pub fn split(&mut self, end: bool) {
        self.change(end, |form| match form {
            Form::Whole(stream) => {
                let (reader, writer) = stream.into_split();
                Form::Apart(Some(reader), Some(writer))
            }
            form => form,
        });
    }

    pub fn reunite(&mut self, end: bool) {
        self.change(end, |form| match form {
            Form::Apart(Some(reader), Some(writer)) => match S::reunite(reader, writer) {
                Ok(stream) => Form::Whole(stream),
                Err(_) => panic!("these belong together"),
            },
            form => form,
        });
    }

    pub fn reunite_wrongly(&mut self) {
        let [
            Form::Apart(reader, own @ Some(_)),
            Form::Apart(Some(_), writer @ Some(_)),
        ] = self.ends.each_mut().map(|end| &mut end.form)
        else {
            return;
        };
        let Some(taken) = reader.take() else { return };
        match S::reunite(taken, writer.take().unwrap()) {
            Ok(_) => panic!("these do not belong together"),
            Err((back, other)) => {
                *reader = Some(back);
                *writer = Some(other);
            }
        }
        assert!(own.is_some());
    }

    pub fn shut_down(&mut self, end: bool) {
        let at = usize::from(end);
        if !self.ends[at].can_write() {
            return;
        }
        let outcome = self.ends[at].stream().unwrap().shut_down();
        let gone = self.ends[1 - at].is_gone();
        // A connection that both ends have closed is none to the system any more.
        let over = self.pipes.iter().all(|pipe| pipe.closed);
        if let Err(error) = outcome {
            let not_connected = over && error.kind() == io::ErrorKind::NotConnected;
            assert!(not_connected || self.broken || gone, "{error}");
        }
        self.pipes[at].closed = true;
        self.reported = Default::default();
    }

    pub fn drop_reader(&mut self, end: bool) {
        self.change(end, |form| match form {
            Form::Apart(_, writer) => Form::Apart(None, writer),
            form => form,
        });
    }

    pub fn drop_writer(&mut self, end: bool) {
        if let Form::Apart(_, Some(_)) = self.ends[usize::from(end)].form {
            self.pipes[usize::from(end)].closed = true;
        }
        self.change(end, |form| match form {
            Form::Apart(reader, _) => Form::Apart(reader, None),
            form => form,
        });
    }

    pub fn forget_writer(&mut self, end: bool) {
        self.change(end, |form| match form {
            Form::Apart(reader, Some(writer)) => {
                S::forget(writer);
                Form::Apart(reader, None)
            }
            form => form,
        });
    }

    pub fn drop_end(&mut self, end: bool) {
        self.change(end, |_| Form::Apart(None, None));
    }

    /// Whatever the system says is ready, who waits for it is woken.
    pub fn turn(&mut self, reactor: &mut Reactor) {
        self.await_delivery();
        let ready = self
            .ends
            .each_ref()
            .map(|end| (end.is_ready(PollFlags::IN), end.is_ready(PollFlags::OUT)));
        reactor.notifier().notify();
        turn(reactor, None);
        let is_woken = |(end, (read, write)): (&End<S>, (bool, bool))| {
            (!read || end.readers.is_woken()) && (!write || end.writers.is_woken())
        };
        if !self.ends.iter().zip(ready).all(is_woken) {
            hear(reactor);
        }
        for (end, (read, write)) in self.ends.iter().zip(ready) {
            assert!(!read || end.readers.is_woken(), "who waits to read was not woken");
            assert!(
                !write || end.writers.is_woken(),
                "who waits to write was not woken"
            );
        }
        self.reported = ready;
    }

    /// All that was written can be read, and then its end.
    pub fn finish(mut self, reactor: &mut Reactor) {
        for at in [false, true] {
            self.turn(reactor);
            if !self.ends[usize::from(at)].can_read() || self.broken {
                continue;
            }
            let mut patience = 10_000;
            while !self.pipes[usize::from(!at)].bytes.is_empty() && !self.broken {
                self.read(reactor, at, Way::Once, 100);
                self.turn(reactor);
                patience -= 1;
                assert!(patience > 0, "what was written never comes");
            }
            if self.pipes[usize::from(!at)].closed && !self.broken {
                self.ends_here(at);
            }
        }
    }

    /// The end is there, and stays.
    fn ends_here(&mut self, at: bool) {
        for _ in 0..2 {
            let read = self.ends[usize::from(at)].read(
                Way::Tried,
                &mut Context::from_waker(Waker::noop()),
                &mut [0],
            );
            assert!(matches!(read, Poll::Ready(Ok(0))), "no end comes: {read:?}");
        }
    }

    fn change(&mut self, end: bool, change: impl FnOnce(Form<S>) -> Form<S>) {
        let (at, peer) = (usize::from(end), usize::from(!end));
        let was_gone = self.ends[at].is_gone();
        let form = mem::replace(&mut self.ends[at].form, Form::Apart(None, None));
        self.ends[at].form = change(form);
        if !was_gone && self.ends[at].is_gone() {
            // Its own last bytes are delivered by the system, unless it has to say that others will not be read.
            self.pipes[at].closed = true;
            self.broken |= !self.pipes[peer].bytes.is_empty();
            self.ends[at].readers.since = None;
            self.ends[at].writers.since = None;
        }
        self.reported = Default::default();
    }

    /// Loopback is quick, but not at once.
    fn await_delivery(&self) {
        for (at, end) in self.ends.iter().enumerate() {
            let pipe = &self.pipes[1 - at];
            if let Some(stream) = end
                .stream()
                .filter(|_| !self.broken && (pipe.closed || !pipe.bytes.is_empty()))
            {
                assert!(
                    is_ready(stream, PollFlags::IN, 10),
                    "the system has lost something"
                );
            }
        }
    }
}

fn turn(reactor: &mut Reactor, timeout: Option<Duration>) {
    let mut woken = Vec::new();
    reactor.turn(timeout, &mut woken).unwrap();
    woken.into_iter().for_each(Waker::wake);
}

/// What poll(2) has seen already, and the reactor has not been told: when the timer of TCP on another processor acknowledges,
/// the system makes room first and tells of it later. Whatever was lost is not told of here either.
fn hear(reactor: &mut Reactor) {
    turn(reactor, Some(Duration::from_secs(1)));
}

fn tried(outcome: io::Result<usize>) -> Poll<io::Result<usize>> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        outcome => Poll::Ready(outcome),
    }
}

/// Errors and hang-ups count: they are what an operation would find.
fn is_ready(socket: &impl AsFd, flags: PollFlags, seconds: i64) -> bool {
    let mut asked = [PollFd::new(socket, flags)];
    let patience = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    loop {
        match poll(&mut asked, Some(&patience)) {
            Err(rustix::io::Errno::INTR) => {}
            outcome => break outcome.unwrap() > 0,
        }
    }
}
