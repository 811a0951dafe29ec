//! Two conditions on the same items: what was gained and what was lost.

use super::cluster::Observation;
use super::tails::{Test, binomial_upper};

/// One item under two conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Whether the answer before was correct.
    pub before: bool,
    /// Whether the answer after was.
    pub after: bool,
    /// The item's cluster (passage).
    pub cluster: usize,
}

impl Pair {
    /// After less before: −1, 0 or 1.
    #[must_use]
    pub fn difference(self) -> f64 {
        f64::from(self.after) - f64::from(self.before)
    }
}

/// Each pair's difference with its cluster, for errors that know of clusters.
#[must_use]
pub fn differences(pairs: &[Pair]) -> Vec<Observation> {
    pairs.iter().map(|pair| Observation { value: pair.difference(), cluster: pair.cluster }).collect()
}

/// Pairs, counted: all that tests of independent items need. At least one item, no more changes than items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paired {
    items: u64,
    gained: u64,
    lost: u64,
}

impl Paired {
    /// `None` without items, or with more changes than items.
    #[must_use]
    pub fn new(items: u64, gained: u64, lost: u64) -> Option<Self> {
        let changed = gained.checked_add(lost)?;
        (items > 0 && changed <= items).then_some(Self { items, gained, lost })
    }

    /// `None` without pairs.
    #[must_use]
    pub fn of(pairs: &[Pair]) -> Option<Self> {
        let count = |before, after| pairs.iter().filter(|pair| (pair.before, pair.after) == (before, after)).count();
        Self::new(pairs.len() as u64, count(false, true) as u64, count(true, false) as u64)
    }

    /// Number of items.
    #[must_use]
    pub fn items(self) -> u64 {
        self.items
    }

    /// Items wrong before and right after.
    #[must_use]
    pub fn gained(self) -> u64 {
        self.gained
    }

    /// Items right before and wrong after.
    #[must_use]
    pub fn lost(self) -> u64 {
        self.lost
    }

    /// Items that changed: gained or lost.
    #[must_use]
    pub fn discordant(self) -> u64 {
        self.gained + self.lost
    }

    /// Gain in accuracy, −1 to 1: (gained − lost) / n.
    #[must_use]
    pub fn difference(self) -> f64 {
        (self.gained as f64 - self.lost as f64) / self.items as f64
    }

    /// Standard error of the gain, √(s² / n) with s² = (Σd² − (Σd)²/n) / (n − 1) over the items' differences d. `None` for
    /// one item.
    #[must_use]
    pub fn standard_error(self) -> Option<f64> {
        let n = self.items as f64;
        (self.items > 1).then(|| self.population_variance().sqrt() / (n - 1.0).sqrt())
    }

    /// Mean squared deviation of the items' differences, n below: Σd²/n − (Σd/n)².
    pub(super) fn population_variance(self) -> f64 {
        let n = self.items as f64;
        let difference = self.gained as f64 - self.lost as f64;
        // Whole numbers below the line of fraction: no variance is left where all differences are the same.
        (self.discordant() as f64 * n - difference * difference) / (n * n)
    }

    /// Student's t of the gain over its standard error, n − 1 degrees of freedom. `None` where all items changed alike: the
    /// error is zero.
    ///
    /// Student (1908), *Biometrika* 6, 1–25.
    #[must_use]
    pub fn t(self) -> Option<Test> {
        let error = self.standard_error().filter(|&error| error > 0.0)?;
        Test::student(self.difference() / error, (self.items - 1) as f64)
    }

    /// McNemar's test, exact and two-sided: with D changes, of which min(gained, lost) = m, min(1, 2 P(X ≤ m)) of the
    /// binomial with D trials of 1/2. One where nothing changed.
    ///
    /// McNemar, Q. (1947), *Psychometrika* 12, 153–157; exact as in Fagerland, M. W., Lydersen, S., & Laake, P. (2013), *BMC
    /// Medical Research Methodology* 13, 91.
    #[must_use]
    pub fn mcnemar_exact(self) -> f64 {
        (2.0 * self.larger_tail(0)).min(1.0)
    }

    /// McNemar's mid-p: the exact one less P(X = m), half of each tail's last term; 1 − P(X = m) / 2 where gained = lost, and
    /// one where nothing changed. Less conservative than the exact one, and rarely above its level.
    ///
    /// Fagerland, Lydersen & Laake (2013), as for [`Self::mcnemar_exact`].
    #[must_use]
    pub fn mcnemar_mid_p(self) -> f64 {
        let (from, above) = (self.larger_tail(0), self.larger_tail(1));
        match (self.discordant() > 0, self.gained == self.lost) {
            (false, _) => 1.0,
            (true, true) => 1.0 - (from - above) / 2.0,
            (true, false) => from + above,
        }
    }

    /// McNemar's chi-squared with continuity correction, (|gained − lost| − 1)² / (gained + lost), one degree of freedom.
    /// `None` where nothing changed. Where gained = lost the correction makes it 1/(gained + lost) instead of 0, as published.
    ///
    /// Edwards, A. L. (1948), *Psychometrika* 13, 185–187.
    #[must_use]
    pub fn mcnemar_chi_squared(self) -> Option<Test> {
        let apart = self.gained.abs_diff(self.lost) as f64 - 1.0;
        (self.discordant() > 0).then(|| Test::chi_squared(apart * apart / self.discordant() as f64, 1.0))?
    }

    /// Odds ratio of the conditional likelihood: gained / lost. `None` where nothing was lost.
    #[must_use]
    pub fn odds_ratio(self) -> Option<f64> {
        (self.lost > 0).then(|| self.gained as f64 / self.lost as f64)
    }

    /// P(X ≥ max(gained, lost) + `more`) among the changes, by symmetry that of the smaller count and below.
    fn larger_tail(self, more: u64) -> f64 {
        binomial_upper(self.gained.max(self.lost) + more, self.discordant(), 0.5).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(items: u64, gained: u64, lost: u64) -> Paired {
        Paired::new(items, gained, lost).expect("pairs")
    }

    #[test]
    fn pairs_are_counted() {
        let pair = |before, after| Pair { before, after, cluster: 3 };
        let pairs = [pair(false, true), pair(false, true), pair(true, false), pair(true, true), pair(false, false)];
        assert_eq!(Paired::of(&pairs), Paired::new(5, 2, 1));
        let values: Vec<f64> = differences(&pairs).iter().map(|difference| difference.value).collect();
        assert_eq!(values, [1.0, 1.0, -1.0, 0.0, 0.0]);
        assert_eq!(differences(&pairs)[0].cluster, 3);
    }

    #[test]
    fn there_are_items_and_no_more_changes() {
        assert_eq!(Paired::of(&[]), None);
        assert_eq!([Paired::new(0, 0, 0), Paired::new(2, 2, 1), Paired::new(2, u64::MAX, 1)], [None; 3]);
    }

    #[test]
    fn where_nothing_changed_there_is_nothing_to_test() {
        let same = paired(9, 0, 0);
        assert_eq!((same.mcnemar_exact(), same.mcnemar_mid_p()), (1.0, 1.0));
        assert_eq!((same.mcnemar_chi_squared(), same.t(), same.odds_ratio()), (None, None, None));
        assert_eq!(same.standard_error(), Some(0.0));
    }

    #[test]
    fn where_all_changed_alike_there_is_no_error() {
        let all = paired(3, 3, 0);
        assert_eq!((all.standard_error(), all.t()), (Some(0.0), None));
        assert!((all.mcnemar_exact() - 0.25).abs() < 1e-15 && (all.mcnemar_mid_p() - 0.125).abs() < 1e-15);
        assert_eq!(paired(1, 1, 0).standard_error(), None);
    }

    #[test]
    fn exact_and_mid_p_by_hand() {
        // 5 changes, 1 lost: P(X ≤ 1) = 6/32, P(X = 1) = 5/32.
        assert!((paired(10, 4, 1).mcnemar_exact() - 12.0 / 32.0).abs() < 1e-15);
        assert!((paired(10, 4, 1).mcnemar_mid_p() - 7.0 / 32.0).abs() < 1e-15);
        // As many lost as gained: never more than one.
        assert_eq!(paired(10, 2, 2).mcnemar_exact(), 1.0);
        assert!((paired(10, 2, 2).mcnemar_mid_p() - 13.0 / 16.0).abs() < 1e-15);
    }
}
