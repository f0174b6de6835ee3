//! Runs the scenarios on all runtimes in turns (A B C, B C A, C A B …), so that whatever else the machine does meets all of
//! them, judges the targets, and writes every figure as a JSON line, a report in Markdown and a plot. `bench/run` builds
//! everything and calls it.
//!
//! In reading order: `options`, `scenarios` (what is measured, on which runtimes), `targets` (what is promised), `schedule` (who is
//! measured in which round), `program` and `footprint` (one measurement), `figures`, `statistics`, `judge`, `report`, `plot`.

mod figures;
mod footprint;
mod judge;
mod machine;
mod options;
mod plot;
mod program;
mod report;
mod scenarios;
mod schedule;
mod statistics;
mod targets;

use std::error::Error;
use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use figures::Figures;
use machine::Machine;
use options::{Options, Wish};
use program::Outcome;
use schedule::Schedule;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = match options::parse(std::env::args().skip(1))? {
        Wish::Measure(options) => options,
        Wish::List => {
            scenarios::list();
            return Ok(ExitCode::SUCCESS);
        }
        Wish::Report(path) => {
            let figures = Figures::read(&fs::read_to_string(path.with_extension("jsonl"))?)?;
            write_report(&figures, &path)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let schedule = Schedule::new(&options);
    if schedule.is_empty() {
        return Err("no such scenario; --list names them".into());
    }
    if let Some(folder) = options.out.parent() {
        fs::create_dir_all(folder)?;
    }
    let (figures, failed) = measure(&options, &schedule)?;
    write_report(&figures, &options.out)?;
    for failure in &failed {
        eprintln!("{failure}");
    }
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Everything, round by round. Figures are written as they come, so that a run that was ended is not lost.
fn measure(options: &Options, schedule: &Schedule) -> Result<(Figures, Vec<String>), Box<dyn Error>> {
    let start = Instant::now();
    let mut lines = fs::File::create(options.out.with_extension("jsonl"))?;
    let mut figures = Figures::of(Machine::ask(options));
    writeln!(lines, "{}", figures.machine.to_json())?;
    let mut failed = Vec::new();
    for round in 0..schedule.rounds() {
        for subject in schedule.of_round(round) {
            if figures.is_unavailable(&subject) {
                continue;
            }
            let load = machine::load();
            let outcome = match subject.scenario.as_str() {
                footprint::SCENARIO => footprint::measure(&subject),
                _ => program::measure(&subject, options),
            };
            let new = match outcome {
                Outcome::Measured(values) => figures.add(&subject, round, &load, values),
                Outcome::Unavailable(reason) => figures.add_unavailable(&subject, reason),
                Outcome::Failed(reason) => {
                    failed.push(format!("{subject} failed: {reason}"));
                    figures.add_unavailable(&subject, "it failed".to_owned())
                }
            };
            lines.write_all(new.as_bytes())?;
        }
        eprintln!(
            "round {} of {}, {:.0} s",
            round + 1,
            schedule.rounds(),
            start.elapsed().as_secs_f64()
        );
    }
    let end = figures.end(start.elapsed(), &machine::load());
    lines.write_all(end.as_bytes())?;
    Ok((figures, failed))
}

fn write_report(figures: &Figures, path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let verdicts = judge::all(figures);
    let text = report::write(figures, &verdicts);
    print!("{}", report::summary(&verdicts));
    fs::write(path.with_extension("md"), text)?;
    plot::draw(figures, &verdicts, &path.with_extension("svg"))
}
