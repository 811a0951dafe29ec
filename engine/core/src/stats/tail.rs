//! Tail probabilities and quantiles that answer `None` where the distribution functions would panic.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::{beta::checked_beta_reg, erf::erfc, gamma::checked_gamma_ur};

/// The two-sided p of a standard normal z: erfc(|z| / √2). `None` for no number.
#[must_use]
pub fn two_sided_normal(z: f64) -> Option<f64> {
    (!z.is_nan()).then(|| erfc(z.abs() / std::f64::consts::SQRT_2))
}

/// The two-sided p of Student's t: I_x(ν/2, 1/2) with x = ν / (ν + t²) and I the regularised incomplete beta function
/// (Abramowitz & Stegun 1964, 26.7.1). `None` for no number, or not above 0 degrees of freedom.
#[must_use]
pub fn two_sided_t(t: f64, freedom: f64) -> Option<f64> {
    if t.is_nan() || !(freedom > 0.0 && freedom.is_finite()) {
        return None;
    }
    checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t)).ok()
}

/// The upper tail of Student's t: the probability of more than `t`. `None` as in [`two_sided_t`].
#[must_use]
pub fn upper_t(t: f64, freedom: f64) -> Option<f64> {
    let half = two_sided_t(t, freedom)? / 2.0;
    Some(if t > 0.0 { half } else { 1.0 - half })
}

/// The upper tail of χ² with `freedom` degrees of freedom: Q(ν/2, x/2) (Abramowitz & Stegun 1964, 26.4.19). `None` for no number,
/// a negative one, or no degrees of freedom.
#[must_use]
pub fn upper_chi_squared(x: f64, freedom: f64) -> Option<f64> {
    if x == 0.0 && freedom > 0.0 {
        return Some(1.0);
    }
    (x > 0.0 && freedom > 0.0).then(|| checked_gamma_ur(freedom / 2.0, x / 2.0).ok())?
}

/// The normal quantile z that leaves 1 − `level` outside ±z. `None` for a level outside 0 to 1, both excluded.
#[must_use]
pub fn normal_quantile(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then(|| Normal::standard().inverse_cdf(f64::midpoint(1.0, level)))
}

/// Student's quantile t that leaves 1 − `level` outside ±t. `None` for a level outside 0 to 1, both excluded, or not above 0
/// degrees of freedom.
#[must_use]
pub fn t_quantile(level: f64, freedom: f64) -> Option<f64> {
    if !(level > 0.0 && level < 1.0 && freedom > 0.0 && freedom.is_finite()) {
        return None;
    }
    Some(StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(f64::midpoint(1.0, level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("a number");
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} for {expected}");
    }

    #[test]
    fn tails_and_quantiles_as_tabulated() {
        // Closed forms: t with 1 degree of freedom is Cauchy, with 2 it is algebraic; χ² with 2 is exponential.
        near(two_sided_t(1.0, 1.0), 0.5);
        near(two_sided_t(3.0, 2.0), 1.0 - 3.0 / 11.0_f64.sqrt());
        near(upper_t(-1.0, 1.0), 0.75);
        near(upper_chi_squared(3.0, 2.0), (-1.5_f64).exp());
        near(two_sided_normal(1.959_963_984_540_054), 0.05);
        near(normal_quantile(0.95), 1.959_963_984_540_054);
        near(t_quantile(0.5, 1.0), 1.0);
        near(t_quantile(0.9, 2.0), 0.9 / (0.5 * (1.0 - 0.81_f64)).sqrt());
    }

    #[test]
    fn a_quantile_is_the_inverse_of_its_tail() {
        for freedom in [1.0, 3.7, 29.0, 487.0] {
            for level in [0.5, 0.9, 0.95, 0.999] {
                let t = t_quantile(level, freedom).expect("a quantile");
                near(two_sided_t(t, freedom), 1.0 - level);
            }
        }
    }

    #[test]
    fn what_has_no_tail_is_refused() {
        for (t, freedom) in [(f64::NAN, 3.0), (1.0, 0.0), (1.0, -1.0), (1.0, f64::NAN), (1.0, f64::INFINITY)] {
            assert_eq!(two_sided_t(t, freedom), None, "{t} {freedom}");
        }
        assert_eq!(two_sided_t(f64::INFINITY, 3.0), Some(0.0));
        assert_eq!(two_sided_normal(f64::NAN), None);
        assert_eq!(upper_chi_squared(-1.0, 1.0), None);
        assert_eq!(upper_chi_squared(f64::NAN, 1.0), None);
        assert_eq!(upper_chi_squared(0.0, 1.0), Some(1.0));
        for level in [f64::NAN, 0.0, 1.0, 2.0] {
            assert_eq!(t_quantile(level, 3.0), None);
            assert_eq!(normal_quantile(level), None);
        }
    }
}
