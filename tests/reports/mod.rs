//! The test itself as a child process, for what it says on stderr.

use std::process::Command;

/// Whether this is the child.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// The one line beginning `reveille:` that the test of that name prints in a process of its own, where [`is_child`].
pub(crate) fn line_of_child(test: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(child.status.success());
    let stderr = String::from_utf8(child.stderr).unwrap();
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("reveille:"))
        .collect();
    match lines[..] {
        [line] => line.to_owned(),
        _ => panic!("not one line: {stderr}"),
    }
}

const CHILD: &str = "REVEILLE_TEST_CHILD";
