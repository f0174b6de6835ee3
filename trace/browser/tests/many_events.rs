//! As many events as the page keeps, and more.

use reveille_trace::state::State;
use reveille_trace::trace::Trace;
use reveille_trace_browser::oracle::state;
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::{PAGES, Tab};

const KEPT: usize = 200_000;

#[test]
fn seeking_and_stepping_work_in_two_hundred_thousand_events() {
    let trace = recording::of_many_events(KEPT);
    let mut tab = Tab::open(&trace);
    assert_eq!(
        tab.evaluate("document.getElementById('notice-cut') === null"),
        true
    );
    for page in PAGES {
        tab.show(page);
    }
    tab.show("loop");
    states_hold(&mut tab, &trace, 0);
    for index in [199_990, 3, 100_000] {
        tab.evaluate(&format!("reveille.seek({index})"));
        tab.press("ArrowRight");
        tab.press("ArrowLeft");
        tab.press("ArrowLeft");
        assert_eq!(tab.evaluate("reveille.index"), index - 1);
    }
    tell_times(&mut tab);
    assert_eq!(tab.complaints(), [""; 0]);
}

#[test]
fn of_more_events_the_newest_are_kept_and_the_page_says_so() {
    let trace = recording::of_many_events(KEPT + 1_500);
    let mut tab = Tab::open(&trace);
    let notice = tab.evaluate("document.getElementById('notice-cut').textContent");
    let notice = notice.as_str().expect("it is a text");
    assert!(notice.contains("1,500"), "{notice}");
    states_hold(&mut tab, &trace, 1_500);
}

fn states_hold(tab: &mut Tab, trace: &Trace, first: usize) {
    let mut state = State::new(None);
    for (index, event) in trace.events.iter().enumerate() {
        state.apply(event);
        if index >= first && index % 20_011 == first % 20_011 || index + 1 == trace.events.len() {
            let page = tab.evaluate(&format!("reveille.stateAt({index})"));
            let differences = state::differences(&state::json(&state), &page);
            assert!(differences.is_empty(), "after event {index}: {differences:#?}");
        }
    }
}

/// For who reads the log: no machine's speed is a reason to fail.
fn tell_times(tab: &mut Tab) {
    let times = tab.evaluate(
        "(() => { const took = (act) => { const start = performance.now(); act(); document.body.offsetWidth; \
         return Math.round(performance.now() - start); }; \
         return [150077, 150078, 150077].map((index) => took(() => reveille.seek(index))); })()",
    );
    println!("milliseconds for a seek, a step forward and a step back in {KEPT} events: {times}");
}
