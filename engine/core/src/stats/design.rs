//! What regressions are fitted to: columns of numbers, and the clusters of the rows.

use std::collections::BTreeMap;

/// The right-hand side of a regression: rows of finite numbers, one column for each coefficient. A constant is a column like others.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    columns: usize,
    values: Vec<f64>,
}

/// To which cluster each row belongs. Clusters are numbered from 0 in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    of: Vec<usize>,
    count: usize,
}

/// Why a model was not fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// The parts speak of different numbers of rows.
    #[error("{rows} rows, but {others} {what}")]
    Lengths {
        /// Rows of the design.
        rows: usize,
        /// What there are more or fewer of.
        what: &'static str,
        /// How many.
        others: usize,
    },
    /// A value is infinite or no number.
    #[error("row {row} has a value that is not a finite number")]
    NotFinite {
        /// The row, from 0.
        row: usize,
    },
    /// Not more rows than coefficients.
    #[error("{rows} rows cannot tell {columns} coefficients")]
    TooFewRows {
        /// Rows.
        rows: usize,
        /// Coefficients.
        columns: usize,
    },
    /// A column is a combination of those before it.
    #[error("column {column} is a combination of the columns before it")]
    Collinear {
        /// The column, from 0.
        column: usize,
    },
    /// Nothing to cluster by.
    #[error("all rows are in one cluster")]
    OneCluster,
    /// The answers are all right or all wrong.
    #[error("all answers are right, or all are wrong")]
    NoVariation,
    /// A combination of columns predicts some answers without error: its coefficient is infinite.
    #[error(
        "some answers are predicted without error, so that a coefficient is infinite: a cell is all right or all wrong"
    )]
    Separated,
    /// The iteration did not come to rest.
    #[error("the estimate had not settled after {iterations} iterations")]
    NotConverged {
        /// How many were made.
        iterations: usize,
    },
    /// The likelihood is flat or curved the wrong way at the estimate.
    #[error("the likelihood has no proper maximum at the estimate, so that it has no standard errors")]
    NoCurvature,
}

impl Design {
    /// `columns` numbers for each row, row by row.
    ///
    /// # Errors
    /// [`FitError::NotFinite`], [`FitError::TooFewRows`] (also without columns), [`FitError::Lengths`] for an incomplete last row.
    pub fn new(columns: usize, values: Vec<f64>) -> Result<Self, FitError> {
        if columns == 0 {
            return Err(FitError::TooFewRows { rows: 0, columns });
        }
        let rows = values.len() / columns;
        if rows * columns != values.len() {
            return Err(FitError::Lengths { rows, what: "values", others: values.len() });
        }
        if rows <= columns {
            return Err(FitError::TooFewRows { rows, columns });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(position) => Err(FitError::NotFinite { row: position / columns }),
            None => Ok(Self { columns, values }),
        }
    }

    /// Of `before` and `after` a treatment, of the treated group and another: columns constant, after, treated, after × treated. The
    /// last coefficient is the difference in differences.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn two_by_two(rows: impl Iterator<Item = (bool, bool)>) -> Result<Self, FitError> {
        let number = |yes: bool| f64::from(u8::from(yes));
        Self::new(
            4,
            rows.flat_map(|(after, treated)| [1.0, number(after), number(treated), number(after && treated)]).collect(),
        )
    }

    /// Number of coefficients.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    pub(super) fn check(&self, what: &'static str, others: usize) -> Result<(), FitError> {
        let rows = self.rows();
        if rows == others { Ok(()) } else { Err(FitError::Lengths { rows, what, others }) }
    }
}

impl Clusters {
    /// Rows with equal keys are in one cluster.
    #[must_use]
    pub fn new<Key: Ord>(keys: &[Key]) -> Self {
        let mut numbers: BTreeMap<&Key, usize> = keys.iter().map(|key| (key, 0)).collect();
        for (number, (_, place)) in numbers.iter_mut().enumerate() {
            *place = number;
        }
        Self { of: keys.iter().map(|key| numbers[key]).collect(), count: numbers.len() }
    }

    /// The intersections of two clusterings: rows are in one cluster that are in one of each. The shorter sets the number of rows.
    #[must_use]
    pub fn crossed(&self, other: &Self) -> Self {
        let pairs: Vec<(usize, usize)> = self.of.iter().copied().zip(other.of.iter().copied()).collect();
        Self::new(&pairs)
    }

    /// The cluster of each row.
    #[must_use]
    pub fn of(&self) -> &[usize] {
        &self.of
    }

    /// Number of clusters.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_that_tell_nothing_are_refused() {
        assert_eq!(Design::new(0, vec![]), Err(FitError::TooFewRows { rows: 0, columns: 0 }));
        assert_eq!(Design::new(1, vec![1.0]), Err(FitError::TooFewRows { rows: 1, columns: 1 }));
        assert_eq!(Design::new(2, vec![1.0; 7]), Err(FitError::Lengths { rows: 3, what: "values", others: 7 }));
        assert_eq!(Design::new(1, vec![1.0, f64::NAN, 1.0]), Err(FitError::NotFinite { row: 1 }));
    }

    #[test]
    fn clusters_are_numbered_by_key_and_crossed() {
        let letters = Clusters::new(&["b", "a", "b", "c"]);
        assert_eq!((letters.of(), letters.count()), (&[1, 0, 1, 2][..], 3));
        let crossed = letters.crossed(&Clusters::new(&[1, 1, 2, 1]));
        assert_eq!((crossed.of(), crossed.count()), (&[1, 0, 2, 3][..], 4));
        assert_eq!(Clusters::new::<u8>(&[]).count(), 0);
    }
}
