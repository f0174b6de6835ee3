//! One row of the table: a server is started, loaded, and what it has used is read from the system.

use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::job::Job;
use crate::load::{self, Load};
use crate::server::Model;

/// What the clients of a row ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Run {
    Wait { connections: u32, requests: u32 },
    Hold { connections: u32 },
    Compute { connections: u32, requests: u32 },
}

/// A row.
pub(crate) struct Measured {
    pub(crate) run: Run,
    pub(crate) model: Model,
    pub(crate) wall: Duration,
    /// `None` where the system does not tell it.
    pub(crate) used: Option<Used>,
}

/// What a server has used in a row.
pub(crate) struct Used {
    /// How often a thread gave the processor up, since it had nothing to do.
    pub(crate) voluntary: u64,
    /// How often it was taken from one.
    pub(crate) involuntary: u64,
    pub(crate) cpu: Duration,
    /// At the end, while every connection is open.
    pub(crate) threads: u64,
    /// By how much its memory has grown, in KiB.
    pub(crate) grown: u64,
}

/// What is over in a moment is measured five times, and the one that needed the least processor time is the row:
/// neighbours that fill the caches make a server need more, and never less.
pub(crate) fn measure(run: Run, model: Model) -> io::Result<Measured> {
    let is_short = matches!(run, Run::Wait { .. }) && !model.serves_one_at_a_time();
    let times = if is_short { 5 } else { 1 };
    let rows = (0..times).map(|_| measure_once(run, model));
    let rows = rows.collect::<io::Result<Vec<_>>>()?;
    let cpu = |row: &Measured| row.used.as_ref().map(|used| used.cpu);
    Ok(rows.into_iter().min_by_key(cpu).expect("it was measured once"))
}

fn measure_once(run: Run, model: Model) -> io::Result<Measured> {
    let server = Server::start(model)?;
    // What every server needs once is not to be counted.
    drop(load::hold(server.address, 1)?);
    let before = server.read();
    let start = Instant::now();
    let _open = run.load(server.address, model)?;
    let wall = start.elapsed();
    let used = before.zip(server.read()).map(|(before, after)| Used {
        voluntary: after.voluntary.saturating_sub(before.voluntary),
        involuntary: after.involuntary.saturating_sub(before.involuntary),
        cpu: after.cpu.saturating_sub(before.cpu),
        // Less the one that waits for the end of standard input.
        threads: after.threads - 1,
        grown: after.resident.saturating_sub(before.resident),
    });
    Ok(Measured {
        run,
        model,
        wall,
        used,
    })
}

impl Run {
    pub(crate) fn requests(self) -> u32 {
        match self {
            Self::Wait {
                connections,
                requests,
            }
            | Self::Compute {
                connections,
                requests,
            } => connections * requests,
            Self::Hold { connections } => connections,
        }
    }

    pub(crate) fn connections(self) -> u32 {
        match self {
            Self::Wait { connections, .. }
            | Self::Hold { connections }
            | Self::Compute { connections, .. } => connections,
        }
    }

    fn load(self, address: SocketAddr, model: Model) -> io::Result<Vec<TcpStream>> {
        let (job, connections, requests) = match self {
            Self::Hold { connections } => return load::hold(address, connections),
            Self::Wait {
                connections,
                requests,
            } => (Job::Wait, connections, requests),
            Self::Compute {
                connections,
                requests,
            } => (Job::Compute, connections, requests),
        };
        let stay = !model.serves_one_at_a_time();
        load::converse(
            address,
            Load {
                job,
                connections,
                requests,
                stay,
            },
        )
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Wait {
                connections,
                requests,
            } => format!("wait, {connections} x {requests}"),
            Self::Hold { connections } => format!("hold {connections}"),
            Self::Compute {
                connections,
                requests,
            } => format!("compute, {connections} x {requests}"),
        };
        f.pad(&text)
    }
}

/// A server that runs. It ends when this is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(model: Model) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", model.argument()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other);
        // Made first, so that the child ends also if the address is none.
        let mut server = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
        };
        server.address = address?;
        Ok(server)
    }

    /// What the process has used so far, if the system tells that in files, as Linux does.
    fn read(&self) -> Option<Reading> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let memory = fs::read_to_string(process.join("smaps_rollup")).ok()?;
        let mut reading = Reading {
            resident: number_after("Rss:", &memory)?,
            ..Reading::default()
        };
        for thread in fs::read_dir(process.join("task")).ok()? {
            let thread = thread.ok()?.path();
            let status = fs::read_to_string(thread.join("status"));
            let times = fs::read_to_string(thread.join("schedstat"));
            let (Ok(status), Ok(times)) = (status, times) else {
                // It has ended meanwhile.
                continue;
            };
            reading.voluntary += number_after("\nvoluntary_ctxt_switches:", &status)?;
            reading.involuntary += number_after("\nnonvoluntary_ctxt_switches:", &status)?;
            // The first number are nanoseconds; those of `stat` are hundredths of a second.
            reading.cpu += Duration::from_nanos(times.split(' ').next()?.parse().ok()?);
            reading.threads += 1;
        }
        // Not every kernel counts the times.
        (reading.threads > 0).then_some(reading)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error says that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Reading {
    voluntary: u64,
    involuntary: u64,
    cpu: Duration,
    threads: u64,
    /// In KiB.
    resident: u64,
}

fn number_after(label: &str, text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(label)?;
    rest.split_whitespace().next()?.parse().ok()
}
