//! Gains by cell as a table, for formats that cannot draw.

use super::gains::{IN_NOISE, Panel, method, panels};
use super::{ITEMS_ONLY, interval_head, names};
use crate::points::{brackets, decimals, p_value, points};
use crate::seeds;
use crate::sheet::{Field, Head, Row, Sheet};
use xlt_core::results::Results;

/// Nothing where no gain is asked for.
pub(crate) fn gain_table(results: &Results) -> Option<Sheet> {
    let panels = panels(results);
    let rows: Vec<Row> = panels.iter().flat_map(rows).collect();
    let words = ["Model", "Condition", "Mode", "Language", "Kin"].map(Head::words).into_iter();
    let numbers = ["Before, %", "Gain", &interval_head(), "p", "Noise floor"].map(Head::numbers);
    let in_noise = panels.iter().flat_map(|panel| &panel.rows).any(super::gains::GainRow::in_noise);
    let one_seed = panels.iter().any(|panel| panel.items_only);
    let notes = [in_noise.then(|| IN_NOISE.to_owned()), one_seed.then(|| format!("§ {}", seeds::ITEMS_ONLY))];
    (!rows.is_empty()).then(|| Sheet {
        title: "Gains",
        about: format!(
            "What a condition adds to the accuracy on the same items, in points, with an interval ({}). p is of no gain, corrected over all \
             gains of the study (Holm).",
            method(results)
        ),
        heads: words.chain(numbers).collect(),
        rows,
        notes: notes.into_iter().flatten().collect(),
    })
}

fn rows(panel: &Panel<'_>) -> Vec<Row> {
    let row = |(at, row): (usize, &super::gains::GainRow<'_>)| {
        let names = if at > 0 { Default::default() } else { names(panel.comparison) };
        let noise = if row.in_noise() { " ≈" } else { "" };
        let mark = if panel.items_only { ITEMS_ONLY } else { "" };
        let numbers = [
            row.kin.word().to_owned(),
            points(row.gain.before),
            format!("{}{noise}", points(row.gain.estimate.value)),
            format!("{}{mark}", brackets(row.interval())),
            p_value(row.gain.p_adjusted),
            row.floor.map(|floor| decimals(floor, 1)).unwrap_or_default(),
        ];
        let mut made = Row { continues: at > 0, ..Row::new(names.into_iter().chain(numbers)) };
        made.fields.insert(3, Field::Language(row.gain.language.clone()));
        made
    };
    panel.rows.iter().enumerate().map(row).collect()
}
