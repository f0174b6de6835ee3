//! What a chapter's own runtime does, told event by event, in the form that the recorder's page shows: `-- --trace FILE.html`.
//!
//! A program that has no clock takes a microsecond for each event. One whose clock stands says when it moves.

use std::collections::HashMap;
use std::fmt;
use std::process::{self, ExitCode};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

use reveille::trace::output::Output;
use reveille::trace::state::State;
use reveille::trace::trace::{
    self, By, Clock, Effect, End, PollResult, Queue, TaskKind, Thread, ThreadKind, Trace, Unpark, What,
};

/// Runs the program, and writes what it has told if the command line asks for that.
pub(crate) fn told(program: impl FnOnce()) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let output = match &arguments[..] {
        [] => None,
        [option, path] if option == "--trace" => Output::parse(path),
        _ => None,
    };
    if output.is_none() && !arguments.is_empty() {
        eprintln!("the only option is: --trace FILE.html, or --trace FILE.json");
        return ExitCode::from(2);
    }
    *story() = Some(Story::new());
    program();
    let told = story().take();
    match output.zip(told).map(|(output, told)| output.write(&told.trace)) {
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Something that happens, on the thread that tells it. Tasks are known by their names, timers by their numbers.
#[derive(Clone, Copy)]
pub(crate) enum Event<'a> {
    /// By the task that is polled, if one is; and queued.
    Spawn(&'a str),
    /// By the task that is polled, by the timer that has fired last, or by the thread; and queued.
    Wake(&'a str),
    WakeOfQueued(&'a str),
    Poll(&'a str),
    /// So many wakers of it are left, in other hands than the runtime's.
    Polled {
        task: &'a str,
        polled: Poll<()>,
        wakers: usize,
    },
    /// For so long at most.
    Park(Option<Duration>),
    /// Since a timer is due, or else because somebody has asked for it.
    Unpark,
    TimerSet {
        timer: u64,
        deadline: Duration,
        level: u32,
        slot: u64,
    },
    TimerFire(u64),
    TimerCancel(u64),
}

/// Tells it.
pub(crate) fn tell(event: Event<'_>) {
    if let Some(story) = story().as_mut().filter(|story| !story.is_over) {
        story.add(event);
    }
}

/// What comes now is not told.
pub(crate) fn stop() {
    if let Some(story) = &mut *story() {
        story.is_over = true;
    }
}

/// The program's clock has moved.
pub(crate) fn set_time(now: Duration) {
    if let Some(story) = &mut *story() {
        story.now = story.now.max(nanoseconds(now));
    }
}

/// As the chapters print it.
impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Spawn(task) => format!("spawn {task}"),
            Self::Wake(task) => format!("wake {task}"),
            Self::WakeOfQueued(task) => format!("wake {task}: it is queued already"),
            Self::Poll(task) => format!("poll {task}"),
            Self::Polled { task, polled, .. } => format!("{task} is {polled:?}"),
            Self::Park(_) => "park".to_owned(),
            Self::Unpark => "unpark".to_owned(),
            Self::TimerSet { timer, .. } => format!("set timer {timer}"),
            Self::TimerFire(timer) => format!("timer {timer} fires"),
            Self::TimerCancel(timer) => format!("cancel timer {timer}"),
        };
        f.pad(&text)
    }
}

static STORY: Mutex<Option<Story>> = Mutex::new(None);

fn story() -> MutexGuard<'static, Option<Story>> {
    STORY.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Story {
    trace: Trace,
    /// How things stand after what was told so far.
    state: State,
    now: u64,
    /// 1 is the first task's number. No task is 0.
    tasks: HashMap<String, u64>,
    threads: Vec<ThreadId>,
    /// The timer that has fired, until something else happens than wakes.
    fired: Option<u64>,
    is_over: bool,
}

impl Story {
    fn new() -> Self {
        let mut trace = Trace::default();
        trace.meta.clock = Clock::Virtual;
        trace.meta.pid = process::id();
        trace.meta.workers = 1;
        // As the recorder has it. No poll is slow by a clock that stands.
        trace.meta.slow_poll_ns = 10_000_000;
        trace.meta.runtime = Some("of the book".to_owned());
        Self {
            trace,
            state: State::new(None),
            now: 0,
            tasks: HashMap::new(),
            threads: Vec::new(),
            fired: None,
            is_over: false,
        }
    }

    fn add(&mut self, event: Event<'_>) {
        let is_wake = matches!(event, Event::Wake(_) | Event::WakeOfQueued(_));
        if !is_wake {
            self.fired = None;
        }
        match event {
            Event::Spawn(task) => self.spawn(task),
            Event::Wake(task) => self.wake(task),
            Event::WakeOfQueued(task) => {
                let (task, by) = (self.task(task), self.by());
                let effect = Effect::Coalesced;
                self.push(What::Wake { task, by, effect });
            }
            Event::Poll(task) => {
                let task = self.task(task);
                let n = self.state.tasks.get(&task).map_or(0, |task| task.polls) + 1;
                let queue = Some(QUEUE);
                self.push(What::PollStart { task, n, queue });
            }
            Event::Polled { task, polled, wakers } => self.polled(task, polled, wakers),
            Event::Park(timeout) => {
                let timeout = timeout.map(nanoseconds);
                self.push(What::Park { timeout });
            }
            Event::Unpark => {
                let timers = self.state.timers.values();
                let due = timers.filter(|timer| timer.deadline <= self.now).count() as u64;
                let (why, n) = match due {
                    0 => (Unpark::Notify, None),
                    due => (Unpark::Timer, Some(due)),
                };
                self.push(What::Unpark { why, n });
            }
            Event::TimerSet {
                timer,
                deadline,
                level,
                slot,
            } => {
                let what = What::TimerSet {
                    timer,
                    task: self.current().unwrap_or(0),
                    deadline: nanoseconds(deadline),
                    level: Some(level.into()),
                    slot: Some(slot),
                };
                self.push(what);
            }
            Event::TimerFire(timer) => {
                self.fired = Some(timer);
                self.push(What::TimerFire { timer, late: 0 });
            }
            Event::TimerCancel(timer) => self.push(What::TimerCancel { timer }),
        }
    }

    fn spawn(&mut self, name: &str) {
        let task = self.tasks.len() as u64 + 1;
        self.tasks.insert(name.to_owned(), task);
        let (name, location) = (self.text(name), self.text(""));
        let parent = self.current().unwrap_or(0);
        self.push(What::Spawn {
            task,
            parent,
            name,
            location,
            kind: TaskKind::Task,
            size: None,
        });
        self.enqueue(task);
    }

    fn wake(&mut self, task: &str) {
        let (task, by) = (self.task(task), self.by());
        let effect = match self.state.polled.values().flatten().any(|&polled| polled == task) {
            true => Effect::Rescheduled,
            false => Effect::Scheduled,
        };
        self.push(What::Wake { task, by, effect });
        self.enqueue(task);
    }

    fn enqueue(&mut self, task: u64) {
        let queued = self.state.queues.get(&QUEUE).map_or(0, |queue| queue.len());
        let (queue, depth) = (QUEUE, queued as u64 + 1);
        self.push(What::Enqueue { task, queue, depth });
    }

    fn polled(&mut self, task: &str, polled: Poll<()>, wakers: usize) {
        let task = self.task(task);
        let (result, wakers) = match polled {
            Poll::Pending => (PollResult::Pending, wakers as u64),
            Poll::Ready(()) => (PollResult::Ready, wakers as u64),
        };
        self.push(What::PollEnd { task, result, wakers });
        if result == PollResult::Ready {
            let how = End::Completed;
            self.push(What::TaskEnd { task, how });
        }
    }

    fn push(&mut self, what: What) {
        let event = trace::Event {
            t: self.now,
            thread: self.thread(),
            what,
        };
        self.now += 1_000;
        self.state.apply(&event);
        self.trace.events.push(event);
    }

    fn task(&self, name: &str) -> u64 {
        self.tasks.get(name).copied().unwrap_or(0)
    }

    /// The task that is polled on this thread.
    fn current(&mut self) -> Option<u64> {
        let thread = self.thread();
        self.state.polled.get(&thread)?.last().copied()
    }

    fn by(&mut self) -> By {
        match (self.current(), self.fired) {
            (Some(task), _) => By::Task(task),
            (None, Some(timer)) => By::Timer(timer),
            (None, None) => By::Thread(self.thread()),
        }
    }

    fn text(&mut self, text: &str) -> trace::Text {
        let known = self.trace.strings.all().iter().position(|known| known == text);
        known.map_or_else(
            || self.trace.strings.push(text.to_owned()),
            |known| known as trace::Text,
        )
    }

    /// This thread's number. The first one that tells anything runs the tasks.
    fn thread(&mut self) -> u32 {
        let this = thread::current();
        let known = self.threads.iter().position(|&id| id == this.id());
        let id = known.unwrap_or(self.threads.len()) as u32;
        if known.is_none() {
            self.threads.push(this.id());
            let is_first = id == 0;
            self.trace.threads.push(Thread {
                id,
                name: this.name().unwrap_or("a thread").to_owned(),
                kind: if is_first {
                    ThreadKind::Worker
                } else {
                    ThreadKind::Other
                },
                worker: is_first.then_some(0),
                os_tid: None,
            });
        }
        id
    }
}

/// There is one.
const QUEUE: Queue = Queue::Local(0);

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
