//! A program that is looked at while it runs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// A running program with a page; it is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    process: Child,
    output: BufReader<ChildStdout>,
    page: String,
}

impl Program {
    /// Starts an example of reveille with that value of `REVEILLE_TRACE`, and waits until it has a page.
    ///
    /// # Panics
    ///
    /// If it does not build, or ends before.
    pub fn of_example(name: &str, trace: &str) -> Self {
        Self::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), name, trace)
    }

    /// The same with an example of this package's, made for its tests.
    pub fn of_own_example(name: &str, trace: &str) -> Self {
        Self::start(&PathBuf::from(env!("CARGO_MANIFEST_DIR")), name, trace)
    }

    fn start(package: &Path, name: &str, trace: &str) -> Self {
        let mut process = Command::new(env!("CARGO"))
            // Cargo becomes the program, so that this is the one that is killed.
            .args(["run", "--quiet", "--example", name])
            .current_dir(package)
            .env("REVEILLE_TRACE", trace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo runs");
        let errors = BufReader::new(process.stderr.take().expect("it is piped"));
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, pages) = mpsc::channel();
        // To its end, since a full pipe would hold the program.
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                match line.split_once("look at ") {
                    Some((_, page)) => drop(sender.send(page.to_owned())),
                    None => eprintln!("{line}"),
                }
            }
        });
        let page = pages
            .recv()
            .unwrap_or_else(|_| panic!("the example {name} ended without a page"));
        Self {
            process,
            output,
            page,
        }
    }

    /// The address of its page.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The next line that it prints, without its end; empty at the end of the output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints text");
        line.trim_end().to_owned()
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.process.stdin = None;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
