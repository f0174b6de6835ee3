//! What a viewer of the Trace Event Format demands of a file.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// The events of a file; it panics at what is none.
pub(crate) fn events(text: &str) -> Vec<Value> {
    assert!(!text.contains('<'), "it could end a script");
    match serde_json::from_str::<Value>(text).expect("it is JSON")["traceEvents"].take() {
        Value::Array(events) => events,
        other => panic!("no events: {other}"),
    }
}

pub(crate) fn slices_nest(events: &[Value]) {
    for mut slices in lanes(events).into_values() {
        slices.sort_by_key(|&(from, to)| (from, Reverse(to)));
        let mut open: Vec<u64> = Vec::new();
        for (from, to) in slices {
            while open.last().is_some_and(|&end| end <= from) {
                open.pop();
            }
            let is_within = open.last().is_none_or(|&end| to <= end);
            assert!(is_within, "{from} to {to} is cut by {:?}", open.last());
            open.push(to);
        }
    }
}

pub(crate) fn arrows_go_forward_from_a_slice_to_a_slice(events: &[Value]) {
    // For each start in a lane the latest end of what had begun by then.
    let mut lanes: BTreeMap<Option<u64>, BTreeMap<u64, u64>> = BTreeMap::new();
    for (lane, mut slices) in self::lanes(events) {
        slices.sort_unstable();
        let mut latest = 0;
        let ends = slices.into_iter().map(|(from, to)| {
            latest = latest.max(to);
            (from, latest)
        });
        lanes.insert(lane, ends.collect());
    }
    let is_in_slice = |event: &Value| {
        let at = nanoseconds(&event["ts"]);
        let ends = lanes.get(&event["tid"].as_u64());
        let last = ends.and_then(|ends| ends.range(..=at).next_back());
        last.is_some_and(|(_, &end)| at <= end)
    };
    let mut arrows: HashMap<u64, [Vec<u64>; 2]> = HashMap::new();
    for event in events {
        let end = match event["ph"].as_str() {
            Some("s") => 0,
            Some("f") => 1,
            _ => continue,
        };
        assert!(is_in_slice(event), "{event}");
        let id = event["id"].as_u64().expect("it has one");
        arrows.entry(id).or_default()[end].push(nanoseconds(&event["ts"]));
    }
    for (id, [starts, ends]) in arrows {
        assert_eq!((starts.len(), ends.len()), (1, 1), "arrow {id}");
        assert!(starts[0] <= ends[0], "arrow {id}");
    }
}

pub(crate) fn what_begins_ends(events: &[Value]) {
    let mut open: HashMap<u64, u64> = HashMap::new();
    for event in events {
        let (id, at) = (event["id"].as_u64(), || nanoseconds(&event["ts"]));
        match (event["ph"].as_str(), id) {
            (Some("b"), Some(id)) => assert!(open.insert(id, at()).is_none(), "{event}"),
            (Some("e"), Some(id)) => {
                assert!(open.remove(&id).is_some_and(|from| from <= at()), "{event}");
            }
            (Some("X" | "M" | "s" | "f" | "C" | "i"), _) => {}
            _ => panic!("{event}"),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// From when to when the slices of each lane are.
fn lanes(events: &[Value]) -> BTreeMap<Option<u64>, Vec<(u64, u64)>> {
    let mut lanes: BTreeMap<Option<u64>, Vec<(u64, u64)>> = BTreeMap::new();
    for slice in events.iter().filter(|event| event["ph"] == "X") {
        let from = nanoseconds(&slice["ts"]);
        let length = nanoseconds(&slice["dur"]);
        let lane = lanes.entry(slice["tid"].as_u64()).or_default();
        lane.push((from, from + length));
    }
    lanes
}

/// A time, which the file has in microseconds.
fn nanoseconds(time: &Value) -> u64 {
    (time.as_f64().expect("it is a number") * 1_000.0).round() as u64
}
