//! A built example as a process: started, talked to, interrupted, waited for, and killed if it hangs.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
#[cfg(feature = "trace")]
use std::path::Path;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long an example may run. What waits for it ends with it, since its pipes and sockets close.
const LIMIT: Duration = Duration::from_secs(60);

/// An example that runs. It is killed when dropped, so that a failed test leaves nothing behind.
pub(crate) struct Example {
    name: String,
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    errors: Receiver<String>,
    /// The watchdog's: closed when nothing is left to watch.
    _alive: Sender<()>,
}

/// What an example left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What had not been read before.
    pub(crate) stdout: String,
    /// What had not been read before.
    pub(crate) stderr: String,
}

impl Example {
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(path(name));
        command.args(arguments);
        Self::spawn(name, command)
    }

    /// Starts it with room for so many open files.
    pub(crate) fn start_with_descriptors(name: &str, descriptors: u32) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n \"$1\" && exec \"$0\""]);
        command.arg(path(name)).arg(descriptors.to_string());
        Self::spawn(name, command)
    }

    /// Starts it with a trace of all that it does in that file, once it has ended.
    #[cfg(feature = "trace")]
    pub(crate) fn start_recorded(name: &str, arguments: &[&str], file: &Path) -> Self {
        let mut command = Command::new(path(name));
        command.args(arguments);
        command.env("REVEILLE_TRACE", format!("full:{}", file.display()));
        Self::spawn(name, command)
    }

    fn spawn(name: &str, mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let errors = collect(child.stderr.take().unwrap());
        let child = Arc::new(Mutex::new(child));
        let name = name.to_owned();
        let alive = watch(name.clone(), child.clone());
        Self {
            name,
            child,
            stdin,
            stdout,
            errors,
            _alive: alive,
        }
    }

    /// Its standard input, once; it ends when this is dropped.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("taken once")
    }

    /// The next line of its output, without the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        match line.strip_suffix('\n') {
            Some(line) => line.to_owned(),
            None => panic!(
                "{} ended; errors: {:?}",
                self.name,
                self.errors.try_iter().collect::<Vec<_>>()
            ),
        }
    }

    /// The next line of its errors, without the end.
    pub(crate) fn error(&mut self) -> String {
        self.errors
            .recv()
            .unwrap_or_else(|_| panic!("{} ended without another error", self.name))
    }

    /// Where it says that it listens.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let line = self.line();
        let address = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("no address: {line:?}"));
        address.parse().unwrap()
    }

    /// Sends it what ctrl-c sends.
    pub(crate) fn interrupt(&self) {
        // Not reaped yet, so the id is still its own.
        let id = self.child().id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        drop(self.stdin.take());
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let stderr = self.errors.iter().map(|line| line + "\n").collect();
        // Both pipes are closed: it is ending.
        let status = self.child().wait().unwrap();
        Ended {
            status,
            stdout,
            stderr,
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let mut child = self.child();
        // An error says that it has ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Ended {
    /// What it printed, if it ended well and without a word on stderr.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert!(self.status.success() && self.stderr.is_empty(), "{self:?}");
        self.stdout
    }
}

/// Examples are built next to the tests by `cargo test`.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "the example `{name}` is not built; `cargo test` builds it, or `cargo build --examples` before `--test examples`"
    );
    path
}

/// Reads its errors all the time, so that it never waits for a full pipe: all lines but what a slow machine, or one that is emulated, makes the runtime say.
fn collect(stderr: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if !(line.starts_with("reveille: ") && line.contains(" blocked worker ")) {
                let _ = sender.send(line);
            }
        }
    });
    lines
}

fn watch(name: String, child: Arc<Mutex<Child>>) -> Sender<()> {
    let (alive, gone) = mpsc::channel();
    thread::spawn(move || {
        if gone.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("watchdog: {name} did not end within {LIMIT:?}; it is killed");
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    });
    alive
}
