//! The matrix of the random intercepts, and its factorisation.
//!
//! A = [D Bᵀ; B C]: D, of the levels of the largest factor, is diagonal, as an answer has one of them only. It is eliminated; what is
//! left, S = C − B·D⁻¹·Bᵀ, is as large as all other factors together.

use super::rows::Rows;

/// A symmetric positive definite matrix in blocks.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// The diagonal of D.
    pub(super) first: Vec<f64>,
    /// B, its pairs in the order of [`Rows::met`].
    pub(super) pairs: Vec<f64>,
    /// C, its upper triangle row by row with the lower left 0.
    pub(super) rest: Vec<f64>,
}

/// A factorised matrix.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    /// The diagonal of D.
    first: Vec<f64>,
    /// B.
    pairs: Vec<f64>,
    /// U of S = UᵀU, row by row.
    upper: Vec<f64>,
    /// The columns right of the diagonal at which a row of U is not 0. Passages meet no other passages, so that many are.
    filled: Vec<Vec<usize>>,
    size: usize,
}

/// The elements of the inverse at which the matrix itself has any.
#[derive(Debug, Clone)]
pub(super) struct Inverse {
    /// Diagonal, of the levels of the largest factor.
    pub(super) first: Vec<f64>,
    /// Pairs in the order of [`Rows::met`].
    pub(super) pairs: Vec<f64>,
    /// S⁻¹, row by row.
    pub(super) rest: Vec<f64>,
}

impl Blocks {
    pub(super) fn zeros(rows: &Rows) -> Self {
        let rests = rows.rests();
        Self { first: vec![0.0; rows.firsts()], pairs: vec![0.0; rows.pairs()], rest: vec![0.0; rests * rests] }
    }

    /// Factorises the matrix, whose diagonal exceeds 1 by construction.
    pub(super) fn factor(&self, rows: &Rows) -> Factor {
        let size = rows.rests();
        let mut upper = self.rest.clone();
        for (first, diagonal) in self.first.iter().enumerate() {
            let (range, met) = rows.met(first);
            let values = &self.pairs[range];
            for (at, (&row, value)) in met.iter().zip(values).enumerate() {
                let share = value / diagonal;
                let line = &mut upper[row as usize * size..(row as usize + 1) * size];
                met[at..].iter().zip(&values[at..]).for_each(|(&column, value)| line[column as usize] -= share * value);
            }
        }
        let filled = eliminate(&mut upper, size);
        Factor { first: self.first.clone(), pairs: self.pairs.clone(), upper, filled, size }
    }
}

/// S to U in its place.
fn eliminate(upper: &mut [f64], size: usize) -> Vec<Vec<usize>> {
    let mut filled = Vec::with_capacity(size);
    for pivot in 0..size {
        let (above, below) = upper.split_at_mut((pivot + 1) * size);
        let line = &mut above[pivot * size..];
        let root = line[pivot].sqrt();
        line[pivot] = root;
        let columns: Vec<usize> = (pivot + 1..size).filter(|&column| line[column] != 0.0).collect();
        columns.iter().for_each(|&column| line[column] /= root);
        for (at, &row) in columns.iter().enumerate() {
            let share = line[row];
            let target = &mut below[(row - pivot - 1) * size..(row - pivot) * size];
            columns[at..].iter().for_each(|&column| target[column] -= share * line[column]);
        }
        filled.push(columns);
    }
    filled
}

impl Factor {
    /// log det A.
    pub(super) fn log_determinant(&self) -> f64 {
        let first: f64 = self.first.iter().map(|diagonal| diagonal.ln()).sum();
        first + 2.0 * (0..self.size).map(|at| self.upper[at * self.size + at].ln()).sum::<f64>()
    }

    /// Solves A·x = b in place; b in two parts, as the levels are.
    pub(super) fn solve(&self, rows: &Rows, first: &mut [f64], rest: &mut [f64]) {
        for (level, diagonal) in self.first.iter().enumerate() {
            let (range, met) = rows.met(level);
            let share = first[level] / diagonal;
            met.iter().zip(&self.pairs[range]).for_each(|(&at, value)| rest[at as usize] -= value * share);
        }
        self.solve_rest(rest, 0);
        for (level, diagonal) in self.first.iter().enumerate() {
            let (range, met) = rows.met(level);
            let pulled: f64 = met.iter().zip(&self.pairs[range]).map(|(&at, value)| value * rest[at as usize]).sum();
            first[level] = (first[level] - pulled) / diagonal;
        }
    }

    /// Solves S·x = b in place, b being 0 before `from`.
    fn solve_rest(&self, x: &mut [f64], from: usize) {
        for row in from..self.size {
            let line = &self.upper[row * self.size..(row + 1) * self.size];
            x[row] /= line[row];
            let value = x[row];
            if value != 0.0 {
                self.filled[row].iter().for_each(|&column| x[column] -= line[column] * value);
            }
        }
        for row in (0..self.size).rev() {
            let line = &self.upper[row * self.size..(row + 1) * self.size];
            let right: f64 = self.filled[row].iter().map(|&column| line[column] * x[column]).sum();
            x[row] = (x[row] - right) / line[row];
        }
    }

    pub(super) fn inverse(&self, rows: &Rows) -> Inverse {
        let size = self.size;
        let mut rest = vec![0.0; size * size];
        for column in 0..size {
            // The inverse is symmetric: its column is its row.
            let line = &mut rest[column * size..(column + 1) * size];
            line[column] = 1.0;
            self.solve_rest(line, column);
        }
        let mut first = vec![0.0; self.first.len()];
        let mut pairs = vec![0.0; self.pairs.len()];
        for (level, diagonal) in self.first.iter().enumerate() {
            let (range, met) = rows.met(level);
            let values = &self.pairs[range.clone()];
            let mut inner = 0.0;
            for (slot, (&row, value)) in range.zip(met.iter().zip(values)) {
                let line = &rest[row as usize * size..(row as usize + 1) * size];
                let product: f64 = met.iter().zip(values).map(|(&column, value)| line[column as usize] * value).sum();
                pairs[slot] = -product / diagonal;
                inner += value * pairs[slot];
            }
            first[level] = (1.0 - inner) / diagonal;
        }
        Inverse { first, pairs, rest }
    }
}
