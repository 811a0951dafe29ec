//! Gains by cell: for each comparison a table whose rows are drawn, one axis for all.

use super::words::language;
use crate::effects::gains::{Axis, GainRow, IN_NOISE, Kin, Panel, about, panels};
use crate::effects::scatter::tick;
use crate::points::{brackets, decimals, p_value, points};
use minijinja::{Value, context};
use xlt_core::analysis::{Comparison, PopulationGain};
use xlt_core::results::Results;
use xlt_core::stats::Interval;

/// With more rows than this in all, only the first comparison lies open.
const OPEN: usize = 60;

/// Nothing where no gain is asked for.
pub(super) fn gains(results: &Results) -> Option<Value> {
    let panels = panels(results);
    let axis = Axis::of(&panels);
    let rows: usize = panels.iter().map(|panel| panel.rows.len()).sum();
    let ticks = axis.ticks();
    let tick = |at: &f64| context! { place => share(axis.place(*at)), text => tick(*at) };
    (!panels.is_empty()).then(|| {
        context! {
            about => about(results),
            steps => axis.steps(),
            ticks => ticks.iter().map(tick).collect::<Vec<_>>(),
            zero => share(axis.place(0.0)),
            panels => panels.iter().enumerate().map(|(at, it)| panel(it, &axis, at == 0 || rows <= OPEN)).collect::<Vec<_>>(),
            in_noise => panels.iter().flat_map(|panel| &panel.rows).any(GainRow::in_noise).then_some(IN_NOISE),
            floor => panels.iter().flat_map(|panel| &panel.rows).any(|row| row.floor.is_some()),
            items_only => panels.iter().any(|panel| panel.items_only),
        }
    })
}

fn panel(panel: &Panel<'_>, axis: &Axis, open: bool) -> Value {
    let Comparison { model, of, over, mode, .. } = panel.comparison;
    let group = |rows: &[GainRow<'_>]| {
        let head = rows.first().map_or("", |row| row.kin.head());
        context! { head, rows => rows.iter().map(|it| row(it, axis)).collect::<Vec<_>>() }
    };
    context! {
        model,
        of,
        over,
        mode,
        open,
        items_only => panel.items_only,
        groups => panel.rows.chunk_by(|one, other| one.kin == other.kin).map(group).collect::<Vec<_>>(),
        means => panel.means.iter().map(|it| mean(it, axis)).collect::<Vec<_>>(),
    }
}

fn row(row: &GainRow<'_>, axis: &Axis) -> Value {
    let gain = row.gain;
    // Numbers of the shapes that the page has defined: a dot and a square.
    let (class, shape) = match row.kin {
        Kin::Relative | Kin::Unknown => ("kin", 0),
        Kin::Control => ("control", 0),
        Kin::Source => ("source", 1),
    };
    context! {
        class,
        shape,
        language => language(&gain.language),
        before => points(gain.before),
        gain => points(gain.estimate.value),
        interval => brackets(row.interval()),
        p => p_value(gain.p_adjusted),
        in_noise => row.in_noise(),
        floor => row.floor.map(|floor| decimals(floor, 1)),
        mark => mark(gain.estimate.value, row.interval(), axis),
    }
}

fn mean(mean: &PopulationGain, axis: &Axis) -> Value {
    context! {
        population => &*mean.population,
        languages => super::count(mean.languages.len(), "language"),
        gain => points(mean.estimate.value),
        interval => brackets(mean.interval),
        mark => mark(mean.estimate.value, mean.interval, axis),
    }
}

/// Where dot and line stand, in per cent of the axis.
fn mark(value: f64, interval: Option<Interval>, axis: &Axis) -> Value {
    let at = |value: f64| share(axis.place(value * 100.0));
    context! { at => at(value), ends => interval.map(|Interval { low, high }| [at(low), at(high)]) }
}

fn share(place: f64) -> String {
    format!("{:.1}", place * 100.0)
}
