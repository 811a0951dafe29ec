//! What lies behind each cell, a table for each column of the results.

use super::Links;
use super::words::{language, percent, visible};
use super::writing;
use crate::column;
use minijinja::{Value, context};
use xlt_core::results::{Cell, Column, Results};

pub(super) fn column(results: &Results, column: &Column, links: &Links) -> Value {
    let cells: Vec<&Cell> = results.cells.iter().filter(|cell| cell.id.column == *column).collect();
    context! {
        heading => column::heading(column),
        labels => cells.iter().any(|cell| cell.median_answer_mass.is_some()),
        normalizations => normalizations(&cells),
        reasoning => cells.iter().filter_map(|cell| writing::reasoning(cell)).collect::<Vec<_>>(),
        generation => cells.iter().filter_map(|cell| writing::generation(cell)).collect::<Vec<_>>(),
        cells => cells.into_iter().map(|found| cell(found, links)).collect::<Vec<_>>(),
    }
}

fn cell(cell: &Cell, links: &Links) -> Value {
    context! {
        language => language(&cell.id.language),
        items => links.items(&cell.id),
        origin => links.origin(&cell.id),
        correct => cell.score.successes(),
        number => cell.score.trials(),
        rate => percent(cell.score.rate()),
        low => percent(cell.interval.low),
        high => percent(cell.interval.high),
        mass => cell.median_answer_mass.map(|mass| format!("{mass:.3}")),
        failure => cell.format_failure(),
        cannot_tell => cell.cannot_tell(),
        items_only => cell.items_only,
        wanted => visible(&cell.wanted.text),
        wanted_count => cell.wanted.count,
        tokens => format!("{:.1}", cell.mean_prompt_tokens),
    }
}

/// The normalizations that the cells have, and each cell's accuracies.
fn normalizations(cells: &[&Cell]) -> Value {
    let of = |cell: &Cell| {
        let scores = cell.by_normalization.iter().map(|by| percent(by.score.rate()));
        context! { language => language(&cell.id.language), rates => scores.collect::<Vec<_>>() }
    };
    let with: Vec<&&Cell> = cells.iter().filter(|cell| !cell.by_normalization.is_empty()).collect();
    let names = with.first().map(|cell| cell.by_normalization.iter().map(|by| by.normalize.word()).collect::<Vec<_>>());
    context! { names, rows => with.into_iter().map(|cell| of(cell)).collect::<Vec<_>>() }
}
