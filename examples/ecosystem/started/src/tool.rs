//! Programs that this system may or may not have.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

/// The path of the program `name`. If this system has none, that is said aloud, and the test has to leave.
pub fn tool(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        skip(&format!("this system has no `{name}`"));
    }
    found
}

/// A Python that has `module`; as [`tool`]. `ECOSYSTEM_PYTHON` says which to ask.
pub fn python_with(module: &str) -> Option<PathBuf> {
    let python = env::var_os("ECOSYSTEM_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let asked = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    if asked.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!("{} has no module `{module}`", python.display()));
    None
}

/// Says that this test is left out, past the capture of what tests print, and adds it to the list in `ECOSYSTEM_SKIPPED`.
///
/// # Panics
///
/// If that list cannot be written.
pub fn skip(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("SKIPPED: {test}: {why}; `ci/ecosystem` installs it\n");
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(list) = env::var_os("ECOSYSTEM_SKIPPED") {
        let list = OpenOptions::new().append(true).create(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes()))
            .expect("the list of what is left out");
    }
}

pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
