//! Statistics of answers. Each names its formula and its reference, and is tested against published values.
//!
//! Nothing here panics on what it is given: what is undefined (no items, a variance of zero, a number that is none) is `None`.

pub mod accuracy;
pub mod baseline;
pub mod bootstrap;
pub mod cluster;
pub mod conditional;
pub mod correlation;
pub mod coupling;
pub mod crossed;
pub mod decomposition;
pub mod design;
pub mod did;
pub mod draws;
pub mod equivalence;
pub mod gee;
pub mod homogeneity;
pub mod linear;
pub mod logit;
pub mod mixed;
pub mod multiplicity;
pub mod paired;
pub mod permutation;
pub mod position;
pub mod power;
pub mod quantile;
pub mod regression;
pub mod satterthwaite;
pub mod student;
pub mod tails;
pub mod variance;
pub mod welch;
pub mod wild;

use statrs::distribution::{ContinuousCDF, Normal};

/// Successes among trials: at least one trial, no more successes than trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    successes: u64,
    trials: u64,
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Proportion {
    /// `None` without trials, or with more successes than trials.
    #[must_use]
    pub fn new(successes: u64, trials: u64) -> Option<Self> {
        (trials > 0 && successes <= trials).then_some(Self { successes, trials })
    }

    /// Number of successes.
    #[must_use]
    pub fn successes(self) -> u64 {
        self.successes
    }

    /// Number of trials.
    #[must_use]
    pub fn trials(self) -> u64 {
        self.trials
    }

    /// Successes per trial, 0 to 1.
    #[must_use]
    pub fn rate(self) -> f64 {
        self.successes as f64 / self.trials as f64
    }

    /// Wilson's score interval at `level` (0.95), without continuity correction.
    ///
    /// With p the rate, n the trials and z the normal quantile of (1 + level) / 2:
    /// (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    ///
    /// Wilson, E. B. (1927), *Journal of the American Statistical Association* 22, 209–212; recommended as method 3 by
    /// Newcombe, R. G. (1998), *Statistics in Medicine* 17, 857–872. It treats the items as independent: questions
    /// on one passage are not quite.
    #[must_use]
    pub fn wilson(self, level: f64) -> Interval {
        // The quantile function panics outside 0 to 1.
        let level = if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0 - f64::EPSILON) };
        let (p, n) = (self.rate(), self.trials as f64);
        let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, level));
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        // At the ends the bound is 0 or 1 exactly; rounding would leave 1e-17.
        Interval {
            low: if self.successes == 0 { 0.0 } else { (middle - half) / scale },
            high: if self.successes == self.trials { 1.0 } else { (middle + half) / scale },
        }
    }
}

/// The median: the middle value, or the mean of the two middle values. `None` for no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[sorted.len() / 2 - 1], upper))
}

/// The arithmetic mean. `None` for no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests;
