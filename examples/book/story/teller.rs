//! Makes a trace of what is told: what the events mean for the queues, whom a wake is by, and how late it is.
//!
//! A program that has no clock takes a microsecond for each event. One whose clock stands says when it moves.

use std::collections::{HashMap, HashSet};
use std::process;
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use reveille::trace::state::{Stage, State};
use reveille::trace::trace::{
    By, Clock, Effect, End, Event as Recorded, PollResult, Queue, Ready, TaskKind, Text, Thread, ThreadKind,
    Trace, Unpark, What,
};

use super::event::Event;

pub(super) struct Teller {
    pub(super) trace: Trace,
    pub(super) is_silent: bool,
    /// How things stand after what was told so far.
    state: State,
    now: u64,
    /// Of the machine's clock, if that is the program's.
    start: Option<Instant>,
    /// 1 is the first task's number. No task is 0. Of several with one name it is the last one's.
    tasks: HashMap<String, u64>,
    spawned: u64,
    /// Those that are in no queue, and whether they were woken.
    roots: HashMap<u64, bool>,
    panicking: HashSet<u64>,
    jobs: u64,
    /// Each with its number in the trace.
    threads: Vec<(ThreadId, u32)>,
    /// By whom a thread's wakes are, until it tells something else.
    causes: HashMap<u32, By>,
    /// Whether each worker has a queue.
    has_queues: bool,
}

impl Teller {
    pub(super) fn new() -> Self {
        let mut trace = Trace::default();
        trace.meta.clock = Clock::Virtual;
        trace.meta.pid = process::id();
        trace.meta.workers = 1;
        // As the recorder has it. No poll is slow by a clock that stands.
        trace.meta.slow_poll_ns = 10_000_000;
        trace.meta.runtime = Some("of the book".to_owned());
        Self {
            trace,
            is_silent: false,
            state: State::new(None),
            now: 0,
            start: None,
            tasks: HashMap::new(),
            spawned: 0,
            roots: HashMap::new(),
            panicking: HashSet::new(),
            jobs: 0,
            threads: Vec::new(),
            causes: HashMap::new(),
            has_queues: false,
        }
    }

    pub(super) fn go_by_the_machine(&mut self) {
        self.trace.meta.clock = Clock::Monotonic;
        self.start = Some(Instant::now());
    }

    pub(super) fn start(&self) -> Option<Instant> {
        self.start
    }

    pub(super) fn set_time(&mut self, now: Duration) {
        self.now = self.now.max(nanoseconds(now));
    }

    pub(super) fn next_job(&mut self) -> u64 {
        self.jobs += 1;
        self.jobs
    }

    pub(super) fn add(&mut self, event: Event<'_>) {
        if let Some(start) = self.start {
            self.now = nanoseconds(start.elapsed());
        }
        match event {
            Event::Workers(workers) => {
                self.has_queues = true;
                self.trace.meta.workers = self.trace.meta.workers.max(workers);
            }
            Event::Worker(worker) => self.enter(worker),
            _ => {}
        }
        let thread = self.thread();
        self.wake_up(thread, event);
        match event {
            Event::Wake(task) => return self.wake(task),
            Event::WakeOfQueued(task) => return self.wake_by(task, Effect::Coalesced),
            Event::WakeOfPolled(task) => return self.wake_by(task, Effect::Rescheduled),
            _ => {}
        }
        self.causes.remove(&thread);
        self.add_other(event, thread);
    }

    /// What is no wake.
    fn add_other(&mut self, event: Event<'_>, thread: u32) {
        match event {
            Event::Spawn(task) => {
                let task = self.spawn(task, TaskKind::Task);
                self.enqueue(task);
            }
            Event::Root(task) => {
                let task = self.spawn(task, TaskKind::BlockOn);
                self.roots.insert(task, false);
            }
            Event::Requeue(task) => self.enqueue(self.task(task)),
            Event::Poll(task) => self.poll(self.task(task), thread),
            Event::Polled { task, polled, wakers } => self.polled(self.task(task), polled, wakers),
            Event::Panic => {
                let task = self.current();
                self.panicking.extend(task);
            }
            Event::Abort(task) => {
                let (task, by) = (self.task(task), self.by());
                if !self.is_over(task) {
                    self.push(What::Abort { task, by });
                }
            }
            Event::Cancelled(task) => self.end(self.task(task), End::Cancelled),
            Event::ShutDown(task) => self.end(self.task(task), End::Shutdown),
            Event::Park(timeout) => {
                let timeout = timeout.map(nanoseconds);
                self.push(What::Park { timeout });
            }
            Event::JobSubmit(job) => {
                let task = self.current().unwrap_or(0);
                let location = None;
                self.push(What::JobSubmit { job, task, location });
            }
            Event::JobStart(job) => {
                let lane = &mut self.trace.threads[thread as usize];
                (lane.kind, lane.name) = (ThreadKind::Blocking, "of the pool".to_owned());
                self.push(What::JobStart { job });
            }
            Event::JobEnd(job) => {
                self.causes.insert(thread, By::Blocking(job));
                self.push(What::JobEnd { job });
            }
            Event::WouldBlock | Event::Read(_) | Event::Write(_) => {
                let (task, message) = (self.current().unwrap_or(0), self.text(&event.to_string()));
                self.push(What::Mark { task, message });
            }
            Event::TimerSet { .. } | Event::TimerFire(_) | Event::TimerCancel(_) => {
                self.add_timer(event, thread);
            }
            Event::Register { .. } | Event::Ready(_) | Event::Deregister(_) => self.add_socket(event, thread),
            Event::WaitToRead(socket) => self.wait_for(socket, Ready::Read),
            Event::WaitToWrite(socket) => self.wait_for(socket, Ready::Write),
            Event::Workers(_) | Event::Worker(_) | Event::Unpark => {}
            Event::Wake(_) | Event::WakeOfQueued(_) | Event::WakeOfPolled(_) => {}
        }
    }

    fn add_timer(&mut self, event: Event<'_>, thread: u32) {
        match event {
            Event::TimerSet {
                timer,
                deadline,
                place,
            } => {
                let what = What::TimerSet {
                    timer,
                    task: self.current().unwrap_or(0),
                    deadline: nanoseconds(deadline),
                    level: place.map(|(level, _)| level.into()),
                    slot: place.map(|(_, slot)| slot),
                };
                self.push(what);
            }
            Event::TimerFire(timer) => {
                self.causes.insert(thread, By::Timer(timer));
                // A clock that stands is moved to the deadline itself.
                let set = self.state.timers.get(&timer).filter(|_| self.start.is_some());
                let late = set.map_or(0, |set| self.now.saturating_sub(set.deadline));
                self.push(What::TimerFire { timer, late });
            }
            Event::TimerCancel(timer) => self.push(What::TimerCancel { timer }),
            _ => {}
        }
    }

    fn add_socket(&mut self, event: Event<'_>, thread: u32) {
        match event {
            Event::Register { socket, descriptor } => {
                let what = What::IoRegister {
                    source: socket,
                    fd: descriptor,
                    what: self.text("socket"),
                    interest: Some(Ready::Both),
                    peer: None,
                };
                self.push(what);
            }
            Event::Ready(source) => {
                let known = self.state.sources.get(&source);
                let waiters = known.map_or(&[][..], |source| &source.waiters);
                let ready = waiters.first().map_or(Ready::Both, |&(_, direction)| direction);
                let waiters = Some(waiters.len() as u64);
                self.causes.insert(thread, By::Io { source, ready });
                self.push(What::IoReady {
                    source,
                    ready,
                    waiters,
                });
            }
            Event::Deregister(source) => self.push(What::IoDeregister { source }),
            _ => {}
        }
    }

    fn wait_for(&mut self, source: u64, direction: Ready) {
        let task = self.current().unwrap_or(0);
        self.push(What::IoWait {
            source,
            task,
            direction,
        });
    }

    /// Who tells something does not sleep: the sleep has ended, by what is told.
    fn wake_up(&mut self, thread: u32, event: Event<'_>) {
        if !self.state.parked.contains_key(&thread) {
            return;
        }
        let due = match event {
            Event::TimerFire(_) => self
                .state
                .timers
                .values()
                .filter(|timer| timer.deadline <= self.now)
                .count(),
            _ => 0,
        };
        let (why, n) = match event {
            Event::TimerFire(_) => (Unpark::Timer, Some(due as u64)),
            Event::Ready(_) => (Unpark::Io, None),
            _ => (Unpark::Notify, None),
        };
        self.push(What::Unpark { why, n });
    }

    fn spawn(&mut self, name: &str, kind: TaskKind) -> u64 {
        self.spawned += 1;
        let task = self.spawned;
        self.tasks.insert(name.to_owned(), task);
        let (name, location) = (self.text(name), self.text(""));
        let parent = self.current().unwrap_or(0);
        self.push(What::Spawn {
            task,
            parent,
            name,
            location,
            kind,
            size: None,
        });
        task
    }

    fn wake(&mut self, name: &str) {
        let task = self.task(name);
        if self.is_over(task) {
            return self.wake_by(name, Effect::Nothing);
        }
        let was_woken = self
            .roots
            .get_mut(&task)
            .map(|woken| std::mem::replace(woken, true));
        let is_polled = self.state.polled.values().flatten().any(|&polled| polled == task);
        let effect = match (was_woken, is_polled) {
            (Some(true), _) => Effect::Coalesced,
            (_, true) => Effect::Rescheduled,
            (_, false) => Effect::Scheduled,
        };
        self.wake_by(name, effect);
        if was_woken.is_none() {
            self.enqueue(task);
        }
    }

    fn wake_by(&mut self, name: &str, effect: Effect) {
        let (task, by) = (self.task(name), self.by());
        self.push(What::Wake { task, by, effect });
    }

    fn enqueue(&mut self, task: u64) {
        let queue = self.queue();
        let queued = self.state.queues.get(&queue).map_or(0, |queue| queue.len());
        let depth = queued as u64 + 1;
        self.push(What::Enqueue { task, queue, depth });
    }

    fn poll(&mut self, task: u64, thread: u32) {
        if let Some(woken) = self.roots.get_mut(&task) {
            *woken = false;
        } else if !self.has_queues {
            let lane = &mut self.trace.threads[thread as usize];
            (lane.kind, lane.worker) = (ThreadKind::Worker, Some(0));
        }
        let known = self.state.tasks.get(&task);
        let n = known.map_or(0, |task| task.polls) + 1;
        let mut queue = known.and_then(|task| task.queue);
        let worker = self.trace.threads[thread as usize].worker;
        if let (Some(Queue::Local(from)), Some(to)) = (queue, worker) {
            // Whose batch it came with is not told, so each task of one is stolen when it is polled.
            if from != to {
                let tasks = vec![task];
                self.push(What::Steal { from, to, tasks });
                queue = Some(Queue::Local(to));
            }
        }
        self.push(What::PollStart { task, n, queue });
    }

    fn polled(&mut self, task: u64, polled: Poll<()>, wakers: usize) {
        let wakers = wakers as u64;
        let (result, how) = match polled {
            Poll::Pending => (PollResult::Pending, None),
            Poll::Ready(()) if self.panicking.remove(&task) => (PollResult::Panic, Some(End::Panicked)),
            Poll::Ready(()) => (PollResult::Ready, Some(End::Completed)),
        };
        self.push(What::PollEnd { task, result, wakers });
        if let Some(how) = how {
            self.push(What::TaskEnd { task, how });
        }
    }

    /// Without a last poll.
    fn end(&mut self, task: u64, how: End) {
        if !self.is_over(task) {
            self.push(What::TaskEnd { task, how });
        }
    }

    fn push(&mut self, what: What) {
        let event = Recorded {
            t: self.now,
            thread: self.thread(),
            what,
        };
        if self.start.is_none() {
            self.now += 1_000;
        }
        self.state.apply(&event);
        self.trace.events.push(event);
    }

    fn task(&self, name: &str) -> u64 {
        self.tasks.get(name).copied().unwrap_or(0)
    }

    fn is_over(&self, task: u64) -> bool {
        let known = self.state.tasks.get(&task);
        known.is_some_and(|task| task.stage == Stage::Done)
    }

    /// The task that is polled on this thread.
    fn current(&mut self) -> Option<u64> {
        let thread = self.thread();
        self.state.polled.get(&thread)?.last().copied()
    }

    fn by(&mut self) -> By {
        let thread = self.thread();
        match (self.current(), self.causes.get(&thread)) {
            (Some(task), _) => By::Task(task),
            (None, Some(&cause)) => cause,
            (None, None) => By::Thread(thread),
        }
    }

    /// Where this thread puts a task.
    fn queue(&mut self) -> Queue {
        let thread = self.thread();
        match self.trace.threads[thread as usize].worker {
            Some(worker) => Queue::Local(worker),
            None if self.has_queues => Queue::Global,
            None => Queue::Local(0),
        }
    }

    fn text(&mut self, text: &str) -> Text {
        let known = self.trace.strings.all().iter().position(|known| known == text);
        known.map_or_else(|| self.trace.strings.push(text.to_owned()), |known| known as Text)
    }

    /// This thread's number.
    fn thread(&mut self) -> u32 {
        let this = thread::current();
        let known = self.threads.iter().find(|(id, _)| *id == this.id());
        if let Some(&(_, number)) = known {
            return number;
        }
        let id = self.trace.threads.len() as u32;
        self.threads.push((this.id(), id));
        self.trace.threads.push(Thread {
            id,
            name: this.name().unwrap_or("a thread").to_owned(),
            kind: ThreadKind::Other,
            worker: None,
            os_tid: None,
        });
        id
    }

    /// This thread goes on where the worker of that number was in an earlier run, which is over.
    fn enter(&mut self, worker: u32) {
        let lane = self.trace.threads.iter().find(|lane| lane.worker == Some(worker));
        if let Some(lane) = lane {
            self.threads.push((thread::current().id(), lane.id));
            return;
        }
        let thread = self.thread() as usize;
        let lane = &mut self.trace.threads[thread];
        (lane.kind, lane.worker) = (ThreadKind::Worker, Some(worker));
        lane.name = format!("worker {worker}");
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
