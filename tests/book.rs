//! Every program of the book, run, and what it prints held against what its chapter shows: `book/expected/chNN.txt`.
//!
//! In there `[..]` stands for anything within a line. It is for measured numbers, and for nothing else. Where a chapter
//! shows numbers they are a run's, in `book/sample/chNN.txt`.

// The sanitizers watch the runtime. These are programs to be read, and processes of their own; where Windows is only there
// as Wine (ci/wine) they are not built.
#![cfg(not(any(tsan, memory_checker, windows)))]

#[allow(dead_code, reason = "the tests of the other examples use the rest")]
mod example_process;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use example_process::Example;

// What it measures Linux alone tells, and of a program that is watched by a sanitizer it is another's. Optimized it judges processor
// times as well, by so little room that a machine which does much else refutes it now and then: that is for who runs the program.
#[cfg(all(target_os = "linux", debug_assertions))]
#[test]
fn ch00() {
    check("ch00_three_models", &["--quick"]);
}

#[test]
fn ch01() {
    check("ch01_lazy", &[]);
}

#[test]
fn ch02() {
    check("ch02_state_machine", &[]);
}

#[test]
fn ch03() {
    check("ch03_block_on", &[]);
}

#[test]
fn ch04() {
    check("ch04_waker", &[]);
}

#[test]
fn ch05() {
    check("ch05_task_queue", &[]);
}

#[test]
fn ch06() {
    check("ch06_timers", &[]);
}

#[test]
fn ch10() {
    check("ch10_cancel", &[]);
}

#[test]
fn ch11() {
    check("ch11_threads", &[]);
}

#[test]
fn ch12() {
    check("ch12_shutdown", &[]);
}

#[test]
fn ch07() {
    check("ch07_reactor", &[]);
}

#[test]
fn ch08() {
    check("ch08_pin", &[]);
}

#[test]
fn ch09() {
    check("ch09_blocking", &[]);
}

#[test]
fn ch13() {
    check("ch13_watch", &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn ch14() {
    check("ch14_same_server", &["--quick"]);
}

#[test]
fn every_program_is_checked_and_every_output_is_a_programs() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join(folder)).expect(folder);
        entries
            .map(|entry| {
                let path = entry.expect(folder).path();
                path.file_stem()
                    .expect("it has a name")
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    let mut programs = names("examples/book");
    // A part of several programs.
    assert!(programs.remove("story"));
    let here = include_str!("book.rs");
    for program in &programs {
        assert!(
            here.contains(&format!("check(\"{program}\"")),
            "{program} is not checked"
        );
    }
    let chapters: BTreeSet<_> = programs
        .iter()
        .map(|program| chapter(program).to_owned())
        .collect();
    assert_eq!(names("book/expected"), chapters);
}

#[test]
fn a_wildcard_stands_for_anything_and_the_rest_for_itself() {
    for (expected, printed) in [
        ("a [..] b", "a 1 b"),
        ("a [..] b", "a  b"),
        ("[..] ms, [..] ms", "1 ms, 2 ms"),
        ("a[..]", "a"),
        ("[..]ab", "abab"),
    ] {
        assert!(fits(expected, printed), "{expected:?} {printed:?}");
    }
    for (expected, printed) in [
        ("a", "a "),
        ("a [..] b", "a b"),
        ("a[..]a", "a"),
        ("[..] ms, [..] ms", "1 ms"),
        ("x[..]b[..]", "xa"),
    ] {
        assert!(!fits(expected, printed), "{expected:?} {printed:?}");
    }
}

#[test]
fn a_difference_is_shown_where_it_is() {
    let expected = ["one", "took [..] ms", "three", "four"];
    let printed = ["one", "new", "took 12 ms", "four"];
    let shown = "  one\n+ new\n  took 12 ms\n- three\n  four\n";
    assert_eq!(difference(&expected, &printed).as_deref(), Some(shown));
    assert_eq!(
        difference(&expected, &["one", "took 3 ms", "three", "four"]),
        None
    );
}

#[test]
fn a_sample_is_what_its_program_may_print() {
    for entry in fs::read_dir(root().join("book/sample")).expect("the samples") {
        let sample = entry.expect("a sample").path();
        let printed = fs::read_to_string(&sample).expect("it is text");
        let name = sample.file_stem().expect("it has a name").to_string_lossy();
        compare(&sample.display().to_string(), &name, &printed);
    }
}

#[track_caller]
fn check(program: &str, arguments: &[&str]) {
    let printed = Example::start(program, arguments).wait().success();
    compare(program, chapter(program), &printed);
}

#[track_caller]
fn compare(program: &str, chapter: &str, printed: &str) {
    let file = root().join(format!("book/expected/{chapter}.txt"));
    let expected = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let expected: Vec<_> = expected.lines().collect();
    if let Some(difference) = difference(&expected, &printed.lines().collect::<Vec<_>>()) {
        let file = file.display();
        panic!("{program} (+) does not print what is in {file} (-):\n{difference}");
    }
}

/// `ch01` of `ch01_lazy`.
fn chapter(program: &str) -> &str {
    program.split('_').next().expect("split gives one part at least")
}

/// What was printed and what was expected, by lines, if they differ: by their longest common subsequence.
fn difference(expected: &[&str], printed: &[&str]) -> Option<String> {
    // How many lines the rests have in common that begin at each pair of lines.
    let mut common = vec![vec![0_u32; printed.len() + 1]; expected.len() + 1];
    for e in (0..expected.len()).rev() {
        for p in (0..printed.len()).rev() {
            common[e][p] = if fits(expected[e], printed[p]) {
                common[e + 1][p + 1] + 1
            } else {
                common[e + 1][p].max(common[e][p + 1])
            };
        }
    }
    let (mut e, mut p) = (0, 0);
    let (mut shown, mut differ) = (String::new(), false);
    while e < expected.len() || p < printed.len() {
        let (mark, line) = if e < expected.len() && p < printed.len() && fits(expected[e], printed[p]) {
            (e, p) = (e + 1, p + 1);
            (' ', printed[p - 1])
        } else if p == printed.len() || e < expected.len() && common[e + 1][p] >= common[e][p + 1] {
            e += 1;
            ('-', expected[e - 1])
        } else {
            p += 1;
            ('+', printed[p - 1])
        };
        differ |= mark != ' ';
        writeln!(shown, "{mark} {line}").expect("a string takes everything");
    }
    differ.then_some(shown)
}

/// Whether a printed line is the expected one.
fn fits(expected: &str, printed: &str) -> bool {
    let Some((first, rest)) = expected.split_once(WILDCARD) else {
        return expected == printed;
    };
    let Some(mut printed) = printed.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split(WILDCARD).collect();
    let last = parts.pop().expect("split gives one part at least");
    for part in parts {
        match printed.split_once(part) {
            Some((_, behind)) => printed = behind,
            None => return false,
        }
    }
    printed.ends_with(last)
}

const WILDCARD: &str = "[..]";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
