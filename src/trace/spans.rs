//! Tasks as spans of the crate `tracing`, for who has a subscriber already (feature `tracing`).
//!
//! From [`start`] on each task, each `block_on` and each blocking job is a span: it begins with the spawn, is entered for each poll
//! on the thread that polls, and is closed at the end. It has no parent. Its name and its fields are those that tokio has for its
//! tasks, so that what was written for those can read them:
//!
//! | | |
//! |---|---|
//! | name, target, level | `runtime.spawn`, `reveille::task` (where tokio has `tokio::task`), `TRACE` |
//! | `kind` | `task`, `local`, `block_on` or `blocking` |
//! | `task.name` | the name that it was given; empty if it has none |
//! | `task.id` | its id |
//! | `size.bytes` | the size of its future, of a closure none |
//! | `loc.file`, `loc.line`, `loc.col` | the call that spawned it |
//!
//! What a task does with its sockets and timers are events in its span, with the target `reveille::resource` and the level `TRACE`:
//!
//! | | |
//! |---|---|
//! | `kind` | `io` or `timer` |
//! | `op` | `register` or `deregister`; `set` or `cancel` |
//! | `id` | the same number for the same source or timer, until it is gone |
//! | `descriptor` | at `register`: under which number of the system's |
//! | `after` | at `set`: how long it is until it is due, in nanoseconds |
//!
//! The subscriber is called while no lock of the runtime's is held. Therefore these events come at the end of the poll in which they
//! happened, of each poll the first thousand. What the subscriber itself does, if it spawns tasks say, has no spans and is no
//! event. What it costs is what recording costs, and the subscriber's own time, at each poll: this is for looking.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem;
use std::panic::Location;
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use reveille_context::event::{Event, Recorder, TaskKind};
use reveille_context::task::TaskId;
use reveille_trace::listener;
use tracing::{Span, trace, trace_span};

use super::Taken;

/// Has all tasks that are spawned from now on told to the subscribers of the crate `tracing`, in all runtimes of the process and for
/// good; [the module](self) says how. The recorder may be started and stopped beside it. Once it has succeeded, a call does nothing.
///
/// # Errors
///
/// If the process has another recorder than reveille's.
///
/// # Examples
///
/// ```
/// // First, as ever: `tracing_subscriber::fmt::init()`, say.
/// reveille::trace::spans::start()?;
/// reveille::block_on(async {
///     // Whoever subscribes sees the span `runtime.spawn` with `task.name` = "greets".
///     let task = reveille::task::Builder::new().name("greets").spawn(async { println!("hello") });
///     task.await.unwrap();
/// });
/// # Ok::<(), reveille::trace::Taken>(())
/// ```
pub fn start() -> Result<(), Taken> {
    static STARTED: Mutex<bool> = Mutex::new(false);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*started {
        listener::set(Box::new(Spans))?;
        *started = true;
    }
    Ok(())
}

struct Spans;

impl Recorder for Spans {
    /// The recorder's clock is asked, not this one.
    fn now(&self) -> u64 {
        0
    }

    fn record(&self, _: u64, event: Event<'_>) {
        if LOCAL.try_with(|local| local.take(event)).is_err() {
            // A thread whose locals are gone still ends tasks.
            if let Event::TaskEnd { task, .. } | Event::JobEnd { job: task } = event {
                drop(close(task));
            }
        }
    }
}

/// What a thread is at.
#[derive(Default)]
struct Local {
    /// Whether the subscriber runs. It may do with the runtime what it likes, and that is told to nobody.
    is_telling: Cell<bool>,
    /// The spans that it is in, the innermost last.
    polled: RefCell<Vec<(TaskId, Arc<Span>)>>,
    /// What the innermost poll did, which was told under locks.
    did: RefCell<Vec<Did>>,
    /// What ended and is still to be closed.
    ended: RefCell<Vec<Arc<Span>>>,
    /// The size of a future in a box, of the task that is spawned next at that place.
    boxed: Cell<Option<(usize, &'static Location<'static>)>>,
}

/// What a task did with a resource.
#[derive(Clone, Copy)]
enum Did {
    Register { source: usize, descriptor: u64 },
    Deregister { source: usize },
    Set { timer: u64, after: u64 },
    Cancel { timer: u64 },
}

impl Local {
    fn take(&self, event: Event<'_>) {
        match event {
            Event::Boxed { size, location } => self.boxed.set(Some((size, location))),
            Event::Spawn {
                task,
                kind,
                size,
                location,
                name,
            } => {
                let boxed = self.boxed.take().filter(|(_, of)| ptr::eq(*of, location));
                let size = boxed.map_or(size, |(size, _)| size);
                let kind = match kind {
                    TaskKind::Task => "task",
                    TaskKind::Local => "local",
                    TaskKind::BlockOn => "block_on",
                };
                let name = name.unwrap_or_default();
                self.tell(|| open(task, span(task, kind, name, Some(size), location)));
            }
            Event::JobSubmit { job, location } => {
                self.tell(|| open(job, span(job, "blocking", "", None, location)));
            }
            Event::PollStart { task } | Event::JobStart { job: task } => self.enter(task),
            Event::PollEnd { task, .. } => self.leave(task),
            Event::JobEnd { job } => {
                self.leave(job);
                self.end(job);
            }
            Event::TaskEnd { task, .. } => self.end(task),
            Event::IoRegister { source, descriptor } => self.note(Did::Register { source, descriptor }),
            Event::IoDeregister { source } => self.note(Did::Deregister { source }),
            Event::TimerSet { timer, after, .. } => {
                let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
                self.note(Did::Set { timer, after });
            }
            Event::TimerCancel { timer } => self.note(Did::Cancel { timer }),
            _ => {}
        }
    }

    /// Runs what calls the subscriber, unless this thread is in there already.
    fn tell(&self, tell: impl FnOnce()) {
        struct Told<'a>(&'a Cell<bool>);
        impl Drop for Told<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        if self.is_telling.replace(true) {
            return;
        }
        let _told = Told(&self.is_telling);
        tell();
        loop {
            let ended = mem::take(&mut *self.ended.borrow_mut());
            if ended.is_empty() {
                break;
            }
            drop(ended);
        }
    }

    fn enter(&self, task: TaskId) {
        self.tell(|| {
            // In a statement of its own, at whose end the lock is released.
            let span = spans().get(&task).cloned();
            if let Some(span) = span {
                span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
                self.polled.borrow_mut().push((task, span));
            }
        });
    }

    fn leave(&self, task: TaskId) {
        let is_it = matches!(self.polled.borrow().last(), Some((polled, _)) if *polled == task);
        let left = if is_it {
            self.polled.borrow_mut().pop()
        } else {
            None
        };
        if let Some((_, span)) = left {
            self.tell(|| {
                let did = mem::take(&mut *self.did.borrow_mut());
                did.into_iter().for_each(Did::tell);
                span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
            });
        }
    }

    fn end(&self, task: TaskId) {
        self.ended.borrow_mut().extend(close(task));
        self.tell(|| {});
    }

    fn note(&self, what: Did) {
        let mut did = self.did.borrow_mut();
        if !self.is_telling.get() && !self.polled.borrow().is_empty() && did.len() < MOST {
            did.push(what);
        }
    }
}

impl Did {
    fn tell(self) {
        match self {
            Self::Register { source, descriptor } => {
                trace!(target: "reveille::resource", kind = "io", op = "register", id = source, descriptor);
            }
            Self::Deregister { source } => {
                trace!(target: "reveille::resource", kind = "io", op = "deregister", id = source);
            }
            Self::Set { timer, after } => {
                trace!(target: "reveille::resource", kind = "timer", op = "set", id = timer, after);
            }
            Self::Cancel { timer } => {
                trace!(target: "reveille::resource", kind = "timer", op = "cancel", id = timer);
            }
        }
    }
}

fn span(
    task: TaskId,
    kind: &str,
    name: &str,
    size: Option<usize>,
    location: &'static Location<'static>,
) -> Span {
    trace_span!(
        target: "reveille::task",
        parent: None,
        "runtime.spawn",
        kind,
        task.name = name,
        task.id = task.get(),
        size.bytes = size,
        loc.file = location.file(),
        loc.line = location.line(),
        loc.col = location.column(),
    )
}

/// One that nobody wants is not kept.
fn open(task: TaskId, span: Span) {
    if !span.is_disabled() {
        spans().insert(task, Arc::new(span));
    }
}

/// The span is closed when the last of these is dropped.
#[must_use = "the subscriber is called when it is dropped"]
fn close(task: TaskId) -> Option<Arc<Span>> {
    spans().remove(&task)
}

fn spans() -> MutexGuard<'static, HashMap<TaskId, Arc<Span>>> {
    SPANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many things that a poll does are told.
const MOST: usize = 1_000;

/// Those of all tasks; shared, so that none is cloned or dropped under the lock, which would call the subscriber.
static SPANS: LazyLock<Mutex<HashMap<TaskId, Arc<Span>>>> = LazyLock::new(Mutex::default);

thread_local! {
    static LOCAL: Local = Local::default();
}
