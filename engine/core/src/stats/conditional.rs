//! Conditional logistic regression: each item is compared with itself, so that how hard it is drops out.

use super::design::{Clusters, Design, FitError};
use super::linear::{Cholesky, Square, dot};
use super::logit::SEPARATED;

const ITERATIONS: usize = 50;

/// A fitted conditional logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// Estimates in logits, one for each column of the design.
    pub coefficients: Vec<f64>,
    /// Their standard errors, from the observed information.
    pub standard_errors: Vec<f64>,
    /// Logarithm of the conditional likelihood.
    pub log_likelihood: f64,
    /// Strata that took part: those that are neither all right nor all wrong.
    pub strata: usize,
    /// Strata that say nothing, being all right or all wrong.
    pub left_out: usize,
}

impl Conditional {
    /// Maximises Π_s exp(Σ_{i right} x_iβ) / Σ_R exp(Σ_{i∈R} x_iβ), R running over the subsets of stratum s with as many members as
    /// it has right answers. The denominator is an elementary symmetric function of the exp(x_iβ), summed exactly by its
    /// recursion. A constant, or any column that is the same within every stratum, cannot be estimated.
    ///
    /// A stratum of n rows with k right costs O(n·k·c²) for c columns.
    ///
    /// Cox, D. R. (1970), *Analysis of Binary Data*; Breslow, N. E. & Day, N. E. (1980), *Statistical Methods in Cancer Research* I,
    /// section 7.2; the recursion of Howard, S. (1972), *Journal of the Royal Statistical Society* B 34, 210–211, and Gail, M. H.,
    /// Lubin, J. H. & Rubinstein, L. V. (1981), *Biometrika* 68, 703–707.
    ///
    /// # Errors
    /// [`FitError`]: lengths that differ, no stratum with right and wrong answers, columns that are collinear within the strata,
    /// answers predicted without error.
    pub fn fit(design: &Design, response: &[bool], strata: &Clusters) -> Result<Self, FitError> {
        design.check("responses", response.len())?;
        design.check("strata of rows", strata.of().len())?;
        let all = gather(design, response, strata);
        let mixed: Vec<&Stratum> = all.iter().filter(|stratum| stratum.mixed()).collect();
        if mixed.is_empty() {
            return Err(FitError::NoVariation);
        }
        let mut coefficients = vec![0.0; design.columns()];
        let mut here = Likelihood::at(&mixed, &coefficients);
        for _ in 0..ITERATIONS {
            let largest = coefficients.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let root = Cholesky::new(&here.information).map_err(|column| match largest > SEPARATED {
                true => FitError::Separated,
                false => FitError::Collinear { column },
            })?;
            let step = root.solve(&here.score);
            if dot(&step, &here.score) < 1e-18 {
                let covariance = root.inverse();
                return Ok(Self {
                    standard_errors: (0..coefficients.len()).map(|at| covariance.at(at, at).sqrt()).collect(),
                    log_likelihood: here.logarithm,
                    coefficients,
                    strata: mixed.len(),
                    left_out: all.len() - mixed.len(),
                });
            }
            if largest > SEPARATED {
                return Err(FitError::Separated);
            }
            (coefficients, here) = uphill(&mixed, &coefficients, &step, &here);
        }
        Err(FitError::NotConverged { iterations: ITERATIONS })
    }
}

/// The rows of one item.
struct Stratum<'a> {
    rows: Vec<&'a [f64]>,
    /// Sum of the rows that are right.
    observed: Vec<f64>,
    right: usize,
}

impl Stratum<'_> {
    fn mixed(&self) -> bool {
        self.right > 0 && self.right < self.rows.len()
    }
}

fn gather<'a>(design: &'a Design, response: &[bool], strata: &Clusters) -> Vec<Stratum<'a>> {
    let empty = || Stratum { rows: Vec::new(), observed: vec![0.0; design.columns()], right: 0 };
    let mut all: Vec<Stratum> = (0..strata.count()).map(|_| empty()).collect();
    for ((row, &right), &stratum) in design.iter().zip(response).zip(strata.of()) {
        let stratum = &mut all[stratum];
        stratum.rows.push(row);
        if right {
            stratum.right += 1;
            stratum.observed.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    }
    all
}

struct Likelihood {
    logarithm: f64,
    score: Vec<f64>,
    information: Square,
}

impl Likelihood {
    fn at(strata: &[&Stratum], coefficients: &[f64]) -> Self {
        let columns = coefficients.len();
        let mut all = Self { logarithm: 0.0, score: vec![0.0; columns], information: Square::zeros(columns) };
        for stratum in strata {
            let Subsets { logarithm, mean, second } = Subsets::of(stratum, coefficients);
            all.logarithm += dot(&stratum.observed, coefficients) - logarithm;
            for (column, score) in all.score.iter_mut().enumerate() {
                *score += stratum.observed[column] - mean[column];
            }
            all.information = all.information.plus(1.0, &second);
            all.information.add_outer(-1.0, &mean);
        }
        all
    }
}

/// The subsets of a stratum with as many members as are right: the logarithm of the sum of their weights, and the first two moments
/// of the sum of their rows.
struct Subsets {
    logarithm: f64,
    mean: Vec<f64>,
    second: Square,
}

impl Subsets {
    /// The weights w = exp(xβ) may be multiplied by any λ; each factor (1 + λw) of the generating function is divided by itself. What
    /// is summed are then probabilities of independent draws, of which λ makes as many right as there are: no sum overflows,
    /// however long the stratum is.
    fn of(stratum: &Stratum, coefficients: &[f64]) -> Self {
        let columns = coefficients.len();
        let (rows, wanted) = (stratum.rows.len() as f64, stratum.right as f64);
        let logits: Vec<f64> = stratum.rows.iter().map(|row| dot(row, coefficients)).collect();
        let shift = (wanted / (rows - wanted)).ln() - logits.iter().sum::<f64>() / rows;
        let width = 1 + columns + columns * columns;
        // For each number of members: the sum of the weights of such subsets, and of weight times moments.
        let mut sums = vec![0.0; (stratum.right + 1) * width];
        sums[0] = 1.0;
        let mut logarithm = -wanted * shift;
        for (done, (row, logit)) in stratum.rows.iter().zip(&logits).enumerate() {
            let logit = logit + shift;
            let taken = 1.0 / (1.0 + (-logit).exp());
            let (passed, entry) = (1.0 - taken, taken);
            logarithm += logit.max(0.0) + (-logit.abs()).exp().ln_1p();
            for members in (0..=stratum.right.min(done + 1)).rev() {
                let (before, from) = sums.split_at_mut(members * width);
                let target = &mut from[..width];
                target.iter_mut().for_each(|value| *value *= passed);
                if members > 0 {
                    add_member(target, &before[(members - 1) * width..], row, entry);
                }
            }
        }
        let last = &sums[stratum.right * width..];
        let mut second = Square::zeros(columns);
        for column in 0..columns {
            let start = 1 + columns + column * columns;
            second.row_mut(column).iter_mut().zip(&last[start..]).for_each(|(value, sum)| *value = sum / last[0]);
        }
        let mean = last[1..=columns].iter().map(|sum| sum / last[0]).collect();
        Self { logarithm: logarithm + last[0].ln(), mean, second }
    }
}

/// Adds to the sums of subsets those of one member less, joined by `row`.
fn add_member(target: &mut [f64], smaller: &[f64], row: &[f64], entry: f64) {
    let columns = row.len();
    target[0] += entry * smaller[0];
    for (one, &left) in row.iter().enumerate() {
        target[1 + one] += entry * (smaller[1 + one] + left * smaller[0]);
        for (other, &right) in row.iter().enumerate() {
            let at = 1 + columns + one * columns + other;
            let cross = left * smaller[1 + other] + right * smaller[1 + one];
            target[at] += entry * (smaller[at] + cross + left * right * smaller[0]);
        }
    }
}

/// The full Newton step, or the longest of its halves that does not lower the likelihood.
fn uphill(strata: &[&Stratum], from: &[f64], step: &[f64], here: &Likelihood) -> (Vec<f64>, Likelihood) {
    let mut length = 1.0;
    loop {
        let point: Vec<f64> = from.iter().zip(step).map(|(from, step)| from + length * step).collect();
        let there = Likelihood::at(strata, &point);
        if there.logarithm >= here.logarithm - 1e-10 * here.logarithm.abs() || length < 1e-3 {
            return (point, there);
        }
        length /= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of a control and a treated row: the estimate is the logarithm of the ratio of the discordant pairs.
    fn pairs(gained: usize, lost: usize, both: usize) -> (Design, Vec<bool>, Clusters) {
        let count = gained + lost + both;
        let design = Design::new(1, (0..2 * count).map(|row| (row % 2) as f64).collect()).expect("a design");
        let right = |pair: usize| match pair {
            pair if pair < gained => [false, true],
            pair if pair < gained + lost => [true, false],
            _ => [true, true],
        };
        let strata: Vec<usize> = (0..2 * count).map(|row| row / 2).collect();
        (design, (0..count).flat_map(right).collect(), Clusters::new(&strata))
    }

    #[test]
    fn pairs_give_mcnemars_ratio() {
        let (design, response, strata) = pairs(9, 4, 5);
        let fit = Conditional::fit(&design, &response, &strata).expect("a fit");
        assert!((fit.coefficients[0] - (9.0_f64 / 4.0).ln()).abs() < 1e-12);
        assert!((fit.standard_errors[0] - (1.0_f64 / 9.0 + 1.0 / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!((fit.strata, fit.left_out), (13, 5));
    }

    #[test]
    fn the_recursion_sums_what_enumeration_sums() {
        let rows: Vec<[f64; 2]> = (0..7).map(|row| [f64::from(row % 3), f64::from(row * row % 5) - 1.0]).collect();
        let beta = [0.4, -0.7];
        let stratum = Stratum { rows: rows.iter().map(|row| &row[..]).collect(), observed: vec![0.0; 2], right: 3 };
        let (mut total, mut first, mut cross) = (0.0, 0.0, 0.0);
        for subset in (0_u32..1 << 7).filter(|subset| subset.count_ones() == 3) {
            let members = (0..7).filter(|member| subset >> member & 1 == 1);
            let sum = members.fold([0.0, 0.0], |sum, member| [sum[0] + rows[member][0], sum[1] + rows[member][1]]);
            let weight = dot(&sum, &beta).exp();
            total += weight;
            first += weight * sum[0];
            cross += weight * sum[0] * sum[1];
        }
        let found = Subsets::of(&stratum, &beta);
        assert!((found.logarithm - f64::ln(total)).abs() < 1e-12);
        assert!((found.mean[0] - first / total).abs() < 1e-12);
        assert!((found.second.at(0, 1) - cross / total).abs() < 1e-12);
    }

    #[test]
    fn strata_of_thousands_of_rows_do_not_overflow() {
        let (rows, right) = (3000, 1500);
        let design = Design::new(1, (0..rows).map(|row| f64::from(row % 2)).collect()).expect("a design");
        let response: Vec<bool> = (0..rows).map(|row| row < right).collect();
        let fit = Conditional::fit(&design, &response, &Clusters::new(&vec![0; rows as usize])).expect("a fit");
        assert!(fit.coefficients[0].abs() < 1e-12 && fit.log_likelihood.is_finite(), "{fit:?}");
    }

    #[test]
    fn what_cannot_be_estimated_is_said() {
        let (design, response, strata) = pairs(9, 0, 5);
        assert_eq!(Conditional::fit(&design, &response, &strata), Err(FitError::Separated));
        let (design, response, strata) = pairs(0, 0, 5);
        assert_eq!(Conditional::fit(&design, &response, &strata), Err(FitError::NoVariation));
        let constant = Design::new(1, vec![1.0; 26]).expect("a design");
        let (_, response, strata) = pairs(9, 4, 0);
        assert_eq!(Conditional::fit(&constant, &response, &strata), Err(FitError::Collinear { column: 0 }));
    }
}
