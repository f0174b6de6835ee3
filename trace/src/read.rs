//! A trace out of its JSON: what [`trace_json`](crate::trace_json) writes, and whatever else the schema allows.

use std::fmt;

use serde_json::Value;

use crate::trace::{Meta, Strings, Thread, Trace};
use members::Members;

mod events;
mod members;
mod snapshot;

/// Reads a trace.
///
/// What the schema demands is demanded, and besides that a text that is referred to is there, and that events are in the
/// order of their times and not from before the snapshot.
///
/// # Errors
///
/// If it is none; the error says where, and what was expected there.
///
/// # Examples
///
/// ```
/// use reveille_trace::read::read;
/// use reveille_trace::trace::Trace;
/// use reveille_trace::trace_json;
///
/// let trace = Trace::default();
/// assert_eq!(read(&trace_json::text(&trace))?, trace);
///
/// let error = read(r#"{"schema":"reveille-trace/2"}"#).unwrap_err();
/// assert_eq!(error.to_string(), r#"schema: expected "reveille-trace/1", found "reveille-trace/2""#);
/// # Ok::<(), reveille_trace::read::ReadError>(())
/// ```
pub fn read(text: &str) -> Result<Trace, ReadError> {
    let value: Value = serde_json::from_str(text).map_err(|error| ReadError(format!("no JSON: {error}")))?;
    let trace = Members::of(&value, String::new())?;
    trace.one_of("schema", &[((), "reveille-trace/1")])?;
    trace.no_others(&["schema", "meta", "threads", "strings", "snapshot", "events"])?;
    let strings = strings(&trace)?;
    let mut read = Trace {
        meta: meta(&trace)?,
        ..Trace::default()
    };
    read.threads = trace.each("threads", "thread", |thread| thread_of(&thread))?;
    read.snapshot = match trace.optional("snapshot") {
        Some(_) => Some(snapshot::snapshot(&trace.object("snapshot")?, strings.len())?),
        None => None,
    };
    let mut before = read.snapshot.as_ref().map_or(0, |snapshot| snapshot.t);
    read.events = trace.each("events", "event", |event| {
        let t = event.number("t")?;
        if t < before {
            let expected = format!("{before}, the time of what comes before it, or a later one");
            return Err(event.wrong("t", &expected));
        }
        before = t;
        events::event(event, strings.len())
    })?;
    read.strings = Strings::new(strings);
    Ok(read)
}

/// Why something is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

fn strings(trace: &Members<'_>) -> Result<Vec<String>, ReadError> {
    let strings = trace.array("strings")?;
    let texts = strings.iter().map(|string| string.as_str().map(str::to_owned));
    texts
        .collect::<Option<_>>()
        .ok_or_else(|| trace.wrong("strings", "an array of texts"))
}

fn meta(trace: &Members<'_>) -> Result<Meta, ReadError> {
    let meta = trace.object("meta")?;
    meta.no_others(&[
        "clock",
        "pid",
        "workers",
        "slow_poll_ns",
        "start_unix_ns",
        "runtime",
        "flavor",
        "os",
        "level",
        "truncated",
    ])?;
    let start = meta.optional_text("start_unix_ns")?;
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let start_unix_ns = start
        .map(|text| {
            Some(&text)
                .filter(|text| is_number(text))
                .and_then(|text| text.parse().ok())
        })
        .map(|start| {
            start.ok_or_else(|| meta.wrong("start_unix_ns", "a text of digits, a number below 2^128"))
        })
        .transpose()?;
    Ok(Meta {
        clock: meta.word("clock")?,
        pid: meta.small("pid")?,
        workers: meta.small("workers")?,
        slow_poll_ns: meta.number("slow_poll_ns")?,
        start_unix_ns,
        runtime: meta.optional_text("runtime")?,
        flavor: meta.optional_word("flavor")?,
        os: meta.optional_text("os")?,
        level: meta.optional_word("level")?,
        truncated: meta.optional_boolean("truncated")?.unwrap_or(false),
    })
}

fn thread_of(thread: &Members<'_>) -> Result<Thread, ReadError> {
    thread.no_others(&["id", "name", "kind", "worker", "os_tid"])?;
    Ok(Thread {
        id: thread.small("id")?,
        name: thread.text("name")?,
        kind: thread.word("kind")?,
        worker: thread.optional_small("worker")?,
        os_tid: thread.optional_number("os_tid")?,
    })
}
