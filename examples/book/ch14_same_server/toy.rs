//! The runtime of the chapters before, whole: tasks, joins, sleeps and TCP, on one thread that any thread may wake.
//!
//! From the top: what a program calls, the loop, what other threads touch, time, sockets. Everything that is not in
//! [`RunQueue`] and [`Task`] belongs to the thread of [`block_on`], and so needs no lock.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{self, Shutdown, SocketAddr};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mio::event::{Event, Source};
use mio::{Events, Interest, Registry, Token};

#[cfg(loom)]
use loom::sync::{Mutex, atomic::AtomicBool};
#[cfg(not(loom))]
use std::sync::{Mutex, atomic::AtomicBool};

// ANCHOR: block_on
/// Runs a future to its end on this thread, and meanwhile every task that is spawned in it. Those that are left are
/// dropped.
///
/// # Panics
///
/// If it is called inside another one, or if the system has no more descriptors.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = Entered::new(Runtime::new().expect("the system gives a reactor its descriptors"));
    let mut future = pin!(future);
    let main = runtime.new_task();
    let main_number = main.number;
    main.wake();
    loop {
        for task in runtime.queue.take() {
            if task.number != main_number {
                runtime.run(task);
                continue;
            }
            task.begin_poll();
            let waker = Waker::from(task);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        // After each round, not only when nobody is in the queue: tasks that never rest must not keep the sockets waiting.
        runtime.turn();
    }
}
// ANCHOR_END: block_on

/// Makes a task of a future. It is queued, and begins when it is its turn.
///
/// # Panics
///
/// Outside of [`block_on`].
pub(crate) fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    let runtime = current();
    let outcome = Rc::new(RefCell::new(Outcome {
        result: None,
        joiner: None,
    }));
    let (promise, future) = (Promise(outcome.clone()), Contained(Some(Box::pin(future))));
    // While the tasks that are left are dropped, their destructors may spawn; that one is dropped at once.
    if !runtime.is_closing.get() {
        let task = runtime.new_task();
        let future = Box::pin(async move { promise.keep(future.await) });
        runtime.futures.borrow_mut().insert(task.number, future);
        task.wake();
    }
    JoinHandle(outcome)
}

/// Waits for the output of a task, or for the panic that ended it. To drop it is to let the task go its way.
pub(crate) struct JoinHandle<T>(Rc<RefCell<Outcome<T>>>);

impl<T> Future for JoinHandle<T> {
    type Output = thread::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut outcome = self.0.borrow_mut();
        if let Some(result) = outcome.result.take() {
            return Poll::Ready(result);
        }
        let stale = outcome.joiner.replace(cx.waker().clone());
        // Whoever made that waker may do anything when it is dropped: nothing is borrowed then.
        drop(outcome);
        drop(stale);
        Poll::Pending
    }
}

struct Outcome<T> {
    result: Option<thread::Result<T>>,
    joiner: Option<Waker>,
}

/// The task's side of a [`JoinHandle`]. Dropped with the task, unless it was kept.
struct Promise<T>(Rc<RefCell<Outcome<T>>>);

impl<T> Promise<T> {
    fn keep(self, result: thread::Result<T>) {
        self.0.borrow_mut().result = Some(result);
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        let mut outcome = self.0.borrow_mut();
        outcome
            .result
            .get_or_insert_with(|| Err(Box::new("the runtime ended before the task")));
        let joiner = outcome.joiner.take();
        drop(outcome);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}

// ANCHOR: contained
/// A future whose panics are its output: those of its destructors too.
struct Contained<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Contained<F> {
    type Output = thread::Result<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = &mut self.0;
        let polled = panic::catch_unwind(AssertUnwindSafe(|| {
            let polled = future.as_mut().expect("it is not over").as_mut().poll(cx);
            if polled.is_ready() {
                *future = None;
            }
            polled
        }));
        polled.map_or_else(
            |panic| {
                drop_contained(future.take());
                Poll::Ready(Err(panic))
            },
            |polled| polled.map(Ok),
        )
    }
}

/// A second panic has nobody to go to. That it happened is on stderr by then.
fn drop_contained<T>(value: T) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // What was thrown may throw when it is dropped.
        mem::forget(panic);
    }
}
// ANCHOR_END: contained

// ANCHOR: runtime
/// What belongs to the thread of a [`block_on`].
struct Runtime {
    queue: Arc<RunQueue>,
    /// Of the tasks that are not over. They never leave this thread, whoever has a waker.
    futures: RefCell<HashMap<u64, Spawned>>,
    timers: RefCell<BTreeMap<(Instant, u64), Waker>>,
    waiting: RefCell<HashMap<Token, Waiting>>,
    reactor: RefCell<(mio::Poll, Events)>,
    registry: Registry,
    /// Numbers are never used twice, so what comes late for one that is gone finds nothing.
    next_number: Cell<u64>,
    is_closing: Cell<bool>,
}

type Spawned = Pin<Box<dyn Future<Output = ()>>>;
// ANCHOR_END: runtime

impl Runtime {
    fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let bell = mio::Waker::new(poll.registry(), BELL)?;
        let ring = move || bell.wake().expect("a wake is a write to a descriptor of ours");
        Ok(Self {
            queue: Arc::new(RunQueue::new(ring)),
            futures: RefCell::default(),
            timers: RefCell::default(),
            waiting: RefCell::default(),
            registry: poll.registry().try_clone()?,
            reactor: RefCell::new((poll, Events::with_capacity(1024))),
            next_number: Cell::new(0),
            is_closing: Cell::new(false),
        })
    }

    fn number(&self) -> u64 {
        self.next_number.replace(self.next_number.get() + 1)
    }

    fn new_task(&self) -> Arc<Task> {
        Task::new(self.number(), &self.queue)
    }

    // ANCHOR: run
    fn run(&self, task: Arc<Task>) {
        task.begin_poll();
        // Taken out, since what is polled may spawn. It is not there if the task was woken and is over.
        let number = task.number;
        let Some(mut future) = self.futures.borrow_mut().remove(&number) else {
            return;
        };
        let waker = Waker::from(task);
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            self.futures.borrow_mut().insert(number, future);
        }
    }
    // ANCHOR_END: run

    // ANCHOR: turn
    /// Wakes whoever waits for what has happened outside. Sleeps until something does, unless a task is queued.
    fn turn(&self) {
        let timeout = if self.queue.may_sleep() {
            self.until_next_deadline()
        } else {
            Some(Duration::ZERO)
        };
        let mut woken = Vec::new();
        let mut reactor = self.reactor.borrow_mut();
        let (poll, events) = &mut *reactor;
        match poll.poll(events, timeout) {
            // A signal: there are no events.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => result.expect("the system reports events"),
        }
        self.queue.is_awake();
        for event in events.iter() {
            if let Some(waiting) = self.waiting.borrow_mut().get_mut(&event.token()) {
                waiting.take(event, &mut woken);
            }
        }
        drop(reactor);
        woken.extend(self.take_due_timers());
        // Only now, when nothing is borrowed that a waker might want.
        woken.into_iter().for_each(Waker::wake);
    }
    // ANCHOR_END: turn

    fn until_next_deadline(&self) -> Option<Duration> {
        let timers = self.timers.borrow();
        let ((deadline, _), _) = timers.first_key_value()?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    fn take_due_timers(&self) -> impl Iterator<Item = Waker> {
        let mut timers = self.timers.borrow_mut();
        let not_due = timers.split_off(&(Instant::now(), u64::MAX));
        mem::replace(&mut *timers, not_due).into_values()
    }
}

/// The runtime that is this thread's for now. When that ends, every future of a task is dropped, here.
struct Entered(Rc<Runtime>);

impl Entered {
    fn new(runtime: Runtime) -> Self {
        let runtime = Rc::new(runtime);
        CURRENT.with_borrow_mut(|current| {
            assert!(current.is_none(), "block_on was called inside block_on");
            *current = Some(runtime.clone());
        });
        Self(runtime)
    }
}

impl std::ops::Deref for Entered {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.0
    }
}

// ANCHOR: end
impl Drop for Entered {
    fn drop(&mut self) {
        self.is_closing.set(true);
        // Not all in one go: a destructor that panics is to keep nobody else from being dropped.
        for (_, future) in self.futures.take() {
            drop_contained(future);
        }
        self.queue.close();
        CURRENT.set(None);
    }
}
// ANCHOR_END: end

fn current() -> Rc<Runtime> {
    CURRENT
        .with_borrow(Clone::clone)
        .expect("this is called inside block_on")
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Runtime>>> = const { RefCell::new(None) };
}

// ANCHOR: task
/// The part of a task that wakers refer to, on any thread. Its future is not in here.
pub(crate) struct Task {
    number: u64,
    /// Whether it is in the queue: it is there once, however often it is woken.
    is_queued: AtomicBool,
    queue: Arc<RunQueue>,
}

impl Task {
    pub(crate) fn new(number: u64, queue: &Arc<RunQueue>) -> Arc<Self> {
        Arc::new(Self {
            number,
            is_queued: AtomicBool::new(false),
            queue: queue.clone(),
        })
    }

    /// Before the poll: a wake during the poll queues it again. A swap, not a store: what those have done who found it queued
    /// is to be seen by this poll.
    pub(crate) fn begin_poll(&self) {
        self.is_queued.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::AcqRel) {
            self.queue.clone().push(self);
        }
    }
}
// ANCHOR_END: task

// ANCHOR: queue
/// Tasks that are to run, the first to run first; and whether its thread must be rung for.
pub(crate) struct RunQueue {
    state: Mutex<Queued>,
    ring: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Queued {
    tasks: VecDeque<Arc<Task>>,
    is_asleep: bool,
    is_closed: bool,
}

impl RunQueue {
    /// `ring` ends a sleep of the thread, also one that has not begun yet.
    pub(crate) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::new(Queued::default()),
            ring: Box::new(ring),
        }
    }

    fn push(&self, task: Arc<Task>) {
        let mut state = self.state.lock().unwrap();
        // Nobody would take it out, and it refers to the queue that it is in.
        if state.is_closed {
            return;
        }
        state.tasks.push_back(task);
        let is_asleep = mem::take(&mut state.is_asleep);
        drop(state);
        if is_asleep {
            (self.ring)();
        }
    }

    /// Everybody who is in the queue now.
    pub(crate) fn take(&self) -> VecDeque<Arc<Task>> {
        mem::take(&mut self.state.lock().unwrap().tasks)
    }

    /// Whether nobody is queued. If so, the next one rings: to look and to say so are one step.
    pub(crate) fn may_sleep(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        state.is_asleep = state.tasks.is_empty();
        state.is_asleep
    }

    pub(crate) fn is_awake(&self) {
        self.state.lock().unwrap().is_asleep = false;
    }

    pub(crate) fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_closed = true;
        state.tasks.clear();
    }
}
// ANCHOR_END: queue

// ANCHOR: sleep
/// Waits until `duration` has passed since this call.
pub(crate) fn sleep(duration: Duration) -> Sleep {
    let runtime = current();
    Sleep {
        key: (Instant::now() + duration, runtime.number()),
        runtime,
    }
}

/// Dropped before its time, it takes its timer out.
pub(crate) struct Sleep {
    key: (Instant, u64),
    runtime: Rc<Runtime>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.key.0 {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let stale = self.runtime.timers.borrow_mut().insert(self.key, waker);
        drop(stale);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.runtime.timers.borrow_mut().remove(&self.key);
        drop(waker);
    }
}
// ANCHOR_END: sleep

/// A socket that takes connections.
pub(crate) struct TcpListener(Registered<mio::net::TcpListener>);

impl TcpListener {
    pub(crate) fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Registered::new(mio::net::TcpListener::from_std(listener)).map(Self)
    }

    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self
            .0
            .retry(Direction::Read, |listener| listener.accept())
            .await?;
        Ok((TcpStream(Registered::new(stream)?), peer))
    }
}

/// A connection. One task may read from it while another one writes to it.
pub(crate) struct TcpStream(Registered<mio::net::TcpStream>);

impl TcpStream {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = Registered::new(mio::net::TcpStream::connect(address)?)?;
        let is_connected = |stream: &mio::net::TcpStream| match stream.take_error()? {
            Some(error) => Err(error),
            None => match stream.peer_addr() {
                Err(error) if error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
                connected => connected.map(drop),
            },
        };
        stream.retry(Direction::Write, is_connected).await?;
        Ok(Self(stream))
    }

    /// Reads what is there; 0 bytes if the other side will send no more.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0
            .retry(Direction::Read, |mut stream| stream.read(buffer))
            .await
    }

    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.0.retry(Direction::Write, |mut stream| stream.write(bytes));
            match written.await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.io.shutdown(how)
    }
}

// ANCHOR: registered
/// A socket of which the reactor hears. It takes itself out.
struct Registered<S: Source> {
    io: S,
    token: Token,
    runtime: Rc<Runtime>,
}

impl<S: Source> Registered<S> {
    fn new(mut io: S) -> io::Result<Self> {
        let runtime = current();
        let token = Token(runtime.number() as usize);
        let both = Interest::READABLE | Interest::WRITABLE;
        runtime.registry.register(&mut io, token, both)?;
        runtime.waiting.borrow_mut().insert(token, Waiting::default());
        Ok(Self { io, token, runtime })
    }

    /// Tries, and waits whenever that would block.
    ///
    /// The system reports a change once. So the waker is left only after the system has said that there is nothing: what
    /// comes after that is a change, which the next turn hears of.
    async fn retry<T>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        poll_fn(|cx| {
            loop {
                match operation(&self.io) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.wait(direction, cx.waker().clone());
                        return Poll::Pending;
                    }
                    result => return Poll::Ready(result),
                }
            }
        })
        .await
    }

    fn wait(&self, direction: Direction, waker: Waker) {
        let mut waiting = self.runtime.waiting.borrow_mut();
        let stale = match (waiting.get_mut(&self.token), direction) {
            (Some(waiting), Direction::Read) => waiting.reader.replace(waker),
            (Some(waiting), Direction::Write) => waiting.writer.replace(waker),
            (None, _) => unreachable!("a socket is known as long as it lives"),
        };
        drop(waiting);
        drop(stale);
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        // An error says that the system knows it no more.
        let _ = self.runtime.registry.deregister(&mut self.io);
        let waiting = self.runtime.waiting.borrow_mut().remove(&self.token);
        drop(waiting);
    }
}
// ANCHOR_END: registered

#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

// ANCHOR: waiting
/// Who waits for a socket: one in each direction, the last one who came.
#[derive(Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Waiting {
    /// Takes those whom an event concerns. An end or an error is news too: they find it by trying again.
    fn take(&mut self, event: &Event, woken: &mut Vec<Waker>) {
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            woken.extend(self.reader.take());
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            woken.extend(self.writer.take());
        }
    }
}
// ANCHOR_END: waiting

/// No socket's: their numbers begin at 0.
const BELL: Token = Token(usize::MAX);
