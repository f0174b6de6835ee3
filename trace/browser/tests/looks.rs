//! Everything on the page can be read: in both themes, on a wide window and on a telephone's.

use reveille_trace::trace::Trace;
use reveille_trace_browser::looks;
use reveille_trace_browser::recording;
use reveille_trace_browser::tab::{NARROW, PAGES, Tab, Theme, WIDE};

#[test]
fn the_example_can_be_read() {
    can_be_read(&recording::example());
}

#[test]
fn an_echo_server_can_be_read() {
    can_be_read(&recording::of_example("tour", &["1"]));
}

#[test]
fn long_names_can_be_read() {
    can_be_read(&recording::example_with_texts(
        &"a_name_without_an_end_".repeat(9),
    ));
}

#[test]
fn an_empty_trace_can_be_read() {
    can_be_read(&Trace::default());
}

#[test]
fn the_help_can_be_read() {
    let mut tab = Tab::open(&recording::example());
    tab.press("?");
    assert_eq!(tab.evaluate("document.getElementById('help-text').open"), true);
    for theme in Theme::BOTH {
        tab.set_theme(theme);
        for width in [WIDE, NARROW] {
            tab.resize(width);
            assert_eq!(looks::complaints(&mut tab), [""; 0], "{theme}, {width} wide");
        }
    }
}

#[test]
fn what_cannot_be_read_is_complained_of() {
    for (body, expected) in [
        ("<p style='color: #999'>pale", "contrast"),
        ("<p style='color: #0008'>half transparent", "contrast"),
        ("<div style='background: #333'><p>dark on dark", "contrast"),
        ("<p style='width: 600px'>wide", "the page is"),
        (
            "<p style='width: 60px; overflow: hidden'>a_long_word_is_cut_off",
            "pixels beside",
        ),
        (
            "<p style='height: 10px; overflow: hidden'>a line is cut off",
            "pixels below",
        ),
        ("<p style='width: 60px'>a_long_word_stands_over", "over the edge"),
        (
            "<table style='width: 60px; overflow-wrap: anywhere'><td>completed",
            "completed is broken",
        ),
        (
            "<p style='position: fixed; left: 380px; white-space: nowrap'>outside",
            "outside of the window",
        ),
    ] {
        let page = format!("<!doctype html><meta name=viewport content='width=device-width'><body>{body}");
        let mut tab = Tab::open_text(&page);
        tab.resize(NARROW);
        let complaints = looks::complaints(&mut tab).join("\n");
        assert!(complaints.contains(expected), "{body}: {complaints}");
    }
}

fn can_be_read(trace: &Trace) {
    let mut tab = Tab::open(trace);
    for theme in Theme::BOTH {
        tab.set_theme(theme);
        for width in [WIDE, NARROW] {
            tab.resize(width);
            for page in PAGES {
                tab.show(page);
                for index in [0, trace.events.len() / 2, trace.events.len()] {
                    tab.evaluate(&format!("reveille.seek({index})"));
                    let complaints = looks::complaints(&mut tab);
                    assert_eq!(
                        complaints, [""; 0],
                        "{page}, {theme}, {width} wide, event {index}"
                    );
                }
            }
        }
    }
}
