//! A trace as JSON, in the form that [`SCHEMA`](crate::SCHEMA) describes; one event per line, so that two can be compared.

use std::io::{self, Write};

use crate::json::{self, Array, Object};
use crate::trace::{Meta, Thread, Trace};
use crate::words::Word;
pub(crate) use events::write_event;
pub(crate) use snapshot::write_snapshot;

mod events;
mod snapshot;

/// The largest integer that every reader of JSON keeps exactly.
pub(crate) const LARGEST: u64 = (1 << 53) - 1;

/// A trace as the text of `trace.json`. Numbers above 2^53 - 1, which JSON's readers do not keep, become that.
///
/// # Examples
///
/// ```
/// use reveille_trace::trace::{Event, Trace, What};
/// use reveille_trace::trace_json;
///
/// let mut trace = Trace::default();
/// trace.events.push(Event { t: 7, thread: 0, what: What::Park { timeout: None } });
/// assert!(trace_json::text(&trace).ends_with("\n{\"t\":7,\"th\":0,\"k\":\"park\",\"timeout\":null}\n]}\n"));
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
pub fn write(trace: &Trace, mut to: impl Write) -> io::Result<()> {
    let mut part = String::from("{\"schema\":\"reveille-trace/1\",\n\"meta\":");
    json::object(&mut part, |object| write_meta(&trace.meta, object));
    part.push_str(",\n\"threads\":");
    json::array(&mut part, |array| write_threads(&trace.threads, array));
    part.push_str(",\n\"strings\":");
    json::array(&mut part, |array| {
        trace.strings.all().iter().for_each(|string| array.text(string))
    });
    if let Some(snapshot) = &trace.snapshot {
        part.push_str(",\n\"snapshot\":");
        json::object(&mut part, |object| write_snapshot(snapshot, object));
    }
    part.push_str(",\n\"events\":[");
    for (index, event) in trace.events.iter().enumerate() {
        part.push_str(if index == 0 { "\n" } else { ",\n" });
        json::object(&mut part, |object| write_event(event, object));
        if part.len() > 1 << 16 {
            to.write_all(part.as_bytes())?;
            part.clear();
        }
    }
    part.push_str("\n]}\n");
    to.write_all(part.as_bytes())
}

pub(crate) fn write_meta(meta: &Meta, object: &mut Object<'_>) {
    object.text("clock", meta.clock.word());
    object.number("pid", meta.pid.into());
    object.number("workers", meta.workers.into());
    number(object, "slow_poll_ns", meta.slow_poll_ns);
    if let Some(start) = meta.start_unix_ns {
        object.text("start_unix_ns", &start.to_string());
    }
    if let Some(runtime) = &meta.runtime {
        object.text("runtime", runtime);
    }
    optional_word(object, "flavor", meta.flavor);
    if let Some(os) = &meta.os {
        object.text("os", os);
    }
    optional_word(object, "level", meta.level);
    if meta.truncated {
        object.value("truncated", true);
    }
}

pub(crate) fn write_threads(threads: &[Thread], array: &mut Array<'_>) {
    for thread in threads {
        array.object(|object| {
            object.number("id", thread.id.into());
            object.text("name", &thread.name);
            object.text("kind", thread.kind.word());
            optional(object, "worker", thread.worker.map(u64::from));
            optional(object, "os_tid", thread.os_tid);
        });
    }
}

fn number(object: &mut Object<'_>, key: &str, value: u64) {
    object.number(key, value.min(LARGEST));
}

fn optional(object: &mut Object<'_>, key: &str, value: Option<u64>) {
    if let Some(value) = value {
        number(object, key, value);
    }
}

fn optional_word(object: &mut Object<'_>, key: &str, value: Option<impl Word>) {
    if let Some(value) = value {
        object.text(key, value.word());
    }
}

fn numbers(object: &mut Object<'_>, key: &str, values: &[u64]) {
    object.array(key, |array| {
        values.iter().for_each(|&value| array.number(value.min(LARGEST)))
    });
}
