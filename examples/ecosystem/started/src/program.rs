//! A program that runs beside the test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A server that was started. It is killed when this is dropped, and, on Linux, when the test's process ends otherwise.
pub struct Program {
    child: Child,
    ready: String,
    output: Arc<Mutex<String>>,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts one of our own programs, and waits until it says where it listens.
    ///
    /// # Panics
    ///
    /// If it ends before that.
    pub fn ours(program: impl AsRef<Path>, arguments: &[&str]) -> Self {
        let mut command = Self::command(program);
        command.args(arguments);
        Self::start(command, "listening on ")
    }

    /// A command for [`start`](Self::start), which ends with the test's thread where the system can do that.
    pub fn command(program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        if cfg!(target_os = "linux") && Command::new("setpriv").arg("--version").output().is_ok() {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            return command;
        }
        Command::new(program)
    }

    /// Starts `command`, and waits until it writes a line that contains `ready`.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or ends before that.
    pub fn start(mut command: Command, ready: &str) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = mpsc::channel();
        let readers = vec![
            follow(child.stdout.take().expect("piped"), &output, sender.clone()),
            follow(child.stderr.take().expect("piped"), &output, sender),
        ];
        // Killed from here on, whatever happens.
        let mut program = Self {
            child,
            ready: String::new(),
            output,
            lines,
            readers,
        };
        program.ready = program.wait_for(ready);
        program
    }

    /// Waits until it writes another line that contains `text`; returns that line.
    ///
    /// # Panics
    ///
    /// If it ends before that.
    pub fn wait_for(&self, text: &str) -> String {
        let found = self.lines.iter().find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("it ended without {text:?}: {}", self.output()))
    }

    /// Where one of [`ours`](Self::ours) listens.
    pub fn address(&self) -> &str {
        let (_, address) = self
            .ready
            .split_once("listening on ")
            .expect("one of our programs");
        address.trim()
    }

    /// The port of [`address`](Self::address).
    pub fn port(&self) -> &str {
        self.address().rsplit_once(':').expect("an address with a port").1
    }

    /// The system's name for the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written until now.
    pub fn output(&self) -> String {
        self.output.lock().expect("no reader panics").clone()
    }

    /// Ends it, and returns all that it has written but the line by which it was ready.
    pub fn stop(mut self) -> String {
        self.end();
        let ready = format!("{}\n", self.ready);
        self.output().replacen(&ready, "", 1)
    }

    fn end(&mut self) {
        // Neither fails but if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// Collects what `stream` brings, and passes each line on for as long as somebody wants it.
fn follow(
    stream: impl Read + Send + 'static,
    output: &Arc<Mutex<String>>,
    lines: Sender<String>,
) -> JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line).into_owned();
            output.lock().expect("no reader panics").push_str(&text);
            let _ = lines.send(text.trim_end().to_owned());
            line.clear();
        }
    })
}
