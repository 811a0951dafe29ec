//! Sums of variances that are each estimated, with the degrees of freedom of the whole.

/// A variance that was estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The variance, not below 0.
    pub variance: f64,
    /// Its degrees of freedom, above 0.
    pub freedom: f64,
}

impl Estimate {
    /// The sum of independent ones: V = Σ V_i at V² / Σ (V_i² / ν_i) degrees of freedom. Where all are zero, the degrees of freedom are
    /// those of the first. `None` of none.
    ///
    /// Satterthwaite, F. E. (1946), *Biometrics Bulletin* 2, 110–114.
    #[must_use]
    pub fn sum(parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        let variance: f64 = parts.iter().map(|part| part.variance).sum();
        let squares: f64 = parts.iter().map(|part| part.variance.powi(2) / part.freedom).sum();
        let freedom = if variance > 0.0 { variance * variance / squares } else { first.freedom };
        Some(Self { variance, freedom })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[(f64, f64)]) -> Option<Estimate> {
        Estimate::sum(&parts.iter().map(|&(variance, freedom)| Estimate { variance, freedom }).collect::<Vec<_>>())
    }

    #[test]
    fn the_freedom_of_a_sum_is_welchs() {
        // s²/n of 0.02/2 and 0.01/3, as in Welch's test.
        let (a, b) = (0.01_f64, 0.01 / 3.0);
        let sum = of(&[(a, 1.0), (b, 2.0)]).expect("a sum");
        assert!((sum.variance - (a + b)).abs() < 1e-15);
        assert!((sum.freedom - (a + b).powi(2) / (a * a + b * b / 2.0)).abs() < 1e-12);
    }

    #[test]
    fn one_alone_keeps_its_freedom_and_zeros_do_not_divide() {
        assert_eq!(of(&[(0.5, 3.0)]), Some(Estimate { variance: 0.5, freedom: 3.0 }));
        assert_eq!(of(&[(0.0, 9.0), (0.5, 3.0)]), Some(Estimate { variance: 0.5, freedom: 3.0 }));
        assert_eq!(of(&[(0.0, 9.0), (0.0, 1.0)]), Some(Estimate { variance: 0.0, freedom: 9.0 }));
        assert_eq!(of(&[]), None);
    }
}
