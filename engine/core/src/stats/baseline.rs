//! Gain against baseline: whether those who start low gain more.
//!
//! A gain holds the baseline with a minus sign, so that their plain correlation is negative even where nothing happened but
//! noise (Oldham 1962). [`BaselineAgainstGain`] therefore has the plain one only together with those that are not so coupled.

use super::correlation::{Associations, Point, covariance};
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
        let rates: Vec<(f64, f64)> = units.iter().map(|unit| rates(unit.iter())).collect::<Option<_>>()?;
        let points = |point: fn(f64, f64) -> Point| -> Vec<Point> {
            rates.iter().map(|&(before, after)| point(before, after)).collect()
        };
        let observed = points(|before, after| Point { x: before, y: after });
        let gains = points(|before, after| Point { x: before, y: after - before });
        let oldham = Associations::of(&points(|before, after| Point { x: before + after, y: after - before }))?;
        let (variance_before, variance_after) =
            (variance(&observed, |point| point.x)?, variance(&observed, |point| point.y)?);
        Some(Self {
            units: units.len(),
            split_half: SplitHalf { even_baseline: halves(&units, 0)?, odd_baseline: halves(&units, 1)? },
            oldham,
            naive: Associations::of(&gains)?,
            normalised: normalised(&rates),
            logit: Associations::of(&units.iter().map(|unit| logits(unit)).collect::<Vec<_>>())?,
            // The mean of before and after is half their sum: the correlation is Oldham's.
            pitman_morgan: PitmanMorgan { test: oldham.pearson.test, variance_before, variance_after },
            line: Line::through(&observed)?,
            blomqvist: Blomqvist::of(&units, Line::through(&gains)?.slope, variance_before),
        })
    }
}

impl SplitHalf {
    /// Mean of the two Pearson correlations.
    #[must_use]
    pub fn mean_pearson(&self) -> f64 {
        f64::midpoint(self.even_baseline.pearson.r, self.odd_baseline.pearson.r)
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

/// (after − before) / (1 − before): the share of what was left to gain. `None` unless before is from 0 to below 1.
///
/// Hake, R. R. (1998), *American Journal of Physics* 66, 64–74.
#[must_use]
pub fn ceiling_normalised(before: f64, after: f64) -> Option<f64> {
    (0.0..1.0).contains(&before).then(|| (after - before) / (1.0 - before))
}

fn rates<'a>(pairs: impl Iterator<Item = &'a Pair> + Clone) -> Option<(f64, f64)> {
    let rate = |of: fn(&Pair) -> bool| mean(&pairs.clone().map(|pair| f64::from(of(pair))).collect::<Vec<_>>());
    Some((rate(|pair| pair.before)?, rate(|pair| pair.after)?))
}

/// Baselines from the items of that parity, gains from the others.
fn halves(units: &[&[Pair]], parity: usize) -> Option<Associations> {
    let point = |unit: &&[Pair]| {
        let (baseline, _) = rates(unit.iter().skip(parity).step_by(2))?;
        let (before, after) = rates(unit.iter().skip(1 - parity).step_by(2))?;
        Some(Point { x: baseline, y: after - before })
    };
    Associations::of(&units.iter().map(point).collect::<Option<Vec<_>>>()?)
}

fn normalised(rates: &[(f64, f64)]) -> Option<Associations> {
    let point = |&(before, after): &(f64, f64)| Some(Point { x: before, y: ceiling_normalised(before, after)? });
    Associations::of(&rates.iter().map(point).collect::<Option<Vec<_>>>()?)
}

fn logits(unit: &[Pair]) -> Point {
    let logit = |of: fn(&Pair) -> bool| {
        let correct = unit.iter().filter(|pair| of(pair)).count() as f64;
        ((correct + 0.5) / (unit.len() as f64 - correct + 0.5)).ln()
    };
    let before = logit(|pair| pair.before);
    Point { x: before, y: logit(|pair| pair.after) - before }
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
        assert_eq!(ceiling_normalised(0.5, 0.75), Some(0.5));
        assert_eq!([ceiling_normalised(1.0, 1.0), ceiling_normalised(f64::NAN, 1.0)], [None; 2]);
    }

    #[test]
    fn where_noise_is_all_there_is_nothing_is_freed_from_it() {
        // Baselines of 2, 2 and 3 of 4: their variance, 1/48, is below that of their items, which is above 1/16.
        let found = BaselineAgainstGain::of(&[unit(2, 3), unit(2, 4), unit(3, 2)]);
        assert_eq!(found.map(|found| found.blomqvist), Some(None));
    }
}
