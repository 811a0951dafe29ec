//! What a model wrote before it answered, and what that did to its answers.

use super::cut::{self, Cut};
use super::{CellId, Evaluations};
use crate::answers::Answer;
use crate::script::{ScriptShare, scripts};
use crate::stats::mean;
use std::collections::BTreeMap;

/// Preferred, of several modes without reasoning.
const PLAIN: &str = "direct";

/// The reasoning of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasoning {
    /// How often the budget ended it.
    pub cut: Cut,
    /// Mean length in the model's tokens; `None` where it is not known.
    pub mean_tokens: Option<f64>,
    /// The scripts of all of it, the most frequent first; empty where there are no letters.
    pub scripts: Vec<ScriptShare>,
    /// What it changed; `None` where the same was not asked in a mode without reasoning.
    pub change: Option<Change>,
}

/// Answers with reasoning beside those without: same model, condition, seed, language and items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The mode without reasoning: `direct`, else the first by name.
    pub against: String,
    /// Items that were asked in both modes.
    pub items: u64,
    /// How many of them were answered differently; no answer is one, too.
    pub changed: u64,
    /// How many wrong answers became right.
    pub to_right: u64,
    /// How many right answers became wrong.
    pub to_wrong: u64,
    /// Whether either cell cannot tell.
    pub cannot_tell: bool,
}

impl Reasoning {
    /// `None` where the model did not reason.
    pub(super) fn of(id: &CellId, answers: &[Answer], evaluations: &Evaluations) -> Option<Self> {
        let texts = || answers.iter().filter_map(cut::reasoning);
        let tokens: Vec<f64> = texts().map(|text| text.tokens).filter(|&tokens| tokens > 0).map(f64::from).collect();
        Some(Self {
            cut: Cut::of(answers, cut::reasoning)?,
            mean_tokens: mean(&tokens),
            scripts: scripts(texts().map(|text| text.text.as_str())),
            change: plain(id, evaluations).and_then(|(mode, plain)| Change::of(answers, mode, plain)),
        })
    }

    /// The script with the most letters.
    #[must_use]
    pub fn script(&self) -> Option<ScriptShare> {
        self.scripts.first().copied()
    }
}

/// The mode without reasoning in which the same was asked, and its answers.
fn plain<'a>(id: &CellId, evaluations: &'a Evaluations) -> Option<(&'a str, &'a [Answer])> {
    let (column, language) = (&id.column, &id.language);
    evaluations
        .iter()
        .filter(|(other, _)| {
            let of = &other.column;
            (&of.model, &of.condition, of.seed, &other.language)
                == (&column.model, &column.condition, column.seed, language)
        })
        .filter(|(_, answers)| !answers.is_empty() && answers.iter().all(|answer| answer.reasoning.is_none()))
        .map(|(other, answers)| (other.column.mode.as_str(), answers.as_slice()))
        .min_by_key(|&(mode, _)| (mode != PLAIN, mode))
}

impl Change {
    /// `None` without common items.
    fn of(answers: &[Answer], against: &str, plain: &[Answer]) -> Option<Self> {
        let before: BTreeMap<&str, &Answer> = plain.iter().map(|answer| (answer.key.as_str(), answer)).collect();
        let pairs: Vec<(&Answer, &Answer)> =
            answers.iter().filter_map(|after| Some((*before.get(after.key.as_str())?, after))).collect();
        let count = |what: fn(&Answer, &Answer) -> bool| {
            pairs.iter().filter(|(before, after)| what(before, after)).count() as u64
        };
        let too_often = |answers| cut::too_often(cut::cut_off(answers));
        (!pairs.is_empty()).then(|| Self {
            against: against.to_owned(),
            items: pairs.len() as u64,
            changed: count(|before, after| before.prediction != after.prediction),
            to_right: count(|before, after| !before.correct() && after.correct()),
            to_wrong: count(|before, after| before.correct() && !after.correct()),
            cannot_tell: too_often(answers) || too_often(plain),
        })
    }
}
