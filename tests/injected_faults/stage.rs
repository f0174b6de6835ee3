//! Where a scene is played: between the marks, under a watchdog, with the descriptors counted before and after; and what it
//! does about errors.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::task::JoinError;

use crate::watchdog::Watchdog;

/// How long a scene may take under strace, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(30);

/// So often one scene may meet the injected error. A scene makes fewer calls of each kind than that.
const AT_MOST: usize = 1_000;

/// The errors that the scene was told, each with what it was about.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Plays it, and says on stderr what errors it met.
pub(crate) fn play(name: &'static str, scene: impl FnOnce()) {
    play_and_keep(0, name, scene);
}

/// As `play`, of a scene behind which so many descriptors stay open for good.
pub(crate) fn play_and_keep(kept: usize, name: &'static str, scene: impl FnOnce()) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _watchdog = Watchdog::new(name, LIMIT);
    told().clear();
    let before = open_descriptors();
    mark("begin");
    scene();
    let behind = open_descriptors();
    assert_eq!(behind, before + kept, "open descriptors behind `{name}`");
    mark("end");
    // The test harness has written half a line.
    let mut text = "\n".to_owned();
    for error in told().iter() {
        text += &format!("told: {error}\n");
    }
    // The error may be that of writing, and then there is nothing to be said.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Tries until it works, and takes no other error than the injected one.
macro_rules! again {
    ($what:expr, $operation:expr) => {
        loop {
            match $operation {
                Ok(value) => break value,
                Err(error) => $crate::stage::told_of($what, error),
            }
        }
    };
}
pub(crate) use again;

/// Writes all of it, and goes on behind what is written.
macro_rules! write_all {
    ($stream:expr, $bytes:expr) => {{
        let mut writing = $stream.write_all($bytes);
        $crate::stage::again!("write", (&mut writing).await)
    }};
}
pub(crate) use write_all;

/// Reads so many bytes, and goes on behind what is read.
macro_rules! read_exact {
    ($stream:expr, $buffer:expr) => {{
        let mut reading = $stream.read_exact($buffer);
        $crate::stage::again!("read", (&mut reading).await)
    }};
}
pub(crate) use read_exact;

/// Takes note of an error, which must be the injected one.
#[track_caller]
pub(crate) fn told_of(what: &str, error: impl Told) {
    let injected = injected();
    assert!(
        injected.is_some() && error.number() == injected,
        "{what} failed, and not by what was injected ({injected:?}): {error:?}"
    );
    let mut told = told();
    told.push(format!("{what}: {error}"));
    assert!(told.len() < AT_MOST, "{what} fails again and again: {error}");
}

/// The number of the error that is injected, if one is.
pub(crate) fn injected() -> Option<i32> {
    let number = env::var("REVEILLE_INJECTED").ok()?;
    Some(number.parse().expect("the number of an error"))
}

/// What a scene is told of.
pub(crate) trait Told: std::fmt::Display + std::fmt::Debug {
    /// The system's number.
    fn number(&self) -> Option<i32>;
}

/// By itself, or in its text if it is about a name that was not found.
impl Told for io::Error {
    fn number(&self) -> Option<i32> {
        let in_text = |number: &i32| self.to_string().contains(&format!("(os error {number})"));
        self.raw_os_error().or_else(|| injected().filter(in_text))
    }
}

/// A blocking job for which there is no thread is cancelled, and why is said on stderr.
impl Told for JoinError {
    fn number(&self) -> Option<i32> {
        injected().filter(|_| self.is_cancelled())
    }
}

/// One that runs everything in `block_on`.
pub(crate) fn one_thread() -> Runtime {
    again!("a runtime on one thread", Builder::current_thread().build())
}

/// One with two workers.
pub(crate) fn two_workers() -> Runtime {
    again!(
        "a runtime with workers",
        Builder::multi_thread().worker_threads(2).build()
    )
}

fn mark(name: &str) {
    assert!(!fs::exists(format!("/reveille-mark-{name}")).unwrap());
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn told() -> MutexGuard<'static, Vec<String>> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}
