//! A trace as a page of its own: one HTML file with everything in it, that works offline.

use crate::trace::Trace;
use crate::{findings, trace_json};

/// The page with a trace and what is wrong in it: the text of `trace.html`.
///
/// # Examples
///
/// ```
/// use reveille_trace::html;
/// use reveille_trace::trace::Trace;
///
/// let page = html::text(&Trace::default());
/// assert!(page.contains(r#"<script type="application/json" id="trace">{"schema":"reveille-trace/1""#));
/// ```
pub fn text(trace: &Trace) -> String {
    let trace_json = trace_json::text(trace);
    let findings = findings::json_of(trace);
    // The JSON has no `<`: our writer escapes it, so that no text in it ends the element.
    page(&format!(
        "<script type=\"application/json\" id=\"trace\">{trace_json}</script>\n\
         <script type=\"application/json\" id=\"findings\">{findings}</script>"
    ))
}

/// The page without a trace, which asks the server that sent it for one.
pub fn live_page() -> String {
    page("<meta name=\"reveille-live\">")
}

fn page(data: &str) -> String {
    let script = SCRIPTS.join("\n");
    let mut page = String::with_capacity(SHELL.len() + STYLE.len() + script.len() + data.len());
    let mut rest = SHELL;
    // One after the other, as they come: what was put in is not searched again.
    for (place, content) in [
        ("<!--STYLE-->", STYLE),
        ("<!--DATA-->", data),
        ("<!--SCRIPT-->", script.as_str()),
    ] {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(content);
        rest = after;
    }
    page + rest
}

/// What the page looks like, with places for the rest.
///
/// Its content security policy lets it run what is in it, and ask the server that sent it, and nothing else. That is
/// `'unsafe-inline'`: hashes of the scripts would need a hash function here, and a nonce in a file is known to who
/// reads it. Little is given up: nothing that comes from a trace is ever parsed as HTML or run. It is data in
/// elements that do not run, and is shown as text.
const SHELL: &str = include_str!("../page/page.html");

const STYLE: &str = include_str!("../page/page.css");

/// In the order in which each finds what it needs; `page/README.md` lists them too.
const SCRIPTS: [&str; 22] = [
    include_str!("../page/durations.js"),
    include_str!("../page/state.js"),
    include_str!("../page/state_json.js"),
    include_str!("../page/history.js"),
    include_str!("../page/waits.js"),
    include_str!("../page/names.js"),
    include_str!("../page/sentences.js"),
    include_str!("../page/lanes.js"),
    include_str!("../page/latency.js"),
    include_str!("../page/dom.js"),
    include_str!("../page/model.js"),
    include_str!("../page/table.js"),
    include_str!("../page/event_list.js"),
    include_str!("../page/event_loop.js"),
    include_str!("../page/timeline_paint.js"),
    include_str!("../page/timeline.js"),
    include_str!("../page/tasks.js"),
    include_str!("../page/latency_page.js"),
    include_str!("../page/transport.js"),
    include_str!("../page/keyboard.js"),
    include_str!("../page/live.js"),
    include_str!("../page/main.js"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Event, Strings, What};

    #[test]
    fn a_text_of_a_trace_ends_no_element_and_fills_no_place() {
        let mut trace = Trace::default();
        let hostile = "</script><img src=x onerror=alert(1)><!--SCRIPT-->";
        trace.strings = Strings::new(vec![hostile.to_owned()]);
        let what = What::Spawn {
            task: 1,
            parent: 0,
            name: 0,
            location: 0,
            kind: Default::default(),
            size: Some(4096),
        };
        trace.events.push(Event {
            t: 0,
            thread: 0,
            what,
        });
        let page = text(&trace);
        assert!(!page.contains("onerror=alert(1)>"));
        assert!(page.contains("\\u003c/script\\u003e"));
        let elements = |page: &str| page.matches("<script").count();
        assert_eq!(elements(&page), elements(&text(&Trace::default())));
    }

    #[test]
    fn the_scripts_are_in_the_order_that_the_page_wants() {
        let readme = include_str!("../page/README.md");
        let (_, list) = readme.split_once("<!-- scripts -->").expect("the list begins");
        let (list, _) = list.split_once("<!-- end -->").expect("the list ends");
        let listed: Vec<&str> = list.split('`').filter(|word| word.ends_with(".js")).collect();
        let own = include_str!("html.rs").lines().map(str::trim);
        let included: Vec<&str> = own
            .filter_map(|line| line.strip_prefix("include_str!(\"../page/")?.strip_suffix("\"),"))
            .collect();
        assert_eq!(included, listed);
    }

    #[test]
    fn every_place_in_the_shell_is_filled() {
        for page in [text(&Trace::default()), live_page()] {
            for place in ["<!--STYLE-->", "<!--DATA-->", "<!--SCRIPT-->"] {
                assert_eq!(SHELL.matches(place).count(), 1);
                assert!(!page.contains(place));
            }
        }
    }
}
