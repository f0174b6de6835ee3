//! The histograms are those of the trace.

use reveille_trace_browser::oracle::latency::histograms;
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::Tab;

#[test]
fn they_are_as_counted_from_the_trace() {
    for trace in [
        recording::example(),
        recording::of_example("timeout", &[]),
        recording::of_example("tour", &["1"]),
    ] {
        let mut tab = Tab::open(&trace);
        assert_eq!(tab.evaluate("reveille.histograms"), histograms(&trace));
    }
}

#[test]
fn the_bars_on_the_page_add_up_to_all() {
    let trace = recording::example();
    let expected = histograms(&trace);
    let mut tab = Tab::open(&trace);
    tab.show("latency");
    for measure in ["schedule", "poll", "timer", "readiness"] {
        let bars = tab.evaluate(&format!(
            "Array.from(document.querySelectorAll('[data-measure={measure}] td.number'), \
             (cell) => Number(cell.textContent))"
        ));
        let bars: Vec<u64> = bars
            .as_array()
            .expect("it is an array")
            .iter()
            .filter_map(|bar| bar.as_u64())
            .collect();
        let buckets = expected[measure]["buckets"].as_array().expect("it is an array");
        let counted: Vec<u64> = buckets.iter().filter_map(|bucket| bucket["n"].as_u64()).collect();
        assert_eq!(bars, counted, "{measure}");
        assert!(!bars.is_empty(), "the example has no {measure}");
    }
}

#[test]
fn the_poll_of_thirty_milliseconds_is_in_its_bucket() {
    let mut tab = Tab::open(&recording::example());
    let poll = tab.evaluate("reveille.histograms.poll.buckets.at(-1)");
    let (from, to) = (poll["from"].as_u64(), poll["to"].as_u64());
    assert!(
        from <= Some(30_000_000) && Some(30_000_000) < to && poll["n"] == 1,
        "{poll}"
    );
}
