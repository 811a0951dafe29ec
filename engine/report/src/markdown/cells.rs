//! Tables with a row for each cell that has what they are of; `None` where no cell has.

use super::marks::{interval, marks};
use crate::probe::{ProbeRow, ProbeTable};
use crate::rotation::RotationTable;
use crate::sheet::{Head, Row, Sheet};
use crate::{column, written};
use xlt_core::results::{Cell, CellId, Change, Generation, Reasoning, Results};

/// Accuracy by what the likelihoods of texts are divided by, where there are texts.
pub(super) fn normalizations(results: &Results) -> Option<Sheet> {
    let with_texts = || results.cells.iter().filter(|cell| !cell.by_normalization.is_empty());
    let names = with_texts().next()?.by_normalization.iter().map(|by| Head::numbers(by.normalize.word()));
    let row = |cell: &Cell| {
        of_cell(&cell.id, cell.by_normalization.iter().map(|by| format!("{:.1} %", by.score.rate() * 100.0)))
    };
    sheet(
        "Accuracy by normalization",
        "What the same likelihoods of the texts give when they are divided by their length, or not (sum).",
        names,
        with_texts().map(row),
    )
}

/// What was written before the answers.
pub(super) fn reasoning(results: &Results) -> Option<Sheet> {
    let row = |cell: &Cell| Some(of_cell(&cell.id, reasoned(cell, cell.reasoning.as_ref()?)));
    let written = ["Cut off", "Tokens", "Script"].map(Head::numbers).into_iter();
    let change = ["Changed", "Wrong to right", "Right to wrong"].map(Head::numbers);
    let heads = written.chain([Head::words("Against")]).chain(change);
    sheet("Reasoning", written::REASONING, heads, results.cells.iter().filter_map(row))
}

fn reasoned(cell: &Cell, reasoning: &Reasoning) -> impl Iterator<Item = String> {
    let cut = format!("{}{}", written::share(reasoning.cut.items), marks(false, cell.cannot_tell()));
    let written = [cut, written::tokens(reasoning), written::script(reasoning)];
    written.into_iter().chain(reasoning.change.as_ref().map(changed).unwrap_or_default())
}

fn changed(change: &Change) -> [String; 4] {
    let marks = marks(false, change.cannot_tell);
    [
        change.against.clone(),
        format!("{} of {}{marks}", change.changed, change.items),
        change.to_right.to_string(),
        change.to_wrong.to_string(),
    ]
}

/// What became of generated answers.
pub(super) fn generation(results: &Results) -> Option<Sheet> {
    let row = |cell: &Cell| Some(of_cell(&cell.id, generated(cell, cell.generation.as_ref()?)));
    let outcomes = ["Parsed", "Unparsed", "Truncated", "Refused"].map(Head::numbers).into_iter();
    let scores = ["Cut off", "Accuracy", "of the parsed"].map(Head::numbers);
    let heads = outcomes.chain(scores).chain([Head::words("Found by")]);
    sheet("Answers in the model's own words", written::GENERATION, heads, results.cells.iter().filter_map(row))
}

fn generated(cell: &Cell, generation: &Generation) -> impl Iterator<Item = String> {
    let marks = marks(false, cell.cannot_tell());
    let of_parsed = generation.of_parsed.zip(generation.interval());
    let of_parsed =
        of_parsed.map(|(score, range)| format!("{:.1} % {}{marks}", score.rate() * 100.0, interval(cell, range)));
    let outcomes = [generation.parsed, generation.unparsed, generation.truncated, generation.refused];
    let scores = [
        written::share(generation.cut.items),
        format!("{:.1} %{marks}", cell.score.rate() * 100.0),
        of_parsed.unwrap_or_default(),
        written::rules(generation),
    ];
    outcomes.map(|count| count.to_string()).into_iter().chain(scores)
}

/// How far answers hang on the order of the options, where it was rotated.
pub(super) fn rotation(results: &Results) -> Option<Sheet> {
    let table = RotationTable::new(results);
    let [agree, right, by_order, by_place] = table.heads;
    let heads = [agree, right].map(Head::numbers).into_iter().chain([by_order, by_place].map(Head::words));
    let about = table.about();
    sheet("Rotated options", about, heads, table.rows.into_iter().map(|(cell, texts)| of_cell(cell, texts)))
}

/// How far scores depend on company, where that was probed.
pub(super) fn noise(results: &Results) -> Option<Sheet> {
    let table = ProbeTable::new(&results.probes);
    let heads = table.heads.map(Head::numbers).into_iter().chain([Head::words("Between")]);
    let about = table.about();
    let row = |ProbeRow { cell, numbers, place }: ProbeRow<'_>| {
        let place = place.map(ToString::to_string).unwrap_or_default();
        of_cell(cell, numbers.into_iter().chain([place]))
    };
    sheet("Noise floor", about, heads, table.rows.into_iter().map(row))
}

/// `heads` and fields are those behind the two that say which cell it is.
fn sheet(
    title: &'static str,
    about: &str,
    heads: impl Iterator<Item = Head>,
    rows: impl Iterator<Item = Row>,
) -> Option<Sheet> {
    let heads = ["Language", "Column"].map(Head::words).into_iter().chain(heads).collect();
    let rows: Vec<Row> = rows.collect();
    (!rows.is_empty()).then(|| Sheet { title, about: about.to_owned(), heads, rows, notes: Vec::new() })
}

fn of_cell(CellId { column, language }: &CellId, fields: impl IntoIterator<Item = String>) -> Row {
    Row::of_language(language, std::iter::once(column::heading(column)).chain(fields))
}
