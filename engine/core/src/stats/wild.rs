//! The wild cluster bootstrap: a test of one coefficient for few clusters.

use super::design::{Clusters, Design, FitError};
use super::draws::{Draws, Generator};
use super::linear::{Square, dot};
use super::regression::Regression;

/// A coefficient whose error is to be found by flipping whole clusters.
///
/// With the null imposed: the residuals u of the regression under b_j = null are multiplied by a random weight for each cluster, and
/// the t of the refitted coefficient, with clustered errors, is compared with the observed one. Of each cluster only sums are kept, so a
/// draw costs clusters × columns, however many rows there are.
///
/// Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2008), *Review of Economics and Statistics* 90, 414–427; weights below
/// [`WEBB_BELOW`] clusters from Webb, M. D. (2014), Queen's Economics Department working paper 1315; the sums as in Roodman, D. et al.
/// (2019), *Stata Journal* 19, 4–60.
#[derive(Debug, Clone, PartialEq)]
pub struct WildBootstrap {
    /// The unrestricted coefficient.
    estimate: f64,
    column: usize,
    bread: Square,
    clusters: Vec<Sums>,
    seed: u64,
}

/// What the bootstrap found for one null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WildTest {
    /// Share of draws whose |t| is at least the observed one; where draws are sampled, (b + 1) / (m + 1).
    pub p: f64,
    /// The weights.
    pub weights: Weights,
    /// Draws looked at.
    pub draws: Draws,
}

/// By what clusters are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// 1 or −1.
    Rademacher,
    /// ±√½, ±1 or ±√1½: with few clusters, 1 and −1 alone give too few different draws.
    Webb,
}

/// The nulls that are not rejected. A bound is `None` where no null that far out is rejected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WildInterval {
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
}

/// Below this number of clusters Webb's six weights are used.
pub const WEBB_BELOW: usize = 12;

/// Up to how many draws are all looked at. A draw and its mirror image have one |t|: only one of them is looked at.
pub const ENUMERATED_UP_TO: u64 = 200_000;

/// Draws where there are too many to look at all.
pub const SAMPLED: u64 = 9_999;

/// What is kept of a cluster, X_g being its rows.
#[derive(Debug, Clone, PartialEq)]
struct Sums {
    /// X_gᵀe_g, e being the residuals without a restriction.
    score: Vec<f64>,
    /// X_gᵀX_g b, b being the column of (XᵀX)⁻¹ of the coefficient.
    pull: Vec<f64>,
}

impl WildBootstrap {
    /// For the coefficient of `column`. `seed` matters only where draws are sampled.
    ///
    /// # Errors
    /// [`FitError`]: as [`Regression::fit`]; no such column ([`FitError::Collinear`]); fewer than two clusters; nothing left to flip
    /// because the fit is perfect ([`FitError::NoVariation`]).
    pub fn new(
        design: &Design,
        response: &[f64],
        clusters: &Clusters,
        column: usize,
        seed: u64,
    ) -> Result<Self, FitError> {
        design.check("clusters of rows", clusters.of().len())?;
        let fit = Regression::fit(design, response)?;
        let estimate = *fit.coefficients.get(column).ok_or(FitError::Collinear { column })?;
        if clusters.count() < 2 {
            return Err(FitError::OneCluster);
        }
        let spread = response.iter().fold(0.0_f64, |spread, value| spread.max(value.abs()));
        if fit.residuals.iter().all(|residual| residual.abs() <= 1e-12 * spread) {
            return Err(FitError::NoVariation);
        }
        let empty = || Sums { score: vec![0.0; design.columns()], pull: vec![0.0; design.columns()] };
        let mut sums: Vec<Sums> = (0..clusters.count()).map(|_| empty()).collect();
        for ((row, residual), &cluster) in design.iter().zip(&fit.residuals).zip(clusters.of()) {
            let Sums { score, pull } = &mut sums[cluster];
            let reach = dot(row, fit.bread.row(column));
            for (at, x) in row.iter().enumerate() {
                score[at] += x * residual;
                pull[at] += x * reach;
            }
        }
        Ok(Self { estimate, column, bread: fit.bread, clusters: sums, seed })
    }

    /// The coefficient, unrestricted.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// Tests b_j = `null`.
    #[must_use]
    pub fn test(&self, null: f64) -> WildTest {
        let restricted = Restricted::new(self, self.estimate - null);
        let (count, weights) = (self.clusters.len(), self.weights());
        let values = weights.values();
        let half = (values.len() as u64).checked_pow(count as u32).map(|all| all / 2);
        let mut draw = vec![0.0; count];
        match half {
            Some(half) if half <= ENUMERATED_UP_TO => {
                let mut reached = 0_u64;
                for number in 0..half {
                    weights.decode(number, &mut draw);
                    reached += u64::from(restricted.reached_by(&draw));
                }
                WildTest { p: reached as f64 / half as f64, weights, draws: Draws::All(2 * half) }
            }
            _ => {
                let mut generator = Generator::new(self.seed);
                let mut reached = 0_u64;
                for _ in 0..SAMPLED {
                    draw.iter_mut().for_each(|weight| *weight = values[generator.below(values.len())]);
                    reached += u64::from(restricted.reached_by(&draw));
                }
                WildTest { p: (reached + 1) as f64 / (SAMPLED + 1) as f64, weights, draws: Draws::Sampled(SAMPLED) }
            }
        }
    }

    /// The nulls with p above 1 − `level` (0.95), searched outwards from the estimate by doubling and then by halving, to a millionth of
    /// the clustered error.
    ///
    /// The interval by inversion: Cameron, Gelbach & Miller (2008), section III; MacKinnon, J. G. (2015), *L'Actualité économique* 91,
    /// 11–33.
    #[must_use]
    pub fn interval(&self, level: f64) -> WildInterval {
        WildInterval { low: self.bound(level, -1.0), high: self.bound(level, 1.0) }
    }

    fn bound(&self, level: f64, side: f64) -> Option<f64> {
        let error = self.squared_error().sqrt();
        let rejected = |distance: f64| self.test(self.estimate + side * distance).p <= 1.0 - level;
        let mut outside = (0..12).map(|doublings| error * f64::from(1 << doublings)).find(|&far| rejected(far))?;
        let mut inside = if outside > error { outside / 2.0 } else { 0.0 };
        while outside - inside > 1e-6 * error {
            let middle = f64::midpoint(inside, outside);
            *if rejected(middle) { &mut outside } else { &mut inside } = middle;
        }
        Some(self.estimate + side * outside)
    }

    fn weights(&self) -> Weights {
        if self.clusters.len() < WEBB_BELOW { Weights::Webb } else { Weights::Rademacher }
    }

    /// The clustered variance of the coefficient, without the factor for the number of clusters, which cancels.
    fn squared_error(&self) -> f64 {
        let bread = self.bread.row(self.column);
        self.clusters.iter().map(|sums| dot(bread, &sums.score).powi(2)).sum()
    }
}

/// The bootstrap under one null.
struct Restricted<'a> {
    bootstrap: &'a WildBootstrap,
    /// (XᵀX)⁻¹X_gᵀu_g for each cluster: what its residuals add to the coefficients.
    shifts: Vec<Vec<f64>>,
    /// The least t² that counts as reaching the observed one.
    threshold: f64,
}

impl<'a> Restricted<'a> {
    /// `distance`: the estimate minus the null. The restriction adds distance / (XᵀX)⁻¹_jj times X(XᵀX)⁻¹_j to the residuals.
    fn new(bootstrap: &'a WildBootstrap, distance: f64) -> Self {
        let scale = distance / bootstrap.bread.at(bootstrap.column, bootstrap.column);
        let shift = |sums: &Sums| {
            let restricted: Vec<f64> =
                sums.score.iter().zip(&sums.pull).map(|(own, pull)| own + scale * pull).collect();
            bootstrap.bread.times(&restricted)
        };
        // Draws that repeat the data must count although they are summed in another order.
        let threshold = distance * distance / bootstrap.squared_error() * (1.0 - 1e-9);
        Self { bootstrap, shifts: bootstrap.clusters.iter().map(shift).collect(), threshold }
    }

    fn reached_by(&self, draw: &[f64]) -> bool {
        let column = self.bootstrap.column;
        let mut moved = vec![0.0; self.bootstrap.bread.size()];
        for (weight, shift) in draw.iter().zip(&self.shifts) {
            moved.iter_mut().zip(shift).for_each(|(moved, shift)| *moved += weight * shift);
        }
        let each = draw.iter().zip(&self.shifts).zip(&self.bootstrap.clusters);
        let squared: f64 =
            each.map(|((weight, shift), sums)| (weight * shift[column] - dot(&sums.pull, &moved)).powi(2)).sum();
        moved[column] * moved[column] >= self.threshold * squared
    }
}

impl Weights {
    /// The positive ones first: the lower half of all numbers, read with the first cluster as the highest digit, has a positive first
    /// weight and so holds one of each pair of mirror images.
    fn values(self) -> &'static [f64] {
        const HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
        // √1½.
        const MORE: f64 = 1.224_744_871_391_589;
        match self {
            Self::Rademacher => &[1.0, -1.0],
            Self::Webb => &[HALF, 1.0, MORE, -HALF, -1.0, -MORE],
        }
    }

    fn decode(self, mut number: u64, draw: &mut [f64]) {
        let values = self.values();
        for weight in draw.iter_mut().rev() {
            *weight = values[(number % values.len() as u64) as usize];
            number /= values.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests;
