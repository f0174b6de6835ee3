//! The reducer here and the page's, in JavaScript, make the same of the same trace: the page's example. Both are held to
//! `example_states.json`, which says what each event changes: the page's by its own tests (`page/tests/example_states.test.js`).

use reveille_trace::findings;
use reveille_trace::read::read;
use reveille_trace::state::{Stage, State, Task};
use reveille_trace::trace::{End, Queue, Ready, Resource, TaskKind, Trace};
use serde_json::{Map, Value, json};

fn example() -> Trace {
    read(include_str!("../page/tests/example.trace.json")).expect("the example is a trace")
}

#[test]
fn the_state_is_that_of_the_page() {
    let expected: Vec<Value> = serde_json::from_str(include_str!("example_states.json")).expect("it is JSON");
    let trace = example();
    assert_eq!(expected.len(), trace.events.len());
    let mut state = State::new(trace.snapshot.as_ref());
    let mut before = by_key(state_json(&state));
    for (index, (event, expected)) in trace.events.iter().zip(expected).enumerate() {
        state.apply(event);
        let now = by_key(state_json(&state));
        let mut changes = changed(&before, &now);
        changes.insert("after".to_owned(), index.into());
        assert_eq!(Value::Object(changes), expected, "after event {index}");
        before = now;
    }
}

#[test]
fn exactly_what_is_wrong_in_the_example_is_found() {
    let found = findings::find(&example());
    let told: Vec<String> = found
        .iter()
        .map(|finding| format!("{} {:?}", finding.kind, finding.tasks))
        .collect();
    assert_eq!(told, ["lost-waker [7]", "blocking-poll [4]", "self-wake [5]"]);
}

/// The lists of things become objects, each thing under the member by which it is known.
fn by_key(mut state: Value) -> Map<String, Value> {
    let lists = [
        ("tasks", "task"),
        ("queues", "q"),
        ("io", "src"),
        ("timers", "timer"),
        ("jobs", "job"),
        ("cpu", "th"),
    ];
    for (list, key) in lists {
        let things = state[list].as_array().expect("it is a list").iter();
        let keyed = things.map(|thing| match &thing[key] {
            Value::String(name) => (name.clone(), thing.clone()),
            number => (number.to_string(), thing.clone()),
        });
        state[list] = Value::Object(keyed.collect());
    }
    match state {
        Value::Object(members) => members,
        other => panic!("no state: {other}"),
    }
}

/// The members that are not as before; null for one that is gone. Arrays are told whole.
fn changed(before: &Map<String, Value>, now: &Map<String, Value>) -> Map<String, Value> {
    let gone = before.keys().filter(|&name| !now.contains_key(name));
    let mut changes: Map<String, Value> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in now {
        let change = match (before.get(name), value) {
            (Some(before), now) if before == now => continue,
            (Some(Value::Object(before)), Value::Object(now)) => changed(before, now).into(),
            _ => value.clone(),
        };
        changes.insert(name.clone(), change);
    }
    changes
}

fn state_json(state: &State) -> Value {
    let mut queues: Vec<(String, &_)> = state
        .queues
        .iter()
        .map(|(queue, tasks)| (queue_name(*queue), tasks))
        .collect();
    queues.retain(|(_, tasks)| !tasks.is_empty());
    queues.sort_by(|one, other| one.0.cmp(&other.0));
    let sources = state.sources.iter().map(|(id, source)| {
        let waiters = source.waiters.iter().map(|&(task, ready)| json!({"task": task, "dir": ready_name(ready)}));
        json!({
            "src": id, "fd": source.fd, "what": source.what, "interest": source.interest.map(ready_name),
            "peer": source.peer, "ready": source.ready.map(ready_name), "waiters": waiters.collect::<Vec<_>>(),
        })
    });
    let timers = state.timers.iter().map(|(id, timer)| {
        json!({
            "timer": id, "task": timer.task, "deadline": timer.deadline, "level": timer.level, "slot": timer.slot,
        })
    });
    let jobs = state.jobs.iter().map(|(id, job)| {
        let state = if job.is_running { "running" } else { "submitted" };
        json!({"job": id, "task": job.task, "loc": job.location, "state": state, "th": job.thread})
    });
    json!({
        "t": state.t,
        "lost": state.lost,
        "tasks": state.tasks.iter().map(|(&id, task)| task_json(id, task, state.t)).collect::<Vec<_>>(),
        "queues": queues.iter().map(|(queue, tasks)| json!({"q": queue, "tasks": tasks})).collect::<Vec<_>>(),
        "io": sources.collect::<Vec<_>>(),
        "timers": timers.collect::<Vec<_>>(),
        "jobs": jobs.collect::<Vec<_>>(),
        "parked": state.parked.keys().collect::<Vec<_>>(),
        "cpu": state.polled.iter().map(|(th, tasks)| json!({"th": th, "tasks": tasks})).collect::<Vec<_>>(),
    })
}

fn task_json(id: u64, task: &Task, now: u64) -> Value {
    let times = task.times(now);
    let waits = task
        .waits
        .iter()
        .map(|wait| json!({"res": resource_name(wait.resource), "id": wait.id, "peer": wait.peer}));
    let on = task
        .waits
        .last()
        .map(|wait| json!({"res": resource_name(wait.resource), "id": wait.id}));
    json!({
        "task": id, "name": task.name, "loc": task.location, "parent": task.parent,
        "kind": match task.kind {
            TaskKind::Task => "task",
            TaskKind::Local => "local",
            TaskKind::BlockOn => "block_on",
        },
        "size": task.size, "spawned": task.spawned,
        "state": match task.stage {
            Stage::New => "new",
            Stage::Queued => "queued",
            Stage::Running => "running",
            Stage::Idle => "idle",
            Stage::Done => "done",
        },
        "th": task.thread, "since": task.since,
        "how": task.end.map(|end| match end {
            End::Completed => "completed",
            End::Cancelled => "cancelled",
            End::Panicked => "panicked",
            End::Shutdown => "shutdown",
        }),
        "polls": task.polls, "wakes": task.wakes, "self": task.self_wakes,
        "busy": times.busy, "sched": times.scheduled, "idle": times.idle,
        "wakers": task.wakers, "maxPoll": task.longest_poll, "q": task.queue.map(queue_name),
        "on": on, "waits": waits.collect::<Vec<_>>(),
    })
}

fn queue_name(queue: Queue) -> String {
    queue.to_string()
}

fn ready_name(ready: Ready) -> &'static str {
    match ready {
        Ready::Read => "r",
        Ready::Write => "w",
        Ready::Both => "rw",
        Ready::Hangup => "hup",
        Ready::Error => "err",
    }
}

fn resource_name(resource: Resource) -> &'static str {
    match resource {
        Resource::Io => "io",
        Resource::Timer => "timer",
        Resource::Job => "job",
        Resource::Join => "join",
        Resource::Channel => "channel",
        Resource::Lock => "lock",
        Resource::Foreign => "foreign",
        Resource::Never => "never",
    }
}
