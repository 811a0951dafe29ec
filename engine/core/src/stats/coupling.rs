//! Gain from reasoning against gain from tuning: whether what helps in one way helps in the other.
//!
//! Both gains are counted from the same baseline. An item that was wrong there by bad luck raises both, so that their plain
//! correlation is positive even where they have nothing in common. [`GainAgainstGain`] has it only beside the one in which
//! each gain has items, and so noise, of its own.

use super::correlation::{Associations, Correlation, Point, covariance, mean_correlation, partial, pearson};
use super::mean;
use super::tails::Test;

/// One item under three conditions: whether each was correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// The base model, answering at once.
    pub base: bool,
    /// The tuned model, answering at once.
    pub tuned: bool,
    /// The base model, after reasoning.
    pub reasoned: bool,
}

/// One model in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Number of the model: the same for units of one.
    pub model: usize,
    /// The items in the order of their keys.
    pub items: &'a [Trial],
}

/// Gains from reasoning (x) and from tuning (y) over many units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainAgainstGain {
    /// Number of units.
    pub units: usize,
    /// Each gain from its own half of the items: from reasoning over items 0, 2, 4, … and tuning over the others, and the other
    /// way round.
    pub split_half: [Associations; 2],
    /// Over all items: biased upwards. Never to be shown without the split halves.
    pub naive: Associations,
    /// Given the base accuracy. It holds the base's noise as well, and does not undo the coupling.
    pub partial_given_base: Option<Correlation>,
    /// The models' mean gains; `None` with fewer than three models.
    pub between_models: Option<Associations>,
    /// Both gains less their means within the model: models that gain from everything do not count. As coupled as the naive one;
    /// n − models − 1 degrees of freedom.
    pub within_models: Option<Correlation>,
    /// Paired t of the gain from reasoning less that from tuning, over units.
    pub difference: Option<Test>,
    /// The gains' covariance over units, as observed.
    pub observed: Covariance,
    /// What of it the sampling of items alone would make: each unit's covariance of the two gains over its items, over their
    /// number; the mean over units.
    pub noise: Covariance,
    /// The correlation of what is left.
    pub disattenuated: Disattenuated,
}

/// A covariance matrix of the two gains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covariance {
    /// Variance of the gain from reasoning.
    pub reasoned: f64,
    /// Their covariance.
    pub both: f64,
    /// Variance of the gain from tuning.
    pub tuned: f64,
}

/// A correlation freed from noise by subtracting moments: r = c / √(v w) of observed less noise.
///
/// Spearman, C. (1904), *American Journal of Psychology* 15, 72–101, with errors that are correlated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disattenuated {
    /// Within −1 to 1.
    Coefficient(f64),
    /// Beyond: an estimate of moments may be, where noise is most of a variance. It is no correlation, and says that there are too
    /// few items.
    Outside(f64),
    /// Noise exceeds a variance: nothing is left to correlate.
    Undefined,
}

impl GainAgainstGain {
    /// `None` where one that it never lacks is undefined: fewer than three units, a unit with fewer than two items, a gain, over
    /// all items or over a half, that is the same in all units.
    #[must_use]
    pub fn of(units: &[Unit<'_>]) -> Option<Self> {
        let gains: Vec<Point> = units.iter().map(|unit| gains(unit.items, 0, 0, 1)).collect::<Option<_>>()?;
        let halves = |reasoned, tuned| {
            Associations::of(
                &units.iter().map(|unit| self::gains(unit.items, reasoned, tuned, 2)).collect::<Option<Vec<_>>>()?,
            )
        };
        let bases: Vec<f64> =
            units.iter().map(|unit| rate(unit.items.iter(), |item| item.base)).collect::<Option<_>>()?;
        let observed = Covariance::of(&gains)?;
        let noise = Covariance::noise(units)?;
        Some(Self {
            units: units.len(),
            split_half: [halves(0, 1)?, halves(1, 0)?],
            naive: Associations::of(&gains)?,
            partial_given_base: partial(&gains, &bases),
            between_models: Associations::of(
                &model_means(units, &gains)?.into_iter().map(|(_, mean)| mean).collect::<Vec<_>>(),
            ),
            within_models: within(units, &gains),
            difference: difference(&gains),
            observed,
            noise,
            disattenuated: observed.less(noise).correlation(),
        })
    }

    /// Mean of the two split-half Pearson correlations by Fisher's z, tanh((artanh r + artanh s) / 2).
    #[must_use]
    pub fn split_half_pearson(&self) -> f64 {
        mean_correlation(self.split_half[0].pearson.r, self.split_half[1].pearson.r)
    }

    /// The share of the gains' observed covariance that is noise. `None` where they do not covary.
    #[must_use]
    pub fn noise_share(&self) -> Option<f64> {
        (self.observed.both != 0.0).then(|| self.noise.both / self.observed.both)
    }
}

impl Covariance {
    /// Of points, n − 1 below; `None` for fewer than two.
    fn of(points: &[Point]) -> Option<Self> {
        let of = |point: fn(&Point) -> Point| covariance(&points.iter().map(point).collect::<Vec<_>>());
        Some(Self {
            reasoned: of(|point| Point { x: point.x, y: point.x })?,
            both: covariance(points)?,
            tuned: of(|point| Point { x: point.y, y: point.y })?,
        })
    }

    fn noise(units: &[Unit<'_>]) -> Option<Self> {
        let of_means = |unit: &Unit<'_>| {
            let Self { reasoned, both, tuned } =
                Self::of(&unit.items.iter().map(|item| item.gains()).collect::<Vec<_>>())?;
            let n = unit.items.len() as f64;
            Some(Self { reasoned: reasoned / n, both: both / n, tuned: tuned / n })
        };
        let all: Vec<Self> = units.iter().map(of_means).collect::<Option<_>>()?;
        let mean = |of: fn(&Self) -> f64| mean(&all.iter().map(of).collect::<Vec<_>>());
        Some(Self { reasoned: mean(|one| one.reasoned)?, both: mean(|one| one.both)?, tuned: mean(|one| one.tuned)? })
    }

    /// This less that, entry by entry.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self { reasoned: self.reasoned - other.reasoned, both: self.both - other.both, tuned: self.tuned - other.tuned }
    }

    fn correlation(self) -> Disattenuated {
        if !(self.reasoned > 0.0 && self.tuned > 0.0) {
            return Disattenuated::Undefined;
        }
        let r = self.both / self.reasoned.sqrt() / self.tuned.sqrt();
        if r.abs() <= 1.0 { Disattenuated::Coefficient(r) } else { Disattenuated::Outside(r) }
    }
}

impl Trial {
    fn gains(self) -> Point {
        let base = f64::from(self.base);
        Point { x: f64::from(self.reasoned) - base, y: f64::from(self.tuned) - base }
    }
}

/// The gain from reasoning over every `step`-th item from `reasoned` on, and that from tuning over every one from `tuned` on.
fn gains(items: &[Trial], reasoned: usize, tuned: usize, step: usize) -> Option<Point> {
    let gain = |from: usize, of: fn(Point) -> f64| {
        mean(&items.iter().skip(from).step_by(step).map(|item| of(item.gains())).collect::<Vec<_>>())
    };
    Some(Point { x: gain(reasoned, |gains| gains.x)?, y: gain(tuned, |gains| gains.y)? })
}

fn rate<'a>(items: impl Iterator<Item = &'a Trial>, of: fn(&Trial) -> bool) -> Option<f64> {
    mean(&items.map(|item| f64::from(of(item))).collect::<Vec<_>>())
}

/// The mean gains of each model, by its number.
fn model_means(units: &[Unit<'_>], gains: &[Point]) -> Option<Vec<(usize, Point)>> {
    let mut models: Vec<usize> = units.iter().map(|unit| unit.model).collect();
    models.sort_unstable();
    models.dedup();
    let mean_of = |model: usize| {
        let own: Vec<Point> =
            units.iter().zip(gains).filter(|(unit, _)| unit.model == model).map(|(_, &gains)| gains).collect();
        let mean = |of: fn(&Point) -> f64| mean(&own.iter().map(of).collect::<Vec<_>>());
        Some((model, Point { x: mean(|gains| gains.x)?, y: mean(|gains| gains.y)? }))
    };
    models.into_iter().map(mean_of).collect()
}

fn within(units: &[Unit<'_>], gains: &[Point]) -> Option<Correlation> {
    let means = model_means(units, gains)?;
    let centred = |(unit, gains): (&Unit<'_>, &Point)| {
        let at = means.binary_search_by_key(&unit.model, |&(model, _)| model).ok()?;
        let (_, mean) = means[at];
        Some(Point { x: gains.x - mean.x, y: gains.y - mean.y })
    };
    let centred: Vec<Point> = units.iter().zip(gains).map(centred).collect::<Option<_>>()?;
    let r = pearson(&centred)?.r;
    Correlation::new(r, units.len() as f64 - means.len() as f64 - 1.0)
}

fn difference(gains: &[Point]) -> Option<Test> {
    let apart: Vec<f64> = gains.iter().map(|gains| gains.x - gains.y).collect();
    let same: Vec<Point> = apart.iter().map(|&apart| Point { x: apart, y: apart }).collect();
    let n = apart.len() as f64;
    let error = (covariance(&same)? / n).sqrt();
    (error > 0.0).then(|| Test::student(mean(&apart)? / error, n - 1.0))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many of four items correct under each condition.
    fn items(base: usize, tuned: usize, reasoned: usize) -> Vec<Trial> {
        (0..4).map(|item| Trial { base: item < base, tuned: item < tuned, reasoned: item < reasoned }).collect()
    }

    #[test]
    fn fewer_than_three_units_or_equal_gains_are_none() {
        let two = [items(1, 2, 3), items(0, 3, 1)];
        let units: Vec<Unit<'_>> = two.iter().map(|items| Unit { model: 0, items }).collect();
        assert_eq!(GainAgainstGain::of(&units), None);
        let same = items(1, 2, 3);
        assert_eq!(GainAgainstGain::of(&[Unit { model: 0, items: &same }; 5]), None);
        assert_eq!(GainAgainstGain::of(&[]), None);
        assert_eq!(GainAgainstGain::of(&[Unit { model: 0, items: &[] }; 5]), None);
    }

    #[test]
    fn two_models_have_no_correlation_between_them() {
        let all = [items(0, 1, 4), items(1, 4, 2), items(2, 3, 0), items(3, 3, 4), items(0, 4, 4)];
        let units: Vec<Unit<'_>> = all.iter().enumerate().map(|(at, items)| Unit { model: at % 2, items }).collect();
        let found = GainAgainstGain::of(&units).expect("they vary");
        assert_eq!(found.between_models, None);
        assert_eq!(found.within_models.map(|within| within.test.degrees), Some(2.0));
    }

    #[test]
    fn what_leaves_minus_one_to_one_is_no_correlation() {
        let of = |reasoned, both, tuned| Covariance { reasoned, both, tuned }.correlation();
        assert_eq!(of(1.0, 0.5, 1.0), Disattenuated::Coefficient(0.5));
        assert_eq!(of(1.0, -1.5, 1.0), Disattenuated::Outside(-1.5));
        assert_eq!([of(-0.1, 0.5, 1.0), of(1.0, 0.5, 0.0)], [Disattenuated::Undefined; 2]);
    }
}
