//! What a viewer is told as it happens: server-sent events, as `page/README.md` lists them.

use std::io::{self, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::HEADERS;
use crate::decode::Decoder;
use crate::findings::{self, Finding};
use crate::json;
use crate::recorder::{Cursor, recorder};
use crate::recording::{self, Session};
use crate::trace::{Event, Snapshot, What};
use crate::{gate, trace_json};

/// Tells a viewer what happens until it goes.
pub(super) fn stream(stream: &mut TcpStream) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{HEADERS}Connection: close\r\n\r\n: hello\n\n"
    )?;
    let mut viewer: Option<Viewer> = None;
    loop {
        let session = Session::current();
        let mut text = String::new();
        match (&mut viewer, session) {
            (Some(viewer), Some(session)) if viewer.session.began == session.began => viewer.go_on(&mut text),
            (_, Some(session)) => viewer = Some(Viewer::begin(session, &mut text)),
            (_, None) => {}
        }
        if text.is_empty() {
            // Whoever is gone is known by that this fails.
            text.push_str(": nothing new\n\n");
        }
        stream.write_all(text.as_bytes())?;
        stream.flush()?;
        thread::sleep(PERIOD);
    }
}

/// Who looks, and what it knows.
struct Viewer {
    session: Session,
    cursor: Cursor,
    decoder: Decoder,
    strings: usize,
    threads: usize,
    gated: bool,
    /// When findings were told last, and whether anything has happened since.
    found: Instant,
    is_news: bool,
}

impl Viewer {
    fn begin(session: Session, text: &mut String) -> Self {
        let mut cursor = session.since.clone();
        let until = recorder().now().saturating_sub(session.began);
        let told = recorder().read(&mut cursor);
        let mut decoder = Decoder::new(session.slow_poll_ns(), session.began);
        let (snapshot, events) = decoder.whole(&told, until, &|number| recorder().location(number));
        let mut viewer = Self {
            session,
            cursor,
            decoder,
            strings: 0,
            threads: 0,
            gated: gate::is_closed(),
            found: Instant::now(),
            is_news: true,
        };
        viewer.tell_header(snapshot.is_some(), text);
        if let Some(snapshot) = snapshot {
            tell_snapshot(&snapshot, text);
        }
        tell_batch(&events, text);
        viewer.tell_findings(text);
        viewer
    }

    fn go_on(&mut self, text: &mut String) {
        // What is younger may have older company that is not there yet: who tells stamps first, and then writes.
        let until = recorder().now().saturating_sub(self.session.began + SETTLES);
        let told = recorder().read(&mut self.cursor);
        let events = self
            .decoder
            .more(&told, until, &|number| recorder().location(number));
        let is_new = self.decoder.strings().all().len() > self.strings
            || recorder().threads().len() != self.threads
            || gate::is_closed() != self.gated;
        if is_new {
            self.tell_header(false, text);
        }
        self.is_news |= !events.is_empty();
        tell_batch(&events, text);
        if self.is_news && self.found.elapsed() > BETWEEN_FINDINGS {
            self.tell_findings(text);
        }
    }

    fn tell_header(&mut self, truncated: bool, text: &mut String) {
        let threads = recorder().threads();
        let strings = self.decoder.strings().all();
        self.gated = gate::is_closed();
        tell("header", text, |text| {
            json::object(text, |object| {
                object.text("schema", "reveille-trace/1");
                let meta = self.session.meta(&threads, truncated);
                object.object("meta", |object| trace_json::write_meta(&meta, object));
                object.array("threads", |array| trace_json::write_threads(&threads, array));
                object.number("from", self.strings as u64);
                object.array("strings", |array| {
                    strings[self.strings..]
                        .iter()
                        .for_each(|string| array.text(string));
                });
                object.value("gated", self.gated);
            });
        });
        self.strings = strings.len();
        self.threads = threads.len();
    }

    /// What is wrong in what can be seen now. Which events show it is left out: this viewer numbers them otherwise.
    fn tell_findings(&mut self, text: &mut String) {
        (self.found, self.is_news) = (Instant::now(), false);
        let trace = recording::collect().unwrap_or_default();
        let mut found: Vec<Finding> = findings::find(&trace);
        found.iter_mut().for_each(|finding| finding.events.clear());
        tell("findings", text, |text| {
            text.push_str(&findings::findings_json(&found))
        });
    }
}

fn tell_snapshot(snapshot: &Snapshot, text: &mut String) {
    tell("snapshot", text, |text| {
        json::object(text, |object| trace_json::write_snapshot(snapshot, object));
    });
}

/// In pieces, with what is missing told by a message of its own.
fn tell_batch(events: &[Event], text: &mut String) {
    let is_lost = |event: &Event| matches!(event.what, What::Lost { .. });
    for part in events.chunk_by(|one, other| !is_lost(one) && !is_lost(other)) {
        match part {
            [
                Event {
                    what: What::Lost { n },
                    ..
                },
            ] => tell("lost", text, |text| {
                json::object(text, |object| object.number("n", *n));
            }),
            part => part
                .chunks(EVENTS_AT_A_TIME)
                .for_each(|part| tell_part(part, text)),
        }
    }
}

fn tell_part(events: &[Event], text: &mut String) {
    tell("batch", text, |text| {
        json::array(text, |array| {
            for event in events {
                array.object(|object| trace_json::write_event(event, object));
            }
        });
    });
}

/// One message. Our JSON has no line break, which would end it.
fn tell(name: &str, text: &mut String, data: impl FnOnce(&mut String)) {
    text.push_str("event: ");
    text.push_str(name);
    text.push_str("\ndata: ");
    data(text);
    text.push_str("\n\n");
}

const PERIOD: Duration = Duration::from_millis(100);
const BETWEEN_FINDINGS: Duration = Duration::from_secs(2);
const EVENTS_AT_A_TIME: usize = 4096;

/// For so many nanoseconds somebody may be between the stamp and the slot. Who takes longer, since the system has stopped it there,
/// is told later than it happened.
const SETTLES: u64 = 1_000_000;
