//! The front page of each crate is a map of it: every module is on it, one of them as the place to start, and it leads to the
//! road of one event, whose files are there.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the crates that are to be read.
const CRATES: [&str; 7] = ["", "context", "executor", "reactor", "timer", "net", "trace"];

#[test]
fn every_module_is_on_its_crates_map() {
    let mut missing = Vec::new();
    for folder in CRATES {
        let (source, page) = lib(folder);
        for module in modules(&source) {
            let names = [
                format!("`{module}`"),
                format!("`{module}.rs`"),
                format!("`{module}::"),
            ];
            if !names.iter().any(|name| page.contains(name)) {
                missing.push(format!("{folder}/src/lib.rs: {module}"));
            }
        }
    }
    assert!(missing.is_empty(), "not on the map of its crate: {missing:#?}");
}

#[test]
fn every_map_has_one_place_to_start_and_leads_to_the_road() {
    for folder in CRATES {
        let (source, page) = lib(folder);
        assert_eq!(page.matches("**start here**").count(), 1, "{folder}");
        let road = match folder {
            "" => "#![doc = include_str!(\"../docs/road_of_one_event.md\")]",
            _ => "https://docs.rs/reveille/latest/reveille/#the-road-of-one-event",
        };
        assert!(source.contains(road), "{folder}");
    }
    assert!(read("docs/road_of_one_event.md").starts_with("## The road of one event\n"));
    assert!(read("ARCHITECTURE.md").contains("(docs/road_of_one_event.md)"));
}

#[test]
fn every_file_on_the_road_is_there() {
    let text = read("docs/road_of_one_event.md");
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() > 5);
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let ["", _, folder, files, ""] = cells[..] else {
            panic!("not a step, a crate and files: {row}");
        };
        let names = files.split('`').skip(1).step_by(2);
        let mut files = names
            .filter(|name| name.ends_with(".rs") || name.ends_with('/'))
            .peekable();
        assert!(files.peek().is_some(), "no file: {row}");
        for file in files {
            let path = root().join(folder).join("src").join(file);
            assert!(path.exists(), "{}", path.display());
        }
    }
}

/// The source of a crate's root, and the text of its front page, as far as it stands there.
fn lib(folder: &str) -> (String, String) {
    let source = read(format!("{folder}/src/lib.rs").trim_start_matches('/'));
    let lines = source.lines().filter_map(|line| line.strip_prefix("//!"));
    let page = lines.collect::<Vec<_>>().join("\n");
    (source, page)
}

/// The modules of a crate's root, but for the models, which are tests.
fn modules(source: &str) -> impl Iterator<Item = &str> {
    let modules = source.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    modules.filter(|module| *module != "loom_models")
}

fn read(file: &str) -> String {
    let path = root().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
