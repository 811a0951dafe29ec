//! What is estimated of a claim: over the items that were asked, or over languages, of which each is one value.

use super::Why;
use super::scope::Scope;
use crate::analysis::combination::Combination;
use crate::analysis::languages::OverLanguages;
use crate::analysis::study::mean;
use crate::spec::{Population, Quantity, Term};
use crate::stats::student::Student;

/// An estimate.
#[derive(Clone, Copy)]
pub(super) struct Estimated {
    /// In shares of 1.
    pub(super) value: f64,
    /// What Student's t says of it; `None` with a single passage.
    pub(super) student: Option<Student>,
}

/// The languages of a population, and for each the sum of the terms that speak of it.
type Group<'c> = (&'c [String], Vec<f64>);

const NOT_ASKED: Why = Why::NoTest("not all of its cells were asked");

impl<'f, 'a> Scope<'_, 'f, 'a> {
    pub(super) fn estimate(&self) -> Result<Estimated, Why> {
        if let Some((term, _)) = self.terms().find(|(_, languages)| languages.is_empty()) {
            return Err(Why::Nobody(term.languages.clone()));
        }
        match self.claim.over {
            Population::Items => self.over_items(),
            Population::Languages => self.over_languages(),
        }
    }

    fn over_items(&self) -> Result<Estimated, Why> {
        let mut sum = Combination::default();
        for (term, languages) in self.terms() {
            let parts: Option<Vec<_>> = languages.iter().map(|code| self.term(term, code)).collect();
            let part = parts.and_then(|parts| mean(&parts)).ok_or(NOT_ASKED)?;
            sum.add_all(sign(term), &part);
        }
        let estimate = sum.estimate();
        Ok(Estimated { value: estimate.value, student: estimate.student() })
    }

    fn over_languages(&self) -> Result<Estimated, Why> {
        let values = compared(&self.groups()?)?;
        let alone = Why::NoTest("languages are compared by their spread, of which there is none");
        let student = values.estimate().ok_or(alone)?;
        Ok(Estimated { value: student.value, student: Some(student) })
    }

    /// Terms over the same languages are one group.
    fn groups(&self) -> Result<Vec<Group<'_>>, Why> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (term, languages) in self.terms() {
            let values = languages.iter().map(|code| Some(sign(term) * self.term(term, code)?.value()));
            let values: Vec<f64> = values.collect::<Option<_>>().ok_or(NOT_ASKED)?;
            match groups.iter_mut().find(|(known, _)| *known == languages) {
                Some((_, sums)) => sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value),
                None => groups.push((languages, values)),
            }
        }
        Ok(groups)
    }

    /// A term in one language, the mean over models and modes.
    fn term(&self, term: &Term, language: &str) -> Option<Combination<'f, 'a>> {
        let of = |(model, mode): (&str, &str)| match term.quantity {
            Quantity::Accuracy => self.study.accuracy(model, &term.condition, mode, language),
            Quantity::Gain => self.study.gain(model, (&term.condition, self.baseline?), (mode, mode), language),
        };
        let parts: Option<Vec<_>> = self.models_in_modes().map(of).collect();
        mean(&parts?)
    }
}

/// One group by itself, or two that have no language in common.
fn compared(groups: &[Group<'_>]) -> Result<OverLanguages, Why> {
    match groups {
        [(_, values)] => Ok(OverLanguages::One(values.clone())),
        [(one, these), (other, those)] if one.iter().all(|code| !other.contains(code)) => {
            // The signs of the terms are in the values; `Two` subtracts.
            Ok(OverLanguages::Two(these.clone(), those.iter().map(|value| -value).collect()))
        }
        _ => Err(Why::NoTest("its populations overlap, or there are more than two")),
    }
}

fn sign(term: &Term) -> f64 {
    if term.negative { -1.0 } else { 1.0 }
}
