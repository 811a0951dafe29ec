//! The mean of items that come in clusters, and its standard error. Questions on one passage are right or wrong together: as
//! independent items they would promise too much.

use super::mean;

/// One item: what is averaged, and whom it depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// An accuracy of 0 or 1, or a difference of two.
    pub value: f64,
    /// Its cluster (passage): any number, the same for items that hang together.
    pub cluster: usize,
}

/// The mean of clustered items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// The mean over items.
    pub mean: f64,
    /// Number of items.
    pub items: usize,
    /// Number of clusters.
    pub clusters: usize,
    /// Standard error without correction for few clusters, CR0.
    pub cr0: f64,
    /// Standard error with that correction, CR1. `None` for a single cluster.
    pub cr1: Option<f64>,
    /// Variance by CR0 over that of as many independent items; `None` where all values are the same.
    pub design_effect: Option<f64>,
}

/// The sum of one cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ClusterSum {
    pub(super) items: usize,
    pub(super) sum: f64,
}

impl ClusteredMean {
    /// With n items in G clusters, x̄ their mean and e_g the sum of (x − x̄) in cluster g:
    /// CR0 = √(Σ e_g²) / n, CR1 = CR0 √(G / (G − 1)), design effect = CR0² / (Σ (x − x̄)² / n²).
    ///
    /// Liang, K.-Y., & Zeger, S. L. (1986), *Biometrika* 73, 13–22, for a mean; as Miller, E. (2024), *Adding error bars to
    /// evals*, arXiv:2411.00640, gives it. CR1 as in Cameron, A. C., & Miller, D. L. (2015), *Journal of Human Resources* 50,
    /// 317–372: their (n − 1) / (n − k) is one for a mean. Design effect: Kish, L. (1965), *Survey Sampling*. O(n log n).
    ///
    /// `None` without items, and where a value is no finite number.
    #[must_use]
    pub fn of(observations: &[Observation]) -> Option<Self> {
        let values: Vec<f64> = observations.iter().map(|observation| observation.value).collect();
        let mean = mean(&values).filter(|mean| mean.is_finite())?;
        let n = values.len() as f64;
        let sums = sums(observations);
        let squares: f64 = sums.iter().map(|cluster| (cluster.sum - cluster.items as f64 * mean).powi(2)).sum();
        let same = values.iter().all(|&value| value == values[0]);
        // A mean of equal values may differ from them in its last bit, and so make an error out of nothing.
        let cr0 = if same { 0.0 } else { squares.sqrt() / n };
        let independent = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n * n);
        let clusters = sums.len();
        let corrected = || cr0 * (clusters as f64 / (clusters - 1) as f64).sqrt();
        Some(Self {
            mean,
            items: values.len(),
            clusters,
            cr0,
            cr1: (clusters > 1).then(corrected),
            design_effect: (!same).then(|| cr0 * cr0 / independent),
        })
    }
}

/// The clusters' sums, in the order of their numbers.
pub(super) fn sums(observations: &[Observation]) -> Vec<ClusterSum> {
    let mut sorted = observations.to_vec();
    // Stable: within a cluster values are added in the order given.
    sorted.sort_by_key(|observation| observation.cluster);
    let sum = |group: &[Observation]| ClusterSum {
        items: group.len(),
        sum: group.iter().map(|observation| observation.value).sum(),
    };
    sorted.chunk_by(|one, other| one.cluster == other.cluster).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(f64, usize)]) -> Option<ClusteredMean> {
        let observations: Vec<_> = values.iter().map(|&(value, cluster)| Observation { value, cluster }).collect();
        ClusteredMean::of(&observations)
    }

    #[test]
    fn clusters_of_equals_double_the_variance_of_pairs() {
        // Two clusters of two: deviations 1/2, 1/2 and −1/2, −1/2, sums ±1; CR0² = 2/16, of independent items 1/16.
        let found = of(&[(1.0, 7), (0.0, 2), (1.0, 7), (0.0, 2)]).expect("a mean");
        assert_eq!((found.mean, found.items, found.clusters), (0.5, 4, 2));
        assert!((found.cr0 - 2.0_f64.sqrt() / 4.0).abs() < 1e-15);
        assert!((found.cr1.expect("two clusters") - 0.5).abs() < 1e-15);
        assert!((found.design_effect.expect("they differ") - 2.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(1.0, 0), (f64::NAN, 1)]), None);
        assert_eq!(of(&[(1.0, 0), (0.0, 0)]).expect("a mean").cr1, None);
        let same = of(&[(0.1, 0), (0.1, 1), (0.1, 2)]).expect("a mean");
        assert_eq!((same.cr0, same.cr1, same.design_effect), (0.0, Some(0.0), None));
    }
}
