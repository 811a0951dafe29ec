//! Mixed logistic regression: items, passages and languages as random intercepts.
//!
//! What is fitted is what lme4's `glmer` fits by default, so that the numbers of a report can be had a second time in R.

mod blocks;
mod deviance;
mod minimise;
mod rows;

use super::design::{Clusters, Design, FitError};
use super::linear::{Cholesky, Square, dot};
use super::logit::Logit;
use super::tails::{chi_squared_upper, normal_two_sided};
use deviance::Deviance;
use rows::Rows;

/// A fitted mixed logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    /// Fixed effects in logits, one for each column of the design.
    pub coefficients: Vec<Coefficient>,
    /// Standard deviations of the random intercepts in logits, in the order given. One can be 0.
    pub deviations: Vec<f64>,
    /// Logarithm of the likelihood, Laplace's approximation.
    pub log_likelihood: f64,
    /// Evaluations of the likelihood that it took.
    pub evaluations: usize,
}

/// A fixed effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The estimate, in logits.
    pub estimate: f64,
    /// Its standard error, from the curvature of the likelihood over effects and deviations together.
    pub standard_error: f64,
    /// Wald's two-sided p, against the normal distribution.
    pub p: f64,
}

/// A test of two nested fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    /// 2·(log-likelihood of the larger − that of the smaller), not below 0.
    pub chi_squared: f64,
    /// Coefficients that the smaller fit lacks.
    pub freedom: usize,
    /// p of χ² with so many degrees of freedom.
    pub p: f64,
}

/// Newton's decrement below which a fit counts as settled: half of it is what the log-likelihood could still gain.
const SETTLED: f64 = 1e-6;

impl Mixed {
    /// Fits P(right) = 1 / (1 + exp(−xβ − Σ_f σ_f·u_f)), u_f a standard normal number for each level of factor f. The factors may be
    /// crossed (items and languages) or nested (questions in passages).
    ///
    /// The likelihood is Laplace's approximation: with η = Xβ + ZΛu and û the mode,
    /// −2 log L = −2 log P(y | û) + ûᵀû + log det(ΛᵀZᵀWZΛ + I), W = p(1 − p). It is minimised over σ and β together, by its exact
    /// gradient. Standard errors are those of `glmer`: the inverse of half the matrix of second derivatives over σ and β.
    ///
    /// An evaluation costs rows + Σ_i k_i² + r³, k_i being the levels of other factors that level i of the largest factor meets, and r the
    /// levels of all other factors; a fit takes some tens.
    ///
    /// Breslow, N. E. & Clayton, D. G. (1993), *Journal of the American Statistical Association* 88, 9–25; Bates, D. et al. (2015),
    /// *Journal of Statistical Software* 67(1), for the form with Λ; Jaeger, T. F. (2008), *Journal of Memory and Language* 59, 434–446,
    /// for items and subjects.
    ///
    /// # Errors
    /// [`FitError`]: as [`Logit::fit`], which gives the start; no factor, or one with a single level ([`FitError::OneCluster`]); an
    /// estimate that does not settle, or has no standard errors.
    pub fn fit(design: &Design, response: &[bool], intercepts: &[Clusters]) -> Result<Self, FitError> {
        let start = Logit::fit(design, response)?;
        let rows = Rows::new(design, response, intercepts)?;
        let factors = intercepts.len();
        let mut deviance = Deviance::new(&rows);
        let (point, steps) = start_at(&rows, &start);
        let minimum = minimise::minimise(&mut deviance, point, steps)?;
        let curvature = curvature(&mut deviance, &minimum.point);
        let covariance = Cholesky::new(&curvature.scaled(0.5)).map_err(|_| FitError::NoCurvature)?.inverse();
        // The deviance falls by about gᵀH⁻¹g / 2 to its bottom, and H⁻¹ is half the covariance.
        if dot(&minimum.gradient, &covariance.times(&minimum.gradient)) / 4.0 > SETTLED {
            return Err(FitError::NotConverged { iterations: minimum.iterations });
        }
        let coefficient = |at: usize| {
            let (estimate, standard_error) = (minimum.point[at], covariance.at(at, at).sqrt());
            let p = normal_two_sided(estimate / standard_error).ok_or(FitError::NoCurvature)?;
            Ok(Coefficient { estimate, standard_error, p })
        };
        // The likelihood does not know the sign of a deviation.
        let mut deviations = vec![0.0; factors];
        rows.order().iter().zip(&minimum.point).for_each(|(&factor, theta)| deviations[factor] = theta.abs());
        Ok(Self {
            coefficients: (factors..minimum.point.len()).map(coefficient).collect::<Result<_, FitError>>()?,
            deviations,
            log_likelihood: -minimum.value / 2.0,
            evaluations: deviance.evaluations(),
        })
    }

    /// Whether this fit is better than one that lacks some of its columns, on the same answers with the same factors. `None` where the
    /// other has as many coefficients or more.
    ///
    /// Wilks, S. S. (1938), *Annals of Mathematical Statistics* 9, 60–62.
    #[must_use]
    pub fn against(&self, smaller: &Self) -> Option<LikelihoodRatio> {
        let freedom = self.coefficients.len().checked_sub(smaller.coefficients.len()).filter(|&freedom| freedom > 0)?;
        let chi_squared = (2.0 * (self.log_likelihood - smaller.log_likelihood)).max(0.0);
        Some(LikelihoodRatio { chi_squared, freedom, p: chi_squared_upper(chi_squared, freedom as f64)? })
    }
}

/// Where the search starts, and about how far each coordinate is from the minimum: the inverse of the curvature there.
fn start_at(rows: &Rows, start: &Logit) -> (Vec<f64>, Square) {
    let factors = rows.order().len();
    let size = factors + start.coefficients.len();
    let mut steps = Square::zeros(size);
    for factor in 0..factors {
        // A standard deviation is known to about σ² / 2n, of n levels; σ is 1 at the start.
        steps.row_mut(factor)[factor] = 1.0 / (4.0 * rows.level_count(factor) as f64);
    }
    for column in factors..size {
        let own = start.covariance.row(column - factors);
        steps.row_mut(column)[factors..].iter_mut().zip(own).for_each(|(step, variance)| *step = variance / 2.0);
    }
    let point = std::iter::repeat_n(1.0, factors).chain(start.coefficients.iter().copied()).collect();
    (point, steps)
}

/// Second derivatives, by central differences of the exact gradient.
fn curvature(deviance: &mut Deviance, point: &[f64]) -> Square {
    const STEP: f64 = 1e-4;
    let mut second = Square::zeros(point.len());
    for at in 0..point.len() {
        let mut gradient_at = |shift: f64| {
            let mut moved = point.to_vec();
            moved[at] += shift;
            deviance.value(&moved);
            deviance.gradient()
        };
        let (above, below) = (gradient_at(STEP), gradient_at(-STEP));
        for (row, (above, below)) in above.iter().zip(&below).enumerate() {
            // Half to each side of the diagonal, so that the matrix is symmetric.
            let half = (above - below) / (4.0 * STEP);
            second.row_mut(row)[at] += half;
            second.row_mut(at)[row] += half;
        }
    }
    second
}

#[cfg(test)]
mod tests;
