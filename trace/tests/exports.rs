//! What a trace is written as: whatever is in it, viewers can read it.

use proptest::prelude::*;
use reveille_trace::state::State;
use reveille_trace::trace::Trace;
use reveille_trace::{chrome, findings, html};
use serde_json::Value;

mod random_trace;
mod viewer;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn the_slices_of_a_lane_nest(trace in random_trace::traces()) {
        viewer::slices_nest(&events(&trace));
    }

    #[test]
    fn an_arrow_goes_forward_from_a_slice_to_a_slice(trace in random_trace::traces()) {
        viewer::arrows_go_forward_from_a_slice_to_a_slice(&events(&trace));
    }

    #[test]
    fn what_begins_ends(trace in random_trace::traces()) {
        viewer::what_begins_ends(&events(&trace));
    }

    #[test]
    fn the_page_has_the_trace_and_the_findings_in_it(trace in random_trace::traces()) {
        let page = html::text(&trace);
        let data = |id: &str| -> Value {
            let start = format!(r#"<script type="application/json" id="{id}">"#);
            let (_, rest) = page.split_once(&start).expect("it is there");
            let (data, _) = rest.split_once("</script>").expect("it ends");
            serde_json::from_str(data).expect("it is JSON")
        };
        prop_assert_eq!(data("trace")["events"].as_array().map(Vec::len), Some(trace.events.len()));
        prop_assert!(data("findings").is_array());
    }

    #[test]
    fn findings_name_what_is_there(trace in random_trace::traces()) {
        for finding in findings::find(&trace) {
            prop_assert!(!finding.events.is_empty() || trace.snapshot.is_some());
            prop_assert!(finding.events.iter().all(|&event| event < trace.events.len()));
        }
    }

    #[test]
    fn the_state_after_any_events_can_be_a_snapshot(trace in random_trace::traces()) {
        let mut state = State::new(trace.snapshot.as_ref());
        for event in &trace.events {
            state.apply(event);
            let snapshot = state.snapshot(0);
            prop_assert_eq!(State::new(Some(&snapshot)).snapshot(0), snapshot);
        }
    }
}

fn events(trace: &Trace) -> Vec<Value> {
    viewer::events(&chrome::text(trace))
}
