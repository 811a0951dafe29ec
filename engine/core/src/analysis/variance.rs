//! Where the variance of a gain comes from: items, languages, seeds, modes.

use super::study::Study;
use crate::stats::variance::{Component, Crossed};

/// The split of one model's gains, of an answer each.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Model.
    pub model: String,
    /// Condition whose gain it is.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// The factors that vary, with the number of their levels.
    pub factors: Vec<(Factor, usize)>,
    /// The components; their factors are places in `factors`. The last holds the noise of a single answer.
    pub components: Vec<Component>,
}

/// What an answer differs in from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// The item.
    Item,
    /// The language.
    Language,
    /// The seed of the adapter.
    Seed,
    /// The mode: the prompt.
    Mode,
}

impl Factor {
    /// In the plural: `items`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Item => "items",
            Self::Language => "languages",
            Self::Seed => "seeds",
            Self::Mode => "modes",
        }
    }
}

/// The split of a model's gains over its items, languages, seeds and modes, as far as each has two or more. `None` where the table
/// is not complete: another language has other items, or not everything was asked.
#[must_use]
pub(super) fn split(study: &Study<'_, '_>, model: &str, of: &str, over: &str) -> Option<Split> {
    let modes = study.modes(model, &[of, over]);
    let first = study.cells(model, of, modes.first()?, study.languages.first()?);
    let keys: Vec<&str> = first.first()?.1.outcomes.iter().map(|outcome| outcome.key).collect();
    let seeds: Vec<Option<u64>> = first.iter().map(|(seed, _)| *seed).collect();
    let mut columns = Vec::new();
    for language in &study.languages {
        for seed in &seeds {
            for mode in &modes {
                let before = &study.cells(model, over, mode, language).first()?.1.outcomes;
                let cells = study.cells(model, of, mode, language);
                let after = &cells.iter().find(|(other, _)| other == seed)?.1.outcomes;
                let same =
                    |outcomes: &[super::frame::Outcome<'_>]| outcomes.iter().map(|it| it.key).eq(keys.iter().copied());
                if !same(before) || !same(after) {
                    return None;
                }
                columns.push(
                    after
                        .iter()
                        .zip(before)
                        .map(|(after, before)| f64::from(u8::from(after.correct)) - f64::from(u8::from(before.correct)))
                        .collect::<Vec<f64>>(),
                );
            }
        }
    }
    let values = (0..keys.len()).flat_map(|item| columns.iter().map(move |column| column[item])).collect();
    let levels = [
        (Factor::Item, keys.len()),
        (Factor::Language, study.languages.len()),
        (Factor::Seed, seeds.len()),
        (Factor::Mode, modes.len()),
    ];
    let factors: Vec<(Factor, usize)> = levels.into_iter().filter(|(_, levels)| *levels > 1).collect();
    let table = Crossed::new(factors.iter().map(|(_, levels)| *levels).collect(), values).ok()?;
    let (model, of, over) = (model.to_owned(), of.to_owned(), over.to_owned());
    Some(Split { model, of, over, factors, components: table.components() })
}
