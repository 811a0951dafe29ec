//! Answers dealt anew: a control that teaches how to answer, and nothing about what is right.
//!
//! One permutation of the gold answers over the questions. It depends on the keys of the questions alone, so every seed,
//! every language and every adapter on the same questions learns the same wrong answers; and each answer is as frequent as
//! before. Questions with three options and with four keep to their own.

use crate::items::Item;
use std::collections::{BTreeMap, BTreeSet};

/// How many keys a message names.
const NAMED: usize = 3;

/// What is right of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// Its key, which it has in every language.
    pub key: &'a str,
    /// Index of the gold answer.
    pub answer: usize,
    /// How many options it has.
    pub options: usize,
}

impl<'a> From<&'a Item> for Question<'a> {
    fn from(item: &'a Item) -> Self {
        Self { key: &item.key, answer: item.answer, options: item.options.len() }
    }
}

/// Questions whose languages have different answers: no permutation would be the same in all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "answers cannot be shuffled alike in all languages: the answer, or the number of options, of {} is not the same in all of them; \
     correct the data, or train on one language",
    named(.keys)
)]
pub struct Disagreement {
    /// Their keys, sorted.
    pub keys: Vec<String>,
}

/// The answer of each question after the shuffle, by its key. A question may come several times, once in each language.
///
/// The permutation: questions of as many options are listed by key, and again by their ranks, BLAKE3("xlt shuffle 1" ‖ digest
/// of all keys ‖ key); each gets the answer of the one at its place in the second list.
///
/// # Errors
/// [`Disagreement`], naming the questions.
pub fn shuffled<'a>(
    questions: impl IntoIterator<Item = Question<'a>>,
) -> Result<BTreeMap<&'a str, usize>, Disagreement> {
    let mut known: BTreeMap<&str, Question<'_>> = BTreeMap::new();
    let mut differ = BTreeSet::new();
    for question in questions {
        if *known.entry(question.key).or_insert(question) != question {
            differ.insert(question.key.to_owned());
        }
    }
    if !differ.is_empty() {
        return Err(Disagreement { keys: differ.into_iter().collect() });
    }
    let digest = digest(known.keys().copied());
    let mut alike: BTreeMap<usize, Vec<Question<'_>>> = BTreeMap::new();
    known.into_values().for_each(|question| alike.entry(question.options).or_default().push(question));
    let dealt = alike.into_values().flat_map(|by_key| {
        let mut by_rank = by_key.clone();
        by_rank.sort_by_cached_key(|question| rank(&digest, question.key));
        by_key.into_iter().zip(by_rank).map(|(question, other)| (question.key, other.answer))
    });
    Ok(dealt.collect())
}

fn digest<'a>(keys: impl Iterator<Item = &'a str>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for key in keys {
        hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes());
    }
    hasher.finalize()
}

fn rank(digest: &blake3::Hash, key: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt shuffle 1").update(digest.as_bytes()).update(key.as_bytes());
    *hasher.finalize().as_bytes()
}

fn named(keys: &[String]) -> String {
    let mut text = keys.iter().take(NAMED).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    if keys.len() > NAMED {
        text.push_str(&format!(" and {} more", keys.len() - NAMED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `q00`, `q01` and so on.
    fn keys(number: usize) -> Vec<String> {
        (0..number).map(|at| format!("q{at:02}")).collect()
    }

    /// Questions with these keys, and these answers and numbers of options.
    fn questions<'a>(keys: &'a [String], right: &[(usize, usize)]) -> Vec<Question<'a>> {
        keys.iter().zip(right).map(|(key, &(answer, options))| Question { key, answer, options }).collect()
    }

    /// A change of this makes other adapters of the same key: raise the recipe of `Kind::Finetune` with it.
    #[test]
    fn the_permutation_is_pinned() {
        let keys = keys(8);
        let right: Vec<_> = (0..8).map(|answer| (answer, 10)).collect();
        let dealt = shuffled(questions(&keys, &right)).expect("one language");
        assert_eq!(dealt.into_values().collect::<Vec<_>>(), [6, 4, 1, 3, 0, 5, 2, 7]);
    }

    #[test]
    fn most_answers_are_others_and_some_stay_by_chance() {
        let keys = keys(400);
        let right: Vec<_> = (0..400).map(|at| (at % 4, 4)).collect();
        let dealt = shuffled(questions(&keys, &right)).expect("one language");
        let same = dealt.values().zip(&right).filter(|(dealt, (answer, _))| *dealt == answer).count();
        assert!((60..140).contains(&same), "{same} of 400, where chance is 100");
    }

    #[test]
    fn other_questions_are_dealt_otherwise() {
        let keys = keys(9);
        let right: Vec<_> = (0..9).map(|answer| (answer, 10)).collect();
        let nine = shuffled(questions(&keys, &right)).expect("one language");
        let eight = shuffled(questions(&keys[..8], &right)).expect("one language");
        assert!(eight.iter().any(|(key, answer)| nine[key] != *answer));
    }

    #[test]
    fn languages_that_disagree_are_refused() {
        let keys = keys(5);
        let arabic = questions(&keys, &[(0, 2); 5]);
        let french = questions(&keys, &[(0, 2), (1, 2), (0, 3), (1, 2), (1, 2)]);
        let error = shuffled(arabic.into_iter().chain(french)).expect_err("four differ");
        assert_eq!(error.keys, ["q01", "q02", "q03", "q04"]);
        assert!(error.to_string().contains("of `q01`, `q02`, `q03` and 1 more is not"), "{error}");
    }

    proptest! {
        #[test]
        fn each_answer_is_as_frequent_as_before_among_questions_with_as_many_options(
            right in prop::collection::vec((2_usize..5).prop_flat_map(|options| (0..options, Just(options))), 0..60)
        ) {
            let keys = keys(right.len());
            let dealt = shuffled(questions(&keys, &right)).expect("one language");
            let counts = |answers: Vec<(usize, usize)>| {
                let mut counts: BTreeMap<_, usize> = BTreeMap::new();
                answers.into_iter().for_each(|one| *counts.entry(one).or_default() += 1);
                counts
            };
            let after: Vec<_> = keys.iter().zip(&right).map(|(key, (_, options))| (dealt[key.as_str()], *options)).collect();
            prop_assert_eq!(counts(after), counts(right));
        }

        #[test]
        fn neither_order_nor_repetition_matters(order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let keys = keys(20);
            let right: Vec<_> = (0..20).map(|at| (at % 4, 4)).collect();
            let plain = questions(&keys, &right);
            let other: Vec<_> = order.iter().flat_map(|&at| [plain[at]; 3]).collect();
            prop_assert_eq!(shuffled(plain), shuffled(other));
        }
    }
}
