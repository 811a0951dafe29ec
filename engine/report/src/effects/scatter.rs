//! Points of plots: a gain against its baseline, and one gain against another. A cell each.

use super::gains::{Axis, panels};
use crate::points::{decimals, points};
use crate::sheet::short;
use std::collections::BTreeMap;
use xlt_core::analysis::{Ablation, AgainstBaseline, Comparison};
use xlt_core::results::{Cell, Results};

/// A plot of points.
pub(crate) struct Scatter {
    /// What it shows.
    pub(crate) title: String,
    /// What runs to the right, and upwards.
    pub(crate) labels: [String; 2],
    /// The axes.
    pub(crate) axes: [Axis; 2],
    /// The points, in points and per cent.
    pub(crate) dots: Vec<Dot>,
}

/// A point.
pub(crate) struct Dot {
    /// Which cell it is, and its numbers.
    pub(crate) title: String,
    /// To the right.
    pub(crate) x: f64,
    /// Upwards.
    pub(crate) y: f64,
}

impl Scatter {
    fn new(title: String, labels: [String; 2], dots: Vec<Dot>) -> Self {
        let axes = [Axis::around(dots.iter().map(|dot| dot.x)), Axis::around(dots.iter().map(|dot| dot.y))];
        Self { title, labels, axes, dots }
    }
}

/// The gains of a comparison against where they started.
pub(crate) fn against_baseline(results: &Results, AgainstBaseline { of, over, mode, .. }: &AgainstBaseline) -> Scatter {
    let is = |comparison: &Comparison| (&comparison.of, &comparison.over, &comparison.mode) == (of, over, mode);
    let panels = panels(results);
    let rows = panels.iter().filter(|panel| is(panel.comparison)).flat_map(|panel| &panel.rows);
    let dot = |row: &super::gains::GainRow<'_>| {
        let (before, gain) = (row.gain.before, row.gain.estimate.value);
        let of = format!("{}, {}", row.gain.comparison.model, short(&row.gain.language));
        Dot { title: format!("{of}: {} from {} %", points(gain), points(before)), x: before * 100.0, y: gain * 100.0 }
    };
    let labels = [format!("accuracy of {over}, %"), format!("gain of {of}, points")];
    Scatter::new(format!("{of} over {over}, {mode}"), labels, rows.map(dot).collect())
}

/// What two columns gain over the same one; the first seed of each, as the correlations have it.
pub(crate) fn gain_against_gain(results: &Results, Ablation { reasoned, tuned, over, .. }: &Ablation) -> Scatter {
    let mut rates: BTreeMap<(&str, &str), BTreeMap<String, f64>> = BTreeMap::new();
    for cell in &results.cells {
        let Cell { id, score, .. } = cell;
        let way = format!("{}/{}", id.column.condition, id.column.mode);
        rates.entry((&id.column.model, &id.language)).or_default().entry(way).or_insert(score.rate());
    }
    let dot = |((model, code), of): (&(&str, &str), &BTreeMap<String, f64>)| {
        let base = of.get(over)?;
        let (x, y) = (of.get(reasoned)? - base, of.get(tuned)? - base);
        let title = format!("{model}, {}: {} and {}", short(code), points(x), points(y));
        Some(Dot { title, x: x * 100.0, y: y * 100.0 })
    };
    let labels = [format!("gain of {reasoned}, points"), format!("gain of {tuned}, points")];
    Scatter::new(format!("{reasoned} and {tuned} over {over}"), labels, rates.iter().filter_map(dot).collect())
}

/// A tick's number: whole, with a true minus sign.
pub(crate) fn tick(value: f64) -> String {
    decimals(value, 0)
}
