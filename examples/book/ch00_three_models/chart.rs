//! The table as a picture: SVG, with a bar for each model.

use std::fmt::Write;

use crate::measurement::{Measured, Run, Used};
use crate::server::Model;

/// Four groups of bars, each to a scale of its own.
pub(crate) fn draw(rows: &[Measured]) -> String {
    let waits = |row: &&Measured| matches!(row.run, Run::Wait { .. });
    let holds = |row: &&Measured| matches!(row.run, Run::Hold { .. });
    let computes = |row: &&Measured| matches!(row.run, Run::Compute { .. });
    let used = |value: fn(&Used, f64) -> f64| {
        move |row: &Measured| {
            let requests = f64::from(row.run.requests());
            row.used.as_ref().map(|used| value(used, requests))
        }
    };
    let milliseconds = |used: &Used, _| used.cpu.as_secs_f64() * 1e3;
    let groups = [
        Group::of(rows.iter().filter(waits), "waiting: wall time, ms", |row| {
            Some(row.wall.as_secs_f64() * 1e3)
        }),
        Group::of(
            rows.iter().filter(waits),
            "waiting: voluntary switches per request",
            used(|used, requests| used.voluntary as f64 / requests),
        ),
        Group::of(
            rows.iter().filter(holds),
            "held open: KiB per connection",
            used(|used, connections| used.grown as f64 / connections),
        ),
        Group::of(
            rows.iter().filter(computes),
            "computing: processor time, ms",
            used(milliseconds),
        ),
    ];
    let height = GROUP * groups.len() + MARGIN;
    let mut svg = String::new();
    let mut line = |text: String| svg.push_str(&(text + "\n"));
    line(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>"#
    ));
    line(format!(
        r##"<rect width="{WIDTH}" height="{height}" fill="#fff"/>"##
    ));
    for (number, group) in groups.iter().enumerate() {
        line(group.draw(MARGIN + number * GROUP));
    }
    line("</svg>".to_owned());
    svg
}

/// Bars that are compared with each other; a value that was not measured has none.
struct Group {
    title: &'static str,
    bars: Vec<(Model, Option<f64>)>,
}

impl Group {
    fn of<'a>(
        rows: impl Iterator<Item = &'a Measured>,
        title: &'static str,
        value: impl Fn(&Measured) -> Option<f64>,
    ) -> Self {
        let bars = rows.map(|row| (row.model, value(row))).collect();
        Self { title, bars }
    }

    fn draw(&self, top: usize) -> String {
        let longest = self
            .bars
            .iter()
            .filter_map(|(_, value)| *value)
            .fold(0.0, f64::max);
        let mut svg = format!(
            r#"<text x="{MARGIN}" y="{}" font-weight="bold">{}</text>"#,
            top + 14,
            self.title
        );
        for (number, (model, value)) in self.bars.iter().enumerate() {
            let y = top + 24 + number * BAR;
            let length = match value {
                Some(value) if longest > 0.0 => value / longest * LONGEST,
                _ => 0.0,
            };
            let text = value.map_or("not measured".to_owned(), |value| format!("{value:.1}"));
            let (end, base, color) = (LEFT as f64 + length + 6.0, y + 15, color(*model));
            // Writing to a string does not fail.
            let _ = write!(
                svg,
                concat!(
                    "\n",
                    r#"<text x="{}" y="{}" text-anchor="end">{}</text>"#,
                    r#"<rect x="{}" y="{}" width="{:.1}" height="18" fill="{}"/>"#,
                    r#"<text x="{:.1}" y="{}">{}</text>"#
                ),
                LEFT - 8,
                base,
                model,
                LEFT,
                y,
                length,
                color,
                end,
                base,
                text
            );
        }
        svg
    }
}

/// Told apart also by those who do not see all colours.
fn color(model: Model) -> &'static str {
    match model {
        Model::OneThread => "#999999",
        Model::ManyThreads => "#e69f00",
        Model::EventLoop => "#0072b2",
    }
}

const FONT: &str = r#"font-family="sans-serif" font-size="13""#;
const WIDTH: usize = 640;
const MARGIN: usize = 16;
/// Where the bars begin.
const LEFT: usize = 130;
/// The length of the longest bar.
const LONGEST: f64 = 430.0;
const BAR: usize = 24;
const GROUP: usize = 110;
