//! Exercise 13: five programs, without their sources. To chapter 13.
//!
//! In the folder `ex13` there are traces of five small programs, and in each of them one thing is wrong. Say of each which finding it
//! is, and of which task, in `ex13/answers.txt`:
//!
//! ```text
//! one.json: there is no answer yet
//! ```
//!
//! A trace becomes a page by
//!
//! ```console
//! $ cargo run -p reveille-trace --features read --bin reveille-trace -- html book/exercises/ex13/one.json one.html
//! ```
//!
//! The page has a list of findings, too. Leave it closed, step through the events, and write your answer down before you look.
//!
//! Hint: what does each task wait for when the trace ends, and who could wake it? How long is the longest poll? Who has woken whom, how
//! often? The ten kinds of findings are described in the chapter "Why does my program…?".

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reveille_trace::findings::{Finding, FindingKind, find};
use reveille_trace::read::read;

const TRACES: [&str; 5] = ["one", "two", "three", "four", "five"];

#[test]
fn every_trace_is_explained() {
    let answers = answers();
    for name in TRACES {
        let answer = answers.get(name).map_or("", String::as_str);
        let mut words = answer.split_whitespace();
        let (Some(kind), Some(task), None) = (words.next(), words.next(), words.next()) else {
            panic!("{name}.json: there is no answer yet");
        };
        let is_kind = |known: &FindingKind| known.as_str() == kind;
        let kind = FindingKind::ALL.into_iter().find(is_kind);
        let kind = kind.unwrap_or_else(|| panic!("{name}.json: there is no such finding: {answer}"));
        let task = task.strip_prefix('#').and_then(|digits| digits.parse().ok());
        let task: u64 = task.unwrap_or_else(|| panic!("{name}.json: a task is written #7: {answer}"));

        let found = finding(name);
        assert!(
            found.kind == kind,
            "{name}.json: it is another finding than {kind}"
        );
        assert!(
            found.tasks.contains(&task),
            "{name}.json: that finding it is, but not of #{task}"
        );
    }
}

#[test]
fn in_each_trace_there_is_one_finding() {
    TRACES.into_iter().for_each(|name| drop(finding(name)));
}

fn finding(name: &str) -> Finding {
    let text = fs::read_to_string(folder().join(name).with_extension("json")).unwrap();
    let [finding] = find(&read(&text).unwrap()).try_into().unwrap();
    finding
}

/// What is written behind each name: `one: lost-waker #3`.
fn answers() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("answers.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let answers = lines.filter_map(|line| line.split_once(':'));
    answers
        .map(|(name, answer)| (name.trim().to_owned(), answer.trim().to_owned()))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ex13")
}
