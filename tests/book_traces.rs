//! What the book's programs write with `--trace`: that the page shows the very program whose lines the chapter prints.

// The sanitizers watch the runtime. These are programs to be read, and processes of their own; where Windows is only there
// as Wine (ci/wine) they are not built.
#![cfg(not(any(tsan, memory_checker, windows)))]

#[allow(dead_code, reason = "the tests of the other examples use the rest")]
mod example_process;
#[path = "../trace/tests/schema/mod.rs"]
mod schema;
#[allow(dead_code, reason = "other tests use the rest")]
mod scratch;

use std::collections::{BTreeMap, BTreeSet};

use example_process::Example;
use reveille::trace::findings::{self, FindingKind};
use reveille::trace::state::{Stage, State};
use reveille::trace::trace::{
    By, Clock, Effect, End, PollResult, Queue, Ready, TaskKind, ThreadKind, Trace, Unpark, What,
};
use reveille_trace::read::read;
use scratch::Scratch;

/// Those that tell of their own runtimes.
const PROGRAMS: [&str; 7] = [
    "ch05_task_queue",
    "ch06_timers",
    "ch07_reactor",
    "ch09_blocking",
    "ch10_cancel",
    "ch11_threads",
    "ch12_shutdown",
];

#[test]
fn the_walk_through_of_chapter_5_and_its_trace_say_the_same() {
    let (printed, trace) = recorded("ch05_task_queue");
    let lines = walk_through(&trace);
    let told = lines
        .iter()
        .map(|(line, queue, cpu)| format!("{line:<17} queue {queue:<12} cpu {cpu}"));
    let printed: Vec<_> = printed.lines().take(lines.len()).collect();
    assert_eq!(printed, told.collect::<Vec<_>>());
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
fn the_exchange_of_chapter_7_and_its_trace_say_the_same() {
    let (printed, trace) = recorded("ch07_reactor");
    let lines = walk_through(&trace);
    let told = lines
        .iter()
        .map(|(line, queue, cpu)| format!("    {line:<19} queue {queue:<13} cpu {cpu}"));
    let printed: Vec<_> = printed
        .lines()
        .skip_while(|line| *line != "one exchange:")
        .skip(1)
        .take(lines.len())
        .collect();
    assert_eq!(printed, told.collect::<Vec<_>>());
    // Then come the numbers of bytes.
    assert_eq!(lines.len(), 42);
}

#[test]
fn a_socket_of_chapter_7_is_waited_for_and_its_readiness_wakes_who_waits() {
    let (_, trace) = recorded("ch07_reactor");
    let mut state = State::new(None);
    for (event, next) in trace.events.iter().zip(&trace.events[1..]) {
        if let What::IoReady { source, ready, .. } = event.what {
            let waiters = &state.sources[&source].waiters;
            let &[(waits, Ready::Read)] = &waiters[..] else {
                panic!("{waiters:?}");
            };
            let by = By::Io { source, ready };
            let effect = Effect::Scheduled;
            assert_eq!(
                next.what,
                What::Wake {
                    task: waits,
                    by,
                    effect
                }
            );
        }
        state.apply(event);
    }
    let count = |is_it: fn(&What) -> bool| trace.events.iter().filter(|event| is_it(&event.what)).count();
    assert_eq!(count(|what| matches!(what, What::IoReady { .. })), 3);
    assert_eq!(
        count(|what| matches!(what, What::Unpark { why: Unpark::Io, .. })),
        3
    );
}

#[test]
fn chapter_9_blocks_its_loop_and_then_a_pool_of_four() {
    let (_, trace) = recorded("ch09_blocking");
    assert_eq!(trace.meta.clock, Clock::Monotonic);
    let blocking = findings::find(&trace)
        .into_iter()
        .find(|finding| finding.kind == FindingKind::BlockingPoll)
        .expect("30 ms on the loop");
    let names = names(&trace);
    assert!(
        blocking
            .tasks
            .iter()
            .any(|&task| names[task as usize - 1] == "main")
    );
    // One sleeps, and one counts ticks; a hundred; one in another; and one that panics, one without a handle, each before a last one.
    assert_eq!(jobs(&trace), 2 + 100 + 2 + 4);
    // No job runs beside more than three others, on a thread of its own.
    let mut running = BTreeMap::new();
    let mut most = 0;
    for event in &trace.events {
        match event.what {
            What::JobStart { job } => assert_eq!(running.insert(event.thread, job), None),
            What::JobEnd { job } => assert_eq!(running.remove(&event.thread), Some(job)),
            _ => {}
        }
        most = most.max(running.len());
    }
    assert_eq!(most, 4);
}

#[test]
fn a_job_of_chapter_9_wakes_who_waits_for_it() {
    let (_, trace) = recorded("ch09_blocking");
    let by_jobs = trace.events.iter().filter(|event| {
        matches!(
            event.what,
            What::Wake {
                by: By::Blocking(_),
                ..
            }
        )
    });
    let on: BTreeSet<_> = by_jobs.map(|event| event.thread).collect();
    assert!(!on.is_empty());
    for thread in on {
        assert_eq!(trace.threads[thread as usize].kind, ThreadKind::Blocking);
    }
}

#[test]
fn the_children_of_chapter_10_end_or_are_dropped_as_it_prints() {
    let (printed, trace) = recorded("ch10_cancel");
    let names = names(&trace);
    let ends = trace.events.iter().filter_map(|event| match event.what {
        What::TaskEnd { task, how } => match (names[task as usize - 1], how) {
            (name @ ("A" | "B"), End::Completed) => Some(format!("    {name} ends")),
            (name @ ("A" | "B"), End::Cancelled) => Some(format!("    {name} is dropped")),
            _ => None,
        },
        _ => None,
    });
    let printed = printed
        .lines()
        .filter(|line| line.starts_with("    A ") || line.starts_with("    B "));
    assert_eq!(ends.collect::<Vec<_>>(), printed.collect::<Vec<_>>());
}

#[test]
fn the_child_of_chapter_11_is_stolen_and_runs_while_its_parent_is_polled() {
    let (_, trace) = recorded("ch11_threads");
    let names = names(&trace);
    let number = |name| {
        names
            .iter()
            .position(|&known| known == name)
            .expect("it is spawned") as u64
            + 1
    };
    let (parent, child) = (number("parent"), number("child"));
    let place = |is_it: &dyn Fn(&What) -> bool| {
        let place = trace.events.iter().position(|event| is_it(&event.what));
        place.expect("it is told")
    };
    let begins =
        |task| place(&move |what| matches!(*what, What::PollStart { task: polled, .. } if polled == task));
    let ends =
        |task| place(&move |what| matches!(*what, What::PollEnd { task: polled, .. } if polled == task));
    assert!(begins(parent) < begins(child) && begins(child) < ends(parent));
    let worker = |event: usize| {
        trace.threads[trace.events[event].thread as usize]
            .worker
            .expect("a worker's")
    };
    let (from, to) = (worker(begins(parent)), worker(begins(child)));
    assert_ne!(from, to);
    let stolen: Vec<_> = trace
        .events
        .iter()
        .filter(|event| matches!(event.what, What::Steal { .. }))
        .collect();
    assert_eq!(stolen.len(), 1);
    assert_eq!(
        stolen[0].what,
        What::Steal {
            from,
            to,
            tasks: vec![child]
        }
    );
}

#[test]
fn the_tasks_of_chapter_12_end_as_it_prints() {
    let (printed, trace) = recorded("ch12_shutdown");
    let names = names(&trace);
    let ended = |how: End, prefix: &str| {
        let ends = trace.events.iter().filter_map(|event| match event.what {
            What::TaskEnd { task, how: ended } if ended == how => Some(names[task as usize - 1]),
            _ => None,
        });
        ends.filter(|name| name.starts_with(prefix))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(ended(End::Panicked, ""), ["task 2"]);
    assert_eq!(ended(End::Completed, "task"), ["task 1", "task 3"]);
    // In the order of its lines: first the two that are forgotten, then those that are cancelled by hand, then all.
    let five: Vec<_> = printed
        .lines()
        .filter_map(|line| line.split_once(", which "))
        .map(|(name, _)| name.trim())
        .collect();
    assert_eq!(five.len(), 10);
    let shut_down: Vec<_> = ended(End::Shutdown, "")
        .into_iter()
        .filter(|name| name.len() == 1)
        .collect();
    assert_eq!(shut_down, five);
    let answered: Vec<_> = printed
        .lines()
        .filter(|line| line.ends_with("is answered"))
        .map(|line| {
            let (_, request) = line.split_once("s: ").expect("a time");
            request.trim_end_matches(" is answered")
        })
        .collect();
    assert_eq!(ended(End::Completed, "request"), answered);
    assert_eq!(ended(End::Shutdown, "request"), ["request 4"]);
    let last = trace.events.last().expect("there are some");
    assert_eq!(last.t / 1_000_000, 1_450, "virtual time");
}

#[test]
fn nothing_is_found_in_programs_without_a_bug() {
    for program in ["ch05_task_queue", "ch06_timers", "ch07_reactor", "ch11_threads"] {
        let (_, trace) = recorded(program);
        assert_eq!(findings::find(&trace), [], "{program}");
    }
}

#[test]
fn each_poll_has_its_reason_and_nothing_is_left() {
    for program in PROGRAMS {
        let (_, trace) = recorded(program);
        check_polls(program, &trace);
        let mut state = State::new(None);
        trace.events.iter().for_each(|event| state.apply(event));
        for task in state.tasks.values() {
            assert_eq!(task.stage, Stage::Done, "{program}: {task:?}");
        }
        assert!(
            state.timers.is_empty() && state.sources.is_empty() && state.jobs.is_empty(),
            "{program}"
        );
        assert!(state.parked.is_empty() && state.polled.is_empty(), "{program}");
        assert!(state.queues.values().all(|queue| queue.is_empty()), "{program}");
    }
}

#[test]
fn the_page_has_the_same_trace_in_it() {
    // In the others threads meet, or the clock is the machine's: no run is the same as another.
    for program in ["ch05_task_queue", "ch06_timers", "ch10_cancel", "ch12_shutdown"] {
        let (_, trace) = recorded(program);
        let (_, page) = with_trace(program, "trace.html");
        let mut inside = read(element(&page, "trace")).expect("a trace");
        inside.meta.pid = trace.meta.pid;
        assert_eq!(inside, trace, "{program}");
        assert_eq!(
            element(&page, "findings") == "[]",
            findings::find(&trace).is_empty(),
            "{program}"
        );
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
fn each_request_to_the_server_of_chapter_14_is_in_its_trace() {
    let (_, trace) = recorded("ch14_same_server");
    let count = |is_it: fn(&What) -> bool| trace.events.iter().filter(|event| is_it(&event.what)).count();
    // Three clients ask twice, each time for something that the server waits for.
    assert_eq!(count(|what| matches!(what, What::TimerFire { .. })), 6);
    let is_task = |what: &What| {
        matches!(
            what,
            What::Spawn {
                kind: TaskKind::Task,
                ..
            }
        )
    };
    assert_eq!(count(is_task), 3);
}

#[test]
fn a_trace_in_no_known_form_is_refused_before_anything_runs() {
    for program in PROGRAMS.into_iter().chain(["ch13_watch", "ch14_same_server"]) {
        let ended = Example::start(program, &["--trace", "trace.txt"]).wait();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(
            ended.stdout.is_empty() && ended.stderr.contains("--trace"),
            "{ended:?}"
        );
    }
}

/// What a program prints, and the trace that it writes, which is one as the schema demands.
fn recorded(program: &str) -> (String, Trace) {
    let (printed, text) = with_trace(program, "trace.json");
    schema::demand(&serde_json::from_str(&text).expect("JSON"));
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

/// What is in the queue of each task has been put there, and is polled once for that. A root is woken. And each poll ends.
fn check_polls(program: &str, trace: &Trace) {
    #[derive(Default)]
    struct Known {
        is_root: bool,
        reasons: usize,
        polls: usize,
        ended: usize,
    }
    let mut tasks: BTreeMap<u64, Known> = BTreeMap::new();
    for event in &trace.events {
        match event.what {
            What::Spawn { task, kind, .. } => {
                let is_root = kind == TaskKind::BlockOn;
                let known = Known {
                    is_root,
                    reasons: usize::from(is_root),
                    ..Known::default()
                };
                assert!(tasks.insert(task, known).is_none(), "{program}: {event:?}");
            }
            What::Enqueue { task, .. } => tasks.get_mut(&task).expect("it is spawned").reasons += 1,
            What::Wake { task, .. } => {
                let task = tasks.get_mut(&task).expect("it is spawned");
                task.reasons += usize::from(task.is_root);
            }
            What::PollStart { task, n, .. } => {
                let task = tasks.get_mut(&task).expect("it is spawned");
                task.polls += 1;
                assert_eq!(task.polls as u64, n, "{program}: {event:?}");
                assert!(
                    task.polls <= task.reasons,
                    "{program}: nobody has asked for {event:?}"
                );
                assert_eq!(task.ended + 1, task.polls, "{program}: {event:?}");
            }
            What::PollEnd { task, .. } => tasks.get_mut(&task).expect("it is spawned").ended += 1,
            _ => {}
        }
    }
    assert!(tasks.values().all(|task| task.polls == task.ended), "{program}");
}

fn jobs(trace: &Trace) -> usize {
    let submitted = trace
        .events
        .iter()
        .filter(|event| matches!(event.what, What::JobSubmit { .. }));
    submitted.count()
}

/// Those of the tasks, by their numbers: 1 is the first one's.
fn names(trace: &Trace) -> Vec<&str> {
    let names = trace.events.iter().filter_map(|event| match event.what {
        What::Spawn { name, .. } => Some(trace.strings.get(name)),
        _ => None,
    });
    names.collect()
}

/// The lines that chapters 5 and 7 print, from the trace alone: what happened, and how things stand by the page's rules, which
/// is the queue and who is polled.
fn walk_through(trace: &Trace) -> Vec<(String, String, String)> {
    let names = names(trace);
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
            What::Park { .. } => "park".to_owned(),
            What::IoRegister { source, .. } => format!("register token {source}"),
            What::IoReady { source, .. } => format!("event of token {source}"),
            What::IoDeregister { source } => format!("deregister {source}"),
            What::Mark { message, .. } => trace.strings.get(message).to_owned(),
            What::TaskEnd { .. } | What::IoWait { .. } | What::Unpark { .. } => continue,
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
        lines.push((line, queue, cpu.to_owned()));
    }
    lines
}

/// The text of the script of that id.
fn element<'a>(page: &'a str, id: &str) -> &'a str {
    let start = format!(r#"<script type="application/json" id="{id}">"#);
    let (_, rest) = page.split_once(&start).expect("it is in the page");
    rest.split_once("</script>").expect("it ends").0
}
