//! Bootstrap intervals of a gain: what it would be in samples drawn anew from these items, or from these passages.
//!
//! Over independent items the law of the resampled gain has a closed form, so nothing is drawn. Over passages of unequal sizes
//! it has none that is cheap: there it is drawn, and the result says so.

use super::Interval;
use super::cluster::{Observation, sums};
use super::paired::Paired;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A percentile interval and the standard deviation of the resampled gain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// The percentiles: of (1 − level) / 2, and of one less that.
    pub interval: Interval,
    /// Standard deviation of the resampled mean.
    pub standard_error: f64,
    /// How its law was had.
    pub law: Law,
}

/// How the law of the resampled mean was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Computed: another run, and any number of draws, would not better it.
    Exact,
    /// Drawn: the bounds move with the seed, by about the standard error over √draws, times three at 0.95.
    Drawn(Draws),
}

/// How much to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// Number of samples.
    pub draws: u32,
    /// Seed of ChaCha with eight rounds.
    pub seed: u64,
}

/// What rounding may add up to in a sum of probabilities.
const ROUNDING: f64 = 1e-9;

impl Paired {
    /// The percentile bootstrap over items, exact: the sum of n differences drawn from the items' −1, 0 and 1 is one power of a
    /// polynomial, (lost/n x⁻¹ + same/n + gained/n x)ⁿ, whose coefficients follow one from the two before.
    ///
    /// The percentile of q is the least gain up to which there is at least q; its variance is Σ(d − d̄)² / n². Efron, B., &
    /// Tibshirani, R. J. (1993), *An Introduction to the Bootstrap*, chapters 5 and 13; recurrence: Knuth, D. E., *The Art of
    /// Computer Programming* 2, 4.7, exercise 4 (Euler). O(n): 900 items cost some 0.1 ms, 100 some 5 µs.
    #[must_use]
    pub fn bootstrap(self, level: f64) -> Bootstrap {
        let law = self.law();
        let n = self.items() as f64;
        let percentile = |q: f64| {
            let mut below = 0.0;
            let reached = |probability: &f64| {
                below += probability;
                below >= q - ROUNDING
            };
            // The last gain that is possible at all, should rounding keep the sum from q.
            let last = || law.iter().rposition(|&probability| probability > 0.0).unwrap_or_default();
            let at = law.iter().position(reached).unwrap_or_else(last);
            (at as f64 - n) / n
        };
        let tail = tail(level);
        Bootstrap {
            interval: Interval { low: percentile(tail), high: percentile(1.0 - tail) },
            standard_error: (self.population_variance() / n).sqrt(),
            law: Law::Exact,
        }
    }

    /// P(gained − lost = s) of a sample drawn anew, for s from −n to n.
    fn law(self) -> Vec<f64> {
        let items = self.items() as usize;
        let n = self.items() as f64;
        let (gained, lost) = (self.gained() as f64 / n, self.lost() as f64 / n);
        let same = (self.items() - self.discordant()) as f64 / n;
        // Up to the middle all terms of the recurrence are positive, beyond it they cancel: so it is walked from both ends.
        let mut law = vec![0.0; 2 * items + 1];
        law[items] = 1.0;
        if lost > 0.0 {
            law[..=items].copy_from_slice(&half(items, [lost, same, gained]));
        }
        if gained > 0.0 {
            for (at, probability) in half(items, [gained, same, lost]).into_iter().enumerate() {
                law[2 * items - at] = probability;
            }
        }
        law
    }
}

/// The first n + 1 coefficients of (a + b x + c x²)ⁿ, a above zero: k a q_k = (n − k + 1) b q_(k−1) + (2n − k + 2) c q_(k−2).
fn half(n: usize, [a, b, c]: [f64; 3]) -> Vec<f64> {
    // The first may be far below the smallest f64: it is carried as a logarithm, and the others relative to it.
    const STEP: f64 = 2_u128.pow(100) as f64;
    let times = n as f64;
    let mut steps = 0.0;
    let logarithm = |value: f64, steps: f64| value.ln() + (times * a.ln() + steps * STEP.ln());
    let (mut before, mut last) = (0.0, 1.0_f64);
    let mut coefficients = Vec::with_capacity(n + 1);
    coefficients.push(logarithm(last, steps).exp());
    for k in 1..=n {
        let k = k as f64;
        let next = ((times - k + 1.0) * b * last + (2.0 * times - k + 2.0) * c * before) / (k * a);
        (before, last) = (last, next);
        if last.max(before) > STEP {
            (before, last) = (before / STEP, last / STEP);
            steps += 1.0;
        }
        coefficients.push(logarithm(last, steps).exp());
    }
    coefficients
}

/// The percentile bootstrap of a mean over whole clusters: as many clusters as there are, drawn with replacement, and the mean of
/// their items.
///
/// Davison, A. C., & Hinkley, D. V. (1997), *Bootstrap Methods and their Application*, section 3.8; Field, C. A., & Welsh, A. H.
/// (2007), *Journal of the Royal Statistical Society B* 69, 369–390. The same observations and seed give the same bytes,
/// whatever the clusters' numbers are, as long as their order is the same. O(draws × clusters), some 3 ns each: 10,000 draws of
/// 50 passages cost a millisecond, of 500 sixteen.
///
/// `None` with fewer than two clusters, without draws, and where a value is no finite number.
#[must_use]
pub fn clustered(observations: &[Observation], level: f64, draws: Draws) -> Option<Bootstrap> {
    let clusters = sums(observations);
    let finite = observations.iter().all(|observation| observation.value.is_finite());
    if clusters.len() < 2 || draws.draws == 0 || !finite {
        return None;
    }
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&draws.seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(seed);
    let mut sample = || {
        let (mut items, mut sum) = (0, 0.0);
        for _ in 0..clusters.len() {
            // The upper half of a product of 32 bits: even to one part in 2³² / clusters.
            let at = (u64::from(random.next_u32()) * clusters.len() as u64) >> 32;
            let cluster = clusters[at as usize];
            items += cluster.items;
            sum += cluster.sum;
        }
        sum / items as f64
    };
    let mut means: Vec<f64> = (0..draws.draws).map(|_| sample()).collect();
    means.sort_by(f64::total_cmp);
    let percentile = |q: f64| {
        let rank = (q * means.len() as f64 - ROUNDING * means.len() as f64).ceil() as usize;
        means[rank.clamp(1, means.len()) - 1]
    };
    let tail = tail(level);
    Some(Bootstrap {
        interval: Interval { low: percentile(tail), high: percentile(1.0 - tail) },
        standard_error: deviation(&means),
        law: Law::Drawn(draws),
    })
}

fn tail(level: f64) -> f64 {
    f64::midpoint(1.0, -(if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0) }))
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests;
