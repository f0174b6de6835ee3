//! The house's picture, held against the manifests: who may depend on whom. An arrow that the picture in
//! `ARCHITECTURE.md` does not have fails here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every arrow there is: a crate, and which of ours it may name. The facade, at the top, may name all.
const ARROWS: [(&str, &[&str]); 7] = [
    ("reveille-context", &[]),
    ("reveille-executor", &["reveille-context"]),
    ("reveille-macros", &[]),
    (
        "reveille-net",
        &["reveille-context", "reveille-reactor", "reveille-timer"],
    ),
    ("reveille-reactor", &["reveille-context"]),
    ("reveille-timer", &["reveille-context"]),
    ("reveille-trace", &["reveille-context"]),
];

/// Third-party crates that stay in one part of the house: mio's types behind the reactor and the sockets; subscribers' in the facade.
const KEPT_TO: [(&str, &[&str]); 3] = [
    ("mio", &["reveille-reactor", "reveille-net"]),
    ("crossbeam-queue", &["reveille-executor"]),
    ("tracing", &[]),
];

#[test]
fn every_crate_depends_only_on_what_the_picture_shows() {
    let allowed = BTreeMap::from(ARROWS);
    for member in members() {
        let (name, dependencies) = read_manifest(&member);
        let allowed = allowed
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in the picture; draw it"));
        for dependency in dependencies.iter().filter(|dependency| is_ours(dependency)) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{name} depends on {dependency}: the picture has no such arrow (it may name {allowed:?})"
            );
        }
    }
}

#[test]
fn nobody_below_the_facade_names_it() {
    for member in members() {
        let (name, dependencies) = read_manifest(&member);
        assert!(
            !dependencies.contains("reveille"),
            "{name} depends on the facade, which stands above it"
        );
    }
}

#[test]
fn context_and_macros_need_no_other_crate() {
    for folder in ["context", "macros"] {
        let (name, dependencies) = read_manifest(&root().join(folder));
        // The model checkers are compiled only under their own cfg.
        let needed: Vec<_> = dependencies
            .iter()
            .filter(|name| !["loom", "shuttle"].contains(&name.as_str()))
            .collect();
        assert!(
            needed.is_empty(),
            "{name} depends on {needed:?}, but is to need nothing"
        );
    }
}

#[test]
fn a_third_party_crate_stays_where_it_is_hidden() {
    for member in members() {
        let (name, dependencies) = read_manifest(&member);
        for (kept, keepers) in KEPT_TO {
            assert!(
                !dependencies.contains(kept) || keepers.contains(&name.as_str()),
                "{name} depends on {kept}, which only {keepers:?} may name"
            );
        }
    }
}

#[test]
fn the_picture_shows_no_crate_that_is_gone() {
    let present: BTreeSet<String> = members().iter().map(|member| read_manifest(member).0).collect();
    let drawn: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(present, drawn);
}

#[test]
fn a_dependency_is_seen_in_every_form_it_can_be_written_in() {
    let manifest = r#"
        [package]
        name = "reveille-sample" # a comment
        dependencies = "not a table"

        [dependencies]
        plain = "1"
        dotted.workspace = true
        "quoted" = { version = "1" }
        renamed = { package = "real", version = "1" }
        # commented = "1"

        [dependencies.own-table]
        version = "1"
        package = "of-own-table"

        [target.'cfg(unix)'.dependencies]
        for-unix = "1"

        [target."cfg(loom)".dependencies.loom-table]
        version = "1"

        [dev-dependencies]
        for-tests = "1"

        [build-dependencies]
        for-the-build = "1"

        [features]
        not-one = []
    "#;
    let (name, dependencies) = parse_manifest(manifest);
    assert_eq!(name, "reveille-sample");
    let expected = [
        "dotted",
        "for-tests",
        "for-the-build",
        "for-unix",
        "loom-table",
        "of-own-table",
        "own-table",
        "plain",
        "quoted",
        "real",
        "renamed",
    ];
    assert_eq!(
        dependencies.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_ours(name: &str) -> bool {
    name == "reveille" || name.starts_with("reveille-")
}

/// The folders of the workspace's members, the facade's own excepted.
fn members() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest");
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .expect("members")
        .0;
    let folders: Vec<_> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|folder| root().join(folder))
        .collect();
    assert!(folders.len() >= ARROWS.len(), "too few members: {folders:?}");
    folders
}

/// A member's name, and what it depends on in any way: tests, build scripts and single targets included, since a test
/// that needs what is above it belongs above.
fn read_manifest(folder: &Path) -> (String, BTreeSet<String>) {
    let path = folder.join("Cargo.toml");
    parse_manifest(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Reads as much TOML as dependency tables are written in. A renamed dependency gives both names.
fn parse_manifest(text: &str) -> (String, BTreeSet<String>) {
    let mut name = String::new();
    let mut dependencies = BTreeSet::new();
    let mut table = String::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(header) = line.strip_prefix('[') {
            table = header
                .split_once(']')
                .expect("a table's header ends")
                .0
                .to_owned();
            if let Some((_, dependency)) = table.split_once("dependencies.") {
                dependencies.insert(unquoted(dependency));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        if table == "package" && key.trim() == "name" {
            name = unquoted(value.split('#').next().expect("split gives one part at least"));
        }
        let in_own_table = table.contains("dependencies.");
        if table.ends_with("dependencies") {
            dependencies.insert(unquoted(
                key.split('.').next().expect("split gives one part at least"),
            ));
        }
        if in_own_table && key.trim() == "package" {
            dependencies.insert(unquoted(value));
        } else if let Some((_, real)) = value.split_once("package = ") {
            dependencies.insert(unquoted(
                real.split(',').next().expect("split gives one part at least"),
            ));
        }
    }
    (name, dependencies)
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'', ' ', '}']).to_owned()
}
