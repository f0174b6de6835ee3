//! A trace as it lies in a file: what `schema.json` describes, in Rust.
//!
//! Times are nanoseconds since the trace began, by the machine's clock also where a runtime's own is paused. Tasks, sources, timers and jobs are numbers which, within a trace, mean one thing
//! each. Texts are kept once, in [`Trace::strings`].

/// What happened in a process's runtimes, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// What it is a trace of.
    pub meta: Meta,
    /// The threads that appear in it.
    pub threads: Vec<Thread>,
    /// The texts that appear in it.
    pub strings: Strings,
    /// How things stood when the first event happened; without one, nothing was there yet.
    pub snapshot: Option<Snapshot>,
    /// What happened, by time; of one thread in the order in which it happened there.
    pub events: Vec<Event>,
}

/// What a trace is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// What its times are.
    pub clock: Clock,
    /// The process.
    pub pid: u32,
    /// How many threads run tasks.
    pub workers: u32,
    /// A poll that takes this long or longer is a slow one.
    pub slow_poll_ns: u64,
    /// When the trace began, in nanoseconds since 1970.
    pub start_unix_ns: Option<u128>,
    /// Which runtime, and its version.
    pub runtime: Option<String>,
    /// Of a process with one runtime: its flavor.
    pub flavor: Option<Flavor>,
    /// The operating system.
    pub os: Option<String>,
    /// How much was recorded.
    pub level: Option<Level>,
    /// Whether events from before the first one here are gone.
    pub truncated: bool,
}

/// What the times of a trace are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Time as it passes.
    #[default]
    Monotonic,
    /// The time of a clock that stands still while there is something to run.
    Virtual,
}

/// How a runtime's tasks are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// By one thread at a time.
    CurrentThread,
    /// By several workers.
    MultiThread,
}

/// How much is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the event loops do.
    #[default]
    Loop,
    /// Also what tasks wait for and each waker they hand out.
    Full,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its number in the trace.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// What it is there for.
    pub kind: ThreadKind,
    /// Of a worker: its number in its runtime.
    pub worker: Option<u32>,
    /// What the operating system calls it.
    pub os_tid: Option<u64>,
}

/// What a thread is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadKind {
    /// It runs tasks.
    Worker,
    /// It runs blocking jobs.
    Blocking,
    /// It waits for readiness and time, and runs nothing.
    Driver,
    /// Anything else.
    Other,
}

/// A text: an index into [`Trace::strings`].
pub type Text = u32;

/// The texts of a trace, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings(Vec<String>);

impl Strings {
    /// The texts themselves.
    pub fn new(strings: Vec<String>) -> Self {
        Self(strings)
    }

    /// The text of that number; an unknown number is an empty text.
    pub fn get(&self, text: Text) -> &str {
        self.0.get(text as usize).map_or("", String::as_str)
    }

    /// All of them, by their numbers.
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// Adds a text that nobody has added before, and says its number.
    pub fn push(&mut self, text: String) -> Text {
        self.0.push(text);
        self.0.len() as Text - 1
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub t: u64,
    /// On which thread: a [`Thread::id`].
    pub thread: u32,
    /// What.
    pub what: What,
}

/// What happened. A task number of 0 is no task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "what a variant says names its fields in their order")]
pub enum What {
    /// A runtime began.
    RuntimeStart { workers: u32 },
    /// A runtime ended.
    RuntimeStop { how: Stop },
    /// A task was spawned; nothing in it has run yet.
    Spawn {
        task: u64,
        parent: u64,
        name: Text,
        location: Text,
        kind: TaskKind,
        size: Option<u64>,
    },
    /// A task was put into a run queue, which then held so many.
    Enqueue { task: u64, queue: Queue, depth: u64 },
    /// A worker took tasks out of another's queue.
    Steal { from: u32, to: u32, tasks: Vec<u64> },
    /// A poll of a task began, its `n`th, counted from 1 (of a truncated trace, in the trace). The task came from that queue.
    PollStart { task: u64, n: u64, queue: Option<Queue> },
    /// It ended. So many wakers of the task are left that somebody may call.
    PollEnd {
        task: u64,
        result: PollResult,
        wakers: u64,
    },
    /// The poll that ended just now took too long.
    SlowPoll { task: u64, ns: u64 },
    /// A task was woken.
    Wake { task: u64, by: By, effect: Effect },
    /// A waker was cloned; there are so many now.
    WakerClone { task: u64, wakers: u64 },
    /// A waker was dropped; so many are left.
    WakerDrop { task: u64, wakers: u64 },
    /// The thread goes to sleep, for that long at most.
    Park { timeout: Option<u64> },
    /// It woke up, for that many reasons of that kind.
    Unpark { why: Unpark, n: Option<u64> },
    /// A socket, or another source of readiness, was registered with the operating system.
    IoRegister {
        source: u64,
        fd: u64,
        what: Text,
        interest: Option<Ready>,
        peer: Option<Text>,
    },
    /// It was deregistered.
    IoDeregister { source: u64 },
    /// A task waits for it.
    IoWait {
        source: u64,
        task: u64,
        direction: Ready,
    },
    /// It became ready, while so many waited for that.
    IoReady {
        source: u64,
        ready: Ready,
        waiters: Option<u64>,
    },
    /// A task waits for a time; the timer lies in that level and slot of the wheel. Under a clock that is paused the deadline is when it
    /// would be due if that went on.
    TimerSet {
        timer: u64,
        task: u64,
        deadline: u64,
        level: Option<u64>,
        slot: Option<u64>,
    },
    /// The time has come, so long ago; under a clock that was ever paused, just now.
    TimerFire { timer: u64, late: u64 },
    /// Nobody waits for it any more.
    TimerCancel { timer: u64 },
    /// The wheel moved so many timers of a slot to lower levels.
    TimerCascade { level: u64, slot: u64, n: u64 },
    /// A blocking job was handed to the pool.
    JobSubmit {
        job: u64,
        task: u64,
        location: Option<Text>,
    },
    /// A thread of the pool began it.
    JobStart { job: u64 },
    /// It returned.
    JobEnd { job: u64 },
    /// A task waits for something of ours.
    BlockOn {
        task: u64,
        resource: Resource,
        id: u64,
        peer: Option<u64>,
    },
    /// A future of ours was polled in a task.
    Touch {
        task: u64,
        resource: Resource,
        id: u64,
        is_ready: bool,
    },
    /// A future of ours was dropped, complete or not.
    FutureDrop {
        task: u64,
        resource: Resource,
        id: u64,
        is_done: bool,
    },
    /// A task was told to be cancelled.
    Abort { task: u64, by: By },
    /// A task is over.
    TaskEnd { task: u64, how: End },
    /// The program said something.
    Mark { task: u64, message: Text },
    /// So many events of this thread are missing here.
    Lost { n: u64 },
}

/// How a runtime ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was dropped.
    Drop,
    /// It was shut down.
    Shutdown,
    /// A task's panic shut it down.
    Panic,
}

/// What kind of future a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskKind {
    /// Any thread may run it.
    #[default]
    Task,
    /// It stays on its thread.
    Local,
    /// The future of a `block_on`.
    BlockOn,
}

/// A run queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// The queue that all workers share.
    Global,
    /// A worker's own.
    Local(u32),
    /// A worker's slot for the task that runs next, ahead of its queue.
    Lifo(u32),
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

/// Who woke a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A task, in its poll.
    Task(u64),
    /// The reactor: a source became ready.
    #[allow(missing_docs, reason = "they are what an event of that name says")]
    Io { source: u64, ready: Ready },
    /// The wheel.
    Timer(u64),
    /// A blocking job that returned.
    Blocking(u64),
    /// A thread that runs no task just now.
    Thread(u32),
    /// The runtime itself.
    Runtime(Why),
}

/// Why a runtime woke a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// To cancel it.
    Abort,
    /// To cancel it, as the runtime ends.
    Shutdown,
    /// Its budget was used up.
    Budget,
    /// The task that it waits for has ended.
    Join,
}

/// What a wake did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The task was idle and is queued now.
    Scheduled,
    /// The task runs and is to be queued again after that.
    Rescheduled,
    /// It is queued already.
    Coalesced,
    /// It is over.
    Nothing,
}

/// Readiness, or the directions that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Something can be read.
    Read,
    /// Something can be written.
    Write,
    /// Both.
    Both,
    /// The other side is gone.
    Hangup,
    /// An error is to be fetched.
    Error,
}

/// What somebody may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// A source of readiness.
    Io,
    /// A timer.
    Timer,
    /// A blocking job.
    Job,
    /// A task's end.
    Join,
    /// A channel.
    Channel,
    /// A lock.
    Lock,
    /// Something that is not of ours.
    Foreign,
    /// Nothing at all.
    Never,
}

/// What ended a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpark {
    /// Readiness.
    Io,
    /// Time.
    Timer,
    /// Another thread's call.
    Notify,
    /// Nothing that is known.
    Spurious,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Completed,
    /// It was aborted.
    Cancelled,
    /// It panicked.
    Panicked,
    /// Its runtime ended.
    Shutdown,
}

/// How things stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When.
    pub t: u64,
    /// The tasks that were not over.
    pub tasks: Vec<SnapshotTask>,
    /// What lay in the run queues, the first to run first.
    pub queues: Vec<(Queue, Vec<u64>)>,
    /// The registered sources.
    pub io: Vec<SnapshotSource>,
    /// The timers that were set.
    pub timers: Vec<SnapshotTimer>,
    /// The blocking jobs that were not over.
    pub jobs: Vec<SnapshotJob>,
    /// The threads that slept.
    pub parked: Vec<u32>,
}

/// A task in a [`Snapshot`]. Its numbers count from when it was first heard of, up to the snapshot's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are what an event of that name says")]
pub struct SnapshotTask {
    pub task: u64,
    pub name: Text,
    pub location: Text,
    pub parent: u64,
    pub state: TaskState,
    /// The thread that polled it, if one did.
    pub thread: Option<u32>,
    /// Since when it was in that state.
    pub since: Option<u64>,
    pub polls: u64,
    pub wakes: u64,
    /// How many of these it made itself.
    pub self_wakes: u64,
    /// Nanoseconds in its polls, in queues, and idle.
    pub busy: u64,
    pub scheduled: u64,
    pub idle: u64,
    pub wakers: u64,
    /// What it waited for.
    pub on: Option<(Resource, u64)>,
}

/// Where a task of a [`Snapshot`] stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskState {
    /// It was never queued.
    #[default]
    New,
    /// It was in a run queue.
    Queued,
    /// It was polled.
    Running,
    /// It waited to be woken.
    Idle,
}

/// A source in a [`Snapshot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are what an event of that name says")]
pub struct SnapshotSource {
    pub source: u64,
    pub fd: u64,
    pub what: Text,
    /// Which tasks waited for which directions.
    pub waiters: Vec<(u64, Ready)>,
}

/// A timer in a [`Snapshot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are what an event of that name says")]
pub struct SnapshotTimer {
    pub timer: u64,
    pub task: u64,
    pub deadline: u64,
    pub level: Option<u64>,
    pub slot: Option<u64>,
}

/// A blocking job in a [`Snapshot`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are what an event of that name says")]
pub struct SnapshotJob {
    pub job: u64,
    pub task: u64,
    pub is_running: bool,
}
