//! What is written is read as it was, and what is no trace is refused with a reason.

use proptest::prelude::*;
use reveille_trace::read::read;
use reveille_trace::trace::{Event, Trace, What};
use reveille_trace::trace_json;
use serde_json::Value;

mod random_trace;
mod schema;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a_trace_is_read_as_it_was_written(trace in random_trace::traces()) {
        let text = trace_json::text(&trace);
        prop_assert_eq!(read(&text), Ok(trace));
    }

    #[test]
    fn what_is_written_is_as_the_schema_demands(trace in random_trace::traces()) {
        schema::demand(&serde_json::from_str(&trace_json::text(&trace)).expect("it is JSON"));
    }

    #[test]
    fn the_text_is_well_formed_with_a_line_for_each_event(trace in random_trace::traces()) {
        let text = trace_json::text(&trace);
        prop_assert!(!text.contains('<'));
        let (_, events) = text.split_once("\n\"events\":[\n").unwrap_or(("", "]}\n"));
        let lines: Vec<&str> = events.lines().filter(|line| *line != "]}").collect();
        prop_assert_eq!(lines.len(), trace.events.len());
        for line in lines {
            let event: Value = serde_json::from_str(line.trim_end_matches(',')).expect("a line is an event");
            prop_assert!(event["k"].is_string());
        }
    }
}

#[test]
fn a_number_that_json_does_not_keep_becomes_the_largest_that_it_does() {
    let mut trace = Trace::default();
    trace.events.push(Event {
        t: 1,
        thread: 0,
        what: What::Park {
            timeout: Some(u64::MAX),
        },
    });
    let Ok(read) = read(&trace_json::text(&trace)) else {
        panic!("it is a trace")
    };
    assert_eq!(
        read.events[0].what,
        What::Park {
            timeout: Some((1 << 53) - 1)
        }
    );
}

/// A trace with these events.
fn with_events(events: &str) -> String {
    let meta = r#"{"clock":"monotonic-ns","pid":1,"workers":1,"slow_poll_ns":1}"#;
    format!(
        r#"{{"schema":"reveille-trace/1","meta":{meta},"threads":[],"strings":["a"],"events":[{events}]}}"#
    )
}

#[test]
fn an_event_that_is_wrong_is_told_by_number_kind_and_member() {
    let cases = [
        (
            r#"{"t":1,"th":0,"k":"lost","n":1},{"t":2,"th":0,"k":"poll_end","task":1,"r":"x","wakers":0}"#,
            r#"event 1 (poll_end): r: expected "pending" or "ready" or "panic", found "x""#,
        ),
        (
            r#"{"t":1,"th":0,"k":"wake","task":1,"by":{"kind":"task"},"effect":"noop"}"#,
            "event 0 (wake): by: task: expected an integer from 0 to 2^53 - 1, found nothing",
        ),
        (
            r#"{"t":1,"th":0,"k":"wake","task":1,"by":{"kind":"timer","timer":1,"late":2},"effect":"noop"}"#,
            "event 0 (wake): by: late: expected no member but kind, timer, found 2",
        ),
        (
            r#"{"t":5,"th":0,"k":"lost","n":1},{"t":4,"th":0,"k":"lost","n":1}"#,
            "event 1: t: expected 5, the time of what comes before it, or a later one, found 4",
        ),
        (
            r#"{"t":1,"th":0,"k":"mark","msg":1}"#,
            "event 0 (mark): msg: expected the number of one of the 1 strings, found 1",
        ),
        (
            r#"{"t":1,"th":0,"k":"enqueue","task":1,"q":"local:+1","depth":1}"#,
            r#"event 0 (enqueue): q: expected "global", "local:" or "lifo:" and a number, found "local:+1""#,
        ),
        (
            r#"{"t":9007199254740992,"th":0,"k":"lost","n":1}"#,
            "event 0: t: expected an integer from 0 to 2^53 - 1, found 9007199254740992",
        ),
        (
            r#"{"t":1,"th":4294967296,"k":"lost","n":1}"#,
            "event 0 (lost): th: expected an integer below 2^32, found 4294967296",
        ),
        (
            r#"{"t":1,"th":0,"k":"nap"}"#,
            r#"event 0 (nap): k: expected a kind of event that the schema has, found "nap""#,
        ),
        (
            r#"{"t":1,"th":0,"k":"park"}"#,
            "event 0 (park): timeout: expected an integer or null, found nothing",
        ),
        (
            r#"{"th":0,"k":"lost","n":1}"#,
            "event 0: t: expected an integer from 0 to 2^53 - 1, found nothing",
        ),
        ("7", "event 0: expected an object, found 7"),
    ];
    for (events, expected) in cases {
        let error = read(&with_events(events)).expect_err(events);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_schema_refuses_what_the_reader_does() {
    for events in [
        r#"{"t":1,"th":0,"k":"poll_end","task":1,"r":"x","wakers":0}"#,
        r#"{"t":1,"th":0,"k":"wake","task":1,"by":{"kind":"task"},"effect":"noop"}"#,
        r#"{"t":1,"th":0,"k":"wake","task":1,"by":{"kind":"timer","timer":1,"late":2},"effect":"noop"}"#,
        r#"{"t":1,"th":0,"k":"enqueue","task":1,"q":"local:+1","depth":1}"#,
        r#"{"t":9007199254740992,"th":0,"k":"lost","n":1}"#,
        r#"{"t":-1,"th":0,"k":"lost","n":1}"#,
        r#"{"t":1,"th":0,"k":"nap"}"#,
        r#"{"t":1,"th":0,"k":"park"}"#,
        "7",
    ] {
        let text = with_events(events);
        assert!(read(&text).is_err(), "{events}");
        let value = serde_json::from_str(&text).expect("it is JSON");
        assert!(!schema::is_trace(&value), "{events}");
    }
    let whole = with_events(r#"{"t":1,"th":0,"k":"park","timeout":null}"#);
    for (from, to) in [
        ("", ""),
        ("[]", "7"),
        (r#""pid":1,"#, ""),
        (r#""meta""#, r#""more":1,"meta""#),
    ] {
        let text = whole.replacen(from, to, 1);
        let value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(schema::is_trace(&value), from == to, "{text}");
        assert_eq!(read(&text).is_ok(), from == to, "{text}");
    }
}

#[test]
fn what_is_wrong_around_the_events_is_told_as_well() {
    let whole = with_events("");
    assert!(read(&whole).is_ok());
    let cases = [
        (
            r#""pid":1"#,
            r#""pid":-1"#,
            "meta: pid: expected an integer from 0 to 2^53 - 1, found -1",
        ),
        (
            r#""pid":1"#,
            r#""pid":1,"start_unix_ns":"0x1""#,
            r#"a text of digits, a number below 2^128, found "0x1""#,
        ),
        (
            r#""pid":1"#,
            r#""pid":1,"host":"h""#,
            "meta: host: expected no member but clock, pid,",
        ),
        (
            r#""threads":[]"#,
            r#""threads":[{"id":0,"name":"n"}]"#,
            r#"thread 0: kind: expected "worker" or"#,
        ),
        (
            r#"["a"]"#,
            "[1]",
            "strings: expected an array of texts, found an array",
        ),
        (
            r#""events""#,
            r#""more":[],"events""#,
            "more: expected no member but schema,",
        ),
        (
            r#""events""#,
            r#""snapshot":null,"events""#,
            "snapshot: expected an object, found null",
        ),
        (r#""events":[]}"#, "", "no JSON: "),
    ];
    for (from, to, expected) in cases {
        let error = read(&whole.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_may_be_left_out_may_be() {
    let spawn = r#"{"t":1,"th":0,"k":"spawn","task":1,"parent":0,"name":0,"loc":0,"more":1}"#;
    let mark = r#"{"t":1,"th":0,"k":"mark","msg":0}"#;
    let trace = read(&with_events(&format!("{spawn},{mark}"))).expect("it is a trace");
    assert!(matches!(trace.events[0].what, What::Spawn { size: None, .. }));
    assert!(matches!(trace.events[1].what, What::Mark { task: 0, message: 0 }));
}
