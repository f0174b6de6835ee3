//! The book's threads to the rest of the repository, so that none is broken unnoticed.
//!
//! Each chapter ends with a list of items that do the same in the real runtime. Such an item carries the comment
//! `BOOK: chNN`. What has the comment must be in the list, and what is in the list must have the comment.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A chapter, a file, and an item of it.
type Thread = (String, String, String);

#[test]
fn the_items_that_chapters_name_are_those_that_carry_their_comment() {
    let (named, marked) = (named_in_chapters(), marked_in_sources());
    let unmarked: Vec<_> = named.difference(&marked).collect();
    let unnamed: Vec<_> = marked.difference(&named).collect();
    assert!(
        unmarked.is_empty() && unnamed.is_empty(),
        "named in a chapter, without its `BOOK` comment: {unmarked:#?}\n\
         with the comment, but not named in the chapter: {unnamed:#?}"
    );
}

#[test]
fn every_chapter_names_an_item() {
    let named = named_in_chapters();
    for (chapter, _) in chapters() {
        assert!(
            named.iter().any(|(names, ..)| *names == chapter),
            "{chapter} opens nothing"
        );
    }
}

#[test]
fn everything_included_is_there_and_every_region_is_included() {
    let mut included = BTreeSet::new();
    for (chapter, text) in chapters() {
        let mut shows_all_it_prints = false;
        for include in includes(&text) {
            let (path, region) = match include.split_once(':') {
                Some((path, region)) => (path, Some(region)),
                None => (include, None),
            };
            let file = book().join("src").join(path);
            let source =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{chapter}: {path}: {error}"));
            if let Some(region) = region {
                for end in ["ANCHOR", "ANCHOR_END"] {
                    assert!(
                        regions(&source, end).contains(region),
                        "{chapter}: {path} has no {end}: {region}"
                    );
                }
                included.insert((file.canonicalize().expect("it was read"), region.to_owned()));
            }
            shows_all_it_prints |= path == format!("../expected/{chapter}.txt");
        }
        assert!(
            shows_all_it_prints,
            "{chapter} does not show what its program prints"
        );
    }
    for file in rust_files(&root().join("examples/book")) {
        let source = fs::read_to_string(&file).expect("it was listed");
        for region in regions(&source, "ANCHOR") {
            let key = (file.canonicalize().expect("it was listed"), region.to_owned());
            assert!(
                included.contains(&key),
                "{}: no chapter includes {region}",
                file.display()
            );
        }
    }
}

#[test]
fn what_the_compiler_refuses_is_shown() {
    let chapters = chapters();
    let entries = fs::read_dir(book().join("refused")).expect("the programs that are refused");
    for entry in entries {
        let name = entry.expect("a program").file_name();
        let name = name.to_str().expect("a name in ASCII");
        let include = format!("../refused/{name}");
        let shown = chapters
            .iter()
            .any(|(chapter, text)| name.starts_with(chapter) && includes(text).any(|path| path == include));
        assert!(shown, "its chapter does not show {name}");
    }
}

#[test]
fn no_code_lives_in_markdown() {
    for (file, text) in pages() {
        let mut fence = None;
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("```") {
                fence = fence.is_none().then(|| kind.to_owned());
            } else if fence.as_ref().is_some_and(|kind| !kind.starts_with("console")) {
                assert!(
                    line.starts_with("{{#include "),
                    "{file}: this is included from nowhere: {line}"
                );
            }
        }
        assert_eq!(fence, None, "{file}: a block without an end");
    }
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_to_a_page() {
    let pages = pages();
    let files: BTreeSet<_> = pages.iter().map(|(file, _)| file.as_str()).collect();
    let mut linked_by_summary = BTreeSet::from(["SUMMARY.md"]);
    for (file, text) in &pages {
        for target in links(text) {
            assert!(files.contains(target), "{file}: a link to {target}");
            if file == "SUMMARY.md" {
                linked_by_summary.insert(target);
            }
        }
    }
    assert_eq!(linked_by_summary, files);
}

#[test]
fn every_command_runs_a_program_of_the_book() {
    for (chapter, text) in chapters() {
        let mut commands = text.lines().filter_map(|line| line.strip_prefix("$ "));
        let program = format!("--example {chapter}_");
        assert!(
            commands.any(|command| command.starts_with("cargo run ") && command.contains(&program)),
            "{chapter} does not say how its program is run"
        );
    }
}

/// From the lines of the lists: `` * `FILE`, `ITEM`: ... ``.
fn named_in_chapters() -> BTreeSet<Thread> {
    let mut named = BTreeSet::new();
    for (chapter, text) in chapters() {
        let (_, list) = text
            .split_once("\n## Now open the real one\n")
            .unwrap_or_else(|| panic!("{chapter} does not open the real one"));
        for line in list.lines().filter_map(|line| line.strip_prefix("* ")) {
            let parts: Vec<_> = line.split('`').collect();
            let ["", file, ", ", item, ..] = parts[..] else {
                panic!("{chapter}: no file and item: {line}");
            };
            let item = item.rsplit("::").next().expect("split gives one part at least");
            named.insert((chapter.clone(), file.to_owned(), item.to_owned()));
        }
    }
    named
}

/// From the comments, and the items that follow them.
fn marked_in_sources() -> BTreeSet<Thread> {
    const PARTS: [&str; 8] = [
        "context", "executor", "macros", "net", "reactor", "src", "timer", "trace",
    ];
    let mut marked = BTreeSet::new();
    for path in PARTS.iter().flat_map(|part| rust_files(&root().join(part))) {
        let source = fs::read_to_string(&path).expect("it was listed");
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(chapters) = line.strip_prefix("// BOOK: ") else {
                continue;
            };
            let file = path.strip_prefix(root()).expect("it is inside");
            let file = file.to_string_lossy().replace('\\', "/");
            let item = lines[number..].iter().find_map(|line| item_of(line));
            let item = item.unwrap_or_else(|| panic!("{file}: nothing follows {line}"));
            for chapter in chapters.split(", ") {
                marked.insert((chapter.to_owned(), file.clone(), item.to_owned()));
            }
        }
    }
    marked
}

/// The name of the item that begins in this line, if one does.
fn item_of(line: &str) -> Option<&str> {
    if line.starts_with("//") || line.starts_with('#') {
        return None;
    }
    let mut words = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let is_kind = |word: &&str| ["const", "enum", "fn", "static", "struct", "trait", "type"].contains(word);
    words.find(is_kind)?;
    // `const fn` and `unsafe fn` have two.
    words.find(|word| !is_kind(word))
}

fn chapters() -> Vec<(String, String)> {
    let chapters = pages().into_iter().filter(|(file, _)| file.starts_with("ch"));
    let chapters: Vec<_> = chapters
        .map(|(file, text)| (file[..4].to_owned(), text))
        .collect();
    assert!(!chapters.is_empty());
    chapters
}

/// The names of the book's pages, and their texts.
fn pages() -> Vec<(String, String)> {
    let folder = book().join("src");
    let entries = fs::read_dir(&folder).expect("the book");
    let paths = entries.map(|entry| entry.expect("a page").path());
    let mut pages: Vec<_> = paths
        .map(|path| {
            let name = path.file_name().expect("it has one").to_string_lossy();
            (
                name.into_owned(),
                fs::read_to_string(&path).expect("a page is text"),
            )
        })
        .collect();
    pages.sort();
    pages
}

/// What is included by a page.
fn includes(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("{{#include ").skip(1);
    parts.map(|part| part.split_once("}}").expect("an include ends").0)
}

/// Where the links of a page lead, those to other sites excepted.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|part| Some(part.split_once(')')?.0));
    targets
        .filter(|target| !target.starts_with("https://"))
        .map(|target| target.split('#').next().expect("split gives one part at least"))
}

/// The names of the regions that begin (or end) in a source.
fn regions<'a>(source: &'a str, comment: &str) -> BTreeSet<&'a str> {
    let comment = format!("// {comment}: ");
    source
        .lines()
        .filter_map(|line| line.trim().strip_prefix(&comment))
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn book() -> PathBuf {
    root().join("book")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
