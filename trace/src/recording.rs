//! Recording, from the outside: switched on and off while the program runs, and what was recorded is had as a [`Trace`].

use std::collections::HashSet;
use std::env;
use std::fmt;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use reveille_context::event;

use crate::decode::Decoder;
use crate::listener;
use crate::recorder::{Cursor, Hooks, Told, recorder};
use crate::state::State;

pub use crate::recorder::{Describe, Described};
use crate::trace::{Clock, Event, Level, Meta, Snapshot, Thread, ThreadKind, Trace};

/// How to record.
///
/// # Examples
///
/// ```
/// use reveille_trace::recording::{Settings, collect, start, stop};
/// use reveille_trace::trace::Level;
///
/// let mut settings = Settings::default();
/// settings.level(Level::Full).slots_per_thread(1024);
/// start(&settings)?;
/// // … here a runtime runs …
/// stop();
/// let trace = collect().expect("something was started");
/// assert_eq!(trace.meta.level, Some(Level::Full));
/// # Ok::<(), reveille_trace::recording::Taken>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    level: Level,
    slots: usize,
    slow_poll: Duration,
    describe: Option<Describe>,
}

impl Settings {
    /// How much is recorded; [`Level::Loop`] by default.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }

    /// How many events of each thread are kept, the newest of them: 16,384 by default, rounded up to a power of two. Each takes 32
    /// bytes; an event with a text takes several.
    ///
    /// Threads that have recorded before keep as many as they do.
    pub fn slots_per_thread(&mut self, slots: usize) -> &mut Self {
        self.slots = slots;
        self
    }

    /// From which length on a poll counts as slow; ten milliseconds by default.
    pub fn slow_poll(&mut self, threshold: Duration) -> &mut Self {
        self.slow_poll = threshold;
        self
    }

    /// Who says what a descriptor is. The first one that was set stays for as long as the process runs.
    pub fn describe(&mut self, describe: Describe) -> &mut Self {
        self.describe = Some(describe);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: Level::Loop,
            slots: 16 * 1024,
            slow_poll: Duration::from_millis(10),
            describe: None,
        }
    }
}

/// Begins to record. What was recorded before is forgotten; if that goes on just now, it begins anew.
///
/// # Errors
///
/// If the process has another recorder than this crate's.
pub fn start(settings: &Settings) -> Result<(), Taken> {
    install()?;
    let mut session = lock();
    let recorder = recorder();
    if let Some(describe) = settings.describe {
        // The first one stays.
        let _ = recorder.describe.set(describe);
    }
    recorder.set_slots(settings.slots);
    *session = Some(Session {
        settings: settings.clone(),
        since: recorder.cursor(),
        began: recorder.now(),
    });
    RECORDS.store(true, Ordering::Relaxed);
    set_level(session.as_ref());
    Ok(())
}

/// Records no more. What was recorded stays, until it is [started](start) again.
pub fn stop() {
    let session = lock();
    RECORDS.store(false, Ordering::Relaxed);
    set_level(session.as_ref());
}

/// Whether anything is recorded just now.
pub fn is_on() -> bool {
    RECORDS.load(Ordering::Relaxed)
}

/// What was recorded since it was [started](start), as far as it was not overwritten; also while that goes on. `None` if it never was.
pub fn collect() -> Option<Trace> {
    let mut session = Session::current()?;
    let recorder = recorder();
    let (decoder, told, (snapshot, events)) = session.decode();
    let seen: HashSet<u32> = told.iter().map(|told| told.thread).collect();
    let mut threads = recorder.threads();
    threads.retain(|thread| seen.contains(&thread.id));
    Some(Trace {
        meta: session.meta(&threads, snapshot.is_some()),
        threads,
        strings: decoder.strings().clone(),
        snapshot,
        events,
    })
}

/// How everything stands just now, by all that was recorded and is not overwritten: [`State::t`] is the present. `None` while nothing
/// is recorded.
///
/// # Examples
///
/// ```
/// use reveille_trace::recording::{Settings, start, state, stop};
///
/// assert!(state().is_none());
/// start(&Settings::default())?;
/// assert_eq!(state().map(|state| state.tasks.len()), Some(0));
/// stop();
/// # Ok::<(), reveille_trace::recording::Taken>(())
/// ```
pub fn state() -> Option<State> {
    if !is_on() {
        return None;
    }
    let mut session = Session::current()?;
    let (decoder, ..) = session.decode();
    let mut state = decoder.into_state();
    state.t = state.t.max(recorder().now().saturating_sub(session.began));
    Some(state)
}

/// Puts a line of the program's own into what is recorded, in the name of the current task.
///
/// # Examples
///
/// ```
/// reveille_trace::recording::mark("the cache is warm");
/// ```
pub fn mark(message: &str) {
    event::emit(|| event::Event::Mark { message });
}

/// The process has a recorder already, which is not this crate's.
#[derive(Debug)]
pub struct Taken(());

impl Taken {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another recorder than reveille's own is installed in this process, for good")
    }
}

impl std::error::Error for Taken {}

/// What goes on since the last start.
#[derive(Clone)]
pub(crate) struct Session {
    settings: Settings,
    /// Where the rings were then.
    pub(crate) since: Cursor,
    /// When that was, by the recorder's clock.
    pub(crate) began: u64,
}

impl Session {
    pub(crate) fn current() -> Option<Self> {
        lock().clone()
    }

    /// What was told since it began, as it is, and put together.
    fn decode(&mut self) -> (Decoder, Vec<Told>, (Option<Snapshot>, Vec<Event>)) {
        let recorder = recorder();
        let until = recorder.now().saturating_sub(self.began);
        let told = recorder.read(&mut self.since);
        let mut decoder = Decoder::new(self.slow_poll_ns(), self.began);
        let whole = decoder.whole(&told, until, &|number| recorder.location(number));
        (decoder, told, whole)
    }

    pub(crate) fn slow_poll_ns(&self) -> u64 {
        u64::try_from(self.settings.slow_poll.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) fn meta(&self, threads: &[Thread], truncated: bool) -> Meta {
        let workers = threads.iter().filter(|thread| thread.kind == ThreadKind::Worker);
        Meta {
            clock: Clock::Monotonic,
            pid: process::id(),
            workers: u32::try_from(workers.count()).unwrap_or(u32::MAX),
            slow_poll_ns: self.slow_poll_ns(),
            start_unix_ns: Some(recorder().start_unix_ns + u128::from(self.began)),
            runtime: Some(concat!("reveille ", env!("CARGO_PKG_VERSION")).to_owned()),
            flavor: None,
            os: Some(env::consts::OS.to_owned()),
            level: Some(self.settings.level),
            truncated,
        }
    }
}

/// Takes the place for a recorder, if that was not done before.
pub(crate) fn install() -> Result<(), Taken> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    match INSTALLED.get_or_init(|| event::install(Box::new(Hooks)).is_ok()) {
        true => Ok(()),
        false => Err(Taken::new()),
    }
}

/// Switches the hooks on, or off, by who is to be told.
pub(crate) fn switch() {
    set_level(lock().as_ref());
}

/// To be called under the lock, so that two switches do not cross.
fn set_level(session: Option<&Session>) {
    event::set_level(match session.map(|session| session.settings.level) {
        Some(Level::Full) if is_on() => event::Level::Full,
        Some(Level::Loop) if is_on() => event::Level::Loop,
        _ if listener::is_set() => event::Level::Loop,
        _ => event::Level::Off,
    });
}

/// Whether the rings are written. Nothing is published by it: what was told a moment before or after counts for both.
static RECORDS: AtomicBool = AtomicBool::new(false);

static SESSION: Mutex<Option<Session>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Session>> {
    SESSION.lock().unwrap_or_else(PoisonError::into_inner)
}
