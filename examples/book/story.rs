//! What a chapter's own runtime does, told event by event, in the form that the recorder's page shows: `-- --trace FILE.html`.

#[path = "story/event.rs"]
mod event;
#[path = "story/teller.rs"]
mod teller;

use std::process::{ExitCode, Termination};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reveille::trace::output::Output;

pub(crate) use event::Event;
use teller::Teller;

/// Runs the program, and writes what it has told if the command line asks for that.
pub(crate) fn told<T: Termination>(program: impl FnOnce() -> T) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let output = match &arguments[..] {
        [] => None,
        [option, path] if option == "--trace" => Output::parse(path),
        _ => None,
    };
    if output.is_none() && !arguments.is_empty() {
        eprintln!("the only option is: --trace FILE.html, or --trace FILE.json");
        return ExitCode::from(2);
    }
    *teller() = Some(Teller::new());
    let ended = program().report();
    let told = teller().take();
    match output.zip(told).map(|(output, told)| output.write(&told.trace)) {
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ended,
    }
}

/// Tells it.
pub(crate) fn tell(event: Event<'_>) {
    if let Some(teller) = teller().as_mut().filter(|teller| !teller.is_silent) {
        teller.add(event);
    }
}

/// Runs a part of the program of which nothing is told.
pub(crate) fn untold<T>(part: impl FnOnce() -> T) -> T {
    set_silent(true);
    let output = part();
    set_silent(false);
    output
}

/// A job for a pool, which tells that it is submitted, and then when it begins and when it is over.
pub(crate) fn job<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let job = teller().as_mut().map_or(0, Teller::next_job);
    tell(Event::JobSubmit(job));
    move || {
        tell(Event::JobStart(job));
        // Also if it panics.
        let _over = JobEnd(job);
        work()
    }
}

/// From now on times are the machine's.
pub(crate) fn by_the_machine() {
    if let Some(teller) = &mut *teller() {
        teller.go_by_the_machine();
    }
}

/// An instant of the machine's clock, as deadlines are told.
pub(crate) fn time_of(instant: Instant) -> Duration {
    let start = teller().as_ref().and_then(Teller::start);
    start.map_or(Duration::ZERO, |start| instant.saturating_duration_since(start))
}

/// The program's own clock has moved.
pub(crate) fn set_time(now: Duration) {
    if let Some(teller) = &mut *teller() {
        teller.set_time(now);
    }
}

static TELLER: Mutex<Option<Teller>> = Mutex::new(None);

fn teller() -> MutexGuard<'static, Option<Teller>> {
    TELLER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set_silent(is_silent: bool) {
    if let Some(teller) = &mut *teller() {
        teller.is_silent = is_silent;
    }
}

struct JobEnd(u64);

impl Drop for JobEnd {
    fn drop(&mut self) {
        tell(Event::JobEnd(self.0));
    }
}
