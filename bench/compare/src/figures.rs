//! All figures of a run, and how they are written and read: one JSON object a line.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::statistics::Quartiles;

/// What one program measures at a time.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Subject {
    pub(crate) scenario: String,
    /// Of a multi-thread runtime; 0 for a current-thread one.
    pub(crate) workers: usize,
    pub(crate) runtime: String,
    pub(crate) allocator: Allocator,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Allocator {
    System,
    Mimalloc,
}

impl Allocator {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Mimalloc => "mimalloc",
        }
    }
}

impl Subject {
    pub(crate) fn new(runtime: &str, scenario: &str, workers: usize) -> Self {
        Self {
            scenario: scenario.to_owned(),
            workers,
            runtime: runtime.to_owned(),
            allocator: Allocator::System,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "workers": self.workers,
            "runtime": self.runtime,
            "allocator": self.allocator.name(),
        })
    }

    fn from_json(line: &Value) -> Option<Self> {
        let allocator = match line["allocator"].as_str()? {
            "mimalloc" => Allocator::Mimalloc,
            _ => Allocator::System,
        };
        Some(Self {
            scenario: line["scenario"].as_str()?.to_owned(),
            workers: line["workers"].as_u64()? as usize,
            runtime: line["runtime"].as_str()?.to_owned(),
            allocator,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} on {}, {} workers, {} allocator",
            self.scenario,
            self.runtime,
            self.workers,
            self.allocator.name()
        )
    }
}

/// By round.
pub(crate) type Values = BTreeMap<usize, f64>;

pub(crate) struct Figures {
    pub(crate) machine: Machine,
    /// By subject, then by metric, in the order of the names.
    values: BTreeMap<Subject, BTreeMap<String, Values>>,
    unavailable: BTreeMap<Subject, String>,
    /// How long the run took, and the load at its end.
    pub(crate) end: Option<(f64, String)>,
}

impl Figures {
    pub(crate) fn of(machine: Machine) -> Self {
        Self {
            machine,
            values: BTreeMap::new(),
            unavailable: BTreeMap::new(),
            end: None,
        }
    }

    /// Keeps the figures of one measurement, and returns their lines.
    pub(crate) fn add(
        &mut self,
        subject: &Subject,
        round: usize,
        load: &str,
        new: Vec<(String, f64)>,
    ) -> String {
        let mut lines = String::new();
        for (metric, value) in new {
            let mut line = subject.to_json();
            line["round"] = round.into();
            line["load"] = load.into();
            line["metric"] = metric.as_str().into();
            line["value"] = value.into();
            lines += &format!("{line}\n");
            self.keep(subject, round, &metric, value);
        }
        lines
    }

    fn keep(&mut self, subject: &Subject, round: usize, metric: &str, value: f64) {
        let metrics = self.values.entry(subject.clone()).or_default();
        metrics.entry(metric.to_owned()).or_default().insert(round, value);
    }

    pub(crate) fn add_unavailable(&mut self, subject: &Subject, reason: String) -> String {
        let mut line = subject.to_json();
        line["unavailable"] = reason.as_str().into();
        self.unavailable.insert(subject.clone(), reason);
        format!("{line}\n")
    }

    pub(crate) fn is_unavailable(&self, subject: &Subject) -> bool {
        self.unavailable.contains_key(subject)
    }

    pub(crate) fn unavailable(&self) -> &BTreeMap<Subject, String> {
        &self.unavailable
    }

    pub(crate) fn end(&mut self, time: Duration, load: &str) -> String {
        let seconds = time.as_secs_f64().round();
        self.end = Some((seconds, load.to_owned()));
        format!("{}\n", json!({"seconds": seconds, "load": load}))
    }

    /// Of every round in which it was measured.
    pub(crate) fn values(&self, subject: &Subject, metric: &str) -> Option<&Values> {
        self.values.get(subject)?.get(metric)
    }

    pub(crate) fn quartiles(&self, subject: &Subject, metric: &str) -> Option<Quartiles> {
        Quartiles::of(self.values(subject, metric)?.values().copied().collect())
    }

    /// The metrics that any runtime has of such a scenario.
    pub(crate) fn metrics(&self, scenario: &str, workers: usize, allocator: Allocator) -> Vec<String> {
        let mut metrics: Vec<String> = Vec::new();
        for (subject, values) in &self.values {
            if (subject.scenario.as_str(), subject.workers, subject.allocator)
                == (scenario, workers, allocator)
            {
                metrics.extend(values.keys().cloned());
            }
        }
        metrics.sort();
        metrics.dedup();
        metrics
    }

    /// What was written by a run that may not have come to its end.
    pub(crate) fn read(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut lines = text.lines().map(serde_json::from_str::<Value>);
        let first = lines.next().ok_or("the file is empty")??;
        let mut figures = Self::of(Machine::from_json(&first));
        for line in lines {
            let line = line?;
            let Some(subject) = Subject::from_json(&line) else {
                let load = line["load"].as_str().unwrap_or_default().to_owned();
                figures.end = line["seconds"].as_f64().map(|seconds| (seconds, load));
                continue;
            };
            if let Some(reason) = line["unavailable"].as_str() {
                figures.unavailable.insert(subject, reason.to_owned());
                continue;
            }
            let (Some(round), Some(metric), Some(value)) = (
                line["round"].as_u64(),
                line["metric"].as_str(),
                line["value"].as_f64(),
            ) else {
                return Err(format!("not a figure: {line}").into());
            };
            figures.keep(&subject, round as usize, metric, value);
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut figures = Figures::of(Machine::default());
        let mut text = format!("{}\n", figures.machine.to_json());
        let subject = Subject::new("tokio", "ping_pong", 2);
        let other = Subject::new("monoio-uring", "ping_pong", 0);
        let new = vec![("cpu_ns".to_owned(), 12.5), ("wall_ns".to_owned(), 7.0)];
        text += &figures.add(&subject, 3, "0.5", new);
        text += &figures.add_unavailable(&other, "it says \"no\"".to_owned());
        text += &figures.end(Duration::from_secs(9), "0.25");

        let read = Figures::read(&text).expect("well-formed lines");
        assert_eq!(read.values(&subject, "cpu_ns"), Some(&Values::from([(3, 12.5)])));
        assert_eq!(
            read.metrics("ping_pong", 2, Allocator::System),
            ["cpu_ns", "wall_ns"]
        );
        assert_eq!(read.unavailable()[&other], "it says \"no\"");
        assert_eq!(read.end, Some((9.0, "0.25".to_owned())));
    }
}
