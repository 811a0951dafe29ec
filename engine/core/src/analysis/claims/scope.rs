//! What a claim speaks of: languages, models and modes, and the cells that these are.

use super::CellName;
use crate::analysis::study::Study;
use crate::spec::{Claim, Quantity, Term};
use std::collections::BTreeSet;

/// A claim, and what it speaks of in a study.
pub(super) struct Scope<'s, 'f, 'a> {
    pub(super) study: &'s Study<'f, 'a>,
    pub(super) claim: &'s Claim,
    /// The condition that gains are over.
    pub(super) baseline: Option<&'s str>,
    /// The languages of each term, as its condition sees them.
    pub(super) languages: Vec<Vec<String>>,
    /// The models that were asked under all of its conditions in one mode or more.
    pub(super) models: Vec<&'a str>,
    /// The modes that all of them were asked in.
    pub(super) modes: Vec<&'a str>,
}

impl<'s, 'f, 'a> Scope<'s, 'f, 'a> {
    pub(super) fn of(study: &'s Study<'f, 'a>, claim: &'s Claim, baseline: Option<&'s str>) -> Self {
        let terms = claim.estimate.terms.iter();
        let languages = |term: &Term| study.population(&term.languages, &term.condition).unwrap_or_default();
        let languages = terms.map(languages).collect();
        let mut scope = Self { study, claim, baseline, languages, models: Vec::new(), modes: Vec::new() };
        (scope.models, scope.modes) = scope.models_and_modes();
        scope
    }

    /// Each term with its languages.
    pub(super) fn terms(&self) -> impl Iterator<Item = (&'s Term, &[String])> {
        self.claim.estimate.terms.iter().zip(self.languages.iter().map(Vec::as_slice))
    }

    /// All cells that it rests on.
    pub(super) fn cells(&self) -> BTreeSet<CellName<'_>> {
        let mut cells = BTreeSet::new();
        for (term, languages) in self.terms() {
            for condition in self.conditions_of(term) {
                cells.extend(languages.iter().flat_map(|language| self.asked(condition, language)));
            }
        }
        cells
    }

    /// The cells of a condition and a language.
    fn asked<'c>(&'c self, condition: &'c str, language: &'c str) -> impl Iterator<Item = CellName<'c>> {
        let cell = move |(model, mode)| CellName { model, condition, mode, language };
        self.models_in_modes().map(cell)
    }

    /// Each model in each mode.
    pub(super) fn models_in_modes(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.models.iter().flat_map(|&model| self.modes.iter().map(move |&mode| (model, mode)))
    }

    /// Conditions whose cells a term is made of.
    fn conditions_of(&self, term: &'s Term) -> impl Iterator<Item = &'s str> {
        let baseline = self.baseline.filter(|_| term.quantity == Quantity::Gain);
        std::iter::once(term.condition.as_str()).chain(baseline)
    }

    fn models_and_modes(&self) -> (Vec<&'a str>, Vec<&'a str>) {
        let terms = self.claim.estimate.terms.iter();
        let conditions: BTreeSet<&str> = terms.flat_map(|term| self.conditions_of(term)).collect();
        let conditions: Vec<&str> = conditions.into_iter().collect();
        let of = |model: &&'a str| Some((*model, self.study.modes(model, &conditions))).filter(|it| !it.1.is_empty());
        let all: Vec<(&str, Vec<&str>)> = self.study.models.iter().filter_map(of).collect();
        let mut modes = all.first().map(|(_, modes)| modes.clone()).unwrap_or_default();
        modes.retain(|mode| all.iter().all(|(_, others)| others.contains(mode)));
        (all.into_iter().map(|(model, _)| model).collect(), modes)
    }
}
