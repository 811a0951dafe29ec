//! What the analysis found, ready to be printed: a file for each question, the same in every format.

mod ablations;
mod arms;
mod baseline;
pub(crate) mod claims;
mod contrasts;
mod equivalence;
pub(crate) mod facts;
mod formats;
mod gain_table;
pub(crate) mod gains;
pub(crate) mod languages;
mod odds;
mod populations;
mod position;
pub(crate) mod scatter;
mod sources;
mod variance;

pub(crate) use ablations::ablations;
pub(crate) use arms::arms;
pub(crate) use baseline::baseline;
pub(crate) use contrasts::{contrasts, published};
pub(crate) use equivalence::equivalence;
pub(crate) use formats::formats;
pub(crate) use gain_table::gain_table;
pub(crate) use languages::languages;
pub(crate) use odds::odds;
pub(crate) use populations::populations;
pub(crate) use position::position;
pub(crate) use sources::{advantage, sources};
pub(crate) use variance::variance;

use crate::points::{brackets, points};
use crate::seeds;
use crate::sheet::Sheet;
use xlt_core::analysis::{Comparison, PopulationGain};
use xlt_core::results::{LEVEL, Results};

/// Follows intervals that cover the sampling of items alone.
pub(crate) const ITEMS_ONLY: &str = " §";

/// All tables but the claims’, in the order in which they are read; those that have rows.
pub(crate) fn sheets(results: &Results) -> Vec<Sheet> {
    let first = [gain_table, populations, contrasts, odds, equivalence, published];
    let all = first
        .into_iter()
        .chain([sources, advantage, arms, formats, baseline, ablations, languages, variance, position]);
    all.filter_map(|of| of(results)).collect()
}

/// Whether a condition of a model has one seed: then no interval knows how far another training would have come out.
fn items_only(results: &Results, model: &str, condition: &str) -> bool {
    let of = |cell: &&xlt_core::results::Cell| {
        let column = &cell.id.column;
        column.model == model && column.condition == condition
    };
    results.cells.iter().filter(of).any(|cell| cell.items_only)
}

/// Whether one of the conditions compared has one seed.
fn of_one_seed(results: &Results, Comparison { model, of, over, .. }: &Comparison) -> bool {
    items_only(results, model, of) || items_only(results, model, over)
}

/// Names of what is compared: the model, the condition with what it is over, and the mode.
fn names(Comparison { model, of, over, mode, .. }: &Comparison) -> [String; 3] {
    [model.clone(), format!("{of} over {over}"), mode.clone()]
}

/// Value and interval of a mean over languages, with the mark of one seed.
fn mean_fields(results: &Results, gain: &PopulationGain) -> [String; 2] {
    let mark = if of_one_seed(results, &gain.comparison) { ITEMS_ONLY } else { "" };
    [points(gain.estimate.value), format!("{}{mark}", brackets(gain.interval))]
}

/// What § means, where it stands.
fn seed_note(rows: &[crate::sheet::Row]) -> Vec<String> {
    let marked = |field: &crate::sheet::Field| match field {
        crate::sheet::Field::Text(text) => text.ends_with(ITEMS_ONLY),
        crate::sheet::Field::Language(_) => false,
    };
    let any = rows.iter().any(|row| row.fields.iter().any(marked));
    any.then(|| format!("§ {}", seeds::ITEMS_ONLY)).into_iter().collect()
}

/// `95 % interval`.
fn interval_head() -> String {
    format!("{:.0} % interval", LEVEL * 100.0)
}
