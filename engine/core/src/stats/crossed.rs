//! A table of two factors with one value a cell: what each does by itself, and what matched cells have beyond that.

use super::student::Student;

/// The effects of a complete table of rows and columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossed {
    /// The mean of all.
    pub mean: f64,
    /// Mean of each row less that of all.
    pub rows: Vec<f64>,
    /// Mean of each column less that of all.
    pub columns: Vec<f64>,
}

/// What matched cells have beyond rows and columns, as a weighted sum of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// Of each cell its weight: the sum of weight times value is the estimate. The weights of every row and column sum to 0.
    pub weights: Vec<Vec<f64>>,
    /// The estimate with what the cells' spread says of it; `None` without a degree of freedom, or without spread.
    pub student: Option<Student>,
}

impl Crossed {
    /// `None` of an empty or ragged table, and of values that are not finite.
    ///
    /// Scheffé, H. (1959), *The Analysis of Variance*, section 4.1.
    #[must_use]
    pub fn of(table: &[Vec<f64>]) -> Option<Self> {
        let width = table.first().map(Vec::len).filter(|width| *width > 0)?;
        if table.iter().any(|row| row.len() != width || row.iter().any(|value| !value.is_finite())) {
            return None;
        }
        let mean_of = |values: &mut dyn Iterator<Item = f64>, count: usize| values.sum::<f64>() / count as f64;
        let rows: Vec<f64> = table.iter().map(|row| mean_of(&mut row.iter().copied(), width)).collect();
        let mean = mean_of(&mut rows.iter().copied(), rows.len());
        let column = |at: usize| mean_of(&mut table.iter().map(|row| row[at]), table.len()) - mean;
        let columns = (0..width).map(column).collect();
        Some(Self { mean, rows: rows.into_iter().map(|row| row - mean).collect(), columns })
    }

    /// What is left of a cell without the effects of its row and column.
    fn rest(&self, table: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let row = |(row, own): (&Vec<f64>, &f64)| {
            row.iter().zip(&self.columns).map(|(value, column)| value - self.mean - own - column).collect()
        };
        table.iter().zip(&self.rows).map(row).collect()
    }
}

impl Matched {
    /// Least squares of y_st = μ + a_s + b_t + δ m_st, m being 1 in matched cells and else 0: with m̃ and ỹ what the two tables have beyond
    /// rows and columns, δ = Σ m̃ ỹ / Σ m̃² (Frisch, R. & Waugh, F. V. (1933), *Econometrica* 1, 387–401). Its error is s / √Σ m̃² with
    /// s² = Σ (ỹ − δ m̃)² / ν and ν = (rows − 1)(columns − 1) − 1 degrees of freedom, as for any contrast of interaction in a table
    /// without replication (Scheffé 1959, section 4.8): cells are taken as independent beyond rows and columns.
    ///
    /// `None` where the tables are not of one shape, or nothing is matched beyond rows and columns.
    #[must_use]
    pub fn of(table: &[Vec<f64>], matched: &[Vec<bool>]) -> Option<Self> {
        let indicator: Vec<Vec<f64>> =
            matched.iter().map(|row| row.iter().map(|yes| f64::from(u8::from(*yes))).collect()).collect();
        let same =
            table.len() == indicator.len() && table.iter().zip(&indicator).all(|(one, other)| one.len() == other.len());
        let (of_table, of_indicator) = (Crossed::of(table)?, Crossed::of(&indicator).filter(|_| same)?);
        let (values, matches) = (of_table.rest(table), of_indicator.rest(&indicator));
        let both = || values.iter().flatten().zip(matches.iter().flatten());
        let squares: f64 = matches.iter().flatten().map(|value| value * value).sum();
        if squares < 1e-12 {
            return None;
        }
        let value = both().map(|(y, m)| y * m).sum::<f64>() / squares;
        let freedom = (table.len() as f64 - 1.0) * (of_table.columns.len() as f64 - 1.0) - 1.0;
        let spread: f64 = both().map(|(y, m)| (y - value * m).powi(2)).sum();
        let error = (spread / freedom / squares).sqrt();
        let weights = matches.iter().map(|row| row.iter().map(|m| m / squares).collect()).collect();
        let student = (freedom > 0.0 && error > 1e-12).then_some(Student { value, error, freedom });
        Some(Self { weights, student })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_columns_and_what_is_matched_are_taken_apart() {
        // μ = 10, rows ±1, columns −2, −1, 3, and 4 more where matched.
        let matched = vec![vec![true, true, false], vec![false, false, true]];
        let value = |row: usize, column: usize| {
            10.0 + [1.0, -1.0][row] + [-2.0, -1.0, 3.0][column] + if matched[row][column] { 4.0 } else { 0.0 }
        };
        let table: Vec<Vec<f64>> = (0..2).map(|row| (0..3).map(|column| value(row, column)).collect()).collect();
        let found = Matched::of(&table, &matched).expect("a match");
        let sum: f64 = found.weights.iter().flatten().zip(table.iter().flatten()).map(|(w, y)| w * y).sum();
        assert!((sum - 4.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.student, None, "it fits without a rest");
        let row_sums = found.weights.iter().map(|row| row.iter().sum::<f64>());
        assert!(row_sums.into_iter().all(|sum| sum.abs() < 1e-12));
    }

    #[test]
    fn two_rows_are_the_regression_of_their_difference() {
        // Differences of the rows 5, 3 where the first is matched, and 1, 0 where the second is: slope (4 − 0.5) / 2.
        let table = vec![vec![7.0, 6.0, 4.0, 1.0], vec![2.0, 3.0, 3.0, 1.0]];
        let matched = vec![vec![true, true, false, false], vec![false, false, true, true]];
        let student = Matched::of(&table, &matched).and_then(|found| found.student).expect("a spread");
        assert!((student.value - 1.75).abs() < 1e-12 && student.freedom == 2.0);
        // s² of the differences about two means is (2 + 0.5) / 2; the error of half their distance √(s²/2 + s²/2) / 2.
        assert!((student.error - 1.25_f64.sqrt() / 2.0).abs() < 1e-12, "{student:?}");
    }

    #[test]
    fn what_is_undefined_is_none() {
        let table = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
        assert_eq!(Matched::of(&table, &[vec![true, true], vec![true, true]]), None);
        assert_eq!(Matched::of(&table, &[vec![true, false]]), None);
        assert_eq!(Crossed::of(&[]), None);
        assert_eq!(Crossed::of(&[vec![1.0], vec![1.0, 2.0]]), None);
        assert_eq!(Crossed::of(&[vec![f64::NAN]]), None);
    }
}
