//! Logistic regression.

use super::design::{Clusters, Design, FitError};
use super::linear::{Cholesky, Square, dot};
use super::regression::{Clustered, clustered, sandwich};

/// Beyond this logit an answer counts as predicted without error: a likelihood that is still rising there rises for ever.
pub(super) const SEPARATED: f64 = 15.0;

const ITERATIONS: usize = 50;

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logit {
    /// Estimates in logits, one for each column of the design.
    pub coefficients: Vec<f64>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Answer minus fitted probability, one for each row.
    pub residuals: Vec<f64>,
    /// The inverse of the information XᵀWX with W = p(1 − p): the covariance if the rows are independent.
    pub covariance: Square,
}

impl Logit {
    /// Maximum likelihood by Newton's method (McCullagh, P. & Nelder, J. A. 1989, *Generalized Linear Models*, 2nd ed., section 4.4).
    ///
    /// # Errors
    /// [`FitError`]: lengths that differ, answers all alike, collinear columns, answers predicted without error.
    pub fn fit(design: &Design, response: &[bool]) -> Result<Self, FitError> {
        design.check("responses", response.len())?;
        if response.iter().all(|&right| right == response[0]) {
            return Err(FitError::NoVariation);
        }
        let mut coefficients = vec![0.0; design.columns()];
        let mut here = Likelihood::at(design, response, &coefficients);
        for _ in 0..ITERATIONS {
            let root = Cholesky::new(&here.information).map_err(|column| match here.largest > SEPARATED {
                true => FitError::Separated,
                false => FitError::Collinear { column },
            })?;
            let step = root.solve(&here.score);
            let decrement = dot(&step, &here.score);
            if decrement < 1e-18 {
                let covariance = root.inverse();
                let Likelihood { logarithm: log_likelihood, residuals, .. } = here;
                return Ok(Self { coefficients, log_likelihood, residuals, covariance });
            }
            (coefficients, here) = uphill(design, response, &coefficients, &step, &here);
            if here.largest > SEPARATED {
                return Err(FitError::Separated);
            }
        }
        Err(FitError::NotConverged { iterations: ITERATIONS })
    }

    /// Errors that allow for clusters, CR1 as in [`super::regression::Regression::clustered`], with the rows' scores x·(y − p).
    ///
    /// # Errors
    /// [`FitError`]: lengths that differ, fewer than two clusters.
    pub fn clustered(&self, design: &Design, clusters: &Clusters) -> Result<Vec<Clustered>, FitError> {
        let covariance = sandwich(design, &self.residuals, &self.covariance, clusters)?;
        Ok(clustered(&self.coefficients, &covariance, clusters.count()))
    }
}

/// The likelihood at a point, with what Newton's method asks of it.
struct Likelihood {
    logarithm: f64,
    score: Vec<f64>,
    information: Square,
    residuals: Vec<f64>,
    /// The largest logit, without its sign.
    largest: f64,
}

impl Likelihood {
    fn at(design: &Design, response: &[bool], coefficients: &[f64]) -> Self {
        let columns = design.columns();
        let mut all = Self {
            logarithm: 0.0,
            score: vec![0.0; columns],
            information: Square::zeros(columns),
            residuals: Vec::with_capacity(response.len()),
            largest: 0.0,
        };
        for (row, &right) in design.iter().zip(response) {
            let logit = dot(row, coefficients);
            let Bernoulli { probability, logarithm } = bernoulli(logit, right);
            let residual = f64::from(u8::from(right)) - probability;
            all.logarithm += logarithm;
            all.score.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * residual);
            all.information.add_outer(probability * (1.0 - probability), row);
            all.residuals.push(residual);
            all.largest = all.largest.max(logit.abs());
        }
        all
    }
}

/// The full Newton step, or the longest of its halves that does not lower the likelihood.
fn uphill(design: &Design, response: &[bool], from: &[f64], step: &[f64], here: &Likelihood) -> (Vec<f64>, Likelihood) {
    let mut length = 1.0;
    loop {
        let point: Vec<f64> = from.iter().zip(step).map(|(from, step)| from + length * step).collect();
        let there = Likelihood::at(design, response, &point);
        // Close to the top the likelihood differs by rounding alone.
        if there.logarithm >= here.logarithm - 1e-10 * here.logarithm.abs() || length < 1e-3 {
            return (point, there);
        }
        length /= 2.0;
    }
}

/// The probability of a right answer, and the logarithm of that of the answer given.
pub(super) struct Bernoulli {
    pub(super) probability: f64,
    pub(super) logarithm: f64,
}

/// At a logit, without loss at either end.
pub(super) fn bernoulli(logit: f64, right: bool) -> Bernoulli {
    let small = (-logit.abs()).exp();
    let likelier = 1.0 / (1.0 + small);
    let probability = if logit >= 0.0 { likelier } else { small * likelier };
    let towards = if right { logit } else { -logit };
    Bernoulli { probability, logarithm: towards.min(0.0) - small.ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_constant_is_the_logit_of_the_rate() {
        let design = Design::new(1, vec![1.0; 10]).expect("a design");
        let response: Vec<bool> = (0..10).map(|row| row < 3).collect();
        let fit = Logit::fit(&design, &response).expect("a fit");
        assert!((fit.coefficients[0] - (0.3_f64 / 0.7).ln()).abs() < 1e-12);
        assert!((fit.covariance.at(0, 0) - 1.0 / (10.0 * 0.3 * 0.7)).abs() < 1e-12);
        assert!((fit.log_likelihood - (3.0 * 0.3_f64.ln() + 7.0 * 0.7_f64.ln())).abs() < 1e-12);
    }

    #[test]
    fn a_cell_that_is_all_right_is_separated_and_answers_all_alike_are_refused() {
        let design = Design::new(2, (0..20).flat_map(|row| [1.0, f64::from(row % 2)]).collect()).expect("a design");
        let split: Vec<bool> = (0..20).map(|row| row % 2 == 1 || row < 8).collect();
        assert_eq!(Logit::fit(&design, &split), Err(FitError::Separated));
        assert_eq!(Logit::fit(&design, &[true; 20]), Err(FitError::NoVariation));
        assert_eq!(Logit::fit(&design, &[true; 3]), Err(FitError::Lengths { rows: 20, what: "responses", others: 3 }));
    }

    #[test]
    fn a_repeated_column_is_named() {
        let design = Design::new(2, vec![1.0; 20]).expect("a design");
        let response: Vec<bool> = (0..10).map(|row| row < 3).collect();
        assert_eq!(Logit::fit(&design, &response), Err(FitError::Collinear { column: 1 }));
    }

    #[test]
    fn probabilities_keep_their_digits_at_both_ends() {
        let Bernoulli { probability, logarithm } = bernoulli(-800.0, true);
        assert_eq!((probability, logarithm), (0.0, -800.0));
        assert_eq!(bernoulli(800.0, true).logarithm, 0.0);
        assert!((bernoulli(0.0, false).logarithm + 2.0_f64.ln()).abs() < 1e-15);
    }
}
