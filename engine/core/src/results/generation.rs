//! Answers in the model's own words: how many could be read, how, and how many of these were right.

use super::LEVEL;
use super::cut::{self, Cut};
use crate::answers::{Answer, Generated};
use crate::extract::{Outcome, Rule};
use crate::stats::{Interval, Proportion};
use std::collections::BTreeMap;

/// The generated answers of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// How often the budget ended an answer, also where it could be read all the same.
    pub cut: Cut,
    /// Answers that name one option.
    pub parsed: u64,
    /// Answers that name none, or several.
    pub unparsed: u64,
    /// Answers that name none and were cut off by the budget.
    pub truncated: u64,
    /// Answers that name none and say that they will not or cannot.
    pub refused: u64,
    /// Correct answers among the parsed ones; `None` where there are none. The cell's score is over all items.
    pub of_parsed: Option<Proportion>,
    /// How many answers each rule found, those that found any.
    pub rules: BTreeMap<Rule, u64>,
}

impl Generation {
    /// `None` where nothing was generated.
    pub(super) fn of(answers: &[Answer]) -> Option<Self> {
        let generated = || answers.iter().filter_map(|answer| Some((answer, answer.generated.as_ref()?)));
        let outcome = |Generated { extraction, .. }: &Generated| extraction.outcome;
        let count = |of: Outcome| generated().filter(|(_, text)| outcome(text) == of).count() as u64;
        let parsed = count(Outcome::Parsed);
        let right = generated().filter(|(answer, text)| outcome(text) == Outcome::Parsed && answer.correct()).count();
        let mut rules = BTreeMap::new();
        for rule in generated().filter_map(|(_, text)| text.extraction.rule) {
            *rules.entry(rule).or_default() += 1;
        }
        Some(Self {
            cut: Cut::of(answers, cut::answer_text)?,
            parsed,
            unparsed: count(Outcome::Unparsed),
            truncated: count(Outcome::Truncated),
            refused: count(Outcome::Refused),
            of_parsed: Proportion::new(right as u64, parsed),
            rules,
        })
    }

    /// Wilson's score interval of the accuracy over the parsed answers, at [`LEVEL`].
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        self.of_parsed.map(|score| score.wilson(LEVEL))
    }
}
