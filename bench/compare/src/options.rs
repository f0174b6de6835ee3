//! The command line.

use std::error::Error;
use std::path::PathBuf;

pub(crate) enum Wish {
    Measure(Options),
    /// The scenarios and the runtimes.
    List,
    /// The report and the plot of figures that are there.
    Report(PathBuf),
}

pub(crate) struct Options {
    /// What the report calls the run.
    pub(crate) mode: Mode,
    /// Instead of as many as a row needs.
    pub(crate) rounds: Option<usize>,
    /// Only scenarios that have this in their names.
    pub(crate) only: String,
    /// Only these runtimes, if any is named.
    pub(crate) runtimes: Vec<String>,
    /// Only for trying the programs: a few repetitions of everything.
    pub(crate) tiny: bool,
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Mode {
    /// What the targets need; of the slow scenarios without the peers.
    Quick,
    /// Every scenario on every runtime, and another allocator.
    Full,
}

impl Options {
    pub(crate) fn has(&self, runtime: &str) -> bool {
        self.runtimes.is_empty() || self.runtimes.iter().any(|name| name == runtime)
    }

    /// The parts of the scenarios' own numbers: of repetitions, of sizes, and the seconds of a load.
    pub(crate) fn parts(&self) -> [f64; 3] {
        match (self.tiny, self.mode) {
            (true, _) => [0.002, 0.002, 0.05],
            (false, Mode::Quick) => [0.15, 1.0, 0.4],
            (false, Mode::Full) => [0.5, 1.0, 1.0],
        }
    }
}

pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Wish, Box<dyn Error>> {
    let mut arguments = arguments;
    let mut options = Options {
        mode: Mode::Quick,
        rounds: None,
        only: String::new(),
        runtimes: Vec::new(),
        tiny: false,
        out: "results/latest".into(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--quick" => options.mode = Mode::Quick,
            "--full" => options.mode = Mode::Full,
            "--rounds" => options.rounds = Some(value()?.parse()?),
            "--only" => options.only = value()?,
            "--runtimes" => options.runtimes = value()?.split(',').map(str::to_owned).collect(),
            "--tiny" => options.tiny = true,
            "--out" => options.out = value()?.into(),
            "--list" => return Ok(Wish::List),
            "--report" => return Ok(Wish::Report(value()?.into())),
            _ => {
                return Err(format!(
                    "unknown argument {argument}; there are --quick, --full, --rounds, --only, --runtimes, --tiny, --out, --list, --report"
                )
                .into());
            }
        }
    }
    Ok(Wish::Measure(options))
}
