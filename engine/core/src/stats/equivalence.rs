//! Equivalence: evidence that a difference is small. A large p-value of an ordinary test is no such evidence.

use super::tails::student_upper;

/// Two one-sided t tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tost {
    /// The margin: differences within ± it count as none.
    pub margin: f64,
    /// P-value against a difference of −margin or less.
    pub p_lower: f64,
    /// P-value against a difference of margin or more.
    pub p_upper: f64,
}

impl Tost {
    /// With estimate d and standard error s: t = (d + margin) / s, its upper tail, and t = (d − margin) / s, its lower tail.
    ///
    /// Schuirmann, D. J. (1987), *Journal of Pharmacokinetics and Biopharmaceutics* 15, 657–680. Reject at α where the 1 − 2α
    /// interval lies within the margins.
    ///
    /// `None` unless the margin and the standard error are above zero, the estimate is a number and there is a degree of freedom.
    #[must_use]
    pub fn of(estimate: f64, standard_error: f64, degrees: f64, margin: f64) -> Option<Self> {
        if !(margin > 0.0 && standard_error > 0.0) {
            return None;
        }
        Some(Self {
            margin,
            p_lower: student_upper((estimate + margin) / standard_error, degrees)?,
            p_upper: student_upper((margin - estimate) / standard_error, degrees)?,
        })
    }

    /// The test's p-value: the larger of the two.
    #[must_use]
    pub fn p(self) -> f64 {
        self.p_lower.max(self.p_upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_side_decides() {
        // One degree of freedom; t = 3 and 1: Cauchy's upper tails.
        let tost = Tost::of(1.0, 1.0, 1.0, 2.0).expect("a test");
        assert!((tost.p_lower - (0.5 - 3.0_f64.atan() / std::f64::consts::PI)).abs() < 1e-12);
        assert!((tost.p_upper - 0.25).abs() < 1e-12);
        assert_eq!(tost.p(), tost.p_upper);
        assert_eq!(Tost::of(-1.0, 1.0, 1.0, 2.0).expect("a test").p(), tost.p_upper);
    }

    #[test]
    fn without_margin_or_error_there_is_no_test() {
        for (estimate, error, degrees, margin) in
            [(0.0, 1.0, 3.0, 0.0), (0.0, 0.0, 3.0, 1.0), (0.0, 1.0, 0.0, 1.0), (f64::NAN, 1.0, 3.0, 1.0)]
        {
            assert_eq!(Tost::of(estimate, error, degrees, margin), None);
        }
        assert_eq!(Tost::of(0.0, f64::NAN, 3.0, 1.0), None);
    }
}
