//! The book's exercises are all told of, and all have a solution. That they fail as they are given and pass with it is
//! `ci/exercises`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_exercise_is_in_the_list_and_has_a_solution() {
    let exercises = names("tests");
    assert!(!exercises.is_empty());

    let mut solutions = names("solutions");
    // The sources of what exercise 13 does not show.
    solutions.remove("ex13_programs");
    assert_eq!(solutions, exercises);

    let list = fs::read_to_string(book().join("src/exercises.md")).expect("the list");
    let paragraphs = list.lines().filter_map(|line| line.strip_prefix("`ex"));
    let listed: BTreeSet<_> = paragraphs
        .filter_map(|line| Some(format!("ex{}", line.split_once('`')?.0)))
        .collect();
    assert_eq!(listed, exercises);
}

#[test]
fn a_chapter_tells_how_its_own_exercises_are_run_and_those_alone() {
    let exercises = names("tests");
    for entry in fs::read_dir(book().join("src")).expect("the book") {
        let path = entry.expect("a page").path();
        let page = path.file_name().expect("it has one").to_string_lossy();
        let Some(number) = page.strip_prefix("ch").map(|rest| &rest[..2]) else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("a page is text");
        let commands = text
            .lines()
            .filter_map(|line| line.strip_prefix("$ cargo exercise "));
        let told: BTreeSet<_> = commands.map(str::to_owned).collect();
        let of_this_chapter = format!("ex{number}_");
        let own = exercises.iter().filter(|name| name.starts_with(&of_this_chapter));
        assert_eq!(told, own.cloned().collect(), "{page}");
    }
}

#[test]
fn every_exercise_names_its_chapter_and_why_it_fails() {
    for name in names("tests") {
        let file = book().join("exercises/tests").join(&name).with_extension("rs");
        let source = fs::read_to_string(file).expect("it was listed");
        let head: String = source
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        let number = name[2..4].trim_start_matches('0');
        assert!(head.contains(&format!("To chapter {number}.")), "{name}");
        assert!(head.contains("```text//! "), "{name} does not say how it fails");
        assert!(head.contains("Hint: "), "{name} has no hint");
    }
}

/// The files in a folder of the exercises, without their extensions.
fn names(folder: &str) -> BTreeSet<String> {
    let folder = book().join("exercises").join(folder);
    let entries = fs::read_dir(folder).expect("the exercises");
    let names = entries.map(|entry| {
        let path = entry.expect("a file").path();
        path.file_stem()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned()
    });
    names.collect()
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book")
}
