//! The state that the page shows at an event is the one that the trace gives.

use std::collections::BTreeMap;

use reveille_trace::state::State;
use reveille_trace::trace::{PollResult, Trace, What};
use reveille_trace_browser::oracle::{queues, state};
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::Tab;
use serde_json::{Value, json};

#[test]
fn it_is_so_at_every_event_of_the_example() {
    holds_at_every(1, &recording::example());
}

#[test]
fn it_is_so_at_every_event_of_hello() {
    holds_at_every(1, &recording::of_example("hello", &[]));
}

#[test]
fn it_is_so_at_every_event_of_timeout() {
    holds_at_every(1, &recording::of_example("timeout", &[]));
}

#[test]
fn it_is_so_throughout_an_echo_server() {
    holds_at_every(37, &recording::of_example("tour", &["1"]));
}

#[test]
fn it_is_so_after_a_snapshot_in_the_middle_of_the_example() {
    let mut trace = recording::example();
    let mut state = State::new(trace.snapshot.as_ref());
    let later = trace.events.split_off(trace.events.len() / 2);
    trace.events.iter().for_each(|event| state.apply(event));
    let unknown = trace.strings.push("unknown".to_owned());
    trace.snapshot = Some(state.snapshot(unknown));
    trace.events = later;
    holds_at_every(1, &trace);
}

#[test]
fn whence_one_came_makes_no_difference() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    let in_order = "Array.from({length: COUNT}, (_, place) => JSON.stringify(reveille.stateAt(place)))";
    // 89 has no factor in common with the number of events: each is come to once.
    let leaping = "(() => { const found = []; \
        for (let place = 0; place < COUNT; place += 1) { \
            const at = (place * 89) % COUNT; \
            found[at] = JSON.stringify(reveille.stateAt(at)); \
        } \
        return found; })()";
    let count = trace.events.len();
    assert_ne!(count % 89, 0);
    let [in_order, leaping] = [in_order, leaping].map(|script| script.replace("COUNT", &count.to_string()));
    assert_eq!(tab.evaluate(&in_order), tab.evaluate(&leaping));
}

#[test]
fn each_queue_on_the_page_has_its_tasks_in_their_order() {
    for trace in [recording::example(), recording::of_example("timeout", &[])] {
        let expected = queues::after_each_event(&trace);
        let mut tab = Tab::open(&trace);
        let mut most = 0;
        for (index, expected) in expected.iter().enumerate() {
            tab.evaluate(&format!("reveille.seek({index})"));
            let shown = tab.evaluate(
                "Object.fromEntries(Array.from(document.querySelectorAll('[data-queue]'), (queue) => \
                [queue.dataset.queue, \
                 Array.from(queue.querySelectorAll('[data-task]'), (chip) => Number(chip.dataset.task))]))",
            );
            assert_eq!(shown, json!(expected), "after event {index}");
            most = most.max(expected.values().map(Vec::len).max().unwrap_or(0));
        }
        assert!(most >= 1, "no queue ever held a task");
    }
}

#[test]
fn a_task_was_busy_for_its_polls_and_its_times_add_up() {
    for trace in [recording::example(), recording::of_example("hello", &[])] {
        let polled = time_in_polls(&trace);
        let mut tab = Tab::open(&trace);
        let last = tab.evaluate(&format!("reveille.stateAt({})", trace.events.len() - 1));
        let number =
            |task: &Value, name: &str| task[name].as_u64().unwrap_or_else(|| panic!("{name} of {task}"));
        for task in last["tasks"].as_array().expect("it is an array") {
            let id = number(task, "task");
            assert_eq!(
                number(task, "busy"),
                polled.get(&id).copied().unwrap_or(0),
                "task {id}"
            );
            let until = match task["state"] == "done" {
                true => number(task, "since"),
                false => number(&last, "t"),
            };
            let sum = number(task, "busy") + number(task, "sched") + number(task, "idle");
            assert_eq!(sum, until - number(task, "spawned"), "task {id}");
        }
    }
}

fn time_in_polls(trace: &Trace) -> BTreeMap<u64, u64> {
    let (mut began, mut polled) = (BTreeMap::new(), BTreeMap::new());
    for event in &trace.events {
        match event.what {
            What::PollStart { task, .. } => drop(began.insert(task, event.t)),
            What::PollEnd { task, result, .. } => {
                let start = began.remove(&task).expect("a poll began");
                *polled.entry(task).or_default() += event.t - start;
                assert!(result != PollResult::Panic, "no task panics here");
            }
            _ => {}
        }
    }
    polled
}

/// Asks the page for the state before the first event, and at every `step`th one and the last.
fn holds_at_every(step: usize, trace: &Trace) {
    let mut tab = Tab::open(trace);
    let mut state = State::new(trace.snapshot.as_ref());
    compare(&mut tab, -1, &state);
    for (index, event) in (0_i64..).zip(&trace.events) {
        state.apply(event);
        if index as usize % step == 0 || index as usize == trace.events.len() - 1 {
            compare(&mut tab, index, &state);
        }
    }
}

fn compare(tab: &mut Tab, index: i64, state: &State) {
    let page = tab.evaluate(&format!("reveille.stateAt({index})"));
    let differences = state::differences(&state::json(state), &page);
    assert!(differences.is_empty(), "after event {index}: {differences:#?}");
}
