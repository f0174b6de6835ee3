//! Whether the targets hold.
//!
//! A target is judged by the figures of each round: the ratio, or our figure alone. It holds when the quartile of these that is
//! worse for us meets it: of a gain the 25th percentile, of a share or a figure the 75th, which is the 25th of its inverse.

use crate::figures::{Figures, Values};
use crate::scenarios::{PEERS, named};
use crate::statistics::Quartiles;
use crate::targets::{Bound, Point, TARGETS, Target};

pub(crate) struct Verdict {
    pub(crate) target: &'static Target,
    pub(crate) judged: Judged,
    /// The peers that do the same work: ours to theirs, which must be at most 1.
    pub(crate) peers: Vec<(&'static str, Judged)>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Judged {
    Measured {
        /// Of the gains, the shares or our figures.
        quartiles: Quartiles,
        rounds: usize,
        holds: Holds,
    },
    /// Why there is no figure.
    Unavailable(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// It was not measured often enough to tell.
    TooFewRounds,
}

impl Judged {
    pub(crate) fn holds(&self) -> Option<Holds> {
        match self {
            Self::Measured { holds, .. } => Some(*holds),
            Self::Unavailable(_) => None,
        }
    }
}

pub(crate) fn all(figures: &Figures) -> Vec<Verdict> {
    TARGETS
        .iter()
        .map(|target| Verdict {
            target,
            judged: judge(target.ours, target.bound, target.rounds(), figures),
            peers: peers(target, figures),
        })
        .collect()
}

fn peers(target: &Target, figures: &Figures) -> Vec<(&'static str, Judged)> {
    let beside = |peer| {
        let of = target.beside(peer)?;
        let scenario = named(of.scenario).expect("targets name scenarios");
        let is_measured = scenario.runtimes[usize::from(of.workers > 0)].contains(&peer);
        let bound = Bound::Share { of, at_most: 1.0 };
        is_measured.then(|| (peer, judge(target.ours, bound, target.rounds(), figures)))
    };
    PEERS.into_iter().filter_map(beside).collect()
}

fn judge(ours: Point, bound: Bound, rounds: usize, figures: &Figures) -> Judged {
    let values_of = |point: Point| {
        let subject = point.subject();
        figures.values(&subject, point.metric).ok_or_else(|| {
            let reason = figures.unavailable().get(&subject);
            let reason = reason.map_or("not measured in this run", String::as_str);
            format!("{}: {reason}", point.runtime)
        })
    };
    let measured = values_of(ours).and_then(|ours| {
        Ok(match bound {
            Bound::Gain { over: other, .. } => ratios(values_of(other)?, ours),
            Bound::Share { of: other, .. } => ratios(ours, values_of(other)?),
            Bound::Most(_) => ours.values().copied().collect(),
        })
    });
    match measured {
        Ok(values) => of_values(values, bound, rounds),
        Err(reason) => Judged::Unavailable(reason),
    }
}

/// Of the rounds in which both were measured.
fn ratios(dividends: &Values, divisors: &Values) -> Vec<f64> {
    let in_both = |(round, dividend): (&usize, &f64)| Some(dividend / divisors.get(round)?);
    dividends.iter().filter_map(in_both).collect()
}

fn of_values(values: Vec<f64>, bound: Bound, needed: usize) -> Judged {
    let rounds = values.len();
    let Some(quartiles) = Quartiles::of(values) else {
        return Judged::Unavailable("never both in one round".to_owned());
    };
    let meets = match bound {
        Bound::Gain { at_least, .. } => quartiles.low >= at_least,
        Bound::Share { at_most, .. } | Bound::Most(at_most) => quartiles.high <= at_most,
    };
    let holds = match meets {
        _ if rounds < needed => Holds::TooFewRounds,
        true => Holds::Yes,
        false => Holds::No,
    };
    Judged::Measured {
        quartiles,
        rounds,
        holds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Subject;
    use crate::machine::Machine;
    use crate::scenarios::OURS;

    const GAIN: Bound = Bound::Gain {
        over: POINT,
        at_least: 2.0,
    };
    const SHARE: Bound = Bound::Share {
        of: POINT,
        at_most: 0.5,
    };
    const POINT: Point = Point {
        runtime: "tokio",
        scenario: "ping_pong",
        workers: 0,
        metric: "cpu_ns",
    };

    fn holds(values: &[f64], bound: Bound) -> Option<Holds> {
        of_values(values.to_vec(), bound, values.len()).holds()
    }

    #[test]
    fn a_gain_holds_when_three_quarters_of_the_rounds_meet_it() {
        assert_eq!(holds(&[1.0, 2.0, 2.5, 3.0, 4.0], GAIN), Some(Holds::Yes));
        assert_eq!(holds(&[1.0, 1.9, 2.5, 3.0, 4.0], GAIN), Some(Holds::No));
    }

    #[test]
    fn a_share_holds_when_three_quarters_of_the_rounds_meet_it() {
        assert_eq!(holds(&[0.1, 0.2, 0.3, 0.5, 0.9], SHARE), Some(Holds::Yes));
        assert_eq!(holds(&[0.1, 0.2, 0.3, 0.6, 0.9], SHARE), Some(Holds::No));
        assert_eq!(
            holds(&[1.0, 2.0, 3.0, 4.0, 9.0], Bound::Most(4.0)),
            Some(Holds::Yes)
        );
        assert_eq!(
            holds(&[1.0, 2.0, 3.0, 5.0, 9.0], Bound::Most(4.0)),
            Some(Holds::No)
        );
    }

    #[test]
    fn what_was_measured_too_seldom_does_not_hold() {
        assert_eq!(
            of_values(vec![9.0; 8], GAIN, 9).holds(),
            Some(Holds::TooFewRounds)
        );
        assert_eq!(of_values(vec![9.0; 9], GAIN, 9).holds(), Some(Holds::Yes));
        assert_eq!(of_values(Vec::new(), GAIN, 9).holds(), None);
    }

    fn figures(ours: &[(usize, f64)], theirs: &[(usize, f64)]) -> Figures {
        let mut figures = Figures::of(Machine::default());
        for (runtime, values) in [(OURS, ours), ("tokio", theirs)] {
            let subject = Subject::new(runtime, "ping_pong", 0);
            for (round, value) in values {
                figures.add(&subject, *round, "0", vec![("cpu_ns".to_owned(), *value)]);
            }
        }
        figures
    }

    #[test]
    fn ratios_are_those_of_one_round() {
        let figures = figures(
            &[(0, 10.0), (1, 20.0), (3, 1.0)],
            &[(0, 40.0), (1, 20.0), (2, 1.0)],
        );
        let ours = Point {
            runtime: OURS,
            ..POINT
        };
        let Judged::Measured {
            quartiles, rounds, ..
        } = judge(ours, GAIN, 2, &figures)
        else {
            panic!("both were measured");
        };
        assert_eq!((rounds, quartiles.median), (2, 2.5));
        let Judged::Measured { quartiles, .. } = judge(ours, SHARE, 2, &figures) else {
            panic!("both were measured");
        };
        assert_eq!(quartiles.median, 0.625);
    }

    #[test]
    fn what_a_runtime_lacks_is_told_with_its_reason() {
        let mut figures = figures(&[(0, 10.0)], &[]);
        let ours = Point {
            runtime: OURS,
            ..POINT
        };
        let said = |figures: &Figures| match judge(ours, GAIN, 1, figures) {
            Judged::Unavailable(reason) => reason,
            Judged::Measured { .. } => panic!("there is nothing to compare with"),
        };
        assert_eq!(said(&figures), "tokio: not measured in this run");
        figures.add_unavailable(&POINT.subject(), "it has none".to_owned());
        assert_eq!(said(&figures), "tokio: it has none");
    }

    #[test]
    fn every_target_names_what_is_measured() {
        for target in TARGETS {
            for point in [Some(target.ours), target.other()].into_iter().flatten() {
                let scenario =
                    named(point.scenario).unwrap_or_else(|| panic!("{} is no scenario", point.scenario));
                let runtimes = scenario.runtimes[usize::from(point.workers > 0)];
                assert!(
                    runtimes.contains(&point.runtime),
                    "{} on {}",
                    point.scenario,
                    point.runtime
                );
            }
        }
    }
}
