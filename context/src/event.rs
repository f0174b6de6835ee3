//! The hooks into which a recorder plugs: what happens in a runtime, said once, where it happens.
//!
//! **While nobody records, a hook is one relaxed load and a branch**: what it would say is made up only then, in code that lies
//! apart.
//!
//! **It is told before it can be seen.** A wake is told, with the time before it happened, before anybody can find the task it
//! woke; what is queued, before it is. So in a trace nothing comes before its cause.

use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::cause::Cause;
use crate::task::TaskId;
use crate::wake;

/// Something that happened on the thread that [`emit`]s it.
///
/// Tasks are ours, so are jobs, whose ids are task ids too; sources and timers are numbers that mean nothing but themselves, and
/// may mean another one once theirs is gone.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "what is said of each event is said of its fields")]
pub enum Event<'a> {
    /// A runtime begins; so many threads at a time will run its tasks.
    RuntimeStart { workers: usize },
    /// A runtime has ended.
    RuntimeStop,
    /// From now on this thread does that.
    Thread { role: Role },
    /// A task was spawned, or the future of a `block_on` begun.
    Spawn {
        task: TaskId,
        kind: TaskKind,
        size: usize,
        location: &'static Location<'static>,
        name: Option<&'a str>,
    },
    /// The task that is spawned next at that place has a future of that size in bytes, in a box.
    Boxed {
        size: usize,
        location: &'static Location<'static>,
    },
    /// A task is put behind the others of a run queue.
    Enqueue { task: TaskId, queue: Queue },
    /// A worker has taken a task out of another one's queue.
    Steal { task: TaskId, from: usize, to: usize },
    /// A poll begins.
    PollStart { task: TaskId },
    /// A poll ended. So many references are left by which somebody may wake the task.
    PollEnd {
        task: TaskId,
        result: PollResult,
        wakers: usize,
    },
    /// A task was woken.
    Wake {
        task: TaskId,
        cause: Cause,
        effect: Effect,
    },
    /// A waker was cloned; about so many are there now. (Full.)
    WakerClone { task: TaskId, wakers: usize },
    /// A waker was dropped; about so many are left. (Full.)
    WakerDrop { task: TaskId, wakers: usize },
    /// Somebody asked for a task to be cancelled.
    Abort { task: TaskId },
    /// A task is over: its output can be had.
    TaskEnd {
        task: TaskId,
        how: End,
        location: &'static Location<'static>,
    },
    /// A thread with nothing to run goes to sleep, for that long at most.
    Park { timeout: Option<Duration> },
    /// It woke up.
    Unpark,
    /// A source of readiness was registered with the operating system, under that descriptor.
    IoRegister { source: usize, descriptor: u64 },
    /// It was deregistered.
    IoDeregister { source: usize },
    /// The current task waits for it. (Full.)
    IoWait { source: usize, ready: Readiness },
    /// The operating system says that it is ready; so many were waiting for that.
    IoReady {
        source: usize,
        ready: Readiness,
        waiters: usize,
    },
    /// The current task waits for time to pass.
    TimerSet {
        timer: u64,
        after: Duration,
        level: Option<u8>,
        slot: Option<u8>,
    },
    /// That time has passed; by hand, if its clock was ever paused, so that real times do not say whether it is late.
    TimerFire { timer: u64, by_hand: bool },
    /// Nobody waits for it any more.
    TimerCancel { timer: u64 },
    /// A closure was handed to the blocking pool.
    JobSubmit {
        job: TaskId,
        location: &'static Location<'static>,
    },
    /// This thread begins it.
    JobStart { job: TaskId },
    /// It is over: it has returned, or was cancelled before it began.
    JobEnd { job: TaskId },
    /// A future of ours was polled in the current task, which waits for it unless it is ready. (Full.)
    Touch {
        resource: Resource,
        id: u64,
        is_ready: bool,
    },
    /// A future of ours was dropped in the current task. (Full.)
    FutureDrop {
        resource: Resource,
        id: u64,
        is_done: bool,
    },
    /// The program says something.
    Mark { message: &'a str },
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It runs tasks, as the worker of that number in its runtime.
    Worker(usize),
    /// It runs blocking jobs.
    Blocking,
    /// It waits for readiness or time, for whoever has no runtime.
    Driver,
}

/// What kind of future a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// One that may go from thread to thread.
    Task,
    /// One that stays on its thread.
    Local,
    /// The future of a `block_on`.
    BlockOn,
}

/// Where woken tasks wait for their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// The queue that any thread may push to: an injector, or a mailbox.
    Global,
    /// The queue of a worker.
    Local(usize),
    /// A worker's slot for the task that runs next.
    Lifo(usize),
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollResult {
    /// The task waits.
    Pending,
    /// It returned.
    Ready,
    /// It panicked.
    Panic,
}

/// What a wake did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The task was idle; it is put into a queue.
    Scheduled,
    /// It runs; it will be queued after that.
    Rescheduled,
    /// It was queued already.
    Coalesced,
    /// It is over.
    Nothing,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Completed,
    /// It was cancelled.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// What a future of ours may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A source of readiness.
    Io,
    /// A timer.
    Timer,
    /// Another task's end, or a job's.
    Join,
}

/// What a source is ready for, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness(pub u8);

impl Readiness {
    /// Something can be read.
    pub const READ: u8 = 1;
    /// Something can be written.
    pub const WRITE: u8 = 1 << 1;
    /// The other side will send no more, or take no more.
    pub const CLOSED: u8 = 1 << 2;
    /// There is an error to be fetched.
    pub const ERROR: u8 = 1 << 3;
}

/// How much is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Nothing.
    Off = 0,
    /// What event loops do.
    Loop = 1,
    /// That, and every event that is marked "Full" above.
    Full = 2,
}

/// Takes events, on the thread on which they happen. It is called under locks of the runtime's too, so it must not call into that,
/// nor block. No lock is held at the events by which a task or a job is made, begins and ends to run, and is over: there it may.
pub trait Recorder: Send + Sync {
    /// The time, in nanoseconds since whenever it likes.
    fn now(&self) -> u64;

    /// Takes one event, which happened then.
    fn record(&self, at: u64, event: Event<'_>);
}

/// Installs the process's recorder, for good; [`set_level`] switches it on. Gives it back if there is one already.
pub fn install(recorder: Box<dyn Recorder>) -> Result<(), Box<dyn Recorder>> {
    RECORDER.set(recorder)
}

/// How much is recorded from now on; without a recorder that is nothing.
pub fn set_level(level: Level) {
    let level = RECORDER.get().map_or(Level::Off, |_| level);
    // Relaxed: `OnceLock` publishes the recorder itself, this is only the switch.
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Whether anything is recorded.
#[inline]
pub fn is_on() -> bool {
    !cfg!(no_hooks) && LEVEL.load(Ordering::Relaxed) != Level::Off as u8
}

/// Whether everything is recorded.
#[inline]
pub fn is_full() -> bool {
    !cfg!(no_hooks) && LEVEL.load(Ordering::Relaxed) == Level::Full as u8
}

// BOOK: ch13
/// Hands an event to the recorder. With none, this is one relaxed load and `event` is never called.
///
/// `event` should be a `move` closure, since what it refers to has to lie in memory, recorder or none. So has what it holds, if that
/// is more than two words: then ask [`is_on`], and [`tell`].
#[inline]
pub fn emit<'a>(event: impl FnOnce() -> Event<'a>) {
    if is_on() {
        tell(event);
    }
}

/// Calls `tell`, which emits several events, if anything is recorded: at most one look while nothing is.
#[inline]
pub fn emit_all(tell: impl FnOnce()) {
    if is_on() {
        apart(move || {
            wake::contain(tell);
        });
    }
}

/// As [`emit`], where [`is_on`] was found so.
#[inline]
pub fn tell<'a>(event: impl FnOnce() -> Event<'a>) {
    apart(move || record(event));
}

/// As [`emit`], of an event that is told only if everything is.
#[inline]
pub fn emit_full<'a>(event: impl FnOnce() -> Event<'a>) {
    if is_full() {
        tell(event);
    }
}

/// The moment before something that others may see at once, and what can be seen before it: for [`emit_at`] afterwards. `None`
/// while nobody records.
#[inline]
pub fn before<T>(see: impl FnOnce() -> T) -> Option<(Moment, T)> {
    if is_on() { seen(see) } else { None }
}

/// A time of the recorder's clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment(u64);

/// Hands an event to the recorder that happened then.
pub fn emit_at<'a>(Moment(at): Moment, event: impl FnOnce() -> Event<'a>) {
    if let Some(recorder) = RECORDER.get() {
        // Events are told in the middle of transitions, which a panic would leave half done.
        wake::contain(|| recorder.record(at, event()));
    }
}

/// Not a call that may unwind, as a Rust one could: then what the caller has in registers would have to lie in memory, for the
/// destructors that run on the way.
#[cold]
#[inline(never)]
extern "C" fn apart(tell: impl FnOnce()) {
    tell();
}

fn record<'a>(event: impl FnOnce() -> Event<'a>) {
    if let Some(recorder) = RECORDER.get() {
        wake::contain(|| recorder.record(recorder.now(), event()));
    }
}

#[cold]
#[inline(never)]
fn seen<T>(see: impl FnOnce() -> T) -> Option<(Moment, T)> {
    let recorder = RECORDER.get()?;
    let mut seen = None;
    wake::contain(|| seen = Some((Moment(recorder.now()), see())));
    seen
}

// Std's in every build: they are no model's matter.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Off as u8);
static RECORDER: OnceLock<Box<dyn Recorder>> = OnceLock::new();

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static SEEN: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

    struct Keep;

    impl Recorder for Keep {
        fn now(&self) -> u64 {
            SEEN.lock().unwrap().len() as u64
        }

        fn record(&self, at: u64, event: Event<'_>) {
            if let Event::PollStart { task } = event {
                SEEN.lock().unwrap().push((at, task.get()));
            }
        }
    }

    /// One test, since there is one recorder in a process.
    #[test]
    fn events_reach_the_recorder_only_while_it_is_on() {
        let task = TaskId::next();
        set_level(Level::Full);
        emit(|| unreachable!("there is no recorder"));
        assert!(install(Box::new(Keep)).is_ok());
        emit(|| unreachable!("it is not on yet"));
        emit_all(|| unreachable!("it is not on yet"));
        set_level(Level::Loop);
        emit_all(|| emit(|| Event::PollStart { task }));
        emit_full(|| unreachable!("that is not recorded"));
        let (moment, seen) = before(|| 7).expect("it is on");
        emit(|| Event::PollStart { task });
        emit_at(moment, || Event::PollStart { task });
        set_level(Level::Full);
        emit_full(|| Event::PollStart { task });
        set_level(Level::Off);
        emit(|| unreachable!("the recorder is off"));
        assert!(before(|| unreachable!("the recorder is off")).is_none());
        assert!(install(Box::new(Keep)).is_err(), "a second recorder was taken");
        let id = task.get();
        assert_eq!(seen, 7);
        assert_eq!(*SEEN.lock().unwrap(), [(0, id), (1, id), (1, id), (3, id)]);
    }
}
