//! A trace in the form that Chrome's and Perfetto's viewers read: the Trace Event Format, as JSON.
//!
//! Such a viewer shows slices of time in a lane for each thread. The slices of a lane must nest, and an arrow goes
//! from a moment in one slice to a moment in another. So:
//!
//! * a poll is a slice, a sleep is one, and these nest as `spans.rs` has them;
//! * a wake is an arrow to the poll that it caused. One that was made in a poll begins in that poll's slice; any other gets a
//!   slice of its own, which ends before the thread's next event;
//! * the depth of a run queue is a counter; a task's life is an asynchronous slice with the task's number;
//! * the rest that is worth it are instants.
//!
//! The format: "Trace Event Format", Google, 2016; how Perfetto reads it: "External trace formats" in its documentation.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::json::{self, Object};
use crate::names::Names;
use crate::spans::{Doing, End, Span, Spans, last_time};
use crate::trace::{Effect, Event, Text, Trace, What};
use crate::words::Word;
use depths::Depths;

mod depths;

/// How long the slice of a wake outside polls is at most, in nanoseconds: enough to be seen.
const WAKE: u64 = 1_000;

/// A trace as the text of `chrome.json`.
///
/// # Examples
///
/// ```
/// use reveille_trace::chrome;
/// use reveille_trace::trace::{Event, Trace, What};
///
/// let mut trace = Trace::default();
/// trace.events.push(Event { t: 1_500, thread: 0, what: What::PollStart { task: 1, n: 1, queue: None } });
/// assert!(chrome::text(&trace).contains(r#""ph":"X","name":"task #1","ts":1.500,"dur":0.000"#));
/// ```
pub fn text(trace: &Trace) -> String {
    let mut bytes = Vec::new();
    // Writing to a Vec does not fail, and what is written is made of Strings.
    let _ = write(trace, &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Writes that text.
///
/// # Errors
///
/// Those of `to`.
pub fn write(trace: &Trace, to: impl Write) -> io::Result<()> {
    let mut chrome = Chrome {
        trace,
        names: Names::of(trace),
        spans: Spans::of(trace),
        text: String::from("{\"displayTimeUnit\":\"ns\",\"traceEvents\":["),
        is_first: true,
        to,
    };
    chrome.name_process_and_threads()?;
    chrome.write_spans()?;
    chrome.write_wakes()?;
    chrome.write_depths()?;
    chrome.write_lives()?;
    chrome.write_instants()?;
    chrome.text.push_str("\n]}\n");
    chrome.to.write_all(chrome.text.as_bytes())
}

struct Chrome<'a, W> {
    trace: &'a Trace,
    names: Names<'a>,
    spans: Spans,
    text: String,
    is_first: bool,
    to: W,
}

impl<W: Write> Chrome<'_, W> {
    fn name_process_and_threads(&mut self) -> io::Result<()> {
        let runtime = self.trace.meta.runtime.as_deref().unwrap_or("reveille");
        self.event("M", "process_name", |object| {
            object.object("args", |args| args.text("name", runtime));
        })?;
        for thread in &self.trace.threads {
            self.event("M", "thread_name", |object| {
                object.number("tid", thread.id.into());
                object.object("args", |args| args.text("name", &thread.name));
            })?;
        }
        Ok(())
    }

    fn write_spans(&mut self) -> io::Result<()> {
        for index in 0..self.spans.all.len() {
            let Span {
                thread,
                doing,
                from,
                to,
                start,
                end,
            } = self.spans.all[index];
            let name = match doing {
                Doing::Poll(task) => self.names.task(task),
                Doing::Park => "park".to_owned(),
            };
            let events = &self.trace.events;
            let what = |event: usize| &events[event].what;
            let ended = if let End::Event(event) = end {
                Some(what(event))
            } else {
                None
            };
            let started = start.map(what);
            self.event("X", &name, |object| {
                object.value("ts", Microseconds(from));
                object.value("dur", Microseconds(to - from));
                object.number("tid", thread.into());
                object.object("args", |args| span_arguments(doing, started, ended, args));
            })?;
        }
        Ok(())
    }

    fn write_wakes(&mut self) -> io::Result<()> {
        let mut next_events: BTreeMap<u32, u64> = BTreeMap::new();
        // From the last one on: where a wake's slice must end, and in which poll its arrow.
        let mut next_polls: BTreeMap<u64, usize> = BTreeMap::new();
        let trace = self.trace;
        for (index, event) in trace.events.iter().enumerate().rev() {
            let next = next_events.insert(event.thread, event.t).unwrap_or(u64::MAX);
            match event.what {
                What::PollStart { task, .. } => {
                    next_polls.insert(task, index);
                }
                What::TaskEnd { task, .. } => {
                    next_polls.remove(&task);
                }
                What::Wake {
                    task,
                    effect: Effect::Scheduled | Effect::Rescheduled,
                    ..
                } => {
                    self.write_wake(index, event, task, next, next_polls.get(&task).copied())?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn write_wake(
        &mut self,
        index: usize,
        event: &Event,
        task: u64,
        next: u64,
        poll: Option<usize>,
    ) -> io::Result<()> {
        if self.spans.poll_around(index).is_none() {
            let around = self.spans.around[index].map_or(u64::MAX, |span| self.spans.all[span].to);
            let length = next.min(around).saturating_sub(event.t).min(WAKE);
            let name = format!("wake {}", self.names.task(task));
            self.event("X", &name, |object| {
                object.value("ts", Microseconds(event.t));
                object.value("dur", Microseconds(length));
                object.number("tid", event.thread.into());
            })?;
        }
        let Some(poll) = poll else { return Ok(()) };
        let poll = &self.trace.events[poll];
        for (phase, end) in [("s", event), ("f", poll)] {
            self.event(phase, "wake", |object| {
                object.text("cat", "wake");
                object.number("id", index as u64);
                if phase == "f" {
                    object.text("bp", "e");
                }
                object.value("ts", Microseconds(end.t));
                object.number("tid", end.thread.into());
            })?;
        }
        Ok(())
    }

    fn write_depths(&mut self) -> io::Result<()> {
        let mut depths = Depths::new(self.trace.snapshot.as_ref());
        for event in &self.trace.events {
            for (queue, depth) in depths.apply(&event.what) {
                self.event("C", &format!("queue {queue}"), |object| {
                    object.value("ts", Microseconds(event.t));
                    object.object("args", |args| args.number("depth", depth));
                })?;
            }
        }
        Ok(())
    }

    fn write_lives(&mut self) -> io::Result<()> {
        let mut alive: BTreeMap<u64, u64> = BTreeMap::new();
        let trace = self.trace;
        if let Some(snapshot) = &trace.snapshot {
            alive.extend(snapshot.tasks.iter().map(|task| (task.task, snapshot.t)));
        }
        for event in &trace.events {
            match event.what {
                What::Spawn { task, .. } => {
                    alive.entry(task).or_insert(event.t);
                }
                What::TaskEnd { task, .. } => {
                    if let Some(from) = alive.remove(&task) {
                        self.write_life(task, from, event.t)?;
                    }
                }
                _ => {}
            }
        }
        let end = last_time(trace);
        for (task, from) in alive {
            self.write_life(task, from, end)?;
        }
        Ok(())
    }

    fn write_life(&mut self, task: u64, from: u64, to: u64) -> io::Result<()> {
        let name = self.names.task(task);
        for (phase, t) in [("b", from), ("e", to)] {
            self.event(phase, &name, |object| {
                object.text("cat", "task");
                object.number("id", task);
                object.value("ts", Microseconds(t));
            })?;
        }
        Ok(())
    }

    fn write_instants(&mut self) -> io::Result<()> {
        let trace = self.trace;
        for event in &trace.events {
            let Some(name) = self.instant(&event.what) else {
                continue;
            };
            self.event("i", &name, |object| {
                object.value("ts", Microseconds(event.t));
                object.number("tid", event.thread.into());
                object.text("s", "t");
            })?;
        }
        Ok(())
    }

    fn instant(&self, what: &What) -> Option<String> {
        let string = |text: Text| self.trace.strings.get(text);
        let name = match *what {
            What::RuntimeStart { workers } => format!("runtime starts, workers: {workers}"),
            What::RuntimeStop { how } => format!("runtime stops: {}", how.word()),
            What::Spawn { task, .. } => format!("spawn {}", self.names.task(task)),
            What::IoReady { source, ready, .. } => format!("source {source} ready: {}", ready.word()),
            What::TimerFire { timer, .. } => format!("timer {timer} fires"),
            What::SlowPoll { task, .. } => format!("slow poll of {}", self.names.task(task)),
            What::Mark { message, .. } => string(message).to_owned(),
            What::Lost { n } => format!("{n} events are missing"),
            _ => return None,
        };
        Some(name)
    }

    fn event(&mut self, phase: &str, name: &str, members: impl FnOnce(&mut Object<'_>)) -> io::Result<()> {
        self.text.push_str(if std::mem::take(&mut self.is_first) {
            "\n"
        } else {
            ",\n"
        });
        let pid = self.trace.meta.pid;
        json::object(&mut self.text, |object| {
            object.number("pid", pid.into());
            object.text("ph", phase);
            object.text("name", name);
            members(object);
        });
        if self.text.len() > 1 << 16 {
            self.to.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }
}

fn span_arguments(doing: Doing, started: Option<&What>, ended: Option<&What>, args: &mut Object<'_>) {
    if let Doing::Poll(task) = doing {
        args.number("task", task);
    }
    if let Some(What::PollStart { n, .. }) = started {
        args.number("n", *n);
    }
    match ended {
        Some(What::PollEnd { result, wakers, .. }) => {
            args.text("result", result.word());
            args.number("wakers", *wakers);
        }
        Some(What::Unpark { why, .. }) => args.text("why", why.word()),
        _ => {}
    }
}

/// Nanoseconds, told in microseconds, without losing any.
struct Microseconds(u64);

impl std::fmt::Display for Microseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}
