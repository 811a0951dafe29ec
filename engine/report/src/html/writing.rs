//! What the model wrote, before it answered or in its answer: a row for each cell where it did.

use super::words::{language, percent};
use crate::written;
use minijinja::{Value, context};
use xlt_core::results::Cell;

pub(super) fn reasoning(cell: &Cell) -> Option<Value> {
    let reasoning = cell.reasoning.as_ref()?;
    let change = reasoning.change.as_ref().map(|change| {
        context! {
            against => &*change.against,
            items => change.items,
            changed => change.changed,
            to_right => change.to_right,
            to_wrong => change.to_wrong,
            cannot_tell => change.cannot_tell,
        }
    });
    Some(context! {
        language => language(&cell.id.language),
        cannot_tell => cell.cannot_tell(),
        cut => written::share(reasoning.cut.items),
        tokens => written::tokens(reasoning),
        script => written::script(reasoning),
        change,
    })
}

pub(super) fn generation(cell: &Cell) -> Option<Value> {
    let generation = cell.generation.as_ref()?;
    let of_parsed = generation.of_parsed.zip(generation.interval()).map(|(score, interval)| {
        context! { rate => percent(score.rate()), low => percent(interval.low), high => percent(interval.high) }
    });
    Some(context! {
        language => language(&cell.id.language),
        cannot_tell => cell.cannot_tell(),
        parsed => generation.parsed,
        unparsed => generation.unparsed,
        truncated => generation.truncated,
        refused => generation.refused,
        cut => written::share(generation.cut.items),
        rate => percent(cell.score.rate()),
        items_only => cell.items_only,
        of_parsed,
        rules => written::rules(generation),
    })
}
