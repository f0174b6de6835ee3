//! The histograms of the latency page.

use std::collections::{BTreeMap, BTreeSet};

use reveille_trace::state::{Stage, State};
use reveille_trace::trace::{By, Effect, Trace, What};
use serde_json::{Value, json};

/// The four histograms, in the form that the page's `reveille.histograms` has.
pub fn histograms(trace: &Trace) -> Value {
    json!({
        "schedule": histogram(schedule(trace)),
        "poll": histogram(polls(trace)),
        "timer": histogram(timers(trace)),
        "readiness": histogram(readiness(trace)),
    })
}

/// How long each poll took that began and ended in the trace.
fn polls(trace: &Trace) -> Vec<u64> {
    let mut began = BTreeMap::new();
    let mut taken = Vec::new();
    for event in &trace.events {
        match event.what {
            What::PollStart { task, .. } => {
                began.insert(task, event.t);
            }
            What::PollEnd { task, .. } => taken.extend(began.remove(&task).map(|start| event.t - start)),
            _ => {}
        }
    }
    taken
}

fn timers(trace: &Trace) -> Vec<u64> {
    let late = trace.events.iter().filter_map(|event| match event.what {
        What::TimerFire { late, .. } => Some(late),
        _ => None,
    });
    late.collect()
}

/// From when a task could run to its poll: from the wake that scheduled it, from its first enqueue, or from the end of the
/// poll in which it was woken.
fn schedule(trace: &Trace) -> Vec<u64> {
    let mut runnable: BTreeMap<u64, u64> = BTreeMap::new();
    for (id, task) in State::new(trace.snapshot.as_ref()).tasks {
        if task.stage == Stage::Queued {
            runnable.insert(id, task.since);
        }
    }
    let (mut polled, mut woken) = (BTreeSet::new(), BTreeSet::new());
    let mut taken = Vec::new();
    for event in &trace.events {
        match event.what {
            What::Enqueue { task, .. } if !polled.contains(&task) => {
                runnable.entry(task).or_insert(event.t);
            }
            What::Wake { task, effect, .. } => match effect {
                Effect::Scheduled => drop(runnable.entry(task).or_insert(event.t)),
                Effect::Rescheduled => drop(woken.insert(task)),
                Effect::Coalesced | Effect::Nothing => {}
            },
            What::PollStart { task, .. } => {
                taken.extend(runnable.remove(&task).map(|since| event.t - since));
                woken.remove(&task);
                polled.insert(task);
            }
            What::PollEnd { task, .. } => {
                polled.remove(&task);
                if woken.remove(&task) {
                    runnable.entry(task).or_insert(event.t);
                }
            }
            What::TaskEnd { task, .. } => drop(runnable.remove(&task)),
            _ => {}
        }
    }
    taken
}

/// From the readiness of a source to the poll of the task that it woke.
fn readiness(trace: &Trace) -> Vec<u64> {
    let (mut ready, mut answers) = (BTreeMap::new(), BTreeMap::new());
    let mut taken = Vec::new();
    for event in &trace.events {
        match event.what {
            What::IoReady { source, .. } => drop(ready.insert(source, event.t)),
            What::Wake {
                task,
                by: By::Io { source, .. },
                effect: Effect::Scheduled | Effect::Rescheduled | Effect::Coalesced,
            } => {
                if let Some(&since) = ready.get(&source) {
                    answers.entry(task).or_insert(since);
                }
            }
            What::PollStart { task, .. } => {
                taken.extend(answers.remove(&task).map(|since: u64| event.t - since))
            }
            What::TaskEnd { task, .. } => drop(answers.remove(&task)),
            _ => {}
        }
    }
    taken
}

/// Buckets from one power of two to the next; percentiles by nearest rank.
fn histogram(mut values: Vec<u64>) -> Value {
    values.sort_unstable();
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return json!({"n": 0, "buckets": [], "p50": null, "p90": null, "p99": null, "max": null});
    };
    let power = |value: u64| value.checked_ilog2().unwrap_or(0);
    let buckets = (power(*least)..=power(*most)).map(|bucket| {
        let n = values.iter().filter(|&&value| power(value) == bucket).count();
        let from = if bucket == 0 { 0 } else { 1_u64 << bucket };
        json!({"from": from, "to": 2_u64 << bucket, "n": n})
    });
    let rank = |hundredths: usize| values[(values.len() * hundredths).div_ceil(100) - 1];
    json!({
        "n": values.len(), "buckets": buckets.collect::<Vec<_>>(),
        "p50": rank(50), "p90": rank(90), "p99": rank(99), "max": most,
    })
}
