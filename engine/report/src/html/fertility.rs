//! Tokens that the models need: a table for each model.

use super::words::{language, visible};
use crate::fertility::{FertilityRow, FertilityTable};
use minijinja::{Value, context};
use xlt_core::fertility::{Parity, Seen};
use xlt_core::results::Results;

/// Nothing where none were counted.
pub(super) fn fertility(results: &Results) -> Option<Value> {
    let table = FertilityTable::new(&results.fertility);
    let models = table.rows.chunk_by(|one, next| one.model == next.model).map(|rows| {
        context! { name => rows[0].model, rows => rows.iter().map(row).collect::<Vec<_>>() }
    });
    let models: Vec<Value> = models.collect();
    (!models.is_empty())
        .then(|| context! { about => table.about(), heads => table.heads, parity => table.parity, models })
}

fn row(row: &FertilityRow<'_>) -> Value {
    context! { language => language(row.language), numbers => &row.numbers, parity => row.parity.map(parity) }
}

fn parity(Parity { texts, differing, first }: &Parity) -> Value {
    let first = first.as_ref().map(|first| {
        context! {
            key => &*first.key,
            field => &*first.field,
            token => first.position + 1,
            model => first.model.as_ref().map(seen),
            tokenizer => first.tokenizer.as_ref().map(seen),
        }
    });
    context! { texts, differing, first }
}

fn seen(Seen { id, text }: &Seen) -> Value {
    context! { id, text => visible(text) }
}
