//! What the book's programs write with `--trace`: that the page shows the very program whose lines the chapter prints.

// ThreadSanitizer watches the runtime. These are programs to be read, and processes of their own.
#![cfg(not(tsan))]

#[allow(dead_code, reason = "the tests of the other examples use the rest")]
mod example_process;
#[allow(dead_code, reason = "other tests use the rest")]
mod scratch;

use example_process::Example;
use reveille::trace::findings;
use reveille::trace::state::State;
use reveille::trace::trace::{Effect, PollResult, Queue, Trace, Unpark, What};
use reveille_trace::read::read;
use scratch::Scratch;

#[test]
fn the_walk_through_of_chapter_5_and_its_trace_say_the_same() {
    let (printed, trace) = recorded("ch05_task_queue");
    let lines = walk_through(&trace);
    let printed: Vec<_> = printed.lines().take(lines.len()).collect();
    assert_eq!(printed, lines);
    // Then comes the sum: nothing was told that is not there.
    assert_eq!(lines.len(), 27);
}

#[test]
fn the_timers_of_chapter_6_are_in_its_trace() {
    let (_, trace) = recorded("ch06_timers");
    let count = |is_it: fn(&What) -> bool| trace.events.iter().filter(|event| is_it(&event.what)).count();
    // A, B, C and the answer; each minute has one, of which the first is cancelled.
    assert_eq!(count(|what| matches!(what, What::TimerSet { .. })), 6);
    assert_eq!(count(|what| matches!(what, What::TimerFire { late: 0, .. })), 5);
    assert_eq!(count(|what| matches!(what, What::TimerCancel { .. })), 1);
    // In place of sleeping the clock went on.
    assert_eq!(
        count(|what| matches!(
            what,
            What::Unpark {
                why: Unpark::Timer,
                n: Some(1)
            }
        )),
        5
    );
    let last = trace.events.last().expect("there are some");
    assert_eq!(last.t / 1_000_000, 60_018, "virtual time");
}

#[test]
fn nothing_is_found_in_programs_without_a_bug() {
    for program in ["ch05_task_queue", "ch06_timers"] {
        let (_, trace) = recorded(program);
        assert_eq!(findings::find(&trace), [], "{program}");
        let mut state = State::new(None);
        trace.events.iter().for_each(|event| state.apply(event));
        assert!(state.timers.is_empty() && state.queues.values().all(|queue| queue.is_empty()));
    }
}

#[test]
fn the_page_has_the_same_trace_in_it() {
    for program in ["ch05_task_queue", "ch06_timers"] {
        let (_, trace) = recorded(program);
        let (_, page) = with_trace(program, "trace.html");
        let mut inside = read(element(&page, "trace")).expect("a trace");
        inside.meta.pid = trace.meta.pid;
        assert_eq!(inside, trace, "{program}");
        assert_eq!(element(&page, "findings"), "[]");
    }
}

#[test]
fn the_page_of_chapter_13_shows_its_four_bugs() {
    let (_, page) = with_trace("ch13_watch", "trace.html");
    let kinds: Vec<_> = element(&page, "findings")
        .split(r#"{"kind":""#)
        .skip(1)
        .map(|finding| finding.split('"').next().expect("split gives one part at least"))
        .collect();
    assert_eq!(kinds, ["lost-waker", "blocking-poll", "snoozed", "self-wake"]);
}

#[test]
fn a_trace_in_no_known_form_is_refused_before_anything_runs() {
    for program in ["ch05_task_queue", "ch06_timers", "ch13_watch"] {
        let ended = Example::start(program, &["--trace", "trace.txt"]).wait();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(
            ended.stdout.is_empty() && ended.stderr.contains("--trace"),
            "{ended:?}"
        );
    }
}

/// What a program prints, and the trace that it writes.
fn recorded(program: &str) -> (String, Trace) {
    let (printed, text) = with_trace(program, "trace.json");
    (printed, read(&text).expect("a trace"))
}

fn with_trace(program: &str, file: &str) -> (String, String) {
    let scratch = Scratch::new();
    let path = scratch.path(file);
    let printed = Example::start(program, &["--trace", path.to_str().expect("it is text")])
        .wait()
        .success();
    let written = std::fs::read_to_string(path).expect("it was written");
    (printed, written)
}

/// The lines that chapter 5 prints, from the trace alone: what happened, and how things stand by the page's rules.
fn walk_through(trace: &Trace) -> Vec<String> {
    let names: Vec<_> = trace
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Spawn { name, .. } => Some(trace.strings.get(name)),
            _ => None,
        })
        .collect();
    let name = |task: u64| names[task as usize - 1];
    let mut state = State::new(None);
    let mut events = trace.events.iter();
    let mut lines = Vec::new();
    while let Some(event) = events.next() {
        // Whoever is on the processor is so until his poll has ended.
        let before = state.polled.clone();
        state.apply(event);
        let mut polled = state.polled.clone();
        let line = match event.what {
            What::Spawn { task, .. } => format!("spawn {}", name(task)),
            What::Wake {
                task,
                effect: Effect::Coalesced,
                ..
            } => format!("wake {}: it is queued already", name(task)),
            What::Wake { task, .. } => format!("wake {}", name(task)),
            What::PollStart { task, .. } => format!("poll {}", name(task)),
            What::PollEnd { task, result, .. } => {
                polled = before;
                let result = match result {
                    PollResult::Pending => "Pending",
                    PollResult::Ready => "Ready(())",
                    PollResult::Panic => panic!("{event:?}"),
                };
                format!("{} is {result}", name(task))
            }
            What::TaskEnd { .. } => continue,
            _ => panic!("{event:?}"),
        };
        // Spawned or woken is queued: one line for both.
        if matches!(event.what, What::Spawn { .. })
            || matches!(event.what, What::Wake { effect, .. } if effect != Effect::Coalesced)
        {
            let enqueued = events.next().expect("it is queued");
            assert!(matches!(enqueued.what, What::Enqueue { .. }), "{enqueued:?}");
            state.apply(enqueued);
        }
        let queue = state.queues.get(&Queue::Local(0)).into_iter().flatten();
        let queue: Vec<_> = queue.map(|&task| name(task)).collect();
        let queue = format!("[{}]", queue.join(" "));
        let cpu = polled.values().flatten().last().map_or("-", |&task| name(task));
        lines.push(format!("{line:<17} queue {queue:<12} cpu {cpu}"));
    }
    lines
}

/// The text of the script of that id.
fn element<'a>(page: &'a str, id: &str) -> &'a str {
    let start = format!(r#"<script type="application/json" id="{id}">"#);
    let (_, rest) = page.split_once(&start).expect("it is in the page");
    rest.split_once("</script>").expect("it ends").0
}
