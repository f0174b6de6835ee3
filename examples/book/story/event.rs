//! What can be told.

use std::fmt;
use std::task::Poll;
use std::time::Duration;

/// Something that happens, on the thread that tells it.
///
/// A task is known by its name, which no other one has while it lives; timers, sockets and jobs by their numbers. Whatever a
/// thread tells after it went to sleep says also that it is awake again.
#[derive(Clone, Copy)]
pub(crate) enum Event<'a> {
    /// There are so many workers, each with a queue, and one queue that all share. Otherwise there is one queue, of the thread
    /// that polls tasks.
    Workers(u32),
    /// This thread is the worker of that number.
    Worker(u32),
    /// By the task that is polled, if one is; and queued.
    Spawn(&'a str),
    /// The future of a `block_on` that is no task: it is in no queue.
    Root(&'a str),
    /// By the task that is polled, by what this thread has told last (a timer, a socket, the end of a job), or by the thread;
    /// and queued.
    Wake(&'a str),
    WakeOfQueued(&'a str),
    /// It is queued when its poll has ended: that is `Requeue`.
    WakeOfPolled(&'a str),
    Requeue(&'a str),
    Poll(&'a str),
    /// So many wakers of it are left, in other hands than the runtime's.
    Polled {
        task: &'a str,
        polled: Poll<()>,
        wakers: usize,
    },
    /// The task that is polled panics: the end of this poll is its end.
    Panic,
    /// It is to be dropped before it is ready.
    Abort(&'a str),
    /// It was.
    Cancelled(&'a str),
    /// It is now, since the runtime ends.
    ShutDown(&'a str),
    /// For so long at most.
    Park(Option<Duration>),
    Unpark,
    TimerSet {
        timer: u64,
        deadline: Duration,
        /// Its level and slot, if it lies in a wheel.
        place: Option<(u32, u64)>,
    },
    TimerFire(u64),
    TimerCancel(u64),
    Register {
        socket: u64,
        descriptor: u64,
    },
    /// The task that is polled does.
    WaitToRead(u64),
    WaitToWrite(u64),
    /// It is ready for who waits for it.
    Ready(u64),
    Deregister(u64),
    WouldBlock,
    Read(usize),
    Write(usize),
    JobSubmit(u64),
    JobStart(u64),
    JobEnd(u64),
}

/// As the chapters print it.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Workers(workers) => format!("{workers} workers"),
            Self::Worker(worker) => format!("worker {worker}"),
            Self::Spawn(task) | Self::Root(task) => format!("spawn {task}"),
            Self::Wake(task) | Self::WakeOfPolled(task) => format!("wake {task}"),
            Self::WakeOfQueued(task) => format!("wake {task}: it is queued already"),
            Self::Requeue(task) => format!("queue {task}"),
            Self::Poll(task) => format!("poll {task}"),
            Self::Polled { task, polled, .. } => format!("{task} is {polled:?}"),
            Self::Panic => "panic".to_owned(),
            Self::Abort(task) => format!("abort {task}"),
            Self::Cancelled(task) | Self::ShutDown(task) => format!("drop {task}"),
            Self::Park(_) => "park".to_owned(),
            Self::Unpark => "unpark".to_owned(),
            Self::TimerSet { timer, .. } => format!("set timer {timer}"),
            Self::TimerFire(timer) => format!("timer {timer} fires"),
            Self::TimerCancel(timer) => format!("cancel timer {timer}"),
            Self::Register { socket, .. } => format!("register token {socket}"),
            Self::WaitToRead(socket) | Self::WaitToWrite(socket) => format!("wait for token {socket}"),
            Self::Ready(socket) => format!("event of token {socket}"),
            Self::Deregister(socket) => format!("deregister {socket}"),
            Self::WouldBlock => "it would block".to_owned(),
            Self::Read(length) => format!("read {length} bytes"),
            Self::Write(length) => format!("write {length} bytes"),
            Self::JobSubmit(job) => format!("submit job {job}"),
            Self::JobStart(job) => format!("begin job {job}"),
            Self::JobEnd(job) => format!("job {job} is over"),
        };
        f.pad(&text)
    }
}
