//! Formats that an adapter was not trained in.

use super::{interval_head, mean_fields, seed_note};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::PopulationGain;
use xlt_core::results::Results;

/// Nothing where every adapter was asked in its own mode only, or where that is not known.
pub(crate) fn formats(results: &Results) -> Option<Sheet> {
    let trained = |condition: &str| {
        let mut conditions = results.analysis.conditions.iter();
        conditions.find(|known| known.name == condition).and_then(|known| known.mode.as_deref())
    };
    let all = &results.analysis.populations;
    let held_out =
        |gain: &PopulationGain| trained(&gain.comparison.of).is_some_and(|mode| mode != gain.comparison.mode);
    let same = |one: &PopulationGain, other: &PopulationGain| {
        let key = |gain: &PopulationGain| (gain.comparison.model.clone(), gain.comparison.of.clone());
        key(one) == key(other) && one.population == other.population
    };
    // Gains of one model, condition and population in all modes, where one of the modes is held out.
    let mut seen: Vec<&PopulationGain> = Vec::new();
    let mut rows = Vec::new();
    for first in all {
        if seen.iter().any(|known| same(known, first)) {
            continue;
        }
        seen.push(first);
        let modes: Vec<&PopulationGain> = all.iter().filter(|gain| same(gain, first)).collect();
        if !modes.iter().any(|gain| held_out(gain)) {
            continue;
        }
        for (at, gain) in modes.into_iter().enumerate() {
            let names = [gain.comparison.model.clone(), gain.comparison.of.clone(), gain.population.clone()];
            let names = if at > 0 { Default::default() } else { names };
            let asked = if held_out(gain) { "held out" } else { "as trained" };
            let fields = [gain.comparison.mode.clone(), asked.to_owned()].into_iter().chain(mean_fields(results, gain));
            rows.push(Row { continues: at > 0, ..Row::new(names.into_iter().chain(fields)) });
        }
    }
    let words = ["Model", "Condition", "Population", "Mode", "Asked"].map(Head::words).into_iter();
    (!rows.is_empty()).then(|| Sheet {
        title: "Held-out formats",
        about: "The same adapters asked in the mode that they were trained in, and in others. What is gained in a format that was not \
                trained is content; what is gained only in the trained one may be the format alone. In points, the mean over the \
                population’s languages."
            .to_owned(),
        heads: words.chain([Head::numbers("Gain"), Head::numbers(&interval_head())]).collect(),
        notes: seed_note(&rows),
        rows,
    })
}
