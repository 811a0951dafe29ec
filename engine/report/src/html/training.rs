//! How adapters were trained: a table and a plot for each model and adapter.

mod curve;
mod scale;

use crate::training::{TrainingRow, TrainingTable};
use minijinja::{Value, context};
use xlt_core::results::{Results, Training};

/// Nothing where nothing was trained here.
pub(super) fn training(results: &Results) -> Option<Value> {
    let table = TrainingTable::new(&results.trainings);
    let rows: Vec<Value> = table.rows.iter().map(row).collect();
    let same = |a: &Training, b: &Training| (&a.of.model, &a.of.adapter) == (&b.of.model, &b.of.adapter);
    let plots = results.trainings.chunk_by(same).filter_map(curve::plot);
    let plots: Vec<Value> = plots.collect();
    (!rows.is_empty()).then(|| context! { about => table.about(), heads => table.heads, rows, plots })
}

fn row(TrainingRow { of, numbers }: &TrainingRow<'_>) -> Value {
    context! { model => &*of.model, adapter => &*of.adapter, seed => of.seed, numbers }
}
