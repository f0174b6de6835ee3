//! All figures of a comparison, their medians, and how they are written.

use std::fmt::Write;

use crate::RUNTIMES;

/// Every figure that was measured, in the order in which it came.
#[derive(Default)]
pub(crate) struct Figures(Vec<Figure>);

struct Figure {
    scenario: String,
    metric: String,
    runtime: String,
    round: usize,
    value: f64,
}

impl Figures {
    pub(crate) fn add(&mut self, scenario: &str, metric: &str, runtime: &str, round: usize, value: f64) {
        self.0.push(Figure {
            scenario: scenario.to_owned(),
            metric: metric.to_owned(),
            runtime: runtime.to_owned(),
            round,
            value,
        });
    }

    /// One object a line; names are ours and need no escaping.
    pub(crate) fn json_lines(&self) -> String {
        let mut text = String::new();
        for Figure {
            scenario,
            metric,
            runtime,
            round,
            value,
        } in &self.0
        {
            let _ = writeln!(
                text,
                r#"{{"scenario":"{scenario}","metric":"{metric}","runtime":"{runtime}","round":{round},"value":{value}}}"#
            );
        }
        text
    }

    /// Medians side by side; less is better in every row.
    pub(crate) fn table(&self, scenarios: &[&(&str, &str)], rounds: usize) -> String {
        let [ours, theirs] = RUNTIMES;
        let mut text = format!(
            "Medians of {rounds} rounds, run in turns; less is better. Spread: (largest - smallest) / median.\n\n\
             | scenario | per | metric | {ours} | {theirs} | ratio | spread {ours} | spread {theirs} |\n\
             |---|---|---|--:|--:|--:|--:|--:|\n"
        );
        for (scenario, what) in scenarios {
            for metric in self.metrics(scenario) {
                let our = Summary::of(self.values(scenario, &metric, ours));
                let their = Summary::of(self.values(scenario, &metric, theirs));
                let _ = writeln!(
                    text,
                    "| {scenario} | {what} | {metric} | {:.1} | {:.1} | **{:.2}** | {:.0} % | {:.0} % |",
                    our.median,
                    their.median,
                    our.median / their.median,
                    our.spread * 100.0,
                    their.spread * 100.0,
                );
            }
        }
        text
    }

    fn metrics(&self, scenario: &str) -> Vec<String> {
        let mut metrics: Vec<String> = Vec::new();
        for figure in self.0.iter().filter(|figure| figure.scenario == scenario) {
            if !metrics.contains(&figure.metric) {
                metrics.push(figure.metric.clone());
            }
        }
        metrics
    }

    fn values(&self, scenario: &str, metric: &str, runtime: &str) -> Vec<f64> {
        let of_row = |figure: &&Figure| {
            figure.scenario == scenario && figure.metric == metric && figure.runtime == runtime
        };
        self.0.iter().filter(of_row).map(|figure| figure.value).collect()
    }
}

struct Summary {
    median: f64,
    spread: f64,
}

impl Summary {
    /// Of at least one value.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            (values[middle - 1] + values[middle]) / 2.0
        };
        let spread = (values[values.len() - 1] - values[0]) / median;
        Self { median, spread }
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn the_median_of_an_even_number_of_values_lies_between_the_middle_two() {
        let summary = Summary::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!((summary.median, summary.spread), (2.5, 3.0 / 2.5));
        assert_eq!(Summary::of(vec![3.0, 1.0, 2.0]).median, 2.0);
    }
}
