//! Which examples make which step.
//!
//! The shuffle has no generator whose state could depend on what was drawn before, as in [`split`](crate::split): in each pass
//! every example gets the rank BLAKE3("xlt order 1" ‖ seed ‖ pass ‖ key ‖ language), numbers as 8 bytes little-endian, texts
//! behind their length, and ranks are sorted. So neither the order of rows nor that of languages matters.

use super::Example;
use crate::spec::{Length, Pace};

/// What a step of the optimizer learns from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The pass over the examples, from 0.
    pub epoch: u64,
    /// Numbers of the examples, in the order in which they are taken.
    pub examples: Vec<usize>,
}

/// How many steps a pace makes of so many examples.
///
/// A step has [`Pace::accumulate`] batches; the last of a pass has what is left, be it a part of a batch.
#[must_use]
pub fn steps(examples: usize, pace: Pace) -> u64 {
    match pace.length {
        Length::Epochs(epochs) => u64::from(epochs).saturating_mul((examples as u64).div_ceil(in_step(pace))),
        Length::Steps(steps) => u64::from(steps),
    }
}

/// The steps, so many of them, with as many passes as they take. None where there is no example.
///
/// `steps` is what [`steps`] says, or fewer: in a comparison, what [`balance`](super::balance) says.
#[must_use]
pub fn course(examples: &[Example], seed: u64, pace: Pace, steps: u64) -> Vec<Step> {
    let size = usize::try_from(in_step(pace)).unwrap_or(usize::MAX);
    let in_pass = (examples.len() as u64).div_ceil(in_step(pace));
    let passes = if in_pass == 0 { 0 } else { steps.div_ceil(in_pass) };
    let pass = |epoch| {
        let step = move |examples: &[usize]| Step { epoch, examples: examples.to_vec() };
        shuffled(examples, seed, epoch).chunks(size).map(step).collect::<Vec<_>>()
    };
    let course = (0..passes).flat_map(pass);
    course.take(usize::try_from(steps).unwrap_or(usize::MAX)).collect()
}

/// Examples in a full step.
fn in_step(pace: Pace) -> u64 {
    (u64::from(pace.batch_examples) * u64::from(pace.accumulate)).max(1)
}

fn shuffled(examples: &[Example], seed: u64, epoch: u64) -> Vec<usize> {
    let ranked = examples.iter().enumerate().map(|(at, example)| (rank(example, seed, epoch), at));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

fn rank(example: &Example, seed: u64, epoch: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt order 1").update(&seed.to_le_bytes()).update(&epoch.to_le_bytes());
    for text in [&example.key, &example.language] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn examples(number: usize) -> Vec<Example> {
        let example = |at: usize| Example {
            key: (at / 2).to_string(),
            language: ["arb_Arab", "ary_Arab"][at % 2].to_owned(),
            tokens: Vec::new(),
            answered: 0,
        };
        (0..number).map(example).collect()
    }

    fn pace(batch_examples: u32, accumulate: u32, length: Length) -> Pace {
        Pace { batch_examples, accumulate, length }
    }

    /// Keys and languages of what each step learns from.
    fn names<'e>(examples: &'e [Example], course: &[Step]) -> Vec<Vec<(&'e str, &'e str)>> {
        let name = |&at: &usize| (examples[at].key.as_str(), examples[at].language.as_str());
        course.iter().map(|step| step.examples.iter().map(name).collect()).collect()
    }

    #[test]
    fn a_pass_ends_with_what_is_left() {
        let pace = pace(2, 2, Length::Epochs(2));
        assert_eq!(steps(10, pace), 6);
        let course = course(&examples(10), 1, pace, 6);
        let shape: Vec<_> = course.iter().map(|step| (step.epoch, step.examples.len())).collect();
        assert_eq!(shape, [(0, 4), (0, 4), (0, 2), (1, 4), (1, 4), (1, 2)]);
        assert_ne!(course[0].examples, course[3].examples, "each pass has its own order");
    }

    #[test]
    fn steps_take_as_many_passes_as_they_need() {
        let pace = pace(4, 1, Length::Steps(7));
        assert_eq!(steps(10, pace), 7);
        let course = course(&examples(10), 1, pace, 7);
        assert_eq!(course.iter().map(|step| step.epoch).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 1, 2]);
        assert_eq!(super::course(&examples(10), 1, pace, 5), course[..5], "fewer steps are the first of more");
        assert!(super::course(&[], 1, pace, 7).is_empty());
    }

    #[test]
    fn another_seed_is_another_order() {
        let pace = pace(4, 1, Length::Epochs(1));
        assert_ne!(course(&examples(10), 1, pace, 3), course(&examples(10), 2, pace, 3));
    }

    /// A change of this makes other adapters of the same key: raise the recipe of `Kind::Finetune` with it.
    #[test]
    fn the_order_is_pinned() {
        let order: Vec<usize> = course(&examples(8), 17, pace(8, 1, Length::Epochs(1)), 1).remove(0).examples;
        assert_eq!(order, [0, 7, 4, 1, 6, 3, 5, 2]);
    }

    proptest! {
        #[test]
        fn every_example_is_in_every_pass_once(number in 1_usize..60, batch in 1_u32..9, accumulate in 1_u32..4, epochs in 1_u32..4) {
            let pace = pace(batch, accumulate, Length::Epochs(epochs));
            let course = course(&examples(number), 5, pace, steps(number, pace));
            prop_assert_eq!(course.len() as u64, steps(number, pace));
            for epoch in 0..u64::from(epochs) {
                let of_pass = course.iter().filter(|step| step.epoch == epoch);
                let mut seen: Vec<usize> = of_pass.flat_map(|step| step.examples.clone()).collect();
                seen.sort_unstable();
                prop_assert_eq!(seen, (0..number).collect::<Vec<_>>());
            }
        }

        #[test]
        fn the_order_of_rows_and_languages_does_not_matter(listed in Just(examples(20)).prop_shuffle(), seed: u64) {
            let pace = pace(3, 1, Length::Epochs(2));
            let (one, other) = (examples(20), listed);
            let (first, second) = (course(&one, seed, pace, 14), course(&other, seed, pace, 14));
            prop_assert_eq!(names(&one, &first), names(&other, &second));
        }
    }
}
