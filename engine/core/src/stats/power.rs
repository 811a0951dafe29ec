//! How small an effect can be seen: before a study is run, and beside a result that is none.
//!
//! All by the normal approximation. Cohen, J. (1988), *Statistical Power Analysis for the Behavioral Sciences*, 2nd edition.

use super::tails::{normal_quantile, normal_upper};

/// The error rates of a two-sided test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Chance of seeing what is not there.
    pub alpha: f64,
    /// Chance of seeing what is.
    pub power: f64,
}

impl Rates {
    /// As is usual: 0.05 and 0.80.
    pub const USUAL: Self = Self { alpha: 0.05, power: 0.80 };

    /// z(1 − α/2) + z(power): the standard errors that an effect must measure. `None` unless α is between 0 and 1, and power
    /// between α/2 and 1.
    #[must_use]
    pub fn errors(self) -> Option<f64> {
        let z = critical(self.alpha)? + normal_quantile(self.power)?;
        (z > 0.0).then_some(z)
    }
}

/// Items of which a share changes between two conditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedPlan {
    /// Number of items, at least one.
    pub items: u64,
    /// Share of items that change, gained or lost, above 0 to 1: ψ.
    pub discordant: f64,
}

impl PairedPlan {
    /// √(ψ / n): the standard error of a gain if there is none. With a gain of δ it is √((ψ − δ²) / n), which is less, so that
    /// what follows errs on the safe side. `None` without items, and unless ψ is above 0 to 1.
    #[must_use]
    pub fn standard_error(self) -> Option<f64> {
        let possible = self.items > 0 && self.discordant > 0.0 && self.discordant <= 1.0;
        possible.then(|| (self.discordant / self.items as f64).sqrt())
    }

    /// The smallest gain that is seen with that power: (z(1 − α/2) + z(power)) √(ψ / n). `None` as for [`Self::standard_error`].
    ///
    /// A gain cannot exceed ψ: where this does, no gain is seen with that power. Miettinen, O. S. (1968), *Biometrics* 24,
    /// 339–352, with the variance of no gain throughout.
    #[must_use]
    pub fn smallest_effect(self, rates: Rates) -> Option<f64> {
        Some(rates.errors()? * self.standard_error()?)
    }

    /// Chance of seeing a gain of `effect` on either side of zero. `None` as for [`Self::standard_error`], and for NaN.
    #[must_use]
    pub fn power(self, effect: f64, alpha: f64) -> Option<f64> {
        power(effect / self.standard_error()?, alpha)
    }
}

/// Items that are needed to see a gain of `effect` where a share of `discordant` changes: the least n ≥ (z(1 − α/2) +
/// z(power))² ψ / δ². `None` for a gain of zero or beyond ψ, which cannot be.
#[must_use]
pub fn items_needed(effect: f64, discordant: f64, rates: Rates) -> Option<u64> {
    let possible = effect != 0.0 && effect.abs() <= discordant && discordant <= 1.0;
    let needed = (rates.errors()? / effect).powi(2) * discordant;
    // Beyond 2⁵³ an f64 does not count items.
    (possible && needed < 9e15).then(|| (needed.ceil() as u64).max(1))
}

/// √(p (1 − p) / n): the standard error of one accuracy. `None` without items, and unless p is from 0 to 1.
#[must_use]
pub fn unpaired_error(accuracy: f64, items: u64) -> Option<f64> {
    (items > 0 && (0.0..=1.0).contains(&accuracy)).then(|| (accuracy * (1.0 - accuracy) / items as f64).sqrt())
}

/// The smallest difference between two accuracies around `accuracy` on different items that is seen with that power:
/// (z(1 − α/2) + z(power)) √(p (1 − p) (1/n + 1/m)). `None` as for [`unpaired_error`], and where p is 0 or 1.
#[must_use]
pub fn smallest_unpaired_effect(accuracy: f64, items: [u64; 2], rates: Rates) -> Option<f64> {
    let error = unpaired_error(accuracy, items[0])?.hypot(unpaired_error(accuracy, items[1])?);
    (error > 0.0).then_some(rates.errors()? * error)
}

/// Chance of a two-sided test at `alpha` to see an effect of so many standard errors. `None` unless α is between 0 and 1.
#[must_use]
pub fn power(errors: f64, alpha: f64) -> Option<f64> {
    let critical = critical(alpha)?;
    Some(normal_upper(critical - errors)? + normal_upper(critical + errors)?)
}

fn critical(alpha: f64) -> Option<f64> {
    normal_quantile(1.0 - alpha / 2.0).filter(|&critical| critical > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: PairedPlan = PairedPlan { items: 200, discordant: 0.1 };

    #[test]
    fn the_smallest_effect_has_the_power_it_was_asked_for() {
        let effect = PLAN.smallest_effect(Rates::USUAL).expect("a plan");
        // The far tail, which the formula leaves out, adds 1e-6.
        assert!((PLAN.power(effect, 0.05).expect("a power") - 0.8).abs() < 1e-5);
        assert_eq!(PLAN.power(effect, 0.05), PLAN.power(-effect, 0.05));
        assert!((PLAN.power(0.0, 0.05).expect("a power") - 0.05).abs() < 1e-10);
    }

    #[test]
    fn so_many_items_are_needed_and_no_fewer() {
        let items = items_needed(0.0313, 0.1, Rates::USUAL).expect("it can be");
        let smallest = |items| PairedPlan { items, discordant: 0.1 }.smallest_effect(Rates::USUAL).expect("a plan");
        assert!(smallest(items) <= 0.0313 && smallest(items - 1) > 0.0313, "{items}");
    }

    #[test]
    fn two_samples_have_two_errors() {
        let one = unpaired_error(0.7, 900).expect("an error");
        let effect = smallest_unpaired_effect(0.7, [900, 900], Rates::USUAL).expect("an effect");
        let z = 1.959_963_984_540_054 + 0.841_621_233_572_914_3;
        assert!((effect - z * one * 2.0_f64.sqrt()).abs() < 1e-12);
        let other = smallest_unpaired_effect(0.7, [900, 100], Rates::USUAL).expect("an effect");
        assert!((other - z * one * 10.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn plans_that_cannot_be_have_no_power() {
        let nan = f64::NAN;
        for (items, discordant) in [(0, 0.1), (9, 0.0), (9, 1.1), (9, nan)] {
            assert_eq!(PairedPlan { items, discordant }.smallest_effect(Rates::USUAL), None);
        }
        for (alpha, power) in [(0.0, 0.8), (1.0, 0.8), (0.05, 1.0), (0.05, 0.01), (nan, 0.8), (0.05, nan)] {
            assert_eq!(Rates { alpha, power }.errors(), None);
        }
        for (effect, discordant) in [(0.0, 0.1), (0.2, 0.1), (nan, 0.1), (0.1, nan), (1.5, 2.0), (1e-9, 1.0)] {
            assert_eq!(items_needed(effect, discordant, Rates::USUAL), None, "{effect} {discordant}");
        }
        assert_eq!([PLAN.power(nan, 0.05), PLAN.power(0.1, nan)], [None; 2]);
        assert_eq!([unpaired_error(0.5, 0), unpaired_error(1.1, 9), unpaired_error(nan, 9)], [None; 3]);
        assert_eq!(smallest_unpaired_effect(1.0, [9, 9], Rates::USUAL), None);
    }
}
