//! Permutation of languages between groups: what the difference would be if it did not matter which language is in which group.
//!
//! Languages are the units. Items, seeds and models are not shuffled: several models see the same languages, so labels are dealt once for
//! all of them.

use super::draws::{Draws, Generator};

/// Gains to be compared: for each model the gain in each language. `None` where there is no such cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Gains {
    models: Vec<Vec<Option<f64>>>,
    related: Vec<bool>,
}

/// What a permutation test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Permutation {
    /// Mean over the models of (mean gain of the related languages − mean gain of the others).
    pub difference: f64,
    /// Share of the arrangements whose difference is at least as large, without its sign.
    pub p: f64,
    /// The least p that a test of so many languages can have, whatever the data: no claim is possible below it.
    pub smallest_attainable: f64,
    /// Arrangements looked at.
    pub draws: Draws,
}

/// Why languages cannot be permuted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPermutation {
    /// Rows of different lengths.
    #[error("model {model} has {gains} gains for {languages} languages")]
    Lengths {
        /// The model, from 0.
        model: usize,
        /// Its gains.
        gains: usize,
        /// The languages.
        languages: usize,
    },
    /// A gain is infinite or no number.
    #[error("the gain of model {model} in language {language} is not a finite number")]
    NotFinite {
        /// The model, from 0.
        model: usize,
        /// The language, from 0.
        language: usize,
    },
    /// No model has a gain in both groups.
    #[error("no model has gains in both groups of languages")]
    OneGroup,
}

/// Up to how many arrangements are all looked at. Beyond, [`SAMPLED`] are drawn.
pub const ENUMERATED_UP_TO: u64 = 200_000;

/// Arrangements drawn where there are too many to look at all.
pub const SAMPLED: u64 = 99_999;

impl Gains {
    /// For each model a gain for each language, and for each language whether it is of the related group.
    ///
    /// # Errors
    /// [`NoPermutation`].
    pub fn new(models: Vec<Vec<Option<f64>>>, related: Vec<bool>) -> Result<Self, NoPermutation> {
        for (model, gains) in models.iter().enumerate() {
            if gains.len() != related.len() {
                return Err(NoPermutation::Lengths { model, gains: gains.len(), languages: related.len() });
            }
            if let Some(language) = gains.iter().position(|gain| gain.is_some_and(|gain| !gain.is_finite())) {
                return Err(NoPermutation::NotFinite { model, language });
            }
        }
        // Of a complete table the mean of the models' differences is the difference of the models' means.
        let complete = models.iter().flatten().all(Option::is_some);
        let models = if complete && models.len() > 1 { vec![means(&models)] } else { models };
        let gains = Self { models, related };
        if gains.difference(&gains.related).is_some() { Ok(gains) } else { Err(NoPermutation::OneGroup) }
    }

    /// The test. Of n languages, k of them related, all C(n, k) arrangements are looked at if they are at most [`ENUMERATED_UP_TO`];
    /// p is then exact: the share of them with |difference| ≥ |observed|, the observed included. Otherwise [`SAMPLED`] are drawn from
    /// `seed`, and p = (b + 1) / (m + 1) with b of m such draws. A model for which an arrangement leaves a group empty does
    /// not count in that arrangement's mean.
    ///
    /// Under the null that the labels do not matter the test is exact whatever the distribution of the gains, also when they come
    /// with noise that differs little between languages.
    ///
    /// Fisher, R. A. (1935), *The Design of Experiments*, section 21; Phipson, B. & Smyth, G. K. (2010), *Statistical Applications in
    /// Genetics and Molecular Biology* 9, 39, on b + 1.
    #[must_use]
    pub fn test(&self, seed: u64) -> Permutation {
        let (languages, members) = (self.related.len(), self.related.iter().filter(|&&related| related).count());
        let arrangements = combinations(languages as u64, members as u64);
        let difference = self.difference(&self.related).unwrap_or(0.0);
        let scale = self.models.iter().flatten().flatten().fold(0.0_f64, |scale, gain| scale.max(gain.abs()));
        // Arrangements with equal differences must count although they are summed in another order.
        let threshold = difference.abs() - 1e-9 * scale;
        let reaches = |labels: &[bool]| self.difference(labels).is_some_and(|other| other.abs() >= threshold);
        // With groups of one size the mirrored arrangement has the same difference, but for its sign.
        let extremes = if 2 * members == languages { 2.0 } else { 1.0 };
        match arrangements {
            Some(all) if all <= ENUMERATED_UP_TO => {
                let reached = every_arrangement(languages, members, reaches);
                let smallest_attainable = (extremes / all as f64).min(1.0);
                Permutation { difference, p: reached as f64 / all as f64, smallest_attainable, draws: Draws::All(all) }
            }
            _ => {
                let reached = drawn_arrangements(&self.related, seed, reaches);
                let share = |count: u64| (count + 1) as f64 / (SAMPLED + 1) as f64;
                let draws = Draws::Sampled(SAMPLED);
                Permutation { difference, p: share(reached), smallest_attainable: share(0), draws }
            }
        }
    }

    /// The mean difference under these labels. `None` where no model has both groups.
    fn difference(&self, labels: &[bool]) -> Option<f64> {
        let (mut total, mut models) = (0.0, 0.0);
        for gains in &self.models {
            let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
            for (gain, &label) in gains.iter().zip(labels) {
                if let Some(gain) = gain {
                    sums[usize::from(label)] += gain;
                    counts[usize::from(label)] += 1.0;
                }
            }
            if counts[0] > 0.0 && counts[1] > 0.0 {
                total += sums[1] / counts[1] - sums[0] / counts[0];
                models += 1.0;
            }
        }
        (models > 0.0).then(|| total / models)
    }
}

fn means(models: &[Vec<Option<f64>>]) -> Vec<Option<f64>> {
    let languages = models.first().map_or(0, Vec::len);
    let sum = |language: usize| models.iter().filter_map(|gains| gains[language]).sum::<f64>();
    (0..languages).map(|language| Some(sum(language) / models.len() as f64)).collect()
}

/// C(n, k), `None` beyond u64.
fn combinations(n: u64, k: u64) -> Option<u64> {
    // Every partial product is itself a number of combinations, so the division leaves no rest.
    (0..k.min(n - k)).try_fold(1_u64, |product, chosen| Some(product.checked_mul(n - chosen)? / (chosen + 1)))
}

/// How many of all ways to choose `members` of `languages` satisfy the condition.
fn every_arrangement(languages: usize, members: usize, reaches: impl Fn(&[bool]) -> bool) -> u64 {
    let mut chosen: Vec<usize> = (0..members).collect();
    let mut labels = vec![false; languages];
    let mut reached = 0;
    loop {
        labels.fill(false);
        chosen.iter().for_each(|&member| labels[member] = true);
        reached += u64::from(reaches(&labels));
        // The last member that can still move up does, and those after it follow closely.
        let Some(moved) = (0..members).rev().find(|&at| chosen[at] < languages - members + at) else {
            return reached;
        };
        let next = chosen[moved] + 1;
        chosen[moved..].iter_mut().zip(next..).for_each(|(member, place)| *member = place);
    }
}

fn drawn_arrangements(related: &[bool], seed: u64, reaches: impl Fn(&[bool]) -> bool) -> u64 {
    let mut generator = Generator::new(seed);
    let mut labels = related.to_vec();
    let draw = |_| {
        generator.shuffle(&mut labels);
        u64::from(reaches(&labels))
    };
    (0..SAMPLED).map(draw).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(gains: &[f64], members: usize) -> Permutation {
        let related = (0..gains.len()).map(|language| language < members).collect();
        let gains = gains.iter().map(|&gain| Some(gain)).collect();
        Gains::new(vec![gains], related).expect("gains").test(1)
    }

    #[test]
    fn the_largest_difference_of_three_and_three_has_the_smallest_p() {
        let found = one(&[0.5, 0.4, 0.3, 0.2, 0.1, 0.0], 3);
        assert!((found.difference - 0.3).abs() < 1e-12);
        assert_eq!((found.p, found.smallest_attainable, found.draws), (0.1, 0.1, Draws::All(20)));
        assert_eq!(one(&[0.5, 0.4, 0.2, 0.1, 0.0], 2).smallest_attainable, 0.1);
        assert_eq!(one(&[0.3; 6], 3).p, 1.0);
    }

    #[test]
    fn drawn_arrangements_agree_with_what_is_known_of_all() {
        // C(20, 10) = 184,756 are all looked at; C(22, 11) = 705,432 are not. Two equal languages more change little.
        let gains: Vec<f64> = (0..20).map(|language| f64::from(language * 7 % 11) / 50.0).collect();
        let all = one(&gains, 10);
        assert_eq!(all.draws, Draws::All(184_756));
        let gains: Vec<f64> =
            (0..22).map(|language| f64::from(language % 11) + f64::from(u8::from(language < 11))).collect();
        let drawn = one(&gains, 11);
        assert_eq!((drawn.draws, drawn.smallest_attainable), (Draws::Sampled(SAMPLED), 1e-5));
        // The normal approximation: variance of a difference of means under permutation is (4/n)·s².
        let middle = gains.iter().sum::<f64>() / 22.0;
        let variance = gains.iter().map(|gain| (gain - middle).powi(2)).sum::<f64>() / 21.0;
        let z = 1.0 / (4.0 / 22.0 * variance).sqrt();
        let approximate = super::super::tails::normal_two_sided(z).expect("a p");
        assert!((drawn.p - approximate).abs() < 0.05, "{} {approximate}", drawn.p);
        assert_eq!(one(&gains, 11), drawn, "the same seed, the same p");
    }

    #[test]
    fn labels_are_dealt_once_for_all_models() {
        let related = vec![true, true, true, false, false, false];
        let gains = [[0.5, 0.4, 0.3, 0.2, 0.1, 0.0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]].map(|row| row.map(Some).to_vec());
        let both = Gains::new(gains.to_vec(), related.clone()).expect("gains").test(1);
        // Twice the cells, but no smaller p: there are still six languages.
        assert_eq!((both.p, both.draws), (0.1, Draws::All(20)));
        assert!((both.difference - 0.3).abs() < 1e-12);
    }

    #[test]
    fn a_cell_that_is_missing_leaves_its_model_with_the_others() {
        let related = vec![true, true, false, false];
        let gains = vec![vec![Some(0.4), Some(0.2), Some(0.1), Some(0.1)], vec![None, Some(0.4), None, Some(0.3)]];
        let found = Gains::new(gains, related.clone()).expect("gains").test(1);
        assert!((found.difference - f64::midpoint(0.2, 0.1)).abs() < 1e-12);
        let none = vec![vec![Some(0.4), Some(0.2), None, None]];
        assert_eq!(Gains::new(none, related.clone()), Err(NoPermutation::OneGroup));
        let infinite = vec![vec![Some(0.4), Some(f64::NAN), None, None]];
        assert_eq!(Gains::new(infinite, related.clone()), Err(NoPermutation::NotFinite { model: 0, language: 1 }));
        let short = Err(NoPermutation::Lengths { model: 0, gains: 1, languages: 4 });
        assert_eq!(Gains::new(vec![vec![Some(0.4)]], related.clone()), short);
        assert_eq!(Gains::new(vec![], vec![]), Err(NoPermutation::OneGroup));
    }
}
