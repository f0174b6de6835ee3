//! A headless Chromium, and the DevTools protocol by which it is told what to do.
//!
//! The messages are JSON, each ended by a zero byte, over two pipes: the browser reads its descriptor 3 and writes to its
//! descriptor 4 (`--remote-debugging-pipe`). No port is open that another program could find.
//! The protocol: <https://chromedevtools.github.io/devtools-protocol/>.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, fs, process, thread};

use serde_json::{Value, json};

/// The browser does not answer: no answer takes as long as this, on any machine.
const WATCHDOG: Duration = Duration::from_secs(120);

/// A running browser with an empty profile, which ends when this is dropped.
#[derive(Debug)]
pub struct Chromium {
    process: Child,
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    events: VecDeque<Value>,
    last_id: u64,
    profile: PathBuf,
}

impl Chromium {
    /// Starts the program that the variable `CHROMIUM` names, or else `chromium`.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start() -> Self {
        let profile = new_profile();
        // The redirections are made from left to right: what was stdin and stdout becomes 3 and 4.
        let mut process = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>\"$BROWSER_LOG\"",
            ])
            .arg(env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into()))
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .env("BROWSER_LOG", profile.join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let commands = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the browser sends JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            process,
            commands,
            messages,
            events: VecDeque::new(),
            last_id: 0,
            profile,
        }
    }

    /// Sends a command, to a session or to the browser itself, and gives back its result. What happens meanwhile is kept for
    /// [`wait_for`](Self::wait_for) and [`take_events`](Self::take_events).
    ///
    /// # Panics
    ///
    /// If the browser refuses the command or is gone.
    pub fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.send(&command);
        loop {
            let mut message = self.receive(method);
            if message["id"] != id {
                self.events.push_back(message);
                continue;
            }
            assert!(message["error"].is_null(), "{method}: {}", message["error"]);
            return message["result"].take();
        }
    }

    /// Waits until the browser tells of an event of that name. Others, before it, are kept.
    pub fn wait_for(&mut self, method: &str) -> Value {
        let mut seen = 0;
        loop {
            if let Some(place) =
                (seen..self.events.len()).find(|&place| self.events[place]["method"] == method)
            {
                return self.events.remove(place).expect("it was found there");
            }
            seen = self.events.len();
            let message = self.receive(method);
            self.events.push_back(message);
        }
    }

    /// The events that were told so far and that nobody has taken.
    pub fn take_events(&mut self) -> Vec<Value> {
        self.events.drain(..).collect()
    }

    /// A folder that is there as long as the browser.
    pub fn folder(&self) -> &Path {
        &self.profile
    }

    fn send(&mut self, command: &Value) {
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        let commands = self.commands.as_mut().expect("it is there until the end");
        if let Err(error) = commands.write_all(&bytes) {
            panic!("the browser is gone: {error}\n{}", self.log());
        }
    }

    fn receive(&self, awaited: &str) -> Value {
        match self.messages.recv_timeout(WATCHDOG) {
            Ok(message) => message,
            Err(error) => panic!("no answer of the browser to {awaited}: {error}\n{}", self.log()),
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.profile.join("log")).unwrap_or_default()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It ends by itself when nobody commands it any more, and then its profile is written to no longer.
        self.commands = None;
        while self.messages.recv_timeout(Duration::from_secs(10)).is_ok() {}
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// Without a sandbox, since that needs rights that a container does not give; only our own page is opened.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

fn new_profile() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let profile = env::temp_dir().join(format!("reveille-page-{}-{number}", process::id()));
        match fs::create_dir(&profile) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            result => {
                result.expect("there is a place for the browser's profile");
                return profile;
            }
        }
    }
}
