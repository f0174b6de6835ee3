//! The page opens from a file, without a network, and can be gone through with the keyboard.

use std::collections::BTreeSet;

use reveille_trace::trace::{By, Trace, What};
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::{PAGES, Tab};
use serde_json::{Value, json};

#[test]
fn it_asks_for_nothing_but_itself_and_complains_of_nothing() {
    let mut tab = Tab::open(&recording::example());
    for page in PAGES {
        tab.show(page);
    }
    assert_eq!(tab.requests(), [tab.address()]);
    assert_eq!(tab.complaints(), [""; 0]);
}

#[test]
fn what_it_complains_of_would_be_seen() {
    let page = "<!doctype html>\
                <script>console.error('one'); setTimeout(() => { throw new Error('two') })</script>\
                <img src=missing.png>";
    let mut tab = Tab::open_text(page);
    tab.evaluate("new Promise((done) => setTimeout(done, 300))");
    let complaints = tab.complaints().join("\n");
    assert!(
        complaints.contains("one") && complaints.contains("two"),
        "{complaints}"
    );
    assert_eq!(tab.requests().len(), 2);
}

#[test]
fn it_says_how_many_events_there_are() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    let summary = tab.evaluate("document.getElementById('summary').textContent");
    let expected = format!("{} events", trace.events.len());
    assert!(
        summary.as_str().is_some_and(|text| text.contains(&expected)),
        "{summary}"
    );
    tab.press("End");
    assert_eq!(tab.evaluate("reveille.index"), trace.events.len() - 1);
}

#[test]
fn stepping_to_the_first_poll_shows_its_task_on_the_cpu() {
    let trace = recording::example();
    let is_poll = |what: &What| matches!(what, What::PollStart { .. });
    let first = trace
        .events
        .iter()
        .position(|event| is_poll(&event.what))
        .expect("there is a poll");
    let What::PollStart { task, .. } = trace.events[first].what else {
        unreachable!("it was looked for")
    };
    let mut tab = Tab::open(&trace);
    tab.press("Home");
    while tab.evaluate("reveille.index") != first {
        let before = tab.evaluate("reveille.index");
        tab.press("ArrowRight");
        assert_ne!(tab.evaluate("reveille.index"), before, "a step leads on");
    }
    let thread = trace.events[first].thread;
    let on_cpu = "Array.from(document.querySelectorAll('#cpu [data-thread]'), (line) => \
        [Number(line.dataset.thread), \
         Array.from(line.querySelectorAll('[data-task]'), (chip) => Number(chip.dataset.task))])\
        .filter(([, tasks]) => tasks.length > 0)";
    assert_eq!(tab.evaluate(on_cpu), json!([[thread, [task]]]));
}

#[test]
fn forward_and_back_again_shows_the_same() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    let shown = "Array.from(document.querySelectorAll('#sentence, #selected, #position, .panel:not(.wide)'), \
        (part) => part.innerText).join('|') + JSON.stringify(reveille.stateAt(reveille.index))";
    for start in (0..trace.events.len() - 7).step_by(23) {
        tab.evaluate(&format!("reveille.seek({start})"));
        let before = tab.evaluate(shown);
        for _ in 0..7 {
            tab.press("ArrowRight");
        }
        assert_eq!(tab.evaluate("reveille.index"), start + 7);
        assert_ne!(tab.evaluate(shown), before);
        for _ in 0..7 {
            tab.press("ArrowLeft");
        }
        assert_eq!(tab.evaluate(shown), before, "at event {start}");
    }
}

#[test]
fn exactly_the_three_findings_of_the_example_are_shown() {
    let found = findings_on_the_page(&recording::example());
    let expected = ["lost-waker", "blocking-poll", "self-wake"];
    assert_eq!(found, json!(expected));
}

#[test]
fn of_a_program_in_which_nothing_is_wrong_no_finding_is_shown() {
    assert_eq!(
        findings_on_the_page(&recording::of_example("hello", &[])),
        json!([])
    );
}

fn findings_on_the_page(trace: &Trace) -> Value {
    let mut tab = Tab::open(trace);
    tab.show("tasks");
    tab.evaluate(
        "Array.from(document.querySelectorAll('[data-finding]'), (finding) => finding.dataset.finding)",
    )
}

#[test]
fn the_sentence_on_a_wake_says_who_woke() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    let mut kinds = BTreeSet::new();
    for (index, event) in trace.events.iter().enumerate() {
        let What::Wake { by, .. } = event.what else {
            continue;
        };
        let (kind, name) = name_of(&trace, by);
        kinds.insert(kind);
        tab.evaluate(&format!("reveille.seek({index})"));
        let sentence = tab.evaluate("document.getElementById('sentence').textContent.toLowerCase()");
        let names_it = sentence
            .as_str()
            .is_some_and(|text| text.contains(&name.to_lowercase()));
        assert!(names_it, "event {index} is by {name}: {sentence}");
    }
    assert!(
        kinds.is_superset(&BTreeSet::from(["task", "io", "timer", "blocking"])),
        "{kinds:?}"
    );
}

/// Of which kind a waker is, and what must be said of it.
fn name_of(trace: &Trace, by: By) -> (&'static str, String) {
    match by {
        By::Task(task) => ("task", format!("#{task}")),
        By::Io { source, .. } => {
            let registered = trace.events.iter().find_map(|event| match event.what {
                What::IoRegister {
                    source: one, what, ..
                } if one == source => Some(what),
                _ => None,
            });
            (
                "io",
                trace
                    .strings
                    .get(registered.expect("it was registered"))
                    .to_owned(),
            )
        }
        By::Timer(timer) => ("timer", format!("timer {timer}")),
        By::Blocking(job) => ("blocking", format!("job {job}")),
        By::Thread(thread) => {
            let thread = trace.threads.iter().find(|one| one.id == thread);
            ("thread", thread.expect("it is listed").name.clone())
        }
        By::Runtime(_) => ("runtime", "runtime".to_owned()),
    }
}
