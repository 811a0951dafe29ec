//! Mean gains over populations of languages.

use super::{interval_head, mean_fields, names, seed_note};
use crate::points::p_value;
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::PopulationGain;
use xlt_core::results::Results;

/// Nothing where no gain is asked for.
pub(crate) fn populations(results: &Results) -> Option<Sheet> {
    let rows = rows(results, &results.analysis.populations);
    (!rows.is_empty()).then(|| Sheet {
        title: "Gains by population",
        about: "The mean gain over the languages of a population, in points, each language counting the same. The interval and p \
                speak of other items in these languages, not of other languages."
            .to_owned(),
        heads: heads("Gain"),
        notes: seed_note(&rows),
        rows,
    })
}

pub(super) fn heads(number: &str) -> Vec<Head> {
    let words = ["Model", "Condition", "Mode", "Population"].map(Head::words).into_iter();
    let numbers = ["Languages", number, &interval_head(), "p"].map(Head::numbers);
    words.chain(numbers).collect()
}

pub(super) fn rows(results: &Results, gains: &[PopulationGain]) -> Vec<Row> {
    let row = |(at, gain): (usize, &PopulationGain)| {
        let continues = at > 0 && gains[at - 1].comparison == gain.comparison;
        let names = if continues { Default::default() } else { names(&gain.comparison) };
        let of = [gain.population.clone(), gain.languages.len().to_string()];
        let numbers = mean_fields(results, gain)
            .into_iter()
            .chain([p_value(gain.estimate.student().and_then(|found| found.p()))]);
        Row { continues, ..Row::new(names.into_iter().chain(of).chain(numbers)) }
    };
    gains.iter().enumerate().map(row).collect()
}
