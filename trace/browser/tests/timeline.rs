//! The timeline draws what is in the trace.

use std::collections::BTreeMap;

use reveille_trace::trace::{Trace, What};
use reveille_trace_browser::oracle::timeline::{Lane, lanes};
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::Tab;
use serde_json::Value;

#[test]
fn the_polls_and_arrows_of_the_whole_trace_are_drawn_and_no_others() {
    for trace in [
        recording::example(),
        recording::of_example("hello", &[]),
        recording::of_example("timeout", &[]),
    ] {
        let expected = lanes(&trace);
        assert!(
            expected.values().any(|lane| lane.arrows > 0),
            "no wake led to a poll"
        );
        let mut tab = Tab::open(&trace);
        tab.show("timeline");
        press_button(&mut tab, "All");
        let counts = tab.evaluate("reveille.counts");
        assert_eq!(told(&counts["lanes"]), expected);
        assert_eq!(told(&counts["drawn"]), expected);
    }
}

#[test]
fn what_is_in_view_at_first_is_near_the_event_and_readable() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    for index in (0..trace.events.len()).step_by(31) {
        tab.evaluate(&format!("reveille.seek({index})"));
        tab.show("timeline");
        press_button(&mut tab, "Around the event");
        let drawn = told(&tab.evaluate("reveille.counts.drawn"));
        let polls: u64 = drawn.values().map(|lane| lane.polls).sum();
        assert!((1..=60).contains(&polls), "{polls} polls around event {index}");
    }
}

#[test]
fn a_lane_with_polls_has_their_colours() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    for thread in lanes(&trace).into_keys() {
        let poll = first_poll_on(&trace, thread);
        tab.evaluate(&format!("reveille.seek({poll})"));
        tab.show("timeline");
        press_button(&mut tab, "Around the event");
        let pixels = tab.evaluate(&COLOURED.replace("THREAD", &thread.to_string()));
        assert!(pixels.as_u64() > Some(20), "thread {thread}: {pixels} pixels");
    }
}

#[test]
fn a_click_on_a_poll_leads_to_its_event() {
    let trace = recording::example();
    let mut tab = Tab::open(&trace);
    let (thread, poll) = (1, first_poll_on(&trace, 1));
    tab.evaluate(&format!("reveille.seek({poll})"));
    tab.show("timeline");
    press_button(&mut tab, "Around the event");
    tab.evaluate("reveille.seek(0)");
    let place = tab.evaluate(&format!(
        "(() => {{ const {{ view, drawn }} = reveille.counts; \
         const box = document.querySelector('canvas.lanes').getBoundingClientRect(); \
         const row = drawn.findIndex(({{ th }}) => th === {thread}); \
         const share = ({} - view.from) / (view.to - view.from); \
         return [box.left + share * box.width, box.top + 34 + row * 30 + 15]; }})()",
        trace.events[poll].t
    ));
    let at = |place: &Value| place.as_f64().expect("it is a number");
    tab.click(at(&place[0]) + 1.0, at(&place[1]));
    let index = tab.evaluate("reveille.index");
    let index = index.as_u64().expect("it is a number") as usize;
    assert!(
        matches!(trace.events[index].what, What::PollStart { .. }),
        "event {index} is {:?}",
        trace.events[index]
    );
    assert_eq!(tab.evaluate("document.getElementById('page-loop').hidden"), false);
}

fn told(lanes: &Value) -> BTreeMap<u64, Lane> {
    let lanes = lanes.as_array().expect("it is an array").iter();
    let number = |lane: &Value, name: &str| lane[name].as_u64().expect("it is a number");
    lanes
        .map(|lane| {
            (
                number(lane, "th"),
                Lane {
                    polls: number(lane, "polls"),
                    arrows: number(lane, "arrows"),
                },
            )
        })
        .filter(|(_, lane)| *lane != Lane::default())
        .collect()
}

fn first_poll_on(trace: &Trace, thread: u64) -> usize {
    let is_it = |what: &What| matches!(what, What::PollStart { .. });
    let found = trace
        .events
        .iter()
        .position(|event| u64::from(event.thread) == thread && is_it(&event.what));
    found.expect("the thread has polls")
}

fn press_button(tab: &mut Tab, text: &str) {
    tab.evaluate(&format!(
        "Array.from(document.querySelectorAll('#page-timeline button')) \
         .find((one) => one.textContent === '{text}').click()"
    ));
}

/// How many pixels of the thread's lane have the colour of a poll: `hsl(… 60% 72%)`, or red for a slow one. A lane is 30
/// pixels high, and above the first one there are 34.
const COLOURED: &str = "(() => {
    const canvas = document.querySelector('canvas.lanes');
    const row = reveille.counts.drawn.findIndex(({ th }) => th === THREAD);
    const { data } = canvas.getContext('2d').getImageData(0, 34 + row * 30, canvas.width, 30);
    let found = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = data.slice(at, at + 3);
        const [least, most] = [Math.min(red, green, blue), Math.max(red, green, blue)];
        const isTask = Math.abs(most - 226) < 4 && Math.abs(least - 141) < 4;
        if (isTask || (red === 198 && green === 40 && blue === 40)) found += 1;
    }
    return found;
})()";
