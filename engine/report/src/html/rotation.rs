//! Rotated options: one table.

use super::words::language;
use crate::column::heading;
use crate::rotation::RotationTable;
use minijinja::{Value, context};
use xlt_core::results::Results;

/// Nothing where no options were rotated.
pub(super) fn rotation(results: &Results) -> Option<Value> {
    let table = RotationTable::new(results);
    let rows = table.rows.iter().map(|(cell, texts)| {
        context! { language => language(&cell.language), column => heading(&cell.column), texts }
    });
    let rows: Vec<Value> = rows.collect();
    (!rows.is_empty()).then(|| context! { about => table.about(), heads => table.heads, rows })
}
