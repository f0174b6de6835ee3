//! The table in the terminal.

use crate::measurement::Measured;

pub(crate) fn print(rows: &[Measured]) {
    println!("                                        switches per request    CPU             KiB per");
    println!("run                 model      wall ms   voluntary     other     ms  threads  connection");
    let mut before = None;
    for row in rows {
        if before.is_some_and(|run| run != row.run) {
            println!();
        }
        before = Some(row.run);
        println!("{}", line(row));
    }
}

fn line(row: &Measured) -> String {
    let wall = row.wall.as_millis();
    let measured = format!("{:<19} {:<12} {wall:>5}", row.run, row.model);
    let Some(used) = &row.used else {
        return format!("{measured}   the rest is not measured on this system");
    };
    let requests = f64::from(row.run.requests());
    let (voluntary, involuntary) = (
        used.voluntary as f64 / requests,
        used.involuntary as f64 / requests,
    );
    let grown = used.grown as f64 / f64::from(row.run.connections());
    let (cpu, threads) = (used.cpu.as_secs_f64() * 1e3, used.threads);
    format!("{measured} {voluntary:>11.2} {involuntary:>9.2} {cpu:>6.1} {threads:>8} {grown:>11.1}")
}
