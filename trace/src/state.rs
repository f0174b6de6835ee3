//! How everything stands at one moment of a trace, and how one event changes it.
//!
//! The page has the same rules in JavaScript; both are held to one example.
//!
//! * A snapshot gives the start; without one there was nothing.
//! * A task is new, queued, running, idle or done. The time that it spends new or queued counts as scheduled, so that
//!   busy, scheduled and idle together are the time since it was spawned.
//! * An enqueue puts a task at the end of a queue, and takes it out of any other. A steal moves tasks to the thief's
//!   queue. A poll and a task's end take it out of its queue.
//! * A pending poll leaves a task idle; but queued, in no queue yet, if it was to be queued again.
//! * A wake counts. A task that was woken stays idle until its enqueue.
//! * What a task waits for ends when its next poll starts.
//! * An event of a task never heard of makes it known, idle and without a name, unless it may be over by then. Task 0 is no task.

use std::collections::{BTreeMap, VecDeque};

use crate::trace::{By, Effect, Event, PollResult, Queue, Ready, Snapshot, Text, What};

pub use task::{Stage, Task, Times, Wait};

mod snapshot;
mod task;

// BOOK: ch13
/// How everything stands at one moment.
///
/// # Examples
///
/// ```
/// use reveille_trace::state::{Stage, State};
/// use reveille_trace::trace::{Event, Queue, What};
///
/// let mut state = State::new(None);
/// let queue = Queue::Global;
/// state.apply(&Event { t: 5, thread: 0, what: What::Enqueue { task: 1, queue, depth: 1 } });
/// assert_eq!(state.tasks[&1].stage, Stage::Queued);
/// state.apply(&Event { t: 8, thread: 0, what: What::PollStart { task: 1, n: 1, queue: Some(queue) } });
/// assert_eq!(state.tasks[&1].times(state.t).scheduled, 3);
/// assert_eq!(state.polled[&0], [1]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The latest time that was heard of.
    pub t: u64,
    /// How many events are known to be missing: with any, nothing here is certain.
    pub lost: u64,
    /// The tasks, by number, also those that are over.
    pub tasks: BTreeMap<u64, Task>,
    /// What lies in the run queues, the first to run first.
    pub queues: BTreeMap<Queue, VecDeque<u64>>,
    /// The registered sources of readiness.
    pub sources: BTreeMap<u64, Source>,
    /// The timers that are set.
    pub timers: BTreeMap<u64, Timer>,
    /// The blocking jobs that are not over.
    pub jobs: BTreeMap<u64, Job>,
    /// The threads that sleep.
    pub parked: BTreeMap<u32, Sleep>,
    /// What each thread polls, the innermost last.
    pub polled: BTreeMap<u32, Vec<u64>>,
}

/// A source of readiness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its descriptor, if its registration is known; and so are the next three.
    pub fd: Option<u64>,
    /// What it is.
    pub what: Option<Text>,
    /// What it was registered for.
    pub interest: Option<Ready>,
    /// The other side.
    pub peer: Option<Text>,
    /// What it was last ready for.
    pub ready: Option<Ready>,
    /// Which tasks wait for which directions.
    pub waiters: Vec<(u64, Ready)>,
}

/// A timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// The task that waits for it.
    pub task: u64,
    /// When it is due.
    pub deadline: u64,
    /// Where it lies in the wheel; nothing after a cascade, which does not say where it went.
    pub level: Option<u64>,
    /// Its slot in that level.
    pub slot: Option<u64>,
}

/// A blocking job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// The task that handed it in.
    pub task: u64,
    /// Where.
    pub location: Option<Text>,
    /// Whether it has begun.
    pub is_running: bool,
    /// The thread that runs it.
    pub thread: Option<u32>,
}

/// A thread's sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sleep {
    /// Since when.
    pub since: u64,
    /// How long at most; without one, until something wakes it.
    pub timeout: Option<u64>,
}

impl State {
    /// How everything stood when the first event happened; without a snapshot, nothing was there yet.
    pub fn new(snapshot: Option<&Snapshot>) -> Self {
        snapshot.map_or_else(Self::default, snapshot::restore)
    }

    /// How everything stands, as a trace that begins now has it. For a text that nobody knows, such as the name of a
    /// task whose spawn is missing, it has `unknown`.
    pub fn snapshot(&self, unknown: Text) -> Snapshot {
        snapshot::take(self, unknown)
    }

    /// Forgets the tasks that are over, for whoever follows a program for long.
    pub fn forget_done(&mut self) {
        self.tasks.retain(|_, task| task.stage != Stage::Done);
    }

    /// How everything stands after this. Any events in any order will do.
    pub fn apply(&mut self, event: &Event) {
        self.t = self.t.max(event.t);
        let thread = event.thread;
        match event.what {
            What::Spawn { task, .. } if task != 0 => self.spawn(task, &event.what),
            What::Enqueue { task, queue, .. } => self.enqueue(task, queue),
            What::Steal { to, ref tasks, .. } => {
                tasks
                    .iter()
                    .for_each(|&task| self.enqueue(task, Queue::Local(to)));
            }
            What::PollStart { task, .. } => self.poll_start(task, thread),
            What::PollEnd { task, result, wakers } => self.poll_end(task, result, wakers),
            What::Wake { task, by, effect } => self.wake(task, by, effect),
            What::WakerClone { task, wakers } | What::WakerDrop { task, wakers } => {
                if let Some(task) = self.tasks.get_mut(&task) {
                    task.set_wakers(wakers);
                }
            }
            What::BlockOn {
                task,
                resource,
                id,
                peer,
            } => {
                if let Some(task) = self.known(task) {
                    task.wait(Wait { resource, id, peer });
                }
            }
            What::FutureDrop {
                task, resource, id, ..
            } => {
                if let Some(task) = self.tasks.get_mut(&task) {
                    task.wait_no_more(resource, id);
                }
            }
            What::TaskEnd { task: id, how } => {
                let now = self.t;
                if let Some(task) = self.take_out(id) {
                    task.finish(how, now);
                }
            }
            What::Park { timeout } => {
                self.parked.insert(
                    thread,
                    Sleep {
                        since: self.t,
                        timeout,
                    },
                );
            }
            What::Unpark { .. } => {
                self.parked.remove(&thread);
            }
            What::Lost { n } => self.lose(n),
            _ => self.apply_outside_tasks(event),
        }
    }

    fn apply_outside_tasks(&mut self, event: &Event) {
        match event.what {
            What::IoRegister {
                source,
                fd,
                what,
                interest,
                peer,
            } => {
                let registered = Source {
                    fd: Some(fd),
                    what: Some(what),
                    interest,
                    peer,
                    ..Source::default()
                };
                self.sources.insert(source, registered);
            }
            What::IoDeregister { source } => {
                self.sources.remove(&source);
            }
            What::IoWait {
                source,
                task,
                direction,
            } => self.io_wait(source, task, direction),
            What::IoReady { source, ready, .. } => {
                if let Some(source) = self.sources.get_mut(&source) {
                    source.ready = Some(ready);
                }
            }
            What::TimerSet {
                timer,
                task,
                deadline,
                level,
                slot,
            } => {
                self.timers.insert(
                    timer,
                    Timer {
                        task,
                        deadline,
                        level,
                        slot,
                    },
                );
            }
            What::TimerFire { timer, .. } | What::TimerCancel { timer } => {
                self.timers.remove(&timer);
            }
            What::TimerCascade { level, slot, .. } => {
                let place = (Some(level), Some(slot));
                for timer in self
                    .timers
                    .values_mut()
                    .filter(|timer| (timer.level, timer.slot) == place)
                {
                    (timer.level, timer.slot) = (None, None);
                }
            }
            What::JobSubmit { job, task, location } => {
                self.jobs.insert(
                    job,
                    Job {
                        task,
                        location,
                        ..Job::default()
                    },
                );
            }
            What::JobStart { job } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    (job.is_running, job.thread) = (true, Some(event.thread));
                }
            }
            What::JobEnd { job } => {
                self.jobs.remove(&job);
            }
            _ => {}
        }
    }

    fn spawn(&mut self, id: u64, spawn: &What) {
        self.take_out(id);
        self.tasks.insert(id, Task::spawned(spawn, self.t));
    }

    fn enqueue(&mut self, id: u64, queue: Queue) {
        let now = self.t;
        if self.known(id).is_none_or(|task| task.stage == Stage::Done) {
            return;
        }
        self.take_out_of_queue(id);
        self.queues.entry(queue).or_default().push_back(id);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.enqueue(queue, now);
        }
    }

    fn poll_start(&mut self, id: u64, thread: u32) {
        let now = self.t;
        if self.known(id).is_none() {
            return;
        }
        if let Some(task) = self.take_out(id) {
            task.poll_start(thread, now);
        }
        self.parked.remove(&thread);
        self.polled.entry(thread).or_default().push(id);
    }

    fn poll_end(&mut self, id: u64, result: PollResult, wakers: u64) {
        let now = self.t;
        if self.known(id).is_none() {
            return;
        }
        self.leave_thread(id);
        if let Some(task) = self.tasks.get_mut(&id) {
            task.poll_end(result, wakers, now);
        }
    }

    fn wake(&mut self, id: u64, by: By, effect: Effect) {
        let task = match effect {
            Effect::Nothing => self.tasks.get_mut(&id),
            _ => self.known(id),
        };
        if let Some(task) = task {
            task.wake(by == By::Task(id), effect);
        }
    }

    fn io_wait(&mut self, id: u64, task: u64, direction: Ready) {
        let Some(waiting) = self.known(task) else { return };
        waiting.wait_among_others(id);
        let source = self.sources.entry(id).or_default();
        source.waiters.retain(|&waiter| waiter != (task, direction));
        source.waiters.push((task, direction));
    }

    fn lose(&mut self, n: u64) {
        self.lost = self.lost.saturating_add(n);
        self.tasks.values_mut().for_each(Task::doubt_wakers);
    }

    /// The task of that number, made known if it is not; nothing for 0.
    fn known(&mut self, id: u64) -> Option<&mut Task> {
        let now = self.t;
        (id != 0).then(|| self.tasks.entry(id).or_insert_with(|| Task::unknown(now)))
    }

    /// A task that is over, or about to be polled: it is in no queue, on no thread and waits for nothing.
    fn take_out(&mut self, id: u64) -> Option<&mut Task> {
        self.take_out_of_queue(id);
        self.leave_thread(id);
        let task = self.tasks.get_mut(&id)?;
        for source in task.end_waits() {
            if let Some(source) = self.sources.get_mut(&source) {
                source.waiters.retain(|&(waiter, _)| waiter != id);
            }
        }
        Some(task)
    }

    fn take_out_of_queue(&mut self, id: u64) {
        let Some(queue) = self.tasks.get_mut(&id).and_then(|task| task.queue.take()) else {
            return;
        };
        let tasks = self.queues.entry(queue).or_default();
        if let Some(place) = tasks.iter().position(|&queued| queued == id) {
            tasks.remove(place);
        }
    }

    fn leave_thread(&mut self, id: u64) {
        let Some(thread) = self.tasks.get_mut(&id).and_then(|task| task.thread.take()) else {
            return;
        };
        let polled = self.polled.entry(thread).or_default();
        polled.retain(|&polled| polled != id);
        if polled.is_empty() {
            self.polled.remove(&thread);
        }
    }
}
