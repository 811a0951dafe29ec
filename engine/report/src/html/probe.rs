//! How far scores depend on company: one table.

use super::words::language;
use crate::column::heading;
use crate::probe::{ProbeRow, ProbeTable};
use minijinja::{Value, context};
use xlt_core::probe::{Place, Way};
use xlt_core::results::Results;

/// Nothing where nothing was probed.
pub(super) fn probe(results: &Results) -> Option<Value> {
    let table = ProbeTable::new(&results.probes);
    let rows: Vec<Value> = table.rows.iter().map(row).collect();
    (!rows.is_empty()).then(|| context! { about => table.about(), heads => table.heads, rows })
}

fn row(ProbeRow { cell, numbers, place }: &ProbeRow<'_>) -> Value {
    context! {
        language => language(&cell.language),
        column => heading(&cell.column),
        numbers,
        place => place.map(|Place { key, option, between }| context! { key, option, between => between.map(Way::words) }),
    }
}
