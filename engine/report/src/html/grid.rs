//! The table of accuracies: languages as rows, columns as columns, coloured by the distance from chance.

use super::Links;
use super::words::{language, percent, side};
use crate::column;
use minijinja::{Value, context};
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::results::{Cell, CellId, Column, GroupMean, Results};

/// Opacity of the colour at the ends, 0 % and 100 %. Text stays readable on it in both colour schemes.
const STRONGEST: f64 = 0.6;

pub(super) fn grid(results: &Results, columns: &BTreeSet<&Column>, links: &Links) -> Value {
    let cells: BTreeMap<&CellId, &Cell> = results.cells.iter().map(|cell| (&cell.id, cell)).collect();
    let languages: BTreeSet<&str> = results.cells.iter().map(|cell| cell.id.language.as_str()).collect();
    let row = |code: &str| {
        let at = |column: &Column| {
            let id = CellId { column: column.clone(), language: code.to_owned() };
            cells.get(&id).map(|found| cell(found, results.chance(), links))
        };
        context! { language => language(code), cells => columns.iter().map(|column| at(column)).collect::<Vec<_>>() }
    };
    let groups: BTreeSet<&str> = results.group_means.iter().map(|mean| mean.group.as_str()).collect();
    let means = |group: &str| {
        let at = |column: &Column| {
            let mut found = results.group_means.iter().filter(|mean| mean.group == group && mean.column == *column);
            found.next().map(|found| mean(found, results.chance()))
        };
        context! { group, cells => columns.iter().map(|column| at(column)).collect::<Vec<_>>() }
    };
    // Columns are sorted by their model first.
    let all: Vec<&Column> = columns.iter().copied().collect();
    let models = all.chunk_by(|a, b| a.model == b.model);
    context! {
        models => models.map(|of| context! { name => &*of[0].model, columns => of.len() }).collect::<Vec<_>>(),
        ways => columns.iter().map(|column| column::way(column)).collect::<Vec<_>>(),
        rows => languages.iter().map(|code| row(code)).collect::<Vec<_>>(),
        means => groups.iter().map(|group| means(group)).collect::<Vec<_>>(),
    }
}

fn cell(cell: &Cell, chance: f64, links: &Links) -> Value {
    context! {
        rate => percent(cell.score.rate()),
        low => format!("{:.0}", cell.interval.low * 100.0),
        high => format!("{:.0}", cell.interval.high * 100.0),
        side => side(cell, chance),
        failure => cell.format_failure(),
        cannot_tell => cell.cannot_tell(),
        items_only => cell.items_only,
        tint => tint(cell.score.rate(), chance),
        heat => heat(cell.score.rate(), chance),
        items => links.items(&cell.id),
        origin => links.origin(&cell.id),
    }
}

fn mean(mean: &GroupMean, chance: f64) -> Value {
    context! {
        rate => percent(mean.accuracy),
        languages => super::count(mean.languages, "language"),
        failure => mean.format_failures > 0,
        cannot_tell => mean.cannot_tell > 0,
        tint => tint(mean.accuracy, chance),
        heat => heat(mean.accuracy, chance),
    }
}

/// Which colour.
fn tint(rate: f64, chance: f64) -> &'static str {
    if rate < chance { "under" } else { "over" }
}

/// Opacity of the colour: 0 at chance, strongest at either end.
fn heat(rate: f64, chance: f64) -> String {
    let room = if rate < chance { chance } else { 1.0 - chance };
    let share = if room > 0.0 { (rate - chance).abs() / room } else { 0.0 };
    format!("{:.2}", STRONGEST * share)
}
