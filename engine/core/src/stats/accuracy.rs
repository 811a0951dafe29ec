//! The accuracy of one cell, its items taken as independent. Wilson's interval stands beside [`Proportion`]; errors that know
//! of passages are [`super::cluster`]'s.

use super::tails::binomial_upper;
use super::{Interval, Proportion};

impl Proportion {
    /// √(p(1 − p) / (n − 1)): the sample's standard deviation, n − 1 below, over √n. What lm-evaluation-harness prints as
    /// `stderr`. `None` for one trial.
    #[must_use]
    pub fn standard_error(self) -> Option<f64> {
        let p = self.rate();
        (self.trials() > 1).then(|| (p * (1.0 - p) / (self.trials() - 1) as f64).sqrt())
    }

    /// P(X ≥ successes) if every trial succeeds with `chance`: the exact binomial test, one-sided. `None` unless `chance` is
    /// from 0 to 1.
    #[must_use]
    pub fn above_chance(self, chance: f64) -> Option<f64> {
        binomial_upper(self.successes(), self.trials(), chance)
    }

    /// Clopper's and Pearson's exact interval at `level` (0.95).
    ///
    /// The lower bound is the p at which P(X ≥ k) is (1 − level) / 2, the upper that at which P(X ≤ k) is: it covers at
    /// least `level` whatever the true rate, mostly more. Clopper, C. J., & Pearson, E. S. (1934), *Biometrika* 26, 404–413.
    #[must_use]
    pub fn clopper_pearson(self, level: f64) -> Interval {
        let level = if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0 - f64::EPSILON) };
        let tail = f64::midpoint(1.0, -level);
        let (k, n) = (self.successes(), self.trials());
        Interval { low: lower_bound(k, n, tail), high: 1.0 - lower_bound(n - k, n, tail) }
    }
}

/// The p at which P(X ≥ `successes`) is `tail`, by halving: the probability rises with p. A hundred halvings are more than an
/// f64 has digits.
fn lower_bound(successes: u64, trials: u64, tail: f64) -> f64 {
    if successes == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        match binomial_upper(successes, trials, middle) {
            Some(probability) if probability < tail => low = middle,
            _ => high = middle,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(successes: u64, trials: u64) -> Proportion {
        Proportion::new(successes, trials).expect("a proportion")
    }

    #[test]
    fn the_exact_interval_at_its_ends_has_a_closed_form() {
        // 0 of n: 1 − tail^(1/n).
        let Interval { low, high } = of(0, 20).clopper_pearson(0.95);
        assert_eq!(low, 0.0);
        assert!((high - (1.0 - 0.025_f64.powf(0.05))).abs() < 1e-12);
        let Interval { low, high } = of(20, 20).clopper_pearson(0.95);
        assert!((low - 0.025_f64.powf(0.05)).abs() < 1e-12);
        assert_eq!(high, 1.0);
    }

    #[test]
    fn levels_out_of_range_do_not_panic() {
        for level in [f64::NAN, -1.0, 0.0, 1.0, 2.0] {
            let Interval { low, high } = of(1, 2).clopper_pearson(level);
            assert!(0.0 <= low && low <= high && high <= 1.0, "{level}: {low} {high}");
        }
    }

    #[test]
    fn one_trial_has_no_standard_error() {
        assert_eq!(of(1, 1).standard_error(), None);
        assert_eq!(of(2, 2).standard_error(), Some(0.0));
        assert_eq!(of(1, 1).above_chance(f64::NAN), None);
    }
}
