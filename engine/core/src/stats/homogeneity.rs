//! Many conditions or strata at once: do they differ, what do they have in common, and is that the same everywhere?

use super::tails::Test;

/// Cochran's Q: whether k conditions on the same n items have the same accuracy.
///
/// With C_j the correct answers of condition j, R_i those of item i and N all: Q = (k − 1) (k Σ C_j² − N²) / (k N − Σ R_i²),
/// chi-squared with k − 1 degrees of freedom. Cochran, W. G. (1950), *Biometrika* 37, 256–266. For two conditions it is McNemar's
/// chi-squared without correction.
///
/// `conditions`: one list each, the items in the same order. `None` for fewer than two, for lists of different lengths, and where
/// every item is right everywhere or wrong everywhere.
#[must_use]
pub fn cochran_q<C: AsRef<[bool]>>(conditions: &[C]) -> Option<Test> {
    let conditions: Vec<&[bool]> = conditions.iter().map(AsRef::as_ref).collect();
    let items = conditions.first()?.len();
    if conditions.len() < 2 || conditions.iter().any(|condition| condition.len() != items) {
        return None;
    }
    let square = |count: usize| (count as f64).powi(2);
    let columns = conditions.iter().map(|condition| condition.iter().filter(|&&correct| correct).count());
    let rows = (0..items).map(|item| conditions.iter().filter(|condition| condition[item]).count());
    let (all, of_columns) = columns.fold((0, 0.0), |(sum, squares), count| (sum + count, squares + square(count)));
    let of_rows: f64 = rows.map(square).sum();
    let k = conditions.len() as f64;
    let spread = k * all as f64 - of_rows;
    (spread > 0.0).then(|| Test::chi_squared((k - 1.0) * (k * of_columns - square(all)) / spread, k - 1.0))?
}

/// Counts of one stratum (language): two conditions, unpaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratum {
    /// Correct answers after.
    pub after_correct: u64,
    /// Wrong answers after.
    pub after_wrong: u64,
    /// Correct answers before.
    pub before_correct: u64,
    /// Wrong answers before.
    pub before_wrong: u64,
}

/// What strata have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratified {
    /// Odds ratio of after against before, common to all: Σ(a d / n) / Σ(b c / n), with a and b correct and wrong after, c and d
    /// before. Mantel, N., & Haenszel, W. (1959), *Journal of the National Cancer Institute* 22, 719–748.
    pub odds_ratio: f64,
    /// Whether it is one: (Σ(a − E))² / ΣV with E = (a + b)(a + c) / n and V the hypergeometric variance, without correction.
    /// Cochran, W. G. (1954), *Biometrics* 10, 417–451; Mantel & Haenszel (1959).
    pub common: Test,
    /// Whether it is the same in all strata; `None` with fewer than two that can differ. Breslow, N. E., & Day, N. E. (1980),
    /// *Statistical Methods in Cancer Research* 1, IARC, 142–146.
    pub homogeneity: Option<Homogeneity>,
}

/// The test of Breslow and Day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homogeneity {
    /// Σ(a − A)² / W, A the count expected at the common odds ratio, W its variance; one degree of freedom less than strata.
    pub breslow_day: Test,
    /// Less (Σ(a − A))² / ΣW, which makes it valid at the odds ratio of Mantel and Haenszel. Tarone, R. E. (1985), *Biometrika*
    /// 72, 91–95.
    pub tarone: Test,
}

impl Stratified {
    /// Strata in which a margin is zero (no answers of a condition, all right or all wrong in both) say nothing of either test and
    /// are left out. Paired answers are treated as unpaired: that is conservative where they agree more than by chance.
    ///
    /// `None` without a stratum that says something, and where the odds ratio is zero or infinite.
    #[must_use]
    pub fn of(strata: &[Stratum]) -> Option<Self> {
        let tables: Vec<[f64; 4]> = strata.iter().map(|stratum| stratum.counts()).filter(informative).collect();
        let sum = |of: fn(&[f64; 4]) -> f64| tables.iter().map(of).sum::<f64>();
        let (concordant, discordant) = (sum(|t| t[0] * t[3] / total(t)), sum(|t| t[1] * t[2] / total(t)));
        if !(concordant > 0.0 && discordant > 0.0) {
            return None;
        }
        let odds_ratio = concordant / discordant;
        let beyond = sum(|t| t[0] - (t[0] + t[1]) * (t[0] + t[2]) / total(t));
        let common = Test::chi_squared(beyond * beyond / sum(variance), 1.0)?;
        Some(Self { odds_ratio, common, homogeneity: homogeneity(&tables, odds_ratio) })
    }
}

impl Stratum {
    fn counts(self) -> [f64; 4] {
        [self.after_correct, self.after_wrong, self.before_correct, self.before_wrong].map(|count| count as f64)
    }
}

fn informative(&[a, b, c, d]: &[f64; 4]) -> bool {
    a + b > 0.0 && c + d > 0.0 && a + c > 0.0 && b + d > 0.0
}

fn total(table: &[f64; 4]) -> f64 {
    table.iter().sum()
}

fn variance(table: &[f64; 4]) -> f64 {
    let [a, b, c, d] = table;
    let n = total(table);
    (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1.0))
}

fn homogeneity(tables: &[[f64; 4]], odds_ratio: f64) -> Option<Homogeneity> {
    let degrees = tables.len() as f64 - 1.0;
    let (mut statistic, mut apart, mut variances) = (0.0, 0.0, 0.0);
    for &[a, b, c, d] in tables {
        let expected = expected([a, b, c, d], odds_ratio);
        let cells = [expected, a + b - expected, a + c - expected, d - a + expected];
        let variance = 1.0 / cells.iter().map(|cell| 1.0 / cell).sum::<f64>();
        statistic += (a - expected).powi(2) / variance;
        apart += a - expected;
        variances += variance;
    }
    Some(Homogeneity {
        breslow_day: Test::chi_squared(statistic, degrees)?,
        tarone: Test::chi_squared(statistic - apart * apart / variances, degrees)?,
    })
}

/// The count A that makes the odds ratio of a table with these margins r: (1 − r) A² + s A − r (a + b)(a + c) = 0 with
/// s = r (2a + b + c) + d − a.
fn expected([a, b, c, d]: [f64; 4], r: f64) -> f64 {
    let s = r * (2.0 * a + b + c) + d - a;
    let product = r * (a + b) * (a + c);
    let root = (s * s + 4.0 * (1.0 - r) * product).max(0.0).sqrt();
    // Of the two forms of the solution, that in which nothing cancels. Where s is below zero, r is below one half.
    if s >= 0.0 { 2.0 * product / (s + root) } else { (root - s) / (2.0 * (1.0 - r)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stratum([after_correct, after_wrong, before_correct, before_wrong]: [u64; 4]) -> Stratum {
        Stratum { after_correct, after_wrong, before_correct, before_wrong }
    }

    #[test]
    fn of_two_conditions_q_is_mcnemar_without_correction() {
        // 3 gained, 1 lost: (3 − 1)² / 4.
        let before = [true, false, false, false, true];
        let after = [false, true, true, true, true];
        assert_eq!(cochran_q(&[before, after]).map(|test| (test.statistic, test.degrees)), Some((1.0, 1.0)));
    }

    #[test]
    fn q_is_undefined_where_items_decide_alone() {
        assert_eq!(cochran_q(&[[true, false], [true, false]]), None);
        assert_eq!(cochran_q::<Vec<bool>>(&[]), None);
        assert_eq!(cochran_q(&[vec![true, false]]), None);
        assert_eq!(cochran_q(&[vec![true], vec![true, false]]), None);
        assert_eq!(cochran_q(&[vec![], vec![]] as &[Vec<bool>; 2]), None);
    }

    #[test]
    fn the_expected_count_has_the_odds_ratio_asked_for() {
        for r in [0.01, 0.4, 1.0, 1.0 + 1e-12, 2.5, 100.0] {
            let [a, b, c, d] = [40.0, 3.0, 5.0, 2.0];
            let e = expected([a, b, c, d], r);
            let (f, g, h) = (a + b - e, a + c - e, d - a + e);
            assert!([e, f, g, h].iter().all(|&cell| cell > 0.0), "{r}: {e}");
            assert!((e * h / (f * g) / r - 1.0).abs() < 1e-9, "{r}: {e}");
        }
    }

    #[test]
    fn strata_that_say_nothing_do_not_count() {
        let two = [stratum([5, 3, 2, 6]), stratum([4, 4, 3, 5])];
        let alone = Stratified::of(&two).expect("they say something");
        let mut more = two.to_vec();
        more.extend([stratum([8, 0, 8, 0]), stratum([0, 8, 0, 8]), stratum([3, 5, 0, 0]), stratum([0; 4])]);
        assert_eq!(Stratified::of(&more), Some(alone));
        assert_eq!(alone.homogeneity.map(|found| found.breslow_day.degrees), Some(1.0));
        assert_eq!(Stratified::of(&two[..1]).map(|found| found.homogeneity), Some(None));
    }

    #[test]
    fn without_strata_or_with_infinite_odds_there_is_none() {
        assert_eq!([Stratified::of(&[]), Stratified::of(&[stratum([8, 0, 4, 4])])], [None; 2]);
        assert_eq!(Stratified::of(&[stratum([0, 8, 4, 4])]), None);
    }

    #[test]
    fn tarone_takes_away_and_never_adds() {
        let found = Stratified::of(&[stratum([9, 1, 2, 8]), stratum([4, 4, 5, 5])]).expect("they say something");
        let Homogeneity { breslow_day, tarone } = found.homogeneity.expect("two strata");
        assert!(tarone.statistic < breslow_day.statistic, "{tarone:?} {breslow_day:?}");
    }
}
