//! Two groups of values whose spreads may differ.

use super::Interval;
use super::mean;
use super::student::Student;
use super::tails::student_two_sided;

/// Welch's test of two means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// Mean of one minus mean of the other.
    pub difference: f64,
    /// √(s₁²/n₁ + s₂²/n₂).
    pub standard_error: f64,
    /// Welch and Satterthwaite's degrees of freedom: (a + b)² / (a²/(n₁−1) + b²/(n₂−1)) with a = s₁²/n₁ and b = s₂²/n₂.
    pub freedom: f64,
}

impl Welch {
    /// Of independent values. `None` with fewer than two on a side, values that are not finite, or all equal on both sides.
    ///
    /// Welch, B. L. (1947), *Biometrika* 34, 28–35.
    #[must_use]
    pub fn of(one: &[f64], other: &[f64]) -> Option<Self> {
        let ((one, a, n), (other, b, m)) = (moments(one)?, moments(other)?);
        let freedom = (a + b).powi(2) / (a * a / (n - 1.0) + b * b / (m - 1.0));
        let error = (a + b).sqrt();
        (error > 0.0 && freedom.is_finite()).then_some(Self { difference: one - other, standard_error: error, freedom })
    }

    /// The difference over its error.
    #[must_use]
    pub fn t(&self) -> f64 {
        self.difference / self.standard_error
    }

    /// Two-sided p against equal means.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        student_two_sided(self.t(), self.freedom)
    }

    /// Interval of the difference at `level` (0.95). `None` for a level outside 0 to 1.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        self.student().interval(level)
    }

    /// The difference with Student's t about it, at Welch and Satterthwaite's degrees of freedom.
    #[must_use]
    pub fn student(&self) -> Student {
        Student { value: self.difference, error: self.standard_error, freedom: self.freedom }
    }
}

/// The mean, its squared error, and the number of values.
fn moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    let (middle, count) = (mean(values)?, values.len() as f64);
    let variance = values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / (count - 1.0);
    (values.len() > 1 && variance.is_finite()).then_some((middle, variance / count, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_spreads_and_numbers_give_students_test() {
        let welch = Welch::of(&[1.0, 2.0, 3.0], &[3.0, 4.0, 5.0]).expect("a test");
        assert!((welch.freedom - 4.0).abs() < 1e-12);
        assert!((welch.t() + 2.0 / (2.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let interval = welch.interval(0.95).expect("an interval");
        // 2.776445 is the 97.5 % quantile of t with 4 degrees of freedom.
        assert!((interval.high - (-2.0 + 2.776_445_1 * (2.0_f64 / 3.0).sqrt())).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_vary_is_not_tested() {
        for (one, other) in
            [(&[1.0][..], &[1.0, 2.0][..]), (&[1.0, 1.0], &[2.0, 2.0]), (&[], &[]), (&[f64::NAN, 1.0], &[1.0, 2.0])]
        {
            assert_eq!(Welch::of(one, other), None);
        }
    }
}
