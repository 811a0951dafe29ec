//! Generalised estimating equations: logistic regression for the average item, with items as clusters of equally correlated answers.

use super::design::{Clusters, Design, FitError};
use super::linear::{Cholesky, Square, dot};
use super::logit::{Logit, bernoulli};
use super::regression::{Clustered, clustered};

const ITERATIONS: usize = 100;

/// Fitted estimating equations.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchangeable {
    /// Estimates in logits with sandwich errors, one for each column of the design.
    pub coefficients: Vec<Clustered>,
    /// Correlation of two answers of a cluster.
    pub correlation: f64,
}

impl Exchangeable {
    /// Solves Σ_g D_gᵀV_g⁻¹(y_g − p_g) = 0 with D = ∂p/∂β, V = A^½((1 − α)I + α11ᵀ)A^½ and A = diag p(1 − p).
    ///
    /// With Pearson residuals r, n rows, P pairs within clusters and k columns, φ = Σr² / (n − k) and
    /// α = Σ_{pairs} r_i r_j / (φ(P − k)). The errors are the sandwich without a correction for few clusters:
    /// B⁻¹(Σ_g D_gᵀV_g⁻¹e_g e_gᵀV_g⁻¹D_g)B⁻¹, B = Σ_g D_gᵀV_g⁻¹D_g.
    ///
    /// Liang, K.-Y. & Zeger, S. L. (1986), *Biometrika* 73, 13–22.
    ///
    /// # Errors
    /// [`FitError`]: as [`Logit::fit`], which gives the start; fewer than two clusters; clusters of one row, which have no
    /// correlation ([`FitError::OneCluster`] also); a correlation that no cluster of that size can have
    /// ([`FitError::NoCurvature`]).
    pub fn fit(design: &Design, response: &[bool], clusters: &Clusters) -> Result<Self, FitError> {
        design.check("clusters of rows", clusters.of().len())?;
        let mut coefficients = Logit::fit(design, response)?.coefficients;
        let groups = gather(design, response, clusters);
        let pairs: usize = groups.iter().map(|group| group.len() * (group.len() - 1) / 2).sum();
        if groups.len() < 2 || pairs <= design.columns() {
            return Err(FitError::OneCluster);
        }
        for _ in 0..ITERATIONS {
            let correlation = correlation(&groups, &coefficients, pairs);
            let Equations { score, meat, information } = Equations::at(&groups, &coefficients, correlation)?;
            let root = Cholesky::new(&information).map_err(|column| FitError::Collinear { column })?;
            let step = root.solve(&score);
            if dot(&step, &score) < 1e-20 {
                let covariance = meat.between(&root.inverse());
                return Ok(Self { coefficients: clustered(&coefficients, &covariance, groups.len()), correlation });
            }
            coefficients.iter_mut().zip(&step).for_each(|(coefficient, step)| *coefficient += step);
        }
        Err(FitError::NotConverged { iterations: ITERATIONS })
    }
}

type Row<'a> = (&'a [f64], bool);

fn gather<'a>(design: &'a Design, response: &[bool], clusters: &Clusters) -> Vec<Vec<Row<'a>>> {
    let mut groups = vec![Vec::new(); clusters.count()];
    for ((row, &right), &cluster) in design.iter().zip(response).zip(clusters.of()) {
        groups[cluster].push((row, right));
    }
    groups
}

/// Of an answer: its Pearson residual, and the root of its variance.
fn pearson((row, right): Row, coefficients: &[f64]) -> (f64, f64) {
    let probability = bernoulli(dot(row, coefficients), right).probability;
    let root = (probability * (1.0 - probability)).sqrt();
    ((f64::from(u8::from(right)) - probability) / root, root)
}

fn correlation(groups: &[Vec<Row>], coefficients: &[f64], pairs: usize) -> f64 {
    let (mut squares, mut products, mut rows) = (0.0, 0.0, 0.0);
    for group in groups {
        let residuals = group.iter().map(|&row| pearson(row, coefficients).0);
        let (sum, own) = residuals.fold((0.0, 0.0), |(sum, own), residual| (sum + residual, own + residual * residual));
        squares += own;
        products += (sum * sum - own) / 2.0;
        rows += group.len() as f64;
    }
    let columns = coefficients.len() as f64;
    products / (squares / (rows - columns)) / (pairs as f64 - columns)
}

struct Equations {
    score: Vec<f64>,
    meat: Square,
    information: Square,
}

impl Equations {
    /// With rows x√A and residuals r, DᵀV⁻¹e is Σ x√A·(r − c·Σr) / (1 − α), c = α / (1 + (m − 1)α) for m rows: no matrix of a
    /// cluster is built.
    fn at(groups: &[Vec<Row>], coefficients: &[f64], correlation: f64) -> Result<Self, FitError> {
        let columns = coefficients.len();
        let mut all =
            Self { score: vec![0.0; columns], meat: Square::zeros(columns), information: Square::zeros(columns) };
        let scale = 1.0 / (1.0 - correlation);
        for group in groups {
            let common = 1.0 + (group.len() as f64 - 1.0) * correlation;
            if !(common > 0.0 && correlation < 1.0) {
                return Err(FitError::NoCurvature);
            }
            let share = correlation / common;
            let residuals: Vec<(f64, f64)> = group.iter().map(|&row| pearson(row, coefficients)).collect();
            let total: f64 = residuals.iter().map(|(residual, _)| residual).sum();
            let (mut score, mut sum) = (vec![0.0; columns], vec![0.0; columns]);
            for (&(row, _), &(residual, root)) in group.iter().zip(&residuals) {
                let weighted: Vec<f64> = row.iter().map(|x| x * root).collect();
                for column in 0..columns {
                    score[column] += scale * weighted[column] * (residual - share * total);
                    sum[column] += weighted[column];
                }
                all.information.add_outer(scale, &weighted);
            }
            all.information.add_outer(-scale * share, &sum);
            all.meat.add_outer(1.0, &score);
            all.score.iter_mut().zip(&score).for_each(|(all, own)| *all += own);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_over_equal_clusters_is_the_logit_of_the_rate() {
        let response: Vec<bool> = (0..24).map(|row| row % 5 < 2).collect();
        let design = Design::new(1, vec![1.0; 24]).expect("a design");
        let clusters = Clusters::new(&(0..24).map(|row| row / 4).collect::<Vec<_>>());
        let fit = Exchangeable::fit(&design, &response, &clusters).expect("a fit");
        let rate = response.iter().filter(|&&right| right).count() as f64 / 24.0;
        assert!((fit.coefficients[0].estimate - (rate / (1.0 - rate)).ln()).abs() < 1e-10, "{fit:?}");
        assert_eq!(fit.coefficients[0].clusters, 6);
    }

    #[test]
    fn clusters_that_have_no_pairs_and_answers_all_alike_are_refused() {
        let design = Design::new(1, vec![1.0; 6]).expect("a design");
        let response = [true, false, true, true, false, false];
        let alone = Clusters::new(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(Exchangeable::fit(&design, &response, &alone), Err(FitError::OneCluster));
        let one = Clusters::new(&[0; 6]);
        assert_eq!(Exchangeable::fit(&design, &response, &one), Err(FitError::OneCluster));
        assert_eq!(Exchangeable::fit(&design, &[true; 6], &alone), Err(FitError::NoVariation));
    }
}
