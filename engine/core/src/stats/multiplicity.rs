//! Several tests at once: p-values adjusted so that each may be held against the level meant for all. The order is that of the
//! p-values given. `None` where one of them is not from 0 to 1.

/// Bonferroni: m p, at most 1. Chance of any false rejection. Dunn, O. J. (1961), *Journal of the American Statistical
/// Association* 56, 52–64.
#[must_use]
pub fn bonferroni(p: &[f64]) -> Option<Vec<f64>> {
    let m = p.len() as f64;
    valid(p).then(|| p.iter().map(|p| (m * p).min(1.0)).collect())
}

/// Holm: of the i-th smallest, the largest (m − j + 1) p_(j) over j ≤ i. Chance of any false rejection, whatever the tests'
/// dependence; never more conservative than Bonferroni. Holm, S. (1979), *Scandinavian Journal of Statistics* 6, 65–70.
#[must_use]
pub fn holm(p: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        most = most.max((p.len() - rank) as f64 * p[at]).min(1.0);
        adjusted[at] = most;
    }
    Some(adjusted)
}

/// Benjamini and Hochberg: of the i-th smallest, the smallest m p_(j) / j over j ≥ i. Share of false rejections, for
/// independent or positively dependent tests. Benjamini, Y., & Hochberg, Y. (1995), *Journal of the Royal Statistical
/// Society B* 57, 289–300.
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Option<Vec<f64>> {
    step_up(p, 1.0)
}

/// Benjamini and Yekutieli: as [`benjamini_hochberg`], times Σ 1/j for j from 1 to m; for any dependence. Benjamini, Y., &
/// Yekutieli, D. (2001), *Annals of Statistics* 29, 1165–1188.
#[must_use]
pub fn benjamini_yekutieli(p: &[f64]) -> Option<Vec<f64>> {
    step_up(p, (1..=p.len()).map(|rank| 1.0 / rank as f64).sum())
}

fn step_up(p: &[f64], penalty: f64) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, &at) in order.iter().enumerate().rev() {
        least = least.min(penalty * p.len() as f64 * p[at] / (rank + 1) as f64);
        adjusted[at] = least;
    }
    Some(adjusted)
}

/// Indices from the smallest p-value to the largest, equals in the order given.
fn ascending(p: &[f64]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    valid(p).then_some(order)
}

fn valid(p: &[f64]) -> bool {
    p.iter().all(|p| (0.0..=1.0).contains(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_probability_is_not_adjusted() {
        for p in [[0.5, f64::NAN], [0.5, -0.1], [1.1, 0.5]] {
            assert_eq!(
                [bonferroni(&p), holm(&p), benjamini_hochberg(&p), benjamini_yekutieli(&p)],
                [const { None }; 4]
            );
        }
        assert_eq!(holm(&[]), Some(vec![]));
        assert_eq!(benjamini_yekutieli(&[]), Some(vec![]));
    }

    #[test]
    fn adjusted_values_keep_the_order() {
        // Holm: 3 × 0.01, then 2 × 0.02 = 0.04, then 1 × 0.03, which may not be below 0.04.
        let close = |found: Option<Vec<f64>>, expected: [f64; 3]| {
            let found = found.expect("they are probabilities");
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
        };
        close(holm(&[0.03, 0.01, 0.02]), [0.04, 0.03, 0.04]);
        close(benjamini_hochberg(&[0.04, 0.01, 0.039]), [0.04, 0.03, 0.04]);
        close(bonferroni(&[0.03, 0.01, 0.5]), [0.09, 0.03, 1.0]);
    }
}
