//! No text of a trace becomes more than text.

use reveille_trace_browser::recording;
use reveille_trace_browser::tab::{PAGES, Tab};
use serde_json::Value;

const HOSTILE: &str =
    "</script><img src=x onerror=\"globalThis.harm = 1\"><script>globalThis.harm = 2</script><!--\u{2028}";

#[test]
fn markup_in_names_is_shown_and_does_nothing() {
    let trace = recording::example_with_texts(HOSTILE);
    let mut tab = Tab::open(&trace);
    for page in PAGES {
        tab.show(page);
        for index in 0..trace.events.len() {
            tab.evaluate(&format!("reveille.seek({index})"));
        }
    }
    tab.show("loop");
    assert_eq!(tab.evaluate("globalThis.harm"), Value::Null);
    assert_eq!(tab.evaluate("document.images.length"), 0);
    // The page's own, and the two that hold the data.
    assert_eq!(tab.evaluate("document.scripts.length"), 3);
    let name = tab.evaluate("document.querySelector('.chip').textContent");
    assert!(
        name.as_str()
            .is_some_and(|name| name.contains(HOSTILE.trim_end())),
        "{name}"
    );
    assert_eq!(tab.requests(), [tab.address()]);
    assert_eq!(tab.complaints(), [""; 0]);
}
