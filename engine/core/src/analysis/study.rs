//! The answers of a study by what was asked: accuracies and gains as combinations of cells, seeds averaged.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::combination::{Combination, Training};
use super::frame::{CellFrame, Frame};
use crate::languages::{PopulationError, population};
use crate::results::CellId;
use crate::spec::{Drawn, LanguageGroup};

/// A condition: a model as it is, or with an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionFacts {
    /// Its name in the spec.
    pub name: String,
    /// Name of its adapter; `None` for the model as it is.
    pub adapter: Option<String>,
    /// The mode whose prompt it was trained in; what is asked in others is held out.
    pub mode: Option<String>,
    /// Codes of the languages that the adapter was trained on; empty where that is not known, or there is none.
    pub sources: Vec<String>,
    /// Name of the data set that it was trained on; `None` where it was not trained here.
    pub data: Option<String>,
    /// Whether it was taught nothing of the task: answers dealt anew, or plain text.
    pub control: bool,
}

impl ConditionFacts {
    /// Those whose adapter's languages are known; of several that learned from the same ones the first.
    #[must_use]
    pub fn by_sources<'a>(conditions: impl IntoIterator<Item = &'a Self>) -> Vec<&'a Self> {
        let mut found: Vec<&Self> = Vec::new();
        for condition in conditions.into_iter().filter(|it| !it.sources.is_empty()) {
            if !found.iter().any(|known| known.sources == condition.sources) {
                found.push(condition);
            }
        }
        found
    }
}

/// What gains and claims are computed from.
#[derive(Debug)]
pub(super) struct Study<'f, 'a> {
    /// Names of the models, sorted.
    pub models: Vec<&'a str>,
    /// Codes of the languages that have cells, sorted.
    pub languages: Vec<String>,
    /// Conditions as the spec has them.
    pub conditions: &'f [ConditionFacts],
    /// What is drawn for intervals.
    pub drawn: Drawn,
    groups: &'f [LanguageGroup],
    /// By model, condition, mode and language, the cells of all seeds.
    cells: By<'a, By<'a, By<'a, By<'a, Vec<Seeded<'f, 'a>>>>>>,
}

/// The cell of one seed.
pub(super) type Seeded<'f, 'a> = (Option<u64>, &'f CellFrame<'a>);

type By<'a, T> = BTreeMap<&'a str, T>;

impl<'f, 'a> Study<'f, 'a> {
    /// Sorts the cells of a frame by what they are of.
    #[must_use]
    pub(super) fn new(frame: &'f Frame<'a>, conditions: &'f [ConditionFacts], groups: &'f [LanguageGroup]) -> Self {
        let mut cells: By<'a, By<'a, By<'a, By<'a, Vec<_>>>>> = BTreeMap::new();
        let mut languages = BTreeSet::new();
        for (CellId { column, language }, cell) in frame.cells() {
            languages.insert(language.clone());
            let of_model = cells.entry(&column.model).or_default().entry(&column.condition).or_default();
            of_model.entry(&column.mode).or_default().entry(language).or_default().push((column.seed, cell));
        }
        let models = cells.keys().copied().collect();
        let languages = languages.into_iter().collect();
        Self { models, languages, conditions, drawn: Drawn::default(), groups, cells }
    }

    /// The same, of whose intervals this is drawn.
    #[must_use]
    pub(super) fn drawing(self, drawn: Drawn) -> Self {
        Self { drawn, ..self }
    }

    /// The cells of all seeds, sorted by seed; none where nothing was asked.
    #[must_use]
    pub(super) fn cells(&self, model: &str, condition: &str, mode: &str, language: &str) -> &[Seeded<'f, 'a>] {
        let found = self.cells.get(model).and_then(|of| of.get(condition)?.get(mode)?.get(language));
        found.map_or(&[], Vec::as_slice)
    }

    /// Modes in which all of these conditions were asked of a model, sorted.
    #[must_use]
    pub(super) fn modes(&self, model: &str, conditions: &[&str]) -> Vec<&'a str> {
        let Some(of_model) = self.cells.get(model) else { return Vec::new() };
        let all: BTreeSet<&str> = of_model.values().flat_map(|modes| modes.keys().copied()).collect();
        let has = |condition: &&str, mode: &str| of_model.get(*condition).is_some_and(|modes| modes.contains_key(mode));
        all.into_iter().filter(|mode| conditions.iter().all(|condition| has(condition, mode))).collect()
    }

    /// Accuracy of a condition, the mean over its seeds. `None` where it was not asked.
    #[must_use]
    pub(super) fn accuracy(
        &self,
        model: &str,
        condition: &str,
        mode: &str,
        language: &str,
    ) -> Option<Combination<'f, 'a>> {
        let cells = self.cells(model, condition, mode, language);
        let of = self.adapter(model, condition);
        let mut sum = Combination::default();
        for (seed, cell) in cells {
            let training = of.zip(*seed).map(|((model, adapter), seed)| Training { model, adapter, seed });
            sum.add(1.0 / cells.len() as f64, cell, training);
        }
        (!cells.is_empty()).then_some(sum)
    }

    /// Accuracy of one condition less that of another. `None` where one of them was not asked.
    #[must_use]
    pub(super) fn gain(
        &self,
        model: &str,
        (of, over): (&str, &str),
        (mode, over_mode): (&str, &str),
        language: &str,
    ) -> Option<Combination<'f, 'a>> {
        let mut sum = self.accuracy(model, of, mode, language)?;
        sum.add_all(-1.0, &self.accuracy(model, over, over_mode, language)?);
        Some(sum)
    }

    /// The languages of a population as a condition sees them; those that have cells.
    ///
    /// # Errors
    /// [`PopulationError`].
    pub(super) fn population(&self, word: &str, condition: &str) -> Result<Vec<String>, PopulationError> {
        population(word, self.groups, self.sources(condition), &self.languages)
    }

    /// The model and the adapter of a condition that has one. Conditions may share it, and its trainings.
    fn adapter(&self, model: &str, condition: &str) -> Option<(&'f str, &'f str)> {
        let model = self.models.iter().find(|known| **known == model)?;
        let condition = self.conditions.iter().find(|known| known.name == condition)?;
        Some((model, condition.adapter.as_deref()?))
    }

    /// Languages that the adapter of a condition was trained on.
    #[must_use]
    pub(super) fn sources(&self, condition: &str) -> &'f [String] {
        let found = self.conditions.iter().find(|known| known.name == condition);
        found.map_or(&[], |condition| condition.sources.as_slice())
    }

    /// Names of the language groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'f str> + use<'f, 'a> {
        self.groups.iter().map(|group| group.name.as_str())
    }
}

/// The mean of combinations. `None` of none.
#[must_use]
pub(super) fn mean<'f, 'a>(parts: &[Combination<'f, 'a>]) -> Option<Combination<'f, 'a>> {
    let mut sum = Combination::default();
    for part in parts {
        sum.add_all(1.0 / parts.len() as f64, part);
    }
    (!parts.is_empty()).then_some(sum)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A condition whose adapter learned from these languages; with none, the model as it is.
    pub(crate) fn learned(name: &str, sources: &[&str]) -> ConditionFacts {
        ConditionFacts {
            name: name.to_owned(),
            adapter: (!sources.is_empty()).then(|| name.to_owned()),
            mode: None,
            sources: sources.iter().map(|code| (*code).to_owned()).collect(),
            data: None,
            control: false,
        }
    }

    #[test]
    fn of_those_that_learned_from_the_same_the_first_stands_for_all() {
        let conditions = [
            learned("base", &[]),
            learned("arabic", &["arb_Arab"]),
            learned("again", &["arb_Arab"]),
            learned("french", &["fra_Latn"]),
        ];
        let names: Vec<&str> =
            ConditionFacts::by_sources(&conditions).iter().map(|condition| condition.name.as_str()).collect();
        assert_eq!(names, ["arabic", "french"]);
    }
}
