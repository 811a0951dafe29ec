//! The next token of a generated text.

use crate::score::likeliest;
use crate::spec::Sampling;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Chooses a token from one row of logits. `draw`: a number from 0 to below 1, of which only drawing makes use.
///
/// Drawing follows the nucleus rule of Holtzman et al. 2020: of the tokens in order of probability, those are kept that
/// together have `top_p`, the one that reaches it included; equals stand in the order of the vocabulary. Sums are of f64,
/// that of all in the order of the vocabulary, that of the kept in their own, so that a draw depends on the logits alone.
///
/// `None` where no logit is a number above minus infinity.
#[must_use]
pub fn choose(logits: &[f32], sampling: Sampling, draw: f64) -> Option<usize> {
    match sampling {
        Sampling::Greedy => likeliest(logits),
        Sampling::Drawn { temperature, top_p, .. } => drawn(logits, temperature, top_p, draw),
    }
}

/// The number from 0 to below 1 for the step of a text: of the seed, the item's key and its language, so that neither
/// order nor company changes it.
#[must_use]
pub fn draw(seed: u64, key: &str, language: &str, step: u32) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt draw 1").update(&seed.to_le_bytes()).update(&step.to_le_bytes());
    for text in [key, language] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let bits = digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // 53 bits are what an f64 between 0 and 1 holds.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn drawn(logits: &[f32], temperature: f64, top_p: f64, draw: f64) -> Option<usize> {
    let top = f64::from(logits[likeliest(logits)?]);
    let weight = |logit: f32| ((f64::from(logit) - top) / temperature).exp();
    let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
    // A few tokens have nearly all of the probability: they are taken off a heap one by one, and the others never sorted.
    let possible = logits.iter().enumerate().filter(|(_, logit)| **logit > f32::NEG_INFINITY);
    let mut heap: BinaryHeap<Candidate> = possible.map(|(token, &logit)| Candidate { logit, token }).collect();
    let mut mass = 0.0;
    let mut upto = std::iter::from_fn(|| {
        let Candidate { logit, token } = heap.pop()?;
        mass += weight(logit);
        Some((token, mass))
    });
    if top_p >= 1.0 {
        return at_mass(upto, draw * total);
    }
    let mut nucleus = Vec::new();
    while nucleus.last().is_none_or(|(_, mass)| *mass < top_p * total)
        && let Some(next) = upto.next()
    {
        nucleus.push(next);
    }
    let (_, kept) = *nucleus.last()?;
    at_mass(nucleus.into_iter(), draw * kept)
}

/// The first token up to which there is more than that mass, else the last one.
fn at_mass(upto: impl Iterator<Item = (usize, f64)>, at: f64) -> Option<usize> {
    let mut last = None;
    for (token, mass) in upto {
        last = Some(token);
        if mass > at {
            break;
        }
    }
    last
}

/// A token that may follow. The greatest is the likeliest; of equals, the first of the vocabulary.
struct Candidate {
    logit: f32,
    token: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.logit.total_cmp(&other.logit).then(other.token.cmp(&self.token))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOGITS: [f32; 4] = [0.0, 1.0, 1.0, f32::NEG_INFINITY];

    fn sampled(temperature: f64, top_p: f64, draw: f64) -> Option<usize> {
        choose(&LOGITS, Sampling::Drawn { temperature, top_p, seed: 0 }, draw)
    }

    #[test]
    fn greedy_takes_the_first_of_equals_and_nothing_of_nothing() {
        assert_eq!(choose(&LOGITS, Sampling::Greedy, 0.9), Some(1));
        assert_eq!(choose(&[f32::NEG_INFINITY], Sampling::Greedy, 0.0), None);
        assert_eq!(choose(&[], Sampling::Drawn { temperature: 1.0, top_p: 1.0, seed: 0 }, 0.0), None);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        // e^0 : e^1 : e^1, the likeliest first.
        let share = 1_f64.exp() / (1.0 + 2.0 * 1_f64.exp());
        for (draw, token) in [(0.0, 1), (share - 1e-9, 1), (share + 1e-9, 2), (2.0 * share + 1e-9, 0), (1.0 - 1e-12, 0)]
        {
            assert_eq!(sampled(1.0, 1.0, draw), Some(token), "{draw}");
        }
        assert_eq!(sampled(1.0, 0.5, 0.99), Some(2), "half of it is two tokens");
        assert_eq!(sampled(1.0, 0.1, 0.99), Some(1));
        assert_eq!(sampled(0.01, 1.0, 0.49), Some(1), "the cold draw from the top");
    }

    #[test]
    fn a_draw_is_of_seed_item_language_and_step() {
        let first = draw(1, "p1|2", "heb_Hebr", 0);
        let others = [
            draw(2, "p1|2", "heb_Hebr", 0),
            draw(1, "p1|3", "heb_Hebr", 0),
            draw(1, "p1|2", "arb_Arab", 0),
            draw(1, "p1|2", "heb_Hebr", 1),
        ];
        assert!(others.iter().all(|other| *other != first) && first == draw(1, "p1|2", "heb_Hebr", 0));
    }

    proptest! {
        #[test]
        fn a_draw_is_the_one_that_sorting_the_vocabulary_finds(logits in prop::collection::vec(-9_f32..9.0, 1..50), at in 0.0..1.0_f64, top_p in 0.01..1.3_f64) {
            let mut tokens: Vec<usize> = (0..logits.len()).collect();
            tokens.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            let weights: Vec<f64> = tokens.iter().map(|&token| (f64::from(logits[token]) / 0.7).exp()).collect();
            let sum = |number: usize| weights[..number].iter().sum::<f64>();
            let kept = (1..=weights.len()).find(|&number| sum(number) >= top_p * sum(weights.len()) * (1.0 - 1e-12));
            let mass = at * sum(kept.unwrap_or(weights.len()));
            let number = (0..weights.len()).find(|&number| sum(number + 1) > mass).unwrap_or(weights.len() - 1);
            prop_assume!((sum(number + 1) - mass).abs() > 1e-9 * mass && (sum(number) - mass).abs() > 1e-9 * mass);
            let token = choose(&logits, Sampling::Drawn { temperature: 0.7, top_p: top_p.min(1.0), seed: 0 }, at);
            prop_assert_eq!(token, Some(tokens[number]));
        }

        #[test]
        fn a_draw_is_a_token_that_may_be(logits in prop::collection::vec(-9_f32..9.0, 1..50), at in 0.0..1.0_f64, top_p in 0.01..1.0_f64) {
            let token = choose(&logits, Sampling::Drawn { temperature: 0.7, top_p, seed: 0 }, at);
            prop_assert!(token.is_some_and(|token| token < logits.len()));
        }
    }
}
