//! The report in Markdown.

use std::fmt::Write;

use crate::figures::{Allocator, Figures, Subject};
use crate::judge::{Holds, Judged, Verdict};
use crate::scenarios::{PEERS, RUNTIMES, SCENARIOS, TOKIO};
use crate::statistics::Quartiles;
use crate::targets::{Bound, Target};

/// How many targets hold, and what the others are.
pub(crate) fn summary(verdicts: &[Verdict]) -> String {
    let count = |holds| {
        verdicts
            .iter()
            .filter(|verdict| verdict.judged.holds() == holds)
            .count()
    };
    let mut text = format!(
        "{} of {} targets hold, {} do not, {} were measured too seldom, {} are not available.\n",
        count(Some(Holds::Yes)),
        verdicts.len(),
        count(Some(Holds::No)),
        count(Some(Holds::TooFewRounds)),
        count(None),
    );
    let behind = PEERS.map(|peer| {
        let of_peer = verdicts
            .iter()
            .flat_map(|verdict| &verdict.peers)
            .filter(|(name, _)| *name == peer);
        let count = of_peer
            .filter(|(_, judged)| judged.holds() == Some(Holds::No))
            .count();
        format!("{peer} {count}")
    });
    let _ = writeln!(text, "Rows behind a peer: {}.", behind.join(", "));
    text
}

pub(crate) fn write(figures: &Figures, verdicts: &[Verdict]) -> String {
    let mut text = format!("# Measured\n\n{}\n", figures.machine.text());
    match &figures.end {
        Some((seconds, load)) => {
            let _ = writeln!(
                text,
                "\nIt took {seconds} s; load at the end: {load}. The load beside each figure is in the JSON lines."
            );
        }
        None => text += "\n**The run did not come to its end.**\n",
    }
    text += "\nLess is better in every figure; all are medians of rounds in turns, all ratios those of one round.\n";
    let _ = writeln!(
        text,
        "\n## Targets\n\n{}\n{}",
        summary(verdicts),
        targets(verdicts)
    );
    let _ = writeln!(text, "## Beside the peers\n\n{}", peers(verdicts));
    for allocator in [Allocator::System, Allocator::Mimalloc] {
        for workers in [0, 2] {
            text += &scenarios(figures, workers, allocator);
        }
    }
    text += &unavailable(figures);
    text
}

fn targets(verdicts: &[Verdict]) -> String {
    let mut text = "A row holds when the worse quartile of its rounds meets the target: the 25th percentile of a gain, the 75th of a \
        share or a figure. A gain is the other's cost over ours, a share ours over the other's.\n\n\
        | work | on | measured | target | 25 % | median | 75 % | rounds | holds |\n\
        |---|---|---|---|--:|--:|--:|--:|---|\n"
        .to_owned();
    for Verdict { target, judged, .. } in verdicts {
        let _ = write!(
            text,
            "| {} | {} | {} | {} |",
            target.work,
            flavor(target.ours.workers),
            measured(target),
            promised(target)
        );
        let _ = match judged {
            Judged::Measured {
                quartiles,
                rounds,
                holds,
            } => writeln!(
                text,
                " {} | {} | {} | {rounds} | {} |",
                number(quartiles.low),
                number(quartiles.median),
                number(quartiles.high),
                match holds {
                    Holds::Yes => "yes",
                    Holds::No => "**no**",
                    Holds::TooFewRounds => "too few rounds",
                }
            ),
            Judged::Unavailable(reason) => writeln!(text, " | | | | not available: {reason} |"),
        };
    }
    text
}

/// What is divided by what.
fn measured(target: &Target) -> String {
    let ours = target.ours;
    let Some(other) = target.other() else {
        return format!("`{}` {}", ours.scenario, ours.metric);
    };
    let mut beside = other.runtime.to_owned();
    if other.runtime == ours.runtime {
        beside = flavor(other.workers);
    }
    if other.scenario != ours.scenario {
        let _ = write!(beside, " `{}`", other.scenario);
    }
    format!("`{}` {}, beside {beside}", ours.scenario, ours.metric)
}

fn promised(target: &Target) -> String {
    match target.bound {
        Bound::Gain { at_least, .. } => format!("gain ≥ {at_least}"),
        Bound::Share { at_most, .. } => format!("share ≤ {at_most}"),
        Bound::Most(most) => format!("≤ {most}"),
    }
}

fn peers(verdicts: &[Verdict]) -> String {
    let mut text = "Our cost over theirs, `25 % / median / 75 %`; a row is behind a peer (bold) when the 75th percentile is above 1. \
        monoio's tasks and wakers are bound to their thread: as it is measured here, with its default features, **no other thread can wake \
        them**.\n\n| work | on | metric |"
        .to_owned();
    PEERS.iter().for_each(|peer| text += &format!(" {peer} |"));
    text += "\n|---|---|---|";
    PEERS.iter().for_each(|_| text += "---|");
    text += "\n";
    for verdict in verdicts.iter().filter(|verdict| !verdict.peers.is_empty()) {
        let target = verdict.target;
        let _ = write!(
            text,
            "| {} | {} | {} |",
            target.work,
            flavor(target.ours.workers),
            target.ours.metric
        );
        for peer in PEERS {
            let judged = verdict.peers.iter().find(|(name, _)| *name == peer);
            let _ = write!(
                text,
                " {} |",
                judged.map_or_else(String::new, |(_, judged)| beside(judged))
            );
        }
        text += "\n";
    }
    text
}

fn beside(judged: &Judged) -> String {
    let (quartiles, holds) = match judged {
        Judged::Measured { quartiles, holds, .. } => (quartiles, holds),
        Judged::Unavailable(reason) => return reason.clone(),
    };
    let [low, median, high] = [quartiles.low, quartiles.median, quartiles.high].map(number);
    match holds {
        Holds::No => format!("**{low} / {median} / {high}**"),
        Holds::Yes | Holds::TooFewRounds => format!("{low} / {median} / {high}"),
    }
}

/// Every scenario by every runtime.
fn scenarios(figures: &Figures, workers: usize, allocator: Allocator) -> String {
    let mut rows = String::new();
    for scenario in SCENARIOS {
        for metric in figures.metrics(scenario.name, workers, allocator) {
            let _ = write!(rows, "| {} | {} | {metric} |", scenario.name, scenario.per);
            for runtime in RUNTIMES {
                let mut subject = Subject::new(runtime, scenario.name, workers);
                subject.allocator = allocator;
                let _ = write!(rows, " {} |", cell(figures, &subject, &metric));
            }
            rows += "\n";
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let mut text = format!(
        "## Every scenario, {}, {} allocator\n\nThe median, and the median of its ratios to tokio's.\n\n| scenario | per | metric |",
        flavor(workers),
        allocator.name()
    );
    RUNTIMES
        .iter()
        .for_each(|runtime| text += &format!(" {runtime} |"));
    text += "\n|---|---|---|";
    RUNTIMES.iter().for_each(|_| text += "--:|");
    format!("{text}\n{rows}\n")
}

fn cell(figures: &Figures, subject: &Subject, metric: &str) -> String {
    let Some(Quartiles { median, .. }) = figures.quartiles(subject, metric) else {
        return String::new();
    };
    match ratio_to_tokio(figures, subject, metric) {
        Some(ratio) if subject.runtime != TOKIO => format!("{} ({ratio:.2})", number(median)),
        _ => number(median),
    }
}

/// The median of the ratios, round by round.
pub(crate) fn ratio_to_tokio(figures: &Figures, subject: &Subject, metric: &str) -> Option<f64> {
    let mut tokio = subject.clone();
    TOKIO.clone_into(&mut tokio.runtime);
    let (values, theirs) = (figures.values(subject, metric)?, figures.values(&tokio, metric)?);
    let in_both = |(round, value): (&usize, &f64)| Some(value / theirs.get(round)?);
    let ratios: Vec<_> = values
        .iter()
        .filter_map(in_both)
        .filter(|ratio| ratio.is_finite())
        .collect();
    Some(Quartiles::of(ratios)?.median)
}

fn unavailable(figures: &Figures) -> String {
    let mut text = "## Not available\n\n".to_owned();
    for (subject, reason) in figures.unavailable() {
        let _ = writeln!(text, "* {subject}: {reason}");
    }
    if figures.unavailable().is_empty() {
        text += "Everything was measured.\n";
    }
    text
}

fn flavor(workers: usize) -> String {
    match workers {
        0 => "one thread".to_owned(),
        workers => format!("{workers} workers"),
    }
}

/// Three or four digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
