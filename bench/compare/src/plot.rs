//! The plot: how far each target is met, and what each runtime takes of tokio's cost in every scenario.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::figures::{Allocator, Figures, Subject};
use crate::judge::{Holds, Judged, Verdict};
use crate::report::ratio_to_tokio;
use crate::scenarios::{RUNTIMES, SCENARIOS, TOKIO};
use crate::targets::Bound;

const WIDTH: i32 = 1000;
const LINE: i32 = 18;
/// The labels are left of this.
const LEFT: i32 = 480;
const MARGIN: i32 = 20;
/// A heading, the legend below it, and the scale.
const HEAD: i32 = 70;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// A logarithmic scale from `1 / most` to `most`.
struct Scale {
    most: f64,
}

impl Scale {
    /// What is beyond the ends stands at the end.
    fn x(&self, value: f64) -> i32 {
        let end = self.most.ln();
        let part = (value.max(f64::MIN_POSITIVE).ln().clamp(-end, end) + end) / (2.0 * end);
        LEFT + (part * f64::from(WIDTH - LEFT - MARGIN)) as i32
    }

    /// A line for each power of two.
    fn draw(&self, area: &Area<'_>, top: i32, bottom: i32) -> Drawn {
        let end = self.most.log2() as i32;
        for power in -end..=end {
            let value = 2_f64.powi(power);
            let x = self.x(value);
            let style = if power == 0 {
                BLACK.stroke_width(2)
            } else {
                BLACK.mix(0.2).stroke_width(1)
            };
            area.draw(&PathElement::new(vec![(x, top), (x, bottom)], style))?;
            area.draw(&Text::new(
                format!("{value}"),
                (x - 8, top - 14),
                ("sans-serif", 11),
            ))?;
        }
        Ok(())
    }
}

pub(crate) fn draw(figures: &Figures, verdicts: &[Verdict], path: &Path) -> Drawn {
    let rows = rows(figures);
    let first = HEAD + LINE * verdicts.len() as i32;
    let second = HEAD + LINE * rows.len() as i32;
    let height = first + second + 3 * MARGIN;
    let root = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let (above, below) = root.split_vertically(first + MARGIN);
    targets(&above, verdicts)?;
    scenarios(&below, figures, &rows)?;
    root.present()?;
    Ok(())
}

fn targets(area: &Area<'_>, verdicts: &[Verdict]) -> Drawn {
    let scale = Scale { most: 8.0 };
    head(
        area,
        "Targets: how many times each is met (the bar is from the 25th to the 75th percentile)",
    )?;
    scale.draw(area, HEAD, HEAD + LINE * verdicts.len() as i32)?;
    for (index, verdict) in verdicts.iter().enumerate() {
        let y = HEAD + LINE * index as i32 + LINE / 2;
        let target = verdict.target;
        let workers = if target.ours.workers > 0 {
            ", 2 workers"
        } else {
            ""
        };
        label(area, y, &format!("{}{workers}", target.work))?;
        let Judged::Measured { quartiles, holds, .. } = &verdict.judged else {
            area.draw(&Text::new("not available", (LEFT + 4, y - 6), ("sans-serif", 11)))?;
            continue;
        };
        let color = match holds {
            Holds::Yes => RGBColor(0, 120, 60),
            Holds::No => RGBColor(200, 30, 30),
            Holds::TooFewRounds => RGBColor(120, 120, 120),
        };
        let times = |value: f64| match target.bound {
            Bound::Gain { at_least, .. } => value / at_least,
            Bound::Share { at_most, .. } | Bound::Most(at_most) => at_most / value,
        };
        let [low, median, high] =
            [quartiles.low, quartiles.median, quartiles.high].map(|value| scale.x(times(value)));
        area.draw(&PathElement::new(
            vec![(low, y), (high, y)],
            color.stroke_width(5),
        ))?;
        area.draw(&Circle::new((median, y), 4, color.filled()))?;
    }
    Ok(())
}

/// A scenario on so many workers, and its metric that is drawn.
type Row = (&'static str, usize, String);

fn rows(figures: &Figures) -> Vec<Row> {
    let mut rows = Vec::new();
    for workers in [0, 2] {
        for scenario in SCENARIOS {
            let metrics = figures.metrics(scenario.name, workers, Allocator::System);
            let metric = metrics.iter().find(|metric| metric.contains("cpu_ns"));
            rows.extend(
                metric
                    .or(metrics.first())
                    .map(|metric| (scenario.name, workers, metric.clone())),
            );
        }
    }
    rows
}

fn scenarios(area: &Area<'_>, figures: &Figures, rows: &[Row]) -> Drawn {
    let scale = Scale { most: 16.0 };
    head(
        area,
        "Every scenario: each runtime's median over tokio's; left is less",
    )?;
    scale.draw(area, HEAD, HEAD + LINE * rows.len() as i32)?;
    for (index, runtime) in RUNTIMES.iter().filter(|runtime| **runtime != TOKIO).enumerate() {
        let x = MARGIN + index as i32 * 120;
        area.draw(&Circle::new((x, 36), 4, color(runtime).filled()))?;
        area.draw(&Text::new(*runtime, (x + 8, 29), ("sans-serif", 12)))?;
    }
    for (index, (scenario, workers, metric)) in rows.iter().enumerate() {
        let y = HEAD + LINE * index as i32 + LINE / 2;
        let flavor = if *workers > 0 { ", 2 workers" } else { "" };
        label(area, y, &format!("{scenario}{flavor}: {metric}"))?;
        // Ours last, so that it is on top.
        for runtime in RUNTIMES.iter().rev().filter(|runtime| **runtime != TOKIO) {
            let subject = Subject::new(runtime, scenario, *workers);
            if let Some(ratio) = ratio_to_tokio(figures, &subject, metric) {
                area.draw(&Circle::new((scale.x(ratio), y), 4, color(runtime).filled()))?;
            }
        }
    }
    Ok(())
}

fn head(area: &Area<'_>, text: &str) -> Drawn {
    area.draw(&Text::new(text, (MARGIN, 6), ("sans-serif", 15)))?;
    Ok(())
}

fn label(area: &Area<'_>, y: i32, text: &str) -> Drawn {
    area.draw(&Text::new(text, (MARGIN, y - 6), ("sans-serif", 12)))?;
    Ok(())
}

fn color(runtime: &str) -> RGBColor {
    const COLORS: [(u8, u8, u8); RUNTIMES.len()] = [
        (200, 30, 30),
        (0, 0, 0),
        (40, 100, 200),
        (90, 180, 230),
        (240, 140, 20),
        (250, 200, 90),
        (0, 140, 90),
        (140, 90, 40),
        (130, 130, 130),
    ];
    let index = RUNTIMES.iter().position(|name| *name == runtime).unwrap_or(0);
    let (red, green, blue) = COLORS[index];
    RGBColor(red, green, blue)
}
