//! Small dense matrices: the algebra of least squares.
//!
//! Written out rather than taken from a library: libraries choose their kernels by the processor, and then the last bits of a report
//! differ between two machines. The matrices here are as wide as a model has coefficients.

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Square {
    size: usize,
    values: Vec<f64>,
}

/// The lower triangle L of a symmetric positive definite matrix L·Lᵀ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cholesky {
    lower: Square,
}

/// A pivot below this share of its diagonal element means that the column is a combination of those before it. Rounding leaves
/// about 1e-16 times the condition number.
const COLLINEAR: f64 = 1e-11;

impl Square {
    /// `size` × `size` zeros.
    #[must_use]
    pub fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// Number of rows, which is that of columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The elements of a row. Panics beyond [`Self::size`], as indexing does.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..(row + 1) * self.size]
    }

    /// One element. Panics beyond [`Self::size`], as indexing does.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.row(row)[column]
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.size..(row + 1) * self.size]
    }

    /// Adds `weight`·x·xᵀ.
    pub(super) fn add_outer(&mut self, weight: f64, x: &[f64]) {
        for (row, &left) in x.iter().enumerate() {
            for (element, &right) in self.row_mut(row).iter_mut().zip(x) {
                *element += weight * left * right;
            }
        }
    }

    /// The matrix times `factor`.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self { size: self.size, values: self.values.iter().map(|value| value * factor).collect() }
    }

    /// This matrix plus `weight` times another of its size.
    pub(super) fn plus(&self, weight: f64, other: &Self) -> Self {
        let values = self.values.iter().zip(&other.values).map(|(one, other)| one + weight * other).collect();
        Self { size: self.size, values }
    }

    /// The matrix times a vector.
    pub(super) fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.size).map(|row| dot(self.row(row), x)).collect()
    }

    /// B·M·B, where this is M and B is symmetric.
    pub(super) fn between(&self, bread: &Self) -> Self {
        let half = self.product(bread);
        bread.product(&half)
    }

    fn product(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.size);
        for row in 0..self.size {
            for (inner, &left) in self.row(row).iter().enumerate() {
                for (column, &right) in other.row(inner).iter().enumerate() {
                    product.values[row * self.size + column] += left * right;
                }
            }
        }
        product
    }
}

impl Cholesky {
    /// Of a symmetric matrix. The error is the first column that is a combination of those before it, or not finite.
    pub(super) fn new(matrix: &Square) -> Result<Self, usize> {
        let mut lower = Square::zeros(matrix.size);
        for row in 0..matrix.size {
            for column in 0..=row {
                let inner = dot(&lower.row(row)[..column], &lower.row(column)[..column]);
                let rest = matrix.at(row, column) - inner;
                lower.row_mut(row)[column] = if row > column {
                    rest / lower.at(column, column)
                } else if rest.is_finite() && rest > COLLINEAR * matrix.at(row, row) {
                    rest.sqrt()
                } else {
                    return Err(row);
                };
            }
        }
        Ok(Self { lower })
    }

    /// The solution x of M·x = b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for row in 0..x.len() {
            let inner = dot(&self.lower.row(row)[..row], &x[..row]);
            x[row] = (x[row] - inner) / self.lower.at(row, row);
        }
        for row in (0..x.len()).rev() {
            let inner: f64 = (row + 1..x.len()).map(|below| self.lower.at(below, row) * x[below]).sum();
            x[row] = (x[row] - inner) / self.lower.at(row, row);
        }
        x
    }

    /// The inverse of the matrix.
    pub(super) fn inverse(&self) -> Square {
        let mut inverse = Square::zeros(self.lower.size);
        let mut unit = vec![0.0; self.lower.size];
        for column in 0..self.lower.size {
            unit[column] = 1.0;
            // The inverse is symmetric: its column is its row.
            inverse.row_mut(column).copy_from_slice(&self.solve(&unit));
            unit[column] = 0.0;
        }
        inverse
    }
}

/// The sum of products.
pub(super) fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Square {
        Square { size: rows.len(), values: rows.concat() }
    }

    #[test]
    fn the_inverse_times_the_matrix_is_the_identity() {
        let given = matrix(&[&[4.0, 2.0, -1.0], &[2.0, 5.0, 0.5], &[-1.0, 0.5, 3.0]]);
        let inverse = Cholesky::new(&given).expect("positive definite").inverse();
        let product = given.product(&inverse);
        for row in 0..3 {
            for column in 0..3 {
                let expected = f64::from(u8::from(row == column));
                assert!((product.at(row, column) - expected).abs() < 1e-14, "{product:?}");
            }
        }
    }

    #[test]
    fn a_column_that_repeats_another_is_named() {
        assert_eq!(Cholesky::new(&matrix(&[&[1.0, 2.0], &[2.0, 4.0]])), Err(1));
        assert_eq!(Cholesky::new(&matrix(&[&[f64::NAN]])), Err(0));
        assert_eq!(Cholesky::new(&matrix(&[&[0.0]])), Err(0));
    }
}
