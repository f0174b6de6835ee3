//! One server in three models, by numbers: one thread, a thread for each connection, an event loop. Chapter 0 of the book.
//!
//! ```console
//! $ cargo run --release --example ch00_three_models -- --quick      # ten seconds; without --quick half a minute
//! $ cargo run --release --example ch00_three_models -- --plot models.svg
//! ```
//!
//! This process is the load: it starts itself again as the server, once for each row of the table, and asks the system what
//! that process has used. So nothing that the load does is counted.

mod chart;
mod claims;
mod job;
mod load;
mod measurement;
mod plan;
mod server;
mod table;
mod verdict;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::{env, fs};

use measurement::Measured;
use plan::Scale;
use verdict::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        // How the server is started.
        ["serve", model] => server::serve(model).map(|never| match never {}),
        _ => match parse(&arguments) {
            Some((scale, plot)) => compare(&scale, plot),
            None => {
                eprintln!("usage: ch00_three_models [--quick] [--plot FILE.svg]");
                return ExitCode::from(2);
            }
        },
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ch00_three_models: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse<'a>(arguments: &[&'a str]) -> Option<(Scale, Option<&'a str>)> {
    let (mut scale, mut plot) = (Scale::FULL, None);
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--quick" => scale = Scale::QUICK,
            "--plot" => plot = Some(*arguments.next()?),
            _ => return None,
        }
    }
    Some((scale, plot))
}

/// Measures, and prints what comes out. Whether every claim that could be checked holds.
fn compare(scale: &Scale, plot: Option<&str>) -> io::Result<bool> {
    let mut rows: Vec<Measured> = Vec::new();
    let plan = plan::plan(scale);
    for (number, (run, model)) in plan.iter().enumerate() {
        progress(&format!("{} of {}: {run}, {model}", number + 1, plan.len()));
        rows.push(measurement::measure(*run, *model)?);
    }
    progress("");
    table::print(&rows);

    println!();
    let verdicts = claims::check(&rows);
    for (verdict, claim) in &verdicts {
        println!("{verdict} {claim}");
    }
    if let Some(file) = plot {
        fs::write(file, chart::draw(&rows))?;
        println!("\ndrawn in {file}");
    }
    Ok(verdicts.iter().all(|(verdict, _)| *verdict != Verdict::Fail))
}

/// Shows what is going on, in place of what was shown before, if somebody looks.
fn progress(what: &str) {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        // It is only shown: a terminal that is gone stops nothing.
        let _ = write!(stderr, "\r\x1b[K{what}");
    }
}
