//! Where, when and of what it was measured.

use std::fs;
use std::process::Command;

use serde_json::{Map, Value};

use crate::options::{Mode, Options};

/// Names and what the system says, in the order of the names.
#[derive(Default)]
pub(crate) struct Machine(Map<String, Value>);

impl Machine {
    pub(crate) fn ask(options: &Options) -> Self {
        let mut said = Map::new();
        let mut say = |name: &str, value: Option<String>| {
            said.insert(
                name.to_owned(),
                value.unwrap_or_else(|| "unknown".to_owned()).into(),
            );
        };
        let commit = ask("git", &["rev-parse", "--short=12", "HEAD"]);
        let changed = ask(
            "git",
            &[
                "status",
                "--porcelain",
                "--untracked-files=no",
                "--",
                ":/",
                ":(exclude,top)bench/results",
            ],
        );
        say(
            "commit",
            commit.map(|commit| match changed.as_deref() {
                Some("") => commit,
                _ => commit + ", with changes",
            }),
        );
        say("date", ask("date", &["-u", "+%F %H:%M UTC"]));
        say("system", ask("uname", &["-srm"]));
        say("rust", ask("rustc", &["-V"]));
        say("processor", processor());
        say(
            "processors",
            Some(
                std::thread::available_parallelism()
                    .map_or(0, usize::from)
                    .to_string(),
            ),
        );
        say("load", Some(load()));
        let mode = match options.mode {
            _ if options.tiny => "tiny: the figures mean nothing",
            Mode::Quick => "quick",
            Mode::Full => "full",
        };
        say("mode", Some(mode.to_owned()));
        if !options.only.is_empty() {
            say("only", Some(options.only.clone()));
        }
        Self(said)
    }

    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub(crate) fn from_json(line: &Value) -> Self {
        Self(line.as_object().cloned().unwrap_or_default())
    }

    pub(crate) fn text(&self) -> String {
        let parts: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default()))
            .collect();
        parts.join(" · ")
    }
}

/// The mean number of those that wanted to run, over the last minute.
pub(crate) fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads.split(' ').next().unwrap_or_default().to_owned()
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
