//! Runs the scenarios on both runtimes in turns (A B, B A, A B …), so that whatever else the machine does meets both,
//! and writes every figure as a JSON line and the medians as a Markdown table.
//!
//! `bench-compare [--workers N] [--rounds N] [--only TEXT] [--out PATH] [--list]`; `bench/run` builds everything and
//! calls it.

mod figures;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use figures::Figures;

/// The runtimes that are compared; ratios are the first one's to the second's.
const RUNTIMES: [&str; 2] = ["reveille", "tokio"];

/// A scenario, and what one operation of it is.
const SCENARIOS: [(&str, &str); 21] = [
    (
        "spawn_join",
        "a task spawned and joined, one by one, by the future in `block_on`",
    ),
    ("spawn_join_in_task", "the same, by a task"),
    (
        "spawn_1000_join",
        "the same, in batches of 1000 by the future in `block_on`",
    ),
    ("spawn_1000_join_in_task", "the same, by a task"),
    (
        "foreign_spawn",
        "a task spawned by a thread that is not the runtime's, in batches of 1000",
    ),
    ("self_wake_1", "a wake of itself and a poll, 1 task"),
    ("self_wake_100", "a wake of itself and a poll, 100 tasks"),
    ("self_wake_10000", "a wake of itself and a poll, 10,000 tasks"),
    ("yield_now_1", "the runtime's `yield_now`, 1 task"),
    ("yield_now_100", "the runtime's `yield_now`, 100 tasks"),
    ("yield_now_10000", "the runtime's `yield_now`, 10,000 tasks"),
    ("ping_pong", "two tasks wake each other once"),
    ("fan_out", "one of 1000 tasks woken by another"),
    (
        "fork_join",
        "a task of a tree in which each spawns two and joins them",
    ),
    ("fork_join_1ms", "two tasks of 1 ms spawned and joined by another"),
    (
        STUCK_WORKER,
        "what others wait for while a task blocks its worker",
    ),
    (
        "timeout_unfired",
        "a timeout around a future that is pending once",
    ),
    (
        "sleep_dropped",
        "a sleep polled once and dropped, beside an earlier one",
    ),
    ("echo_1", "a 64-byte message echoed, 1 connection"),
    ("echo_50", "a 64-byte message echoed, 50 connections"),
    ("echo_64", "a 64-byte message echoed, 64 connections"),
];

/// The scenario that a current-thread runtime has no answer to.
const STUCK_WORKER: &str = "stuck_worker";

struct Options {
    /// Of multi-thread runtimes; 0 for current-thread ones.
    workers: usize,
    rounds: usize,
    only: String,
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = parse_arguments()? else {
        return Ok(());
    };
    let chosen: Vec<_> = SCENARIOS
        .iter()
        .filter(|(name, _)| name.contains(&options.only))
        .filter(|(name, _)| options.workers > 1 || *name != STUCK_WORKER)
        .collect();
    if chosen.is_empty() {
        return Err(format!(
            "no scenario has `{}` in its name; --list names them",
            options.only
        )
        .into());
    }
    let machine = machine();
    let start = Instant::now();
    let mut figures = Figures::default();
    for round in 0..options.rounds {
        for (scenario, _) in &chosen {
            let mut order = RUNTIMES;
            if round % 2 == 1 {
                order.reverse();
            }
            for runtime in order {
                for (metric, value) in measure(runtime, scenario, options.workers)? {
                    figures.add(scenario, &metric, runtime, round, value);
                }
            }
        }
        eprintln!(
            "round {} of {}, {:.0} s",
            round + 1,
            options.rounds,
            start.elapsed().as_secs_f64()
        );
    }
    let table = figures.table(&chosen, options.rounds);
    print!("{table}");
    let flavor = match options.workers {
        0 => "current thread".to_owned(),
        workers => format!("{workers} workers"),
    };
    let heading = format!("# reveille and tokio, {flavor}\n\n{machine}\n\n");
    if let Some(folder) = options.out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(options.out.with_extension("md"), heading + &table)?;
    fs::write(options.out.with_extension("jsonl"), figures.json_lines())?;
    Ok(())
}

fn parse_arguments() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        workers: 0,
        rounds: 5,
        only: String::new(),
        out: "results/latest".into(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--workers" => options.workers = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--only" => options.only = value()?,
            "--out" => options.out = value()?.into(),
            "--list" => {
                for (name, what) in SCENARIOS {
                    println!("{name}: {what}");
                }
                return Ok(None);
            }
            _ => {
                return Err(format!(
                    "unknown argument {argument}; there are --workers, --rounds, --only, --out, --list"
                )
                .into());
            }
        }
    }
    Ok(Some(options))
}

/// One scenario in a fresh process: its figures by name.
fn measure(runtime: &str, scenario: &str, workers: usize) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name(format!("bench-on-{runtime}"));
    let output = Command::new(&program)
        .args([scenario, workers.to_string().as_str()])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{} {scenario} failed, {}:\n{said}",
            program.display(),
            output.status
        )
        .into());
    }
    let mut figures = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let (metric, value) = line.split_once(' ').ok_or("a line is not `metric value`")?;
        figures.push((metric.to_owned(), value.parse()?));
    }
    Ok(figures)
}

/// Where this was measured, as far as the system tells.
fn machine() -> String {
    let ask = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.trim().to_owned())
    };
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let parts = [
        ask("date", &["-u", "+%F %H:%M UTC"]),
        ask("uname", &["-srm"]),
        Some(format!("{processors} processors")),
        fs::read_to_string("/proc/loadavg")
            .ok()
            .map(|load| format!("load before: {}", &load[..4])),
        ask("rustc", &["-V"]),
        ask("git", &["describe", "--always", "--dirty"]).map(|commit| format!("commit {commit}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
