//! Links within the book lead to what is there: the page, and the heading on it.
//!
//! That each page can be reached is in `book_links.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn every_link_leads_to_a_page_and_to_a_heading_of_it() {
    let pages = pages();
    let mut dead = Vec::new();
    for (name, text) in &pages {
        for target in links(text) {
            let (page, anchor) = target.split_once('#').unwrap_or((target, ""));
            let page = if page.is_empty() { name } else { page };
            let is_there = pages
                .get(page)
                .is_some_and(|text| anchor.is_empty() || anchors(text).contains(anchor));
            if !is_there {
                dead.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:#?}");
}

#[test]
fn a_heading_has_the_anchor_that_mdbook_gives_it() {
    let text = "# The event loop, and its `queue`\n\
                ```console\n\
                # no heading\n\
                ```\n\
                ## Why does my program…?\n\
                ## Errata\n\
                ### Errata\n\
                ## a_b-C [linked](page.md)\n";
    let expected = [
        "the-event-loop-and-its-queue",
        "why-does-my-program",
        "errata",
        "errata-1",
        "a_b-c-linked",
    ];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

#[test]
fn links_are_found_wherever_they_stand() {
    let text = "[one](a.md) and [two,\nbroken](b.md#c), `[0](no.md)`, [elsewhere](https://example.org), [here](#d)\n\
                ```text\n[no](e.md)\n```\n";
    assert_eq!(links(text), ["a.md", "b.md#c", "#d"]);
}

/// Where the links of a page lead, those to other sites excepted.
fn links(text: &str) -> Vec<&str> {
    // What is between ticks is code: every second part of a line.
    let prose = outside_of_blocks(text).flat_map(|line| line.split('`').step_by(2));
    let targets = prose.flat_map(|part| part.split("](").skip(1));
    let targets = targets.filter_map(|part| Some(part.split_once(')')?.0));
    targets.filter(|target| !target.contains("://")).collect()
}

/// The ids of a page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let headings = outside_of_blocks(text).filter(|line| line.starts_with('#'));
    for heading in headings {
        let id = id(heading.trim_start_matches('#').trim());
        let more = (1..).map(|number| format!("{id}-{number}"));
        let free = std::iter::once(id.clone())
            .chain(more)
            .find(|id| !anchors.contains(id));
        anchors.extend(free);
    }
    anchors
}

/// In small letters, blanks as hyphens, and nothing else but letters, digits, `-` and `_`. Of a link its text.
fn id(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, behind)) = rest.split_once("](") {
        text.push_str(before);
        rest = behind.split_once(')').map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text.chars()
        .filter_map(|character| match character {
            blank if blank.is_whitespace() => Some('-'),
            letter if letter.is_alphanumeric() || "-_".contains(letter) => Some(letter),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The lines of a page that are not in a block of code.
fn outside_of_blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_inside ^= is_fence;
        !is_inside && !is_fence
    })
}

/// The names of the book's pages, and their texts.
fn pages() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src");
    let entries = fs::read_dir(folder).expect("the book");
    let pages = entries.map(|entry| {
        let path = entry.expect("a page").path();
        let name = path.file_name().expect("it has one").to_string_lossy();
        let text = fs::read_to_string(&path).expect("a page is text");
        (name.into_owned(), text)
    });
    pages.collect()
}
