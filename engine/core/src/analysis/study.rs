//! The answers of a study by what was asked: accuracies and gains as combinations of cells, seeds averaged.

use std::collections::{BTreeMap, BTreeSet};

use super::combination::Combination;
use super::frame::{CellFrame, Frame};
use crate::languages::{PopulationError, population};
use crate::spec::LanguageGroup;

/// A condition: a model as it is, or with an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionFacts {
    /// Its name in the spec.
    pub name: String,
    /// Name of its adapter; `None` for the model as it is.
    pub adapter: Option<String>,
    /// Codes of the languages that the adapter was trained on; empty where that is not known, or there is none.
    pub sources: Vec<String>,
}

/// What gains and claims are computed from.
#[derive(Debug)]
pub struct Study<'f, 'a> {
    /// Names of the models, sorted.
    pub models: Vec<&'a str>,
    /// Codes of the languages that have cells, sorted.
    pub languages: Vec<String>,
    /// Conditions as the spec has them.
    pub conditions: &'f [ConditionFacts],
    groups: &'f [LanguageGroup],
    /// By model, condition, mode and language, the cells of all seeds.
    cells: BTreeMap<(&'a str, &'a str, &'a str, &'a str), Vec<(Option<u64>, &'f CellFrame<'a>)>>,
}

impl<'f, 'a> Study<'f, 'a> {
    /// Sorts the cells of a frame by what they are of.
    #[must_use]
    pub fn new(frame: &'f Frame<'a>, conditions: &'f [ConditionFacts], groups: &'f [LanguageGroup]) -> Self {
        let mut cells: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, cell) in frame.cells() {
            let column = &id.column;
            let at = (column.model.as_str(), column.condition.as_str(), column.mode.as_str(), id.language.as_str());
            cells.entry(at).or_default().push((column.seed, cell));
        }
        let models: BTreeSet<&str> = cells.keys().map(|(model, ..)| *model).collect();
        let languages: BTreeSet<&str> = cells.keys().map(|(.., language)| *language).collect();
        let models = models.into_iter().collect();
        let languages = languages.into_iter().map(str::to_owned).collect();
        Self { models, languages, conditions, groups, cells }
    }

    /// The cells of all seeds, sorted by seed; none where nothing was asked.
    #[must_use]
    pub fn cells(&self, model: &str, condition: &str, mode: &str, language: &str) -> &[(Option<u64>, &'f CellFrame<'a>)] {
        self.cells.get(&(model, condition, mode, language)).map_or(&[], Vec::as_slice)
    }

    /// Modes in which all of these conditions were asked of a model, sorted.
    #[must_use]
    pub fn modes(&self, model: &str, conditions: &[&str]) -> Vec<&'a str> {
        let all: BTreeSet<&str> = self.cells.keys().filter(|at| at.0 == model).map(|at| at.2).collect();
        let has = |condition: &str, mode: &str| {
            self.cells.keys().any(|at| (at.0, at.1, at.2) == (model, condition, mode))
        };
        all.into_iter().filter(|mode| conditions.iter().all(|condition| has(condition, mode))).collect()
    }

    /// Accuracy of a condition, the mean over its seeds. `None` where it was not asked.
    #[must_use]
    pub fn accuracy(&self, model: &str, condition: &str, mode: &str, language: &str) -> Option<Combination<'f, 'a>> {
        let cells = self.cells(model, condition, mode, language);
        let mut sum = Combination::default();
        for (_, cell) in cells {
            sum.add(1.0 / cells.len() as f64, cell);
        }
        (!cells.is_empty()).then_some(sum)
    }

    /// Accuracy of one condition less that of another. `None` where one of them was not asked.
    #[must_use]
    pub fn gain(
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
    pub fn population(&self, word: &str, condition: &str) -> Result<Vec<String>, PopulationError> {
        population(word, self.groups, self.sources(condition), &self.languages)
    }

    /// Languages that the adapter of a condition was trained on.
    #[must_use]
    pub fn sources(&self, condition: &str) -> &'f [String] {
        let found = self.conditions.iter().find(|known| known.name == condition);
        found.map_or(&[], |condition| condition.sources.as_slice())
    }

    /// Names of the language groups.
    pub fn groups(&self) -> impl Iterator<Item = &'f str> + use<'f, 'a> {
        self.groups.iter().map(|group| group.name.as_str())
    }
}

/// The mean of combinations. `None` of none.
#[must_use]
pub fn mean<'f, 'a>(parts: &[Combination<'f, 'a>]) -> Option<Combination<'f, 'a>> {
    let mut sum = Combination::default();
    for part in parts {
        sum.add_all(1.0 / parts.len() as f64, part);
    }
    (!parts.is_empty()).then_some(sum)
}
