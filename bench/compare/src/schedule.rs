//! Who is measured in which round, and in which order.

use crate::figures::{Allocator, Subject};
use crate::options::{Mode, Options};
use crate::scenarios::{OTHERS, SCENARIOS, Scenario, WITH_MIMALLOC};
use crate::targets::{TARGETS, Target};

/// Rounds of what no target needs.
const ROUNDS: usize = 9;

/// The subjects of a scenario's flavour, which are measured one right after the other, and in how many of the rounds.
struct Group {
    subjects: Vec<(Subject, usize)>,
}

pub(crate) struct Schedule {
    groups: Vec<Group>,
    rounds: usize,
}

impl Schedule {
    pub(crate) fn new(options: &Options) -> Self {
        let flavors = SCENARIOS
            .iter()
            .filter(|scenario| scenario.name.contains(&options.only))
            .flat_map(|scenario| [(scenario, 0), (scenario, 2)]);
        let mut groups: Vec<_> = flavors
            .clone()
            .map(|(scenario, workers)| group(scenario, workers, options))
            .collect();
        if options.mode == Mode::Full {
            groups.extend(flavors.map(|(scenario, workers)| with_mimalloc(scenario, workers, options)));
        }
        for group in &mut groups {
            group
                .subjects
                .retain(|(subject, _)| options.has(&subject.runtime));
        }
        groups.retain(|group| !group.subjects.is_empty());
        let rounds = groups
            .iter()
            .flat_map(|group| group.subjects.iter().map(|(_, rounds)| *rounds))
            .max();
        Self {
            groups,
            rounds: rounds.unwrap_or(0),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }

    /// Each scenario's runtimes begin with another one in each round.
    pub(crate) fn of_round(&self, round: usize) -> impl Iterator<Item = Subject> {
        self.groups.iter().flat_map(move |group| {
            let mut subjects: Vec<_> = group
                .subjects
                .iter()
                .filter(|(_, rounds)| is_in(round, *rounds, self.rounds))
                .map(|(subject, _)| subject.clone())
                .collect();
            let count = subjects.len().max(1);
            subjects.rotate_left(round % count);
            subjects
        })
    }
}

/// Spreads `some` rounds evenly over `all`.
fn is_in(round: usize, some: usize, all: usize) -> bool {
    (round + 1) * some / all > round * some / all
}

fn group(scenario: &Scenario, workers: usize, options: &Options) -> Group {
    let runtimes = scenario.runtimes[usize::from(workers > 0)].iter();
    let subjects = runtimes.filter_map(|runtime| {
        let subject = Subject::new(runtime, scenario.name, workers);
        let is_whole = options.mode == Mode::Full || !options.only.is_empty();
        let needed = rounds_for_targets(&subject, is_whole || !scenario.is_slow);
        let rounds = if is_whole {
            needed.unwrap_or(ROUNDS)
        } else {
            needed?
        };
        Some((subject, options.rounds.unwrap_or(rounds)))
    });
    Group {
        subjects: subjects.collect(),
    }
}

fn with_mimalloc(scenario: &Scenario, workers: usize, options: &Options) -> Group {
    let runtimes = scenario.runtimes[usize::from(workers > 0)].iter();
    let subjects = runtimes
        .filter(|runtime| scenario.allocates && WITH_MIMALLOC.contains(runtime))
        .map(|runtime| {
            let mut subject = Subject::new(runtime, scenario.name, workers);
            subject.allocator = Allocator::Mimalloc;
            (subject, options.rounds.unwrap_or(ROUNDS))
        });
    Group {
        subjects: subjects.collect(),
    }
}

/// In how many rounds the targets need a subject, or else the comparison with the others.
fn rounds_for_targets(subject: &Subject, with_others: bool) -> Option<usize> {
    let others: &[_] = if with_others { &OTHERS } else { &[] };
    let needs = |target: &&Target| {
        let others = others.iter().filter_map(|runtime| target.beside(runtime));
        let mut points = others.chain([target.ours]).chain(target.other());
        points.any(|point| point.subject() == *subject)
    };
    TARGETS.iter().filter(needs).map(Target::rounds).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mode: Mode) -> Options {
        Options {
            mode,
            rounds: None,
            only: String::new(),
            runtimes: Vec::new(),
            tiny: false,
            out: "unused".into(),
        }
    }

    #[test]
    fn nine_of_fifteen_rounds_are_spread_evenly() {
        let rounds: Vec<_> = (0..15).filter(|round| is_in(*round, 9, 15)).collect();
        assert_eq!(rounds.len(), 9);
        assert!(rounds.windows(2).all(|pair| pair[1] - pair[0] <= 2));
        assert!((0..15).all(|round| is_in(round, 15, 15)));
    }

    #[test]
    fn a_quick_run_has_both_figures_of_every_target_in_the_same_rounds() {
        let schedule = Schedule::new(&options(Mode::Quick));
        let rounds: Vec<Vec<Subject>> = (0..schedule.rounds())
            .map(|round| schedule.of_round(round).collect())
            .collect();
        for target in TARGETS {
            let points = [Some(target.ours), target.other()];
            let both = rounds.iter().filter(|round| {
                let is_there = |point: &crate::targets::Point| round.contains(&point.subject());
                points.iter().flatten().all(is_there)
            });
            assert!(
                both.count() >= target.rounds(),
                "{} has too few rounds",
                target.work
            );
        }
    }

    #[test]
    fn the_order_of_the_runtimes_is_another_one_in_each_round() {
        let schedule = Schedule::new(&Options {
            only: "ping_pong_100".to_owned(),
            ..options(Mode::Full)
        });
        let firsts: Vec<_> = (0..4)
            .map(|round| schedule.of_round(round).find(|subject| subject.workers == 2))
            .map(|subject| subject.expect("it is measured on workers").runtime)
            .collect();
        assert_eq!(firsts, ["reveille", "tokio", "smol", "async-executor"]);
    }
}
