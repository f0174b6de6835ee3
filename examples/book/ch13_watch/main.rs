//! To watch a program: four tasks with a bug each are recorded, and what is wrong is found in what they did, not in what they
//! say. Chapter 13 of the book.
//!
//! ```console
//! $ cargo run --example ch13_watch
//! $ cargo run --example ch13_watch -- --trace trace.html      # the page of the first run; also .json
//! ```

mod bugs;
mod letterbox;
mod mended;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use letterbox::Letterbox;
use reveille::runtime::Builder;
use reveille::task::{self, JoinHandle};
use reveille::trace::findings::{self, Finding};
use reveille::trace::output::Output;
use reveille::trace::trace::{Level, Trace};
use reveille::trace::{self, Settings};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_millis(700);
/// No poll takes so long by accident, on no machine that this is run on.
const SLOW: Duration = Duration::from_millis(500);
const STEPS: u32 = 50;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let output = match &arguments[..] {
        [] => Some(None),
        [option, path] if option == "--trace" => Output::parse(path).map(Some),
        _ => None,
    };
    let Some(output) = output else {
        eprintln!("usage: ch13_watch [--trace FILE.html|FILE.json]");
        return ExitCode::from(2);
    };
    match watch(output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ch13_watch: {error}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: watch
fn watch(output: Option<Output>) -> Result<(), Box<dyn Error>> {
    let trace = record(program(
        bugs::counts(),
        bugs::waits_for_two(),
        bugs::asks_a_slow_library(),
        bugs::reads_a_letter,
    ))?;
    println!("as they were written:");
    print(&findings::find(&trace));
    if let Some(output) = output {
        output.write(&trace)?;
    }
    let trace = record(program(
        mended::counts(),
        mended::waits_for_two(),
        mended::asks_a_slow_library(),
        mended::reads_a_letter,
    ))?;
    println!("mended:");
    print(&findings::find(&trace));
    Ok(())
}
// ANCHOR_END: watch

// ANCHOR: program
async fn program<R: Future<Output = ()> + Send + 'static>(
    counts: impl Future<Output = ()> + Send + 'static,
    waits: impl Future<Output = ()> + Send + 'static,
    asks: impl Future<Output = ()> + Send + 'static,
    reads: fn(Arc<Letterbox>) -> R,
) {
    let letterbox = Arc::new(Letterbox::default());
    let _reader = spawn("reader", reads(letterbox.clone()));
    let counter = spawn("counter", counts);
    let waiter = spawn("waiter", waits);
    counter.await.expect("it does not panic");
    waiter.await.expect("it does not panic");
    letterbox.deliver("a letter");
    // Only now: it is to be the only one that keeps the others waiting.
    let hog = spawn("hog", asks);
    hog.await.expect("it does not panic");
}
// ANCHOR_END: program

#[track_caller]
fn spawn(name: &str, future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    task::Builder::new().name(name).spawn(future)
}

// ANCHOR: record
/// What the program does, from the start of its runtime to the end of it.
fn record(program: impl Future<Output = ()>) -> Result<Trace, Box<dyn Error>> {
    trace::start(Settings::default().level(Level::Full).slow_poll(SLOW))?;
    // What the runtime itself would say of a long poll, on stderr, is found here too.
    let runtime = Builder::current_thread().on_slow_poll(|_| ()).build()?;
    runtime.block_on(program);
    drop(runtime);
    trace::stop();
    Ok(trace::collect().expect("it was started"))
}
// ANCHOR_END: record

fn print(findings: &[Finding]) {
    if findings.is_empty() {
        println!("    nothing is found");
    }
    for kind in findings::FindingKind::ALL {
        let found: Vec<_> = findings.iter().filter(|finding| finding.kind == kind).collect();
        if !found.is_empty() {
            println!("    {kind} {}", found.len());
        }
        for finding in found {
            println!("        {} ({})", finding.title, finding.chapter);
        }
    }
}
