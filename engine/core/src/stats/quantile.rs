//! How many errors an interval reaches to each side.

use super::tails;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The normal quantile z that leaves 1 − `level` outside ±z. `None` for a level outside 0 to 1, both excluded.
#[must_use]
pub fn normal(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then(|| tails::normal_quantile(f64::midpoint(1.0, level)))?
}

/// Student's quantile t that leaves 1 − `level` outside ±t. `None` for a level outside 0 to 1, both excluded, or not above 0
/// degrees of freedom.
#[must_use]
pub fn student(level: f64, degrees: f64) -> Option<f64> {
    if !(level > 0.0 && level < 1.0 && degrees > 0.0 && degrees.is_finite()) {
        return None;
    }
    Some(StudentsT::new(0.0, 1.0, degrees).ok()?.inverse_cdf(f64::midpoint(1.0, level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("a number");
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} for {expected}");
    }

    #[test]
    fn quantiles_that_have_a_closed_form() {
        near(normal(0.95), 1.959_963_984_540_054);
        // One degree of freedom is Cauchy's distribution; two are algebraic.
        near(student(0.5, 1.0), 1.0);
        near(student(0.9, 2.0), 0.9 / (0.5 * (1.0 - 0.81_f64)).sqrt());
    }

    #[test]
    fn a_quantile_is_the_inverse_of_its_tail() {
        for degrees in [1.0, 3.7, 29.0, 487.0] {
            for level in [0.5, 0.9, 0.95, 0.999] {
                let t = student(level, degrees).expect("a quantile");
                near(tails::student_two_sided(t, degrees), 1.0 - level);
            }
        }
    }

    #[test]
    fn what_has_no_quantile_is_refused() {
        for level in [f64::NAN, 0.0, 1.0, 2.0] {
            assert_eq!((student(level, 3.0), normal(level)), (None, None), "{level}");
        }
        for degrees in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            assert_eq!(student(0.95, degrees), None, "{degrees}");
        }
    }
}
