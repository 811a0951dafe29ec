//! Tail probabilities and quantiles: what a p-value is read from. Upper tails are computed as such, not as one less the lower, so
//! that a small p-value keeps its digits.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};
use statrs::function::factorial::ln_binomial;

/// A test's statistic and its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: f64,
    /// The p-value.
    pub p: f64,
}

impl Test {
    /// Student's t, two-sided. `None` where t is no number or has no degree of freedom.
    #[must_use]
    pub fn student(t: f64, degrees: f64) -> Option<Self> {
        Some(Self { statistic: t, degrees, p: student_two_sided(t, degrees)? })
    }

    /// Chi-squared, upper tail. `None` where x is no number or has no degree of freedom.
    #[must_use]
    pub fn chi_squared(x: f64, degrees: f64) -> Option<Self> {
        Some(Self { statistic: x, degrees, p: chi_squared_upper(x, degrees)? })
    }
}

/// P(Z > z) of the standard normal distribution. `None` for NaN.
#[must_use]
pub fn normal_upper(z: f64) -> Option<f64> {
    (!z.is_nan()).then(|| Normal::standard().sf(z))
}

/// P(|Z| > |z|) of the standard normal distribution. `None` for NaN.
#[must_use]
pub fn normal_two_sided(z: f64) -> Option<f64> {
    Some((2.0 * normal_upper(z.abs())?).min(1.0))
}

/// The value below which the standard normal distribution has `probability`. `None` unless that is between 0 and 1, both
/// excluded.
#[must_use]
pub fn normal_quantile(probability: f64) -> Option<f64> {
    (probability > 0.0 && probability < 1.0).then(|| Normal::standard().inverse_cdf(probability))
}

/// P(T > t) of Student's distribution with `degrees` of freedom. `None` for NaN, and without a degree of freedom.
#[must_use]
pub fn student_upper(t: f64, degrees: f64) -> Option<f64> {
    if t.is_nan() {
        return None;
    }
    if t.is_infinite() {
        return (degrees > 0.0).then_some(if t > 0.0 { 0.0 } else { 1.0 });
    }
    Some(StudentsT::new(0.0, 1.0, degrees).ok()?.sf(t))
}

/// P(|T| > |t|) of Student's distribution with `degrees` of freedom. `None` for NaN, and without a degree of freedom.
#[must_use]
pub fn student_two_sided(t: f64, degrees: f64) -> Option<f64> {
    Some((2.0 * student_upper(t.abs(), degrees)?).min(1.0))
}

/// P(X > x) of the chi-squared distribution with `degrees` of freedom. `None` for NaN, and without a degree of freedom.
#[must_use]
pub fn chi_squared_upper(x: f64, degrees: f64) -> Option<f64> {
    if x.is_nan() {
        return None;
    }
    Some(ChiSquared::new(degrees).ok()?.sf(x.max(0.0)))
}

/// P(X ≥ `successes`) of the binomial distribution: the sum of its terms, each from the one before it. As many as matter:
/// O(√trials) in the middle.
/// `None` unless `probability` is from 0 to 1.
#[must_use]
pub fn binomial_upper(successes: u64, trials: u64, probability: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&probability) {
        return None;
    }
    // The shorter tail is summed: it holds the small numbers, and all its terms are positive.
    if successes as f64 <= trials as f64 * probability {
        let below = successes.checked_sub(1).map_or(0.0, |most| lower_sum(most, trials, probability));
        return Some((1.0 - below).clamp(0.0, 1.0));
    }
    if successes > trials {
        return Some(0.0);
    }
    Some(lower_sum(trials - successes, trials, 1.0 - probability).min(1.0))
}

/// P(X ≤ `most`), from its largest term downwards; `most` is not above the mean, so that terms fall.
fn lower_sum(most: u64, trials: u64, probability: f64) -> f64 {
    if probability <= 0.0 || probability >= 1.0 {
        return if probability <= 0.0 || most >= trials { 1.0 } else { 0.0 };
    }
    let (k, n) = (most as f64, trials as f64);
    let mut term = (ln_binomial(trials, most) + k * probability.ln() + (n - k) * (-probability).ln_1p()).exp();
    let odds = probability / (1.0 - probability);
    let mut sum = 0.0;
    for k in (0..=most).rev() {
        sum += term;
        // Terms fall ever faster: what is left is nothing beside the sum.
        if term < sum * 1e-20 {
            break;
        }
        term *= k as f64 / ((trials - k + 1) as f64 * odds);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: Option<f64>, expected: f64) {
        let actual = actual.expect("a probability");
        assert!((actual / expected - 1.0).abs() < 1e-10, "{actual} is not {expected}");
    }

    #[test]
    fn tails_that_have_a_closed_form() {
        close(normal_two_sided(-1.959_963_984_540_054), 0.05);
        close(normal_quantile(0.975), 1.959_963_984_540_054);
        // One degree of freedom: Cauchy's distribution. Two: 1/2 − t / 2√(2 + t²).
        close(student_upper(1.0, 1.0), 0.25);
        close(student_two_sided(2.0, 2.0), 1.0 - 2.0 / 6.0_f64.sqrt());
        close(student_upper(-1.0, 1.0), 0.75);
        // Two degrees of freedom: exp(−x/2).
        close(chi_squared_upper(100.0, 2.0), (-50.0_f64).exp());
    }

    #[test]
    fn binomial_tails_are_sums_of_terms() {
        close(binomial_upper(3, 4, 0.25), 4.0 * 0.25_f64.powi(3) * 0.75 + 0.25_f64.powi(4));
        close(binomial_upper(1, 4, 0.5), 15.0 / 16.0);
        close(binomial_upper(1000, 1000, 0.5), 0.5_f64.powi(1000));
        assert_eq!(binomial_upper(0, 4, 0.5), Some(1.0));
        assert_eq!(binomial_upper(5, 4, 0.5), Some(0.0));
        assert_eq!([binomial_upper(1, 4, 0.0), binomial_upper(4, 4, 1.0)], [Some(0.0), Some(1.0)]);
    }

    #[test]
    fn what_is_no_number_has_no_tail() {
        let nan = f64::NAN;
        assert_eq!([normal_upper(nan), normal_quantile(nan), student_upper(nan, 3.0)], [None; 3]);
        assert_eq!([student_upper(1.0, 0.0), student_upper(1.0, nan), chi_squared_upper(nan, 1.0)], [None; 3]);
        assert_eq!([chi_squared_upper(1.0, 0.0), binomial_upper(1, 2, nan), normal_quantile(1.0)], [None; 3]);
        assert_eq!(student_two_sided(f64::INFINITY, 3.0), Some(0.0));
        assert_eq!(chi_squared_upper(f64::INFINITY, 3.0), Some(0.0));
    }
}
