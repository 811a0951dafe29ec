//! Tables of models: the tokens that they need, and the adapters that were trained of them.

use crate::fertility::{FertilityRow, FertilityTable};
use crate::sheet::{Head, Row, Sheet};
use crate::training::{TrainingRow, TrainingTable};
use xlt_core::results::Results;

/// Tokens that the models need, where they were counted.
pub(super) fn fertility(results: &Results) -> Option<Sheet> {
    let table = FertilityTable::new(&results.fertility);
    let ids = |parity: String| table.parity.then_some(parity);
    let names = ["Language", "Model"].map(Head::words).into_iter();
    let numbers = table.heads.iter().map(|head| Head::numbers(head));
    let row = |FertilityRow { model, language, numbers, parity }: &FertilityRow<'_>| {
        let parity = ids(parity.map(ToString::to_string).unwrap_or_default());
        Row::of_language(language, [(*model).to_owned()].into_iter().chain(numbers.iter().cloned()).chain(parity))
    };
    (!table.rows.is_empty()).then(|| Sheet {
        title: "Tokens by language",
        about: table.about(),
        heads: names.chain(numbers).chain(ids("Ids".to_owned()).map(Head::Words)).collect(),
        rows: table.rows.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

/// How adapters were trained, where that was done here.
pub(super) fn training(results: &Results) -> Option<Sheet> {
    let table = TrainingTable::new(&results.trainings);
    let names = [Head::words("Model"), Head::words("Adapter"), Head::numbers("Seed")];
    let row = |TrainingRow { of, numbers }: &TrainingRow<'_>| {
        Row::new([of.model.clone(), of.adapter.clone(), of.seed.to_string()].into_iter().chain(numbers.iter().cloned()))
    };
    (!table.rows.is_empty()).then(|| Sheet {
        title: "Training",
        about: table.about(),
        heads: names.into_iter().chain(table.heads.map(Head::numbers)).collect(),
        rows: table.rows.iter().map(row).collect(),
        notes: Vec::new(),
    })
}
