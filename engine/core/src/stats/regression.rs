//! Ordinary least squares, with errors that allow for rows which hang together.

use super::Interval;
use super::design::{Clusters, Design, FitError};
use super::linear::{Cholesky, Square, dot};
use super::quantile;
use super::tails::{normal_two_sided, student_two_sided};

/// From how many clusters on a clustered error is trusted with a p. With few clusters it is too small and rejects too often
/// (Cameron, A. C. & Miller, D. L. 2015, *Journal of Human Resources* 50, 317–372, section VI).
pub const MIN_CLUSTERS: usize = 20;

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// Estimates b = (XᵀX)⁻¹Xᵀy, one for each column of the design.
    pub coefficients: Vec<f64>,
    /// What is left: y − Xb, one for each row.
    pub residuals: Vec<f64>,
    /// (XᵀX)⁻¹.
    pub bread: Square,
}

/// An estimate with its ordinary standard error, for rows that are independent and equally spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Independent {
    /// The coefficient.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Two-sided p of Student's t; `None` where the residuals are all 0.
    pub p: Option<f64>,
}

/// An estimate with a clustered standard error. A p or an interval is to be had only where there are [`MIN_CLUSTERS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clustered {
    /// The coefficient.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Number of clusters; of two-way clusters the smaller number.
    pub clusters: usize,
}

/// Which distribution a clustered estimate over its error is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The standard normal: what the theory promises as the clusters grow many.
    Normal,
    /// Student's t with one degree of freedom less than clusters: slower to reject, and better where they are some tens.
    Student,
}

/// Why there is no p from a clustered error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoClusteredTest {
    /// Too few clusters.
    #[error(
        "{clusters} clusters are fewer than {MIN_CLUSTERS}: use the permutation test or the wild cluster bootstrap"
    )]
    TooFewClusters {
        /// How many there are.
        clusters: usize,
    },
    /// The error is 0, or no number.
    #[error("the standard error is zero or no number: nothing varies between the clusters")]
    NoError,
}

impl Regression {
    /// Least squares of `response` on the columns of `design`.
    ///
    /// # Errors
    /// [`FitError`]: lengths that differ, a response that is not finite, collinear columns.
    pub fn fit(design: &Design, response: &[f64]) -> Result<Self, FitError> {
        design.check("responses", response.len())?;
        if let Some(row) = response.iter().position(|value| !value.is_finite()) {
            return Err(FitError::NotFinite { row });
        }
        let mut cross = Square::zeros(design.columns());
        let mut moments = vec![0.0; design.columns()];
        for (row, &value) in design.iter().zip(response) {
            cross.add_outer(1.0, row);
            moments.iter_mut().zip(row).for_each(|(moment, x)| *moment += x * value);
        }
        let root = Cholesky::new(&cross).map_err(|column| FitError::Collinear { column })?;
        let coefficients = root.solve(&moments);
        let residuals = design.iter().zip(response).map(|(row, value)| value - dot(row, &coefficients)).collect();
        Ok(Self { coefficients, residuals, bread: root.inverse() })
    }

    /// Ordinary standard errors: the diagonal of s²(XᵀX)⁻¹ with s² = Σe² / (n − k), and t with n − k degrees of freedom.
    #[must_use]
    pub fn independent(&self) -> Vec<Independent> {
        let freedom = (self.residuals.len() - self.coefficients.len()) as f64;
        let spread = dot(&self.residuals, &self.residuals) / freedom;
        let each = self.coefficients.iter().enumerate().map(|(column, &estimate)| {
            let standard_error = (spread * self.bread.at(column, column)).sqrt();
            Independent { estimate, standard_error, p: student_two_sided(estimate / standard_error, freedom) }
        });
        each.collect()
    }

    /// Errors that allow for clusters, CR1: c·(XᵀX)⁻¹(Σ_g X_gᵀe_g e_gᵀX_g)(XᵀX)⁻¹ with c = G/(G−1) · (n−1)/(n−k) for G clusters, n
    /// rows and k columns.
    ///
    /// Liang, K.-Y. & Zeger, S. L. (1986), *Biometrika* 73, 13–22; the factor as in Cameron & Miller (2015), eq. 11–12.
    ///
    /// # Errors
    /// [`FitError`]: lengths that differ, fewer than two clusters.
    pub fn clustered(&self, design: &Design, clusters: &Clusters) -> Result<Vec<Clustered>, FitError> {
        let covariance = sandwich(design, &self.residuals, &self.bread, clusters)?;
        Ok(clustered(&self.coefficients, &covariance, clusters.count()))
    }

    /// Errors that allow for two crossed clusterings: V(one) + V(other) − V(intersections), each as in [`Self::clustered`].
    ///
    /// The difference need not be positive: then the error is no number, and no p can be had.
    ///
    /// Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2011), *Journal of Business & Economic Statistics* 29, 238–249.
    ///
    /// # Errors
    /// As [`Self::clustered`].
    pub fn clustered_two_way(
        &self,
        design: &Design,
        one: &Clusters,
        other: &Clusters,
    ) -> Result<Vec<Clustered>, FitError> {
        let of = |clusters: &Clusters| sandwich(design, &self.residuals, &self.bread, clusters);
        let covariance = of(one)?.plus(1.0, &of(other)?).plus(-1.0, &of(&one.crossed(other))?);
        Ok(clustered(&self.coefficients, &covariance, one.count().min(other.count())))
    }
}

impl Clustered {
    /// Two-sided p against no effect.
    ///
    /// # Errors
    /// [`NoClusteredTest`]: too few clusters, or no error.
    pub fn p(&self, reference: Reference) -> Result<f64, NoClusteredTest> {
        let ratio = self.estimate / self.trusted_error()?;
        let p = match reference {
            Reference::Normal => normal_two_sided(ratio),
            Reference::Student => student_two_sided(ratio, self.freedom()),
        };
        p.ok_or(NoClusteredTest::NoError)
    }

    /// Interval at `level` (0.95): the estimate ± the reference's quantile times the error.
    ///
    /// # Errors
    /// As [`Self::p`]; also for a level outside 0 to 1.
    pub fn interval(&self, reference: Reference, level: f64) -> Result<Interval, NoClusteredTest> {
        let error = self.trusted_error()?;
        let reach = match reference {
            Reference::Normal => quantile::normal(level),
            Reference::Student => quantile::student(level, self.freedom()),
        };
        let half = reach.ok_or(NoClusteredTest::NoError)? * error;
        Ok(Interval { low: self.estimate - half, high: self.estimate + half })
    }

    fn freedom(&self) -> f64 {
        self.clusters as f64 - 1.0
    }

    fn trusted_error(&self) -> Result<f64, NoClusteredTest> {
        match self.clusters {
            clusters if clusters < MIN_CLUSTERS => Err(NoClusteredTest::TooFewClusters { clusters }),
            _ if self.standard_error > 0.0 => Ok(self.standard_error),
            _ => Err(NoClusteredTest::NoError),
        }
    }
}

/// The CR1 covariance of an estimate whose score in a row is x·e: `residuals` are the e, `bread` the inverse of the information.
pub(super) fn sandwich(
    design: &Design,
    residuals: &[f64],
    bread: &Square,
    clusters: &Clusters,
) -> Result<Square, FitError> {
    design.check("clusters of rows", clusters.of().len())?;
    if clusters.count() < 2 {
        return Err(FitError::OneCluster);
    }
    let columns = design.columns();
    let mut scores = vec![0.0; clusters.count() * columns];
    for ((row, &residual), &cluster) in design.iter().zip(residuals).zip(clusters.of()) {
        let sums = &mut scores[cluster * columns..(cluster + 1) * columns];
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * residual);
    }
    let mut meat = Square::zeros(columns);
    scores.chunks_exact(columns).for_each(|score| meat.add_outer(1.0, score));
    let (groups, rows) = (clusters.count() as f64, design.rows() as f64);
    Ok(meat.between(bread).scaled(groups / (groups - 1.0) * (rows - 1.0) / (rows - columns as f64)))
}

pub(super) fn clustered(coefficients: &[f64], covariance: &Square, clusters: usize) -> Vec<Clustered> {
    let each = coefficients.iter().enumerate();
    let error = |column| covariance.at(column, column).sqrt();
    each.map(|(column, &estimate)| Clustered { estimate, standard_error: error(column), clusters }).collect()
}
