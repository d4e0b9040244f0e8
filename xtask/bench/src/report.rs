//! The figures: gathered by round, told as medians with their spread, and set against the bare proxy.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::processor;
use crate::target::Target;

const DIRECT: &str = "direct";
const YARDSTICK: &str = "bare proxy";

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Micros,
    Millis,
    PerSecond,
    Percent,
    Mebi,
    Count,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Micros => "µs",
            Self::Millis => "ms",
            Self::PerSecond => "/s",
            Self::Percent => "%",
            Self::Mebi => "MiB",
            Self::Count => "",
        }
    }
}

/// All figures of a run.
pub(crate) struct Report {
    targets: Vec<String>,
    pinned: bool,
    rows: Vec<Row>,
}

struct Row {
    metric: String,
    unit: Unit,
    /// A list of figures for each target, in the order of the targets.
    figures: Vec<Vec<f64>>,
}

impl Report {
    pub(crate) fn new(targets: &[Target], pinned: bool) -> Self {
        Self::of(targets.iter().map(|target| target.name().to_owned()).collect(), pinned)
    }

    fn of(targets: Vec<String>, pinned: bool) -> Self {
        Self { targets, pinned, rows: Vec::new() }
    }

    /// Adds a figure.
    pub(crate) fn add(&mut self, metric: &str, unit: Unit, target: &str, figure: f64) {
        let Some(column) = self.targets.iter().position(|name| name == target) else { return };
        let at = self.rows.iter().position(|row| row.metric == metric).unwrap_or_else(|| {
            let figures = vec![Vec::new(); self.targets.len()];
            self.rows.push(Row { metric: metric.into(), unit, figures });
            self.rows.len() - 1
        });
        self.rows[at].figures[column].push(figure);
    }

    /// Adds a time in microseconds and, for what is not direct, how much more it is than the direct one of
    /// the same round.
    pub(crate) fn add_with_difference(&mut self, metric: &str, added: &str, target: &str, micros: f64) {
        self.add(metric, Unit::Micros, target, micros);
        if target != DIRECT
            && let Some(direct) = self.last(metric, DIRECT)
        {
            self.add(added, Unit::Micros, target, micros - direct);
        }
    }

    fn last(&self, metric: &str, target: &str) -> Option<f64> {
        let column = self.targets.iter().position(|name| name == target)?;
        self.rows.iter().find(|row| row.metric == metric)?.figures[column].last().copied()
    }

    /// A table: median (least–most), and in how many times the bare proxy's.
    pub(crate) fn markdown(&self) -> String {
        let mut text =
            format!("| | {} |\n|---|{}\n", self.targets.join(" | "), "---|".repeat(self.targets.len()));
        for row in &self.rows {
            let yardstick = self.yardstick(row);
            let cells = row.figures.iter().zip(&self.targets).map(|(figures, target)| {
                let Some(spread) = Spread::of(figures) else { return String::from("–") };
                let ratio = yardstick.filter(|_| target != DIRECT && target != YARDSTICK);
                let ratio = ratio.map_or(String::new(), |base| format!(" ×{:.2}", spread.median / base));
                format!("{} ({}–{}){ratio}", shown(spread.median), shown(spread.least), shown(spread.most))
            });
            let cells: Vec<String> = cells.collect();
            let unit = row.unit.name();
            let unit = if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
            text.push_str(&format!("| {}{unit} | {} |\n", row.metric, cells.join(" | ")));
        }
        text
    }

    fn yardstick(&self, row: &Row) -> Option<f64> {
        let column = self.targets.iter().position(|name| name == YARDSTICK)?;
        Spread::of(&row.figures[column]).map(|spread| spread.median).filter(|median| *median > 0.0)
    }

    fn json(&self) -> Value {
        let mut results = Vec::new();
        for row in &self.rows {
            let yardstick = self.yardstick(row);
            for (figures, target) in row.figures.iter().zip(&self.targets) {
                let Some(spread) = Spread::of(figures) else { continue };
                results.push(json!({
                    "metric": row.metric, "unit": row.unit.name(), "target": target, "rounds": figures,
                    "median": spread.median, "least": spread.least, "most": spread.most,
                    "of_bare_proxy": yardstick.map(|base| spread.median / base),
                }));
            }
        }
        json!({
            "processor": processor::model(), "pinned": self.pinned, "version": env!("CARGO_PKG_VERSION"),
            "results": results,
        })
    }

    pub(crate) fn write_json(&self, path: &Path) -> Result<()> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        std::fs::write(path, format!("{:#}\n", self.json()))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self { median, least, most })
    }
}

/// Three digits that matter, no more.
fn shown(figure: f64) -> String {
    match figure.abs() {
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_spreads_ratios_and_differences_are_told() {
        let mut report = Report::of([DIRECT, YARDSTICK, "gateway"].map(String::from).to_vec(), true);
        for (direct, proxy, gateway) in [(10.0, 40.0, 60.0), (10.0, 42.0, 63.0), (12.0, 90.0, 62.0)] {
            report.add_with_difference("p50", "added", DIRECT, direct);
            report.add_with_difference("p50", "added", YARDSTICK, proxy);
            report.add_with_difference("p50", "added", "gateway", gateway);
        }
        let table = report.markdown();
        assert!(
            table.contains("| p50 [µs] | 10.0 (10.0–12.0) | 42.0 (40.0–90.0) | 62.0 (60.0–63.0) ×1.48 |"),
            "{table}"
        );
        assert!(table.contains("| added [µs] | – | 32.0 (30.0–78.0) | 50.0 (50.0–53.0) ×1.56 |"), "{table}");
        assert_eq!(report.json()["results"][2]["rounds"], json!([60.0, 63.0, 62.0]));
    }
}
