//! The state after an event, as JSON.

use reveille_trace::state::{Stage, State, Task};
use reveille_trace::trace::{End, Ready, Snapshot, Text, Trace};
use reveille_trace::trace_json;
use serde_json::{Map, Value, json};

/// A text that nobody knows; no trace has so many.
const UNKNOWN: Text = Text::MAX;

/// The state, in the form that the page's `reveille.stateAt` has, without the members that the page alone has (a task's `kind`,
/// a wait's direction). What is not known is null. The snapshot of a state, as the recorder writes it, gives the members
/// that the schema knows; the others, and the tasks that are over, which are in no snapshot, are added here.
pub fn json(state: &State) -> Value {
    let mut json = written(state.snapshot(UNKNOWN));
    each(&mut json["tasks"], |told| {
        let id = told["task"].as_u64().expect("a task has a number");
        complete_task(told, &state.tasks[&id], state.t);
    });
    each(&mut json["io"], |told| {
        let id = told["src"].as_u64().expect("a source has a number");
        let source = &state.sources[&id];
        told.insert("fd".into(), json!(source.fd));
        told.insert("what".into(), json!(source.what));
        told.insert("peer".into(), json!(source.peer));
        told.insert("ready".into(), json!(source.ready.map(ready_word)));
        told.insert("interest".into(), json!(source.interest.map(ready_word)));
        told.entry("waiters").or_insert_with(|| json!([]));
    });
    each(&mut json["timers"], |told| {
        told.entry("level").or_insert(Value::Null);
        told.entry("slot").or_insert(Value::Null);
    });
    each(&mut json["jobs"], |told| {
        let id = told["job"].as_u64().expect("a job has a number");
        told.insert("th".into(), json!(state.jobs[&id].thread));
        told.insert("loc".into(), json!(state.jobs[&id].location));
    });
    let queues = json["queues"].as_array_mut().expect("it is an array");
    queues.sort_by(|one, other| one["q"].as_str().cmp(&other["q"].as_str()));
    add_finished_tasks(&mut json, state);
    json["lost"] = json!(state.lost);
    let polled = state
        .polled
        .iter()
        .map(|(thread, tasks)| json!({"th": thread, "tasks": tasks}));
    json["cpu"] = polled.collect();
    json
}

/// Where the page's state is not what it should be: of each member that the oracle has, its path, what it should be, and
/// what it is.
pub fn differences(oracle: &Value, page: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", oracle, page, &mut found);
    found
}

fn compare(path: &str, oracle: &Value, page: &Value, found: &mut Vec<String>) {
    match (oracle, page) {
        (Value::Object(members), Value::Object(_)) => {
            for (name, member) in members {
                compare(&format!("{path}.{name}"), member, &page[name], found);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (place, (item, other)) in items.iter().zip(others).enumerate() {
                compare(&format!("{path}[{place}]"), item, other, found);
            }
        }
        _ if oracle == page => {}
        _ => found.push(format!("{path}: expected {oracle}, found {page}")),
    }
}

fn written(snapshot: Snapshot) -> Value {
    let trace = Trace {
        snapshot: Some(snapshot),
        ..Trace::default()
    };
    let mut json: Value = serde_json::from_str(&trace_json::text(&trace)).expect("the writer writes JSON");
    json["snapshot"].take()
}

fn complete_task(told: &mut Map<String, Value>, task: &Task, now: u64) {
    let times = task.times(now);
    let waits = task
        .waits
        .iter()
        .map(|wait| json!({"id": wait.id, "peer": wait.peer}));
    let more = [
        ("name", json!(task.name)),
        ("loc", json!(task.location)),
        ("parent", json!(task.parent)),
        ("size", json!(task.size)),
        ("spawned", json!(task.spawned)),
        ("since", json!(task.since)),
        ("th", json!(task.thread)),
        ("q", json!(task.queue.map(|queue| queue.to_string()))),
        ("polls", json!(task.polls)),
        ("wakes", json!(task.wakes)),
        ("self", json!(task.self_wakes)),
        ("wakers", json!(task.wakers)),
        ("maxPoll", json!(task.longest_poll)),
        ("busy", json!(times.busy)),
        ("sched", json!(times.scheduled)),
        ("idle", json!(times.idle)),
        ("how", json!(task.end.map(end_word))),
        ("waits", waits.collect()),
    ];
    told.extend(more.map(|(name, value)| (name.to_owned(), value)));
    told.entry("on").or_insert(Value::Null);
}

fn add_finished_tasks(json: &mut Value, state: &State) {
    let tasks = json["tasks"].as_array_mut().expect("it is an array");
    let finished = state.tasks.iter().filter(|(_, task)| task.stage == Stage::Done);
    tasks.extend(finished.map(|(id, task)| {
        let mut told = Map::from_iter([
            ("task".to_owned(), json!(id)),
            ("state".to_owned(), json!("done")),
        ]);
        complete_task(&mut told, task, state.t);
        Value::Object(told)
    }));
    tasks.sort_by_key(|task| task["task"].as_u64());
}

fn each(array: &mut Value, mut change: impl FnMut(&mut Map<String, Value>)) {
    let items = array.as_array_mut().expect("it is an array");
    items
        .iter_mut()
        .for_each(|item| change(item.as_object_mut().expect("it is an object")));
}

fn ready_word(ready: Ready) -> &'static str {
    match ready {
        Ready::Read => "r",
        Ready::Write => "w",
        Ready::Both => "rw",
        Ready::Hangup => "hup",
        Ready::Error => "err",
    }
}

fn end_word(end: End) -> &'static str {
    match end {
        End::Completed => "completed",
        End::Cancelled => "cancelled",
        End::Panicked => "panicked",
        End::Shutdown => "shutdown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_the_page_alone_has_is_no_difference_and_one_that_it_lacks_is() {
        let oracle = json!({"tasks": [{"task": 1, "polls": 2}], "parked": []});
        let page = json!({"tasks": [{"task": 1, "polls": 2, "kind": "task"}], "parked": []});
        assert!(differences(&oracle, &page).is_empty());
        let wrong = json!({"tasks": [{"task": 1, "kind": "task"}], "parked": [3]});
        let told = [
            ".parked: expected [], found [3]",
            ".tasks[0].polls: expected 2, found null",
        ];
        assert_eq!(differences(&oracle, &wrong), told);
    }
}
