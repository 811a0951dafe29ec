//! Which questions an adapter learns from, and how many steps it takes: by itself, or made equal among the arms of a comparison.
//!
//! An adapter that saw more questions, or other ones, or was trained for longer, may be better for that reason alone.

use super::order;
use crate::items::Item;
use crate::spec::{Match, Pace};
use std::collections::{BTreeMap, BTreeSet};

/// What an adapter has to learn from.
#[derive(Debug, Clone)]
pub struct Offer<'a> {
    /// Its name, for messages.
    pub adapter: &'a str,
    /// Keys of the questions of its part, by language.
    pub questions: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Questions in each language, at most.
    pub limit: Option<u64>,
    /// How many examples make a step, and how many steps there are.
    pub pace: Pace,
}

/// What it learns from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share<'a> {
    /// Keys of the questions, by language.
    pub questions: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Steps of the optimizer.
    pub steps: u64,
}

/// There is nothing to learn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BalanceError {
    /// No question is in every language of every arm.
    #[error(
        "no question is in every language of all of {}, which are matched by questions; are their keys the same?",
        quoted(.adapters)
    )]
    NothingInCommon {
        /// The arms, by name.
        adapters: Vec<String>,
    },
    /// An adapter has no questions at all.
    #[error("adapter `{adapter}` has no questions to learn from; check `part` and the split of its data")]
    Nothing {
        /// Its name.
        adapter: String,
    },
}

impl<'a> Offer<'a> {
    /// An offer of these rows, those of every language.
    #[must_use]
    pub fn of(adapter: &'a str, items: impl IntoIterator<Item = &'a Item>, limit: Option<u64>, pace: Pace) -> Self {
        let mut questions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        items.into_iter().for_each(|item| _ = questions.entry(&item.language).or_default().insert(&item.key));
        Self { adapter, questions, limit, pace }
    }

    fn examples(&self) -> usize {
        self.questions.values().map(BTreeSet::len).sum()
    }
}

impl Share<'_> {
    /// Whether a row is learned from.
    #[must_use]
    pub fn holds(&self, item: &Item) -> bool {
        self.questions.get(item.language.as_str()).is_some_and(|keys| keys.contains(item.key.as_str()))
    }
}

/// What an adapter learns from, where `others` are the other arms of its comparison.
///
/// Where questions are made equal, those stay that every arm has in each of its languages, and of these the smallest `limit`
/// of any arm. Otherwise an adapter keeps its own, in each language at most `limit`. A limit takes the questions with the
/// lowest ranks, BLAKE3("xlt limit 1" ‖ key): the same in every language that has the same keys, and a smaller limit takes a
/// part of what a larger one takes. Where steps are made equal, every arm takes as many as the one that has the fewest, once
/// its questions are settled.
///
/// # Errors
/// [`BalanceError`], where nothing is left.
pub fn share<'a>(own: &Offer<'a>, others: &[Offer<'a>], matched: Option<Match>) -> Result<Share<'a>, BalanceError> {
    let mut arms: Vec<Offer<'a>> = std::iter::once(own).chain(others).cloned().collect();
    for arm in &mut arms {
        if arm.examples() == 0 {
            return Err(BalanceError::Nothing { adapter: arm.adapter.to_owned() });
        }
    }
    if matched.is_some_and(Match::questions) {
        keep_common(&mut arms)?;
    }
    for arm in &mut arms {
        arm.questions.values_mut().for_each(|keys| *keys = limited(keys, arm.limit));
    }
    let steps = |arm: &Offer<'_>| order::steps(arm.examples(), arm.pace);
    let fewest = arms.iter().map(steps).min();
    let steps = fewest.filter(|_| matched.is_some_and(Match::steps)).unwrap_or_else(|| steps(&arms[0]));
    Ok(Share { questions: arms.swap_remove(0).questions, steps })
}

/// Leaves every arm the same questions in every language.
fn keep_common(arms: &mut [Offer<'_>]) -> Result<(), BalanceError> {
    let mut languages = arms.iter().flat_map(|arm| arm.questions.values());
    let first = languages.next().cloned().unwrap_or_default();
    let common = languages.fold(first, |common, keys| &common & keys);
    if common.is_empty() {
        let mut adapters: Vec<String> = arms.iter().map(|arm| arm.adapter.to_owned()).collect();
        adapters.sort_unstable();
        return Err(BalanceError::NothingInCommon { adapters });
    }
    let limit = arms.iter().filter_map(|arm| arm.limit).min();
    for arm in arms {
        arm.limit = limit;
        arm.questions.values_mut().for_each(|keys| keys.clone_from(&common));
    }
    Ok(())
}

fn limited<'a>(keys: &BTreeSet<&'a str>, limit: Option<u64>) -> BTreeSet<&'a str> {
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    if keys.len() <= limit {
        return keys.clone();
    }
    let mut ranked: Vec<_> = keys.iter().map(|&key| (rank(key), key)).collect();
    ranked.sort_unstable();
    ranked.into_iter().take(limit).map(|(_, key)| key).collect()
}

fn rank(key: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt limit 1").update(key.as_bytes());
    *hasher.finalize().as_bytes()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Length;
    use proptest::prelude::*;

    fn pace(batch_examples: u32, length: Length) -> Pace {
        Pace { batch_examples, accumulate: 1, length }
    }

    /// An arm with these questions in each language; two examples make a step.
    fn offer<'a>(adapter: &'a str, languages: &[(&'a str, &[&'a str])]) -> Offer<'a> {
        let questions = languages.iter().map(|(language, keys)| (*language, keys.iter().copied().collect()));
        Offer { adapter, questions: questions.collect(), limit: None, pace: pace(2, Length::Epochs(1)) }
    }

    fn arabic() -> Offer<'static> {
        offer("arabic", &[("arb_Arab", &["a", "b", "c", "d"]), ("ary_Arab", &["a", "b", "c", "e"])])
    }

    fn french() -> Offer<'static> {
        offer("french", &[("fra_Latn", &["b", "c", "d", "e"])])
    }

    fn keys<'a>(share: &Share<'a>, language: &str) -> Vec<&'a str> {
        share.questions[language].iter().copied().collect()
    }

    /// What one arm learns from beside another.
    fn versus<'a>(own: &Offer<'a>, other: &Offer<'a>, matched: Match) -> Share<'a> {
        share(own, std::slice::from_ref(other), Some(matched)).expect("something is left")
    }

    #[test]
    fn who_is_not_matched_keeps_what_it_has() {
        let share = share(&arabic(), &[], None).expect("there is something");
        assert_eq!(
            (keys(&share, "arb_Arab"), keys(&share, "ary_Arab")),
            (vec!["a", "b", "c", "d"], vec!["a", "b", "c", "e"])
        );
        assert_eq!(share.steps, 4);
    }

    #[test]
    fn questions_are_those_that_every_language_of_every_arm_has() {
        let (one, other) = (arabic(), french());
        let own = versus(&one, &other, Match::Questions);
        assert_eq!((keys(&own, "arb_Arab"), keys(&own, "ary_Arab"), own.steps), (vec!["b", "c"], vec!["b", "c"], 2));
        let theirs = versus(&other, &one, Match::Questions);
        assert_eq!((keys(&theirs, "fra_Latn"), theirs.steps), (vec!["b", "c"], 1), "steps are not made equal");
    }

    #[test]
    fn steps_are_those_of_the_arm_with_the_fewest() {
        let (one, other) = (arabic(), french());
        let own = versus(&one, &other, Match::Steps);
        assert_eq!((own.steps, own.questions["arb_Arab"].len()), (2, 4), "questions are not made equal");
        assert_eq!(versus(&other, &one, Match::Steps).steps, 2);
        let both = versus(&one, &other, Match::StepsAndQuestions);
        assert_eq!(
            (both.steps, keys(&both, "ary_Arab")),
            (1, vec!["b", "c"]),
            "counted once the questions are settled"
        );
        let quick = Offer { pace: pace(2, Length::Steps(1)), ..other };
        assert_eq!(versus(&one, &quick, Match::Steps).steps, 1);
    }

    #[test]
    fn a_limit_takes_the_same_questions_in_every_language() {
        let limited = Offer { limit: Some(2), ..arabic() };
        let own = share(&limited, &[], None).expect("there is something");
        let rank = |keys: &[&'static str]| {
            let mut keys = keys.to_vec();
            keys.sort_by_key(|key| super::rank(key));
            keys[..2].iter().copied().collect::<BTreeSet<_>>()
        };
        assert_eq!(own.questions["arb_Arab"], rank(&["a", "b", "c", "d"]));
        assert_eq!(own.questions["ary_Arab"], rank(&["a", "b", "c", "e"]));
        assert_eq!(own.steps, 2);
        let one = Offer { limit: Some(1), ..french() };
        let both = versus(&limited, &one, Match::Questions);
        let theirs = versus(&one, &limited, Match::Questions);
        assert_eq!(both.questions["arb_Arab"], theirs.questions["fra_Latn"], "the smallest limit is everyone's");
        assert_eq!(theirs.questions["fra_Latn"].len(), 1);
    }

    /// A change of this makes other adapters of the same key: raise the recipe of `Kind::Finetune` with it.
    #[test]
    fn the_draw_of_a_limit_is_pinned() {
        let limited = Offer { limit: Some(2), ..arabic() };
        let own = share(&limited, &[], None).expect("there is something");
        assert_eq!((keys(&own, "arb_Arab"), keys(&own, "ary_Arab")), (vec!["a", "b"], vec!["b", "e"]));
    }

    #[test]
    fn nothing_left_is_an_error() {
        let german = offer("german", &[("deu_Latn", &["x"])]);
        let error =
            share(&arabic(), &[german.clone(), french()], Some(Match::Questions)).expect_err("nothing is in all");
        assert!(error.to_string().contains("all of `arabic`, `french`, `german`, which"), "{error}");
        assert!(share(&german, &[arabic()], Some(Match::Steps)).is_ok());
        let empty = offer("empty", &[]);
        let error = share(&arabic(), &[empty], Some(Match::Steps)).expect_err("an arm without steps");
        assert!(error.to_string().starts_with("adapter `empty` has no questions"), "{error}");
    }

    proptest! {
        #[test]
        fn arms_agree_whoever_asks(
            sets in prop::collection::vec(prop::collection::btree_set(0_u8..9, 1..9), 2..5),
            limit in prop::option::of(1_u64..5),
        ) {
            let names: Vec<String> = (0..9_u8).map(|key| key.to_string()).collect();
            let arm = |set: &BTreeSet<u8>| {
                let keys: Vec<&str> = set.iter().map(|&key| names[usize::from(key)].as_str()).collect();
                Offer { limit, ..offer("arm", &[("fra_Latn", &keys)]) }
            };
            let arms: Vec<Offer<'_>> = sets.iter().map(arm).collect();
            let shares: Vec<_> = (0..arms.len()).map(|own| {
                let mut others = arms.clone();
                let own = others.remove(own);
                share(&own, &others, Some(Match::StepsAndQuestions))
            }).collect();
            prop_assert!(shares.iter().all(|share| *share == shares[0]));
        }
    }
}
