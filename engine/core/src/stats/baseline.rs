//! Gain against baseline: whether those who start low gain more.
//!
//! A gain holds the baseline with a minus sign, so that their plain correlation is negative even where nothing happened but
//! noise (Oldham 1962). [`BaselineAgainstGain`] therefore has the plain one only together with those that are not so coupled.

use super::correlation::{Associations, Point, covariance, mean_correlation};
use super::mean;
use super::paired::Pair;
use super::tails::Test;

/// Baseline and gain of many units (a model in a language), in every way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineAgainstGain {
    /// Number of units.
    pub units: usize,
    /// Baseline from one half of the items, gain from the other: no noise is shared.
    pub split_half: SplitHalf,
    /// Gain against (before + after) / 2. Not coupled where both vary alike; positive where the spread widens. Oldham, P. D.
    /// (1962), *Journal of Chronic Diseases* 15, 969–977.
    pub oldham: Associations,
    /// Gain against before, over all items: biased downwards. Never to be shown without the two above.
    pub naive: Associations,
    /// [`ceiling_normalised`] gain against before; as coupled as the naive one. `None` where a unit had nothing left to gain.
    pub normalised: Option<Associations>,
    /// As the naive one, in logits: ln((k + ½) / (n − k + ½)) of k correct among n. Haldane, J. B. S. (1956), *Annals of Human
    /// Genetics* 20, 309–311, for the halves.
    pub logit: Associations,
    /// Whether the spread of units has changed. `None` where gain or mean does not vary.
    pub pitman_morgan: PitmanMorgan,
    /// After against before by least squares. A slope below one: regression to the mean, or a ceiling.
    pub line: Line,
    /// The slope of the gain on the baseline, freed from the items' noise. `None` where noise is all there is.
    pub blomqvist: Option<Blomqvist>,
}

/// One half of the items against the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitHalf {
    /// Baseline over items 0, 2, 4, …, gain over the others.
    pub even_baseline: Associations,
    /// Baseline over items 1, 3, 5, …, gain over the others.
    pub odd_baseline: Associations,
}

/// The test of Pitman and Morgan for equal variances of paired values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PitmanMorgan {
    /// t of the correlation between after + before and after − before, n − 2 degrees of freedom. Pitman, E. J. G. (1939),
    /// *Biometrika* 31, 9–12; Morgan, W. A. (1939), the same, 13–19.
    pub test: Test,
    /// Variance of the units before, n − 1 below.
    pub variance_before: f64,
    /// Variance of the units after.
    pub variance_after: f64,
}

/// A line y = intercept + slope x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Where it meets x = 0.
    pub intercept: f64,
    /// Its slope.
    pub slope: f64,
}

/// The slope of the gain on the true baseline, by the method of moments.
///
/// Blomqvist, N. (1977), *Journal of the American Statistical Association* 72, 746–749; paired: the same with errors that are
/// correlated, since the same items are asked before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blomqvist {
    /// Slope of the observed gain on the observed baseline, β.
    pub observed: f64,
    /// Mean sampling variance of a unit's baseline: of its items, n − 1 below, over n. s².
    pub error_variance: f64,
    /// Mean sampling covariance of a unit's before and after over the same items, c.
    pub error_covariance: f64,
    /// λ = s² / v: the share of the baselines' variance v that is noise.
    pub noise_share: f64,
    /// (β + λ) / (1 − λ): if the errors before and after were independent.
    pub independent: f64,
    /// (β v + s² − c) / (v − s²): as they are.
    pub paired: f64,
}

impl BaselineAgainstGain {
    /// From the items of each unit, a unit's items in the order of their keys: halves are every other item.
    ///
    /// `None` where one that it never lacks is undefined: fewer than three units, a unit with fewer than two items, a baseline
    /// or a gain, of all items or of a half, that is the same in all units.
    #[must_use]
    pub fn of<U: AsRef<[Pair]>>(units: &[U]) -> Option<Self> {
        let units: Vec<&[Pair]> = units.iter().map(AsRef::as_ref).collect();
        let counts: Vec<Counts> = units.iter().map(|unit| Counts::of(unit.iter())).collect::<Option<_>>()?;
        let points = |point: fn(&Counts) -> Point| -> Vec<Point> { counts.iter().map(point).collect() };
        let observed = points(|unit| Point { x: unit.baseline(), y: unit.after as f64 / unit.items as f64 });
        let gains = points(|unit| Point { x: unit.baseline(), y: unit.gain() });
        let oldham = Associations::of(&points(|unit| Point { x: unit.mean(), y: unit.gain() }))?;
        let variance_before = variance(&observed, |point| point.x)?;
        let variance_after = variance(&observed, |point| point.y)?;
        Some(Self {
            units: units.len(),
            split_half: SplitHalf { even_baseline: halves(&units, 0)?, odd_baseline: halves(&units, 1)? },
            oldham,
            naive: Associations::of(&gains)?,
            normalised: normalised(&counts),
            logit: Associations::of(&points(|unit| unit.logits()))?,
            // The mean of before and after is half their sum: the correlation is Oldham's.
            pitman_morgan: PitmanMorgan { test: oldham.pearson.test, variance_before, variance_after },
            line: Line::through(&observed)?,
            blomqvist: Blomqvist::of(&units, Line::through(&gains)?.slope, variance_before),
        })
    }
}

impl SplitHalf {
    /// Mean of the two Pearson correlations by Fisher's z, tanh((artanh r + artanh s) / 2).
    ///
    /// Fisher, R. A. (1921), *Metron* 1, 3–32.
    #[must_use]
    pub fn mean_pearson(&self) -> f64 {
        mean_correlation(self.even_baseline.pearson.r, self.odd_baseline.pearson.r)
    }
}

impl Line {
    /// By least squares: slope = cov(x, y) / var(x). `None` where x does not vary.
    #[must_use]
    pub fn through(points: &[Point]) -> Option<Self> {
        let slope = covariance(points)? / variance(points, |point| point.x).filter(|&variance| variance > 0.0)?;
        let middle = |coordinate: fn(&Point) -> f64| mean(&points.iter().map(coordinate).collect::<Vec<_>>());
        let intercept = middle(|point| point.y)? - slope * middle(|point| point.x)?;
        (slope.is_finite() && intercept.is_finite()).then_some(Self { intercept, slope })
    }
}

impl Blomqvist {
    fn of(units: &[&[Pair]], observed: f64, variance_before: f64) -> Option<Self> {
        let error = |of: fn(&Pair) -> Point| -> Option<f64> {
            let one = |unit: &&[Pair]| Some(covariance(&unit.iter().map(of).collect::<Vec<_>>())? / unit.len() as f64);
            mean(&units.iter().map(one).collect::<Option<Vec<_>>>()?)
        };
        let error_variance = error(|pair| Point { x: f64::from(pair.before), y: f64::from(pair.before) })?;
        let error_covariance = error(|pair| Point { x: f64::from(pair.before), y: f64::from(pair.after) })?;
        let true_variance = variance_before - error_variance;
        let noise_share = error_variance / variance_before;
        (true_variance > 0.0).then(|| Self {
            observed,
            error_variance,
            error_covariance,
            noise_share,
            independent: (observed + noise_share) / (1.0 - noise_share),
            paired: (observed * variance_before + error_variance - error_covariance) / true_variance,
        })
    }
}

/// (accuracy − chance) / (1 − chance): 0 for guessing, 1 for no error. `None` unless chance is from 0 to below 1.
#[must_use]
pub fn chance_normalised(accuracy: f64, chance: f64) -> Option<f64> {
    (0.0..1.0).contains(&chance).then(|| (accuracy - chance) / (1.0 - chance))
}

/// Of counts, (after − before) / (items − before): the share of what was left to gain. `None` where nothing was.
///
/// Hake, R. R. (1998), *American Journal of Physics* 66, 64–74.
#[must_use]
pub fn ceiling_normalised(before: u64, after: u64, items: u64) -> Option<f64> {
    (before < items).then(|| (after as f64 - before as f64) / (items - before) as f64)
}

/// Correct answers of a unit before and after. What is compared is one quotient of whole numbers: equal gains are equal numbers,
/// where a difference of two rates would break ties of ranks by its last bit.
#[derive(Clone, Copy)]
struct Counts {
    before: u64,
    after: u64,
    items: u64,
}

impl Counts {
    fn of<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Option<Self> {
        let add = |sum: Self, pair: &Pair| Self {
            before: sum.before + u64::from(pair.before),
            after: sum.after + u64::from(pair.after),
            items: sum.items + 1,
        };
        let sum = pairs.fold(Self { before: 0, after: 0, items: 0 }, add);
        (sum.items > 0).then_some(sum)
    }

    fn baseline(&self) -> f64 {
        self.before as f64 / self.items as f64
    }

    fn gain(&self) -> f64 {
        (self.after as f64 - self.before as f64) / self.items as f64
    }

    fn mean(&self) -> f64 {
        (self.before + self.after) as f64 / (2 * self.items) as f64
    }

    fn logits(&self) -> Point {
        let odds = |correct: u64| (correct as f64 + 0.5, (self.items - correct) as f64 + 0.5);
        let ((right, wrong), (right_after, wrong_after)) = (odds(self.before), odds(self.after));
        Point { x: (right / wrong).ln(), y: (right_after * wrong / (wrong_after * right)).ln() }
    }
}

/// Baselines from the items of that parity, gains from the others.
fn halves(units: &[&[Pair]], parity: usize) -> Option<Associations> {
    let point = |unit: &&[Pair]| {
        let own = Counts::of(unit.iter().skip(parity).step_by(2))?;
        let other = Counts::of(unit.iter().skip(1 - parity).step_by(2))?;
        Some(Point { x: own.baseline(), y: other.gain() })
    };
    Associations::of(&units.iter().map(point).collect::<Option<Vec<_>>>()?)
}

fn normalised(counts: &[Counts]) -> Option<Associations> {
    let point =
        |unit: &Counts| Some(Point { x: unit.baseline(), y: ceiling_normalised(unit.before, unit.after, unit.items)? });
    Associations::of(&counts.iter().map(point).collect::<Option<Vec<_>>>()?)
}

fn variance(points: &[Point], coordinate: fn(&Point) -> f64) -> Option<f64> {
    let same = |point: &Point| Point { x: coordinate(point), y: coordinate(point) };
    covariance(&points.iter().map(same).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A unit of which so many of four items were correct before and after.
    fn unit(before: usize, after: usize) -> Vec<Pair> {
        (0..4).map(|item| Pair { before: item < before, after: item < after, cluster: item }).collect()
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(BaselineAgainstGain::of::<Vec<Pair>>(&[]), None);
        assert_eq!(BaselineAgainstGain::of(&[unit(1, 2), unit(2, 4)]), None);
        assert_eq!(BaselineAgainstGain::of(&[unit(1, 2), unit(1, 3), unit(1, 4)]), None);
        assert_eq!(BaselineAgainstGain::of(&[unit(1, 2), unit(3, 3), vec![]]), None);
        assert_eq!(Line::through(&[Point { x: 1.0, y: 1.0 }; 3]), None);
    }

    #[test]
    fn a_unit_at_the_ceiling_has_no_normalised_gain() {
        let found = BaselineAgainstGain::of(&[unit(0, 3), unit(2, 3), unit(4, 4)]).expect("they vary");
        assert_eq!(found.normalised, None);
        assert!(found.naive.pearson.r < 0.0);
    }

    #[test]
    fn normalised_accuracies() {
        assert_eq!(chance_normalised(0.625, 0.25), Some(0.5));
        assert_eq!([chance_normalised(1.0, 1.0), chance_normalised(1.0, f64::NAN)], [None; 2]);
        assert_eq!([ceiling_normalised(2, 3, 4), ceiling_normalised(2, 1, 4)], [Some(0.5), Some(-0.5)]);
        assert_eq!([ceiling_normalised(4, 4, 4), ceiling_normalised(5, 4, 4)], [None; 2]);
    }

    #[test]
    fn where_noise_is_all_there_is_nothing_is_freed_from_it() {
        // Baselines of 1, 2 and 3 of 4: their variance is 9/144, that of their items' means 10/144.
        let found = BaselineAgainstGain::of(&[unit(1, 3), unit(2, 4), unit(3, 2)]);
        assert_eq!(found.map(|found| found.blomqvist), Some(None));
    }
}
