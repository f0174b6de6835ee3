//! What a trace is written as: whatever is in it, viewers can read it.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use reveille_trace::state::State;
use reveille_trace::trace::Trace;
use reveille_trace::{chrome, findings, html};
use serde_json::Value;

mod random_trace;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn the_slices_of_a_lane_nest(trace in random_trace::traces()) {
        for mut slices in lanes(&events(&trace)).into_values() {
            slices.sort_by_key(|&(from, to)| (from, std::cmp::Reverse(to)));
            let mut open: Vec<u64> = Vec::new();
            for (from, to) in slices {
                while open.last().is_some_and(|&end| end <= from) {
                    open.pop();
                }
                let is_within = open.last().is_none_or(|&end| to <= end);
                prop_assert!(is_within, "{} to {} is cut by {:?}", from, to, open.last());
                open.push(to);
            }
        }
    }

    #[test]
    fn an_arrow_goes_forward_from_a_slice_to_a_slice(trace in random_trace::traces()) {
        let events = events(&trace);
        let lanes = lanes(&events);
        let is_in_slice = |event: &Value| {
            let at = nanoseconds(&event["ts"]);
            lanes.get(&event["tid"].as_u64()).into_iter().flatten().any(|&(from, to)| from <= at && at <= to)
        };
        let mut ends: HashMap<u64, [Vec<u64>; 2]> = HashMap::new();
        for event in &events {
            let end = match event["ph"].as_str() {
                Some("s") => 0,
                Some("f") => 1,
                _ => continue,
            };
            prop_assert!(is_in_slice(event), "{}", event);
            let id = event["id"].as_u64().expect("it has one");
            ends.entry(id).or_default()[end].push(nanoseconds(&event["ts"]));
        }
        for (id, [starts, ends]) in ends {
            prop_assert_eq!((starts.len(), ends.len()), (1, 1), "arrow {}", id);
            prop_assert!(starts[0] <= ends[0]);
        }
    }

    #[test]
    fn what_begins_ends(trace in random_trace::traces()) {
        let mut open: HashMap<u64, u64> = HashMap::new();
        for event in events(&trace) {
            let (id, at) = (event["id"].as_u64(), || nanoseconds(&event["ts"]));
            match (event["ph"].as_str(), id) {
                (Some("b"), Some(id)) => prop_assert!(open.insert(id, at()).is_none()),
                (Some("e"), Some(id)) => prop_assert!(open.remove(&id).is_some_and(|from| from <= at())),
                (Some("X" | "M" | "s" | "f" | "C" | "i"), _) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(open.is_empty());
    }

    #[test]
    fn the_page_has_the_trace_and_the_findings_in_it(trace in random_trace::traces()) {
        let page = html::text(&trace);
        let data = |id: &str| -> Value {
            let start = format!(r#"<script type="application/json" id="{id}">"#);
            let (_, rest) = page.split_once(&start).expect("it is there");
            let (data, _) = rest.split_once("</script>").expect("it ends");
            serde_json::from_str(data).expect("it is JSON")
        };
        prop_assert_eq!(data("trace")["events"].as_array().map(Vec::len), Some(trace.events.len()));
        prop_assert!(data("findings").is_array());
    }

    #[test]
    fn findings_name_what_is_there(trace in random_trace::traces()) {
        for finding in findings::find(&trace) {
            prop_assert!(!finding.events.is_empty() || trace.snapshot.is_some());
            prop_assert!(finding.events.iter().all(|&event| event < trace.events.len()));
        }
    }

    #[test]
    fn the_state_after_any_events_can_be_a_snapshot(trace in random_trace::traces()) {
        let mut state = State::new(trace.snapshot.as_ref());
        for event in &trace.events {
            state.apply(event);
            let snapshot = state.snapshot(0);
            prop_assert_eq!(State::new(Some(&snapshot)).snapshot(0), snapshot);
        }
    }
}

fn events(trace: &Trace) -> Vec<Value> {
    let text = chrome::text(trace);
    assert!(!text.contains('<'));
    match serde_json::from_str::<Value>(&text).expect("it is JSON")["traceEvents"].take() {
        Value::Array(events) => events,
        other => panic!("no events: {other}"),
    }
}

/// From when to when the slices of each lane are.
fn lanes(events: &[Value]) -> BTreeMap<Option<u64>, Vec<(u64, u64)>> {
    let mut lanes: BTreeMap<Option<u64>, Vec<(u64, u64)>> = BTreeMap::new();
    for slice in events.iter().filter(|event| event["ph"] == "X") {
        let from = nanoseconds(&slice["ts"]);
        let length = nanoseconds(&slice["dur"]);
        lanes
            .entry(slice["tid"].as_u64())
            .or_default()
            .push((from, from + length));
    }
    lanes
}

/// A time, which the file has in microseconds.
fn nanoseconds(time: &Value) -> u64 {
    (time.as_f64().expect("it is a number") * 1_000.0).round() as u64
}
