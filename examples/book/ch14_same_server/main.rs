//! The server of chapter 0 on the runtime of this book, in one file, and on reveille: by numbers. Chapter 14 of the book.
//!
//! ```console
//! $ cargo run --release --example ch14_same_server -- --quick      # some seconds; without --quick some more
//! $ cargo run --example ch14_same_server -- --trace trace.html      # the page of the server on reveille; also .json
//! ```
//!
//! What measures is chapter 0's: this process is the load, and starts itself again as the server, once for each row.

#[path = "../ch00_three_models/job.rs"]
mod job;
#[path = "../ch00_three_models/load.rs"]
mod load;
#[allow(dead_code, reason = "nothing computes here")]
#[path = "../ch00_three_models/measurement.rs"]
mod measurement;
#[path = "../ch00_three_models/table.rs"]
mod table;
#[path = "../ch00_three_models/verdict.rs"]
mod verdict;

mod claims;
mod on_reveille;
mod on_the_toy;
mod recorded;
mod server;
#[allow(dead_code, reason = "a server does not connect, and leaves its tasks alone")]
mod toy;

use std::process::ExitCode;
use std::{env, io};

use measurement::Run;
use reveille::trace::output::Output;
use server::Model;
use verdict::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        // How the server is started.
        ["serve", model] => server::serve(model).map(|never| match never {}),
        ["--quick"] => compare((64, 10), 400),
        // Connections are descriptors, of which many systems allow a process 1,024.
        [] => compare((100, 20), 900),
        ["--trace", path] => match Output::parse(path) {
            Some(output) => recorded::record(&output),
            None => return usage(),
        },
        _ => return usage(),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ch14_same_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: ch14_same_server [--quick | --trace FILE.html|FILE.json]");
    ExitCode::from(2)
}

/// Measures so many connections that send so many requests each, and so many that stay open. Whether every claim that could
/// be checked holds.
fn compare((connections, requests): (u32, u32), held: u32) -> io::Result<bool> {
    let wait = Run::Wait {
        connections,
        requests,
    };
    let hold = Run::Hold { connections: held };
    let rows: Vec<_> = [wait, hold]
        .into_iter()
        .flat_map(|run| Model::ALL.map(|model| measurement::measure(run, model)))
        .collect::<io::Result<_>>()?;
    table::print(&rows);

    println!();
    let verdicts = claims::check(&rows);
    for (verdict, claim) in &verdicts {
        println!("{verdict} {claim}");
    }
    Ok(verdicts.iter().all(|(verdict, _)| *verdict != Verdict::Fail))
}
