//! That no operation is without a table. *Cancel safety* is a promise of each one, so whoever adds one must say in a table
//! how it is held; without this test nobody would be told. It reads the sources for what a user can call and then drop:
//! public functions that are `async`, or that return a future or stream of this crate or a `Poll`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{
    accepting, connecting, descriptors, pipe, source, splice, tcp, tcp_halves, udp, unix, unix_datagram,
};

/// What the tables hold.
fn tables() -> BTreeSet<String> {
    let tables = [
        accepting::operations(),
        connecting::operations(),
        descriptors::operations(),
        pipe::operations(),
        source::operations(),
        splice::operations(),
        tcp::operations(),
        tcp_halves::operations(),
        udp::operations(),
        unix::operations(),
        unix_datagram::operations(),
    ];
    tables.concat().into_iter().map(str::to_owned).collect()
}

/// A file of the sources: the first part of its path, which names the kind of socket, and its lines of code.
struct Source {
    kind: String,
    lines: Vec<String>,
}

#[test]
fn every_public_operation_is_in_a_table() {
    let sources = sources();
    let futures: BTreeSet<String> = sources.iter().flat_map(awaited_types).collect();
    let operations: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| operations(source, &futures))
        .collect();
    // Else the sources are written otherwise than this reads them, and it would hold nothing.
    assert!(futures.len() >= 30, "only these futures were found: {futures:?}");
    assert!(operations.len() >= 110, "only these were found: {operations:?}");

    let tables = tables();
    let untested: Vec<_> = operations.difference(&tables).collect();
    assert!(
        untested.is_empty(),
        "a row in a table of this test is wanting for {untested:#?}"
    );
    let unknown: Vec<_> = tables.difference(&operations).collect();
    assert!(
        unknown.is_empty(),
        "rows name what is no operation (any more): {unknown:#?}"
    );
}

/// Names the operations of a file as the rows do: kind, type if any, function.
fn operations(source: &Source, futures: &BTreeSet<String>) -> Vec<String> {
    let (mut found, mut of) = (Vec::new(), None);
    for (number, line) in source.lines.iter().enumerate() {
        if let Some(implementation) = line.strip_prefix("impl") {
            of = Some(implemented(implementation));
        } else if line == "}" {
            of = None;
        }
        let Some(function) = line.trim_start().strip_prefix("pub ") else {
            continue;
        };
        let is_async = function.starts_with("async fn ");
        let Some((_, name)) = function.split_once("fn ") else {
            continue;
        };
        let name = name.split(['(', '<']).next().unwrap();
        let ends = |line: &String| line.ends_with(['{', ';']);
        let length = source.lines[number..].iter().position(ends).unwrap();
        let signature = source.lines[number..=number + length].join(" ");
        let returned = signature.split_once(") -> ").map_or("", |(_, returned)| returned);
        if is_async || words(returned).any(|word| word == "Poll" || futures.contains(word)) {
            let path = [Some(source.kind.as_str()), of, Some(name)];
            found.push(path.into_iter().flatten().collect::<Vec<_>>().join("::"));
        }
    }
    found
}

/// The types of a file that are futures or streams.
fn awaited_types(source: &Source) -> Vec<String> {
    let lines = source.lines.iter().filter(|line| line.starts_with("impl"));
    let types = lines.filter_map(|line| {
        let (before, of) = line.split_once(" for ")?;
        let awaited = before.ends_with(" Future") || before.ends_with("> Stream");
        // `crate::socket::Stream`, which is no stream of anything, is implemented without parameters.
        awaited.then(|| words(of).next().unwrap().to_owned())
    });
    types.collect()
}

/// The type of `impl<…> Type<…> {`, or of `impl<…> Trait for Type<…> {`.
fn implemented(rest: &str) -> &str {
    let of = rest.split_once(" for ").map_or_else(
        || match rest.strip_prefix('<') {
            Some(_) => &rest[parameters(rest)..],
            None => rest,
        },
        |(_, of)| of,
    );
    words(of).next().unwrap()
}

/// How long the list of parameters is that `text` begins with.
fn parameters(text: &str) -> usize {
    let mut depth = 0;
    for (index, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            // Not that of `->`.
            '>' if !text[..index].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    panic!("a list of parameters has no end in {text:?}")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.filter(|word| !word.is_empty())
}

/// All of them, without comments and their examples.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let first = path.strip_prefix(&root).unwrap().iter().next().unwrap();
            let kind = Path::new(first).file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let lines = code.map(|line| line.trim_end().to_owned()).collect();
            found.push(Source { kind, lines });
        }
    }
    found
}
