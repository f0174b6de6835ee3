//! A program or a client as a process, killed if it hangs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long one may run. What waits for it ends with it, since its pipes and sockets close.
const LIMIT: Duration = Duration::from_secs(60);

/// One that runs. It is killed when dropped.
pub(crate) struct Process {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
    /// The watchdog's: closed when nothing is left to watch.
    _alive: Sender<()>,
}

/// What it writes, line by line. A thread reads it, so that it never waits for a full pipe.
pub(crate) struct Lines(Receiver<String>);

/// What it left behind that had not been read before.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// One of the programs of this package.
    pub(crate) fn program(path: &str) -> Self {
        Self::start(&mut Command::new(path))
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdin = child.stdin.take();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        let child = Arc::new(Mutex::new(child));
        let alive = watch(format!("{command:?}"), child.clone());
        Self {
            child,
            stdin,
            stdout,
            stderr,
            _alive: alive,
        }
    }

    /// Where it says that it listens.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let line = self.stdout.next();
        let address = line
            .strip_prefix("listening on ")
            .expect("it says where it listens");
        address.parse().unwrap()
    }

    /// Writes to its standard input.
    pub(crate) fn say(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Sends it what `kill -SIGNAL` sends.
    pub(crate) fn signal(&self, signal: &str) {
        // Not reaped yet, so the id is still its own.
        let id = self.child().id().to_string();
        let status = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(status.unwrap().success());
    }

    /// Closes its standard input, and waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        drop(self.stdin.take());
        let stdout = self.stdout.rest();
        let stderr = self.stderr.rest();
        let status = self.child().wait().unwrap();
        Ended {
            status,
            stdout,
            stderr,
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child();
        // An error says that it has ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // What a slow machine makes the runtime say.
                if !(line.starts_with("reveille: ") && line.contains(" blocked worker ")) {
                    let _ = sender.send(line);
                }
            }
        });
        Self(lines)
    }

    /// The next line, without its end.
    pub(crate) fn next(&mut self) -> String {
        self.0.recv().expect("it ended without another line")
    }

    /// All lines up to the one that has `what` in it.
    pub(crate) fn until(&mut self, what: &str) {
        while !self.next().contains(what) {}
    }

    fn rest(&mut self) -> String {
        self.0.iter().map(|line| line + "\n").collect()
    }
}

impl Ended {
    /// What it printed, if it ended well.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }
}

fn watch(what: String, child: Arc<Mutex<Child>>) -> Sender<()> {
    let (alive, gone) = mpsc::channel();
    thread::spawn(move || {
        if gone.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("watchdog: {what} did not end within {LIMIT:?}; it is killed");
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    });
    alive
}
