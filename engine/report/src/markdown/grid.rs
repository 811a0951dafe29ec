//! Tables with a row for each language and a column for each model, condition and mode.

use super::marks::{interval, marks, meanings};
use crate::column;
use crate::sheet::{Head, Row, Sheet};
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::results::{Cell, CellId, Column, GroupMean, LEVEL, Results};

pub(super) fn accuracy(results: &Results) -> Sheet {
    let show = |cell: &Cell| {
        let marks = marks(cell.format_failure(), cell.cannot_tell());
        format!("{:.1} % {}{marks}", cell.score.rate() * 100.0, interval(cell, cell.interval))
    };
    let mut sheet = grid("Accuracy", caption(results), results, show);
    sheet.rows.extend(means(results));
    let chance = results.chance() * 100.0;
    sheet.notes.push(format!("Chance level: {chance:.1} % (1 of {} options).", results.n_options));
    if !results.group_means.is_empty() {
        let weights = "A mean gives every language the same weight; the number of languages stands beside it.";
        sheet.notes.push(weights.to_owned());
    }
    sheet.notes.extend(meanings(results));
    sheet
}

pub(super) fn tokens(results: &Results) -> Sheet {
    let about = "The mean over the items, in the model's own tokens.".to_owned();
    grid("Tokens a prompt", about, results, |cell| format!("{:.1}", cell.mean_prompt_tokens))
}

fn grid(title: &'static str, about: String, results: &Results, show: impl Fn(&Cell) -> String) -> Sheet {
    let columns = columns(results);
    let cells: BTreeMap<&CellId, &Cell> = results.cells.iter().map(|cell| (&cell.id, cell)).collect();
    let languages: BTreeSet<&str> = results.cells.iter().map(|cell| cell.id.language.as_str()).collect();
    let row = |language: &str| {
        let field = |column: &&Column| {
            let id = CellId { column: (*column).clone(), language: language.to_owned() };
            cells.get(&id).map(|cell| show(cell)).unwrap_or_default()
        };
        Row::of_language(language, columns.iter().map(field))
    };
    let heads = columns.iter().map(|column| Head::Numbers(column::heading(column)));
    Sheet {
        title,
        about,
        heads: std::iter::once(Head::words("Language")).chain(heads).collect(),
        rows: languages.into_iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn columns(results: &Results) -> BTreeSet<&Column> {
    results.cells.iter().map(|cell| &cell.id.column).collect()
}

fn caption(results: &Results) -> String {
    let trials = || results.cells.iter().map(|cell| cell.score.trials());
    let (least, most) = (trials().min().unwrap_or(0), trials().max().unwrap_or(0));
    let items = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let level = LEVEL * 100.0;
    format!("In per cent, with Wilson's {level:.0} % interval in brackets; {items} items in each cell.")
}

/// A row for each group of languages.
fn means(results: &Results) -> impl Iterator<Item = Row> {
    let columns = columns(results);
    let groups: BTreeSet<&str> = results.group_means.iter().map(|mean| mean.group.as_str()).collect();
    groups.into_iter().map(move |group| {
        let field = |column: &&Column| {
            let found = results.group_means.iter().find(|mean| mean.group == group && mean.column == **column);
            found.map(group_mean).unwrap_or_default()
        };
        Row::new(std::iter::once(format!("*mean of {group}*")).chain(columns.iter().map(field)))
    })
}

fn group_mean(mean: &GroupMean) -> String {
    let marks = marks(mean.format_failures > 0, mean.cannot_tell > 0);
    format!("{:.1} % ({}){marks}", mean.accuracy * 100.0, mean.languages)
}
