//! An estimate whose error is estimated as well: what Student's t says of it.

use super::tails::{student_two_sided, student_upper};
use super::{Interval, quantile};

/// An estimate with its standard error. Student (1908), *Biometrika* 6, 1–25.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Student {
    /// The estimate.
    pub value: f64,
    /// Its standard error, not below 0.
    pub error: f64,
    /// Degrees of freedom of the error.
    pub freedom: f64,
}

impl Student {
    /// Its interval at `level` (0.95). `None` for a level outside 0 to 1, and without a degree of freedom.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let half = quantile::student(level, self.freedom)? * self.error;
        Some(Interval { low: self.value - half, high: self.value + half })
    }

    /// The one-sided p-value of the hypothesis that the true value is `bound` or less. With an error of zero it is 0 or 1. `None`
    /// without a degree of freedom.
    #[must_use]
    pub fn p_above(&self, bound: f64) -> Option<f64> {
        let distance = self.value - bound;
        if self.error == 0.0 {
            return Some(if distance > 0.0 { 0.0 } else { 1.0 });
        }
        student_upper(distance / self.error, self.freedom)
    }

    /// The one-sided p-value of the hypothesis that the true value is `bound` or more.
    #[must_use]
    pub fn p_below(&self, bound: f64) -> Option<f64> {
        Self { value: -self.value, ..*self }.p_above(-bound)
    }

    /// The two-sided p-value of the hypothesis that the true value is zero. With an error of zero it is 0 or 1.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        if self.error == 0.0 {
            return Some(if self.value == 0.0 { 1.0 } else { 0.0 });
        }
        student_two_sided(self.value / self.error, self.freedom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_and_two_are_those_of_tables() {
        let found = Student { value: 0.1, error: 0.05, freedom: 10.0 };
        // t = 2 and t = 1 with 10 degrees of freedom.
        assert!((found.p_above(0.0).expect("p") - 0.036_694_017_385).abs() < 1e-9);
        assert!((found.p_below(0.15).expect("p") - 0.170_446_566_150).abs() < 1e-9);
        assert!((found.p().expect("p") - 2.0 * 0.036_694_017_385).abs() < 1e-9);
        let interval = found.interval(0.95).expect("interval");
        assert!((interval.high - (0.1 + 0.05 * 2.228_138_851_965)).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn without_an_error_it_is_certain_and_without_freedom_nothing_is_known() {
        let sure = |value| Student { value, error: 0.0, freedom: 3.0 };
        assert_eq!((sure(0.1).p(), sure(0.1).p_above(0.0), sure(0.1).p_below(0.0)), (Some(0.0), Some(0.0), Some(1.0)));
        assert_eq!((sure(0.0).p(), sure(0.0).p_above(0.0), sure(0.0).p_below(0.0)), (Some(1.0), Some(1.0), Some(1.0)));
        let none = Student { value: 0.1, error: 0.1, freedom: 0.0 };
        assert_eq!((none.p(), none.p_above(0.0), none.interval(0.95)), (None, None, None));
    }
}
