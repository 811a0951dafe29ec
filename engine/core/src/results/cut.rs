//! Texts that their budget of tokens cut off: the model would have gone on.

use super::{Cell, describe};
use crate::answers::{Answer, Ended, Written};
use crate::stats::Proportion;

/// Above this share of items cut off, what rests on a cell cannot be told.
pub const CUT_OFF_ABOVE: f64 = 0.05;

/// How often a budget ended what a model wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Items whose text it ended, among all.
    pub items: Proportion,
    /// Tokens of the longest such text, which is the budget; `None` without one, and where tokens are not known.
    pub budget: Option<u32>,
}

impl Cut {
    /// The budget to try next: the first power of two that is at least twice the present one.
    #[must_use]
    pub fn next_budget(&self) -> Option<u64> {
        self.budget.map(|budget| (2 * u64::from(budget)).next_power_of_two())
    }

    /// `None` where there are no such texts.
    pub(super) fn of(answers: &[Answer], text: impl Fn(&Answer) -> Option<&Written>) -> Option<Self> {
        let texts: Vec<&Written> = answers.iter().filter_map(text).collect();
        if texts.is_empty() {
            return None;
        }
        let cut = texts.into_iter().filter(|written| written.ended == Ended::Budget);
        let (mut items, mut budget) = (0, None);
        for written in cut {
            items += 1;
            budget = budget.max(Some(written.tokens).filter(|&tokens| tokens > 0));
        }
        Some(Self { items: Proportion::new(items, answers.len() as u64)?, budget })
    }
}

/// Items of which a budget cut off the reasoning, the answer or both; `None` where nothing was written.
pub(super) fn cut_off(answers: &[Answer]) -> Option<Proportion> {
    let texts = |answer| [reasoning(answer), answer_text(answer)].into_iter().flatten();
    let mut cut = 0;
    let mut written = false;
    for answer in answers {
        written |= texts(answer).next().is_some();
        cut += u64::from(texts(answer).any(|text| text.ended == Ended::Budget));
    }
    Proportion::new(cut, answers.len() as u64).filter(|_| written)
}

/// Whether that is too often.
pub(super) fn too_often(cut_off: Option<Proportion>) -> bool {
    cut_off.is_some_and(|items| items.rate() > CUT_OFF_ABOVE)
}

pub(super) fn reasoning(answer: &Answer) -> Option<&Written> {
    answer.reasoning.as_ref()
}

pub(super) fn answer_text(answer: &Answer) -> Option<&Written> {
    answer.generated.as_ref().map(|generated| &generated.written)
}

/// What to do about it.
pub(super) fn note(cell: &Cell) -> Option<String> {
    let items = cell.cut_off.filter(|_| cell.cannot_tell())?;
    // A name with a dot goes in quotes.
    let mode = &cell.id.column.mode;
    let mode = if mode.contains('.') { format!("'{mode}'") } else { mode.clone() };
    let reasoning = cell.reasoning.as_ref().map(|reasoning| (format!("modes.{mode}.reason.max_tokens"), reasoning.cut));
    let answers = cell.generation.as_ref().map(|generation| (format!("modes.{mode}.max_tokens"), generation.cut));
    let cures: Vec<String> = [reasoning, answers]
        .into_iter()
        .flatten()
        .filter(|(_, cut)| cut.items.successes() > 0)
        .map(|(key, cut)| match cut.next_budget() {
            Some(budget) => format!("set `{key}` to {budget}"),
            None => format!("raise `{key}`"),
        })
        .collect();
    Some(format!(
        "cannot tell: {}: {} of {} items ({:.1} %) were cut off by the budget of tokens; {}.",
        describe(&cell.id),
        items.successes(),
        items.trials(),
        items.rate() * 100.0,
        cures.join(" and "),
    ))
}
