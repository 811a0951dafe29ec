//! Leakage: which share of what an adapter is asked it was trained on.

use super::study::ConditionFacts;
use crate::items::Item;
use crate::results::Evaluations;
use crate::stats::Proportion;
use std::collections::{BTreeMap, BTreeSet};

/// Names of what an adapter learned from, whatever the language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// Keys of its questions.
    pub questions: BTreeSet<String>,
    /// Names of their passages.
    pub passages: BTreeSet<String>,
}

impl Learned {
    /// From these rows.
    #[must_use]
    pub fn from_rows(items: &[Item]) -> Self {
        Self {
            questions: items.iter().map(|item| item.key.clone()).collect(),
            passages: items.iter().map(|item| item.group.clone()).collect(),
        }
    }

    /// How many of these questions, and of their passages, are among them.
    #[must_use]
    pub fn shared_with(&self, asked: &Self) -> (usize, usize) {
        let common = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.intersection(other).count();
        (common(&self.questions, &asked.questions), common(&self.passages, &asked.passages))
    }
}

/// What a condition's adapter had seen of what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leakage {
    /// Condition.
    pub condition: String,
    /// Its adapter.
    pub adapter: String,
    /// What is known.
    pub seen: Seen,
}

/// What an adapter had seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Of the questions and passages that it is asked, those that it learned from in any language: a parallel corpus has the same
    /// question under the same key in each.
    Of {
        /// Questions, by key.
        questions: Proportion,
        /// Passages, by group: a question on a passage that was read in training is not new either.
        passages: Proportion,
    },
    /// It was trained on another data set, whose keys say nothing of these.
    OtherData(String),
    /// It was made elsewhere, and what it was trained on is not told.
    Elsewhere,
}

impl Seen {
    /// Whether it is known that it had seen nothing of what it is asked.
    #[must_use]
    pub fn nothing(&self) -> bool {
        matches!(self, Self::Of { questions, passages } if questions.successes() + passages.successes() == 0)
    }
}

/// Of each condition with an adapter, in their order. `learned`: by adapter, what was learned from data whose keys are those of the
/// answers.
#[must_use]
pub(super) fn leakage(
    evaluations: &Evaluations,
    conditions: &[ConditionFacts],
    learned: &BTreeMap<String, Learned>,
) -> Vec<Leakage> {
    let of = |condition: &ConditionFacts| {
        let adapter = condition.adapter.clone()?;
        let seen = match (learned.get(&adapter), &condition.data) {
            (Some(learned), _) => seen(evaluations, &condition.name, learned)?,
            (None, Some(data)) => Seen::OtherData(data.clone()),
            (None, None) => Seen::Elsewhere,
        };
        Some(Leakage { condition: condition.name.clone(), adapter, seen })
    };
    conditions.iter().filter_map(of).collect()
}

/// `None` where the condition has no answers.
fn seen(evaluations: &Evaluations, condition: &str, learned: &Learned) -> Option<Seen> {
    let (mut questions, mut passages) = (BTreeSet::new(), BTreeSet::new());
    for (_, answers) in evaluations.iter().filter(|(id, _)| id.column.condition == condition) {
        questions.extend(answers.iter().map(|answer| answer.key.as_str()));
        passages.extend(answers.iter().map(|answer| answer.group.as_str()));
    }
    let share = |asked: &BTreeSet<&str>, known: &BTreeSet<String>| {
        let seen = asked.iter().filter(|name| known.contains(**name)).count();
        Proportion::new(seen as u64, asked.len() as u64)
    };
    Some(Seen::Of { questions: share(&questions, &learned.questions)?, passages: share(&passages, &learned.passages)? })
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::{answers, id};
    use super::*;

    /// Four questions on two passages, asked of an adapter in two languages, and what it had seen of them.
    fn found(learned: &[(&str, Learned)], data: Option<&str>) -> Vec<Leakage> {
        let cells = [("base", "heb_Hebr"), ("tuned", "heb_Hebr"), ("tuned", "fra_Latn")];
        let evaluations = cells.map(|(condition, language)| (id("m", condition, language), answers("++--"))).into();
        let facts = |name: &str, adapter: Option<&str>| ConditionFacts {
            name: name.to_owned(),
            adapter: adapter.map(str::to_owned),
            mode: None,
            sources: Vec::new(),
            data: data.filter(|_| adapter.is_some()).map(str::to_owned),
            control: false,
        };
        let learned = learned.iter().map(|(adapter, learned)| ((*adapter).to_owned(), learned.clone())).collect();
        leakage(&evaluations, &[facts("base", None), facts("tuned", Some("arabic"))], &learned)
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_question_is_leaked_by_its_key_and_a_passage_by_its_group() {
        let learned = Learned { questions: names(&["q001", "q900"]), passages: names(&["p000", "p001"]) };
        let [one] = &found(&[("arabic", learned)], Some("passages"))[..] else {
            panic!("one condition has an adapter")
        };
        let of = |leaked, all| Proportion::new(leaked, all).expect("a share");
        assert_eq!((one.condition.as_str(), one.adapter.as_str()), ("tuned", "arabic"));
        assert_eq!(one.seen, Seen::Of { questions: of(1, 4), passages: of(2, 2) });
    }

    #[test]
    fn what_cannot_be_known_says_why() {
        assert_eq!(found(&[], Some("other"))[0].seen, Seen::OtherData("other".to_owned()));
        assert_eq!(found(&[], None)[0].seen, Seen::Elsewhere);
    }
}
