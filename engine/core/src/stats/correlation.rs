//! Correlation of points: linear, of ranks, and given a third value.

use super::mean;
use super::tails::Test;

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// First coordinate.
    pub x: f64,
    /// Second coordinate.
    pub y: f64,
}

/// A correlation and the test that it is zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// The coefficient, −1 to 1.
    pub r: f64,
    /// t = r √(ν / (1 − r²)), Student's with ν degrees of freedom, for normal and independent points.
    pub test: Test,
}

/// Three coefficients over the same points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Associations {
    /// Pearson's, with its test.
    pub pearson: Correlation,
    /// Spearman's ρ.
    pub spearman: f64,
    /// Kendall's τ_b.
    pub kendall: f64,
}

impl Associations {
    /// `None` with fewer than three points, where all x or all y are the same, and where one is no finite number.
    #[must_use]
    pub fn of(points: &[Point]) -> Option<Self> {
        Some(Self { pearson: pearson(points)?, spearman: spearman(points)?, kendall: kendall(points)? })
    }
}

impl Correlation {
    /// With `degrees` of freedom. `None` where r is no number or there is no degree of freedom.
    pub(super) fn new(r: f64, degrees: f64) -> Option<Self> {
        // Of a perfect correlation t is infinite, and its p-value 0.
        Some(Self { r, test: Test::student(r * (degrees / (1.0 - r * r)).sqrt(), degrees)? })
    }
}

/// Pearson's r = Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²), n − 2 degrees of freedom.
///
/// Pearson, K. (1895), *Proceedings of the Royal Society of London* 58, 240–242. `None` with fewer than three points, where all x
/// or all y are the same, and where one is no finite number.
#[must_use]
pub fn pearson(points: &[Point]) -> Option<Correlation> {
    Correlation::new(coefficient(points)?, points.len() as f64 - 2.0)
}

/// Spearman's ρ: Pearson's r of the ranks, equals having the mean of theirs.
///
/// Spearman, C. (1904), *American Journal of Psychology* 15, 72–101. `None` as for [`pearson`].
#[must_use]
pub fn spearman(points: &[Point]) -> Option<f64> {
    if !points.iter().all(finite) {
        return None;
    }
    let xs = ranks(&points.iter().map(|point| point.x).collect::<Vec<_>>());
    let ys = ranks(&points.iter().map(|point| point.y).collect::<Vec<_>>());
    coefficient(&xs.into_iter().zip(ys).map(|(x, y)| Point { x, y }).collect::<Vec<_>>())
}

/// Kendall's τ_b = (concordant − discordant) / √((N − T_x)(N − T_y)), N the pairs of points, T those that are equal in x or y.
/// O(n²).
///
/// Kendall, M. G. (1945), *Biometrika* 33, 239–251. `None` as for [`pearson`].
#[must_use]
pub fn kendall(points: &[Point]) -> Option<f64> {
    if points.len() < 3 || !points.iter().all(finite) {
        return None;
    }
    let (mut balance, mut untied_x, mut untied_y) = (0_i64, 0_i64, 0_i64);
    for (at, one) in points.iter().enumerate() {
        for other in &points[..at] {
            let (x, y) = (sign(one.x, other.x), sign(one.y, other.y));
            balance += x * y;
            untied_x += x * x;
            untied_y += y * y;
        }
    }
    (untied_x > 0 && untied_y > 0).then(|| balance as f64 / (untied_x as f64 * untied_y as f64).sqrt())
}

/// Pearson's r of x and y with what either shares with `given` taken out: (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)), n − 3
/// degrees of freedom.
///
/// Yule, G. U. (1907), *Proceedings of the Royal Society A* 79, 182–193. `None` as for [`pearson`], with fewer than four points,
/// with another number of `given`, and where x or y is a multiple of it.
#[must_use]
pub fn partial(points: &[Point], given: &[f64]) -> Option<Correlation> {
    if points.len() != given.len() {
        return None;
    }
    let with = |coordinate: fn(&Point) -> f64| {
        let pairs = points.iter().zip(given).map(|(point, &z)| Point { x: coordinate(point), y: z });
        coefficient(&pairs.collect::<Vec<_>>())
    };
    let (xy, xz, yz) = (coefficient(points)?, with(|point| point.x)?, with(|point| point.y)?);
    let left = (1.0 - xz * xz) * (1.0 - yz * yz);
    // Rounding leaves a few 1e-16 of a perfect correlation.
    if left < 1e-14 {
        return None;
    }
    Correlation::new(((xy - xz * yz) / left.sqrt()).clamp(-1.0, 1.0), points.len() as f64 - 3.0)
}

/// The mean of two correlations by Fisher's z. Of ±1 z is infinite, and of both no number: then it is 0.
pub(super) fn mean_correlation(one: f64, other: f64) -> f64 {
    let z = f64::midpoint(one.atanh(), other.atanh());
    if z.is_nan() { 0.0 } else { z.tanh() }
}

/// Sample covariance, n − 1 below. `None` for fewer than two points.
pub(super) fn covariance(points: &[Point]) -> Option<f64> {
    let (x, y) = centre(points)?;
    let sum: f64 = points.iter().map(|point| (point.x - x) * (point.y - y)).sum();
    (points.len() > 1).then(|| sum / (points.len() - 1) as f64)
}

fn coefficient(points: &[Point]) -> Option<f64> {
    let (first, rest) = points.split_first()?;
    let varies = |coordinate: fn(&Point) -> f64| rest.iter().any(|point| coordinate(point) != coordinate(first));
    // Rounding may leave a variance where all are equal: equality is asked of the values.
    if points.len() < 3 || !points.iter().all(finite) || !varies(|point| point.x) || !varies(|point| point.y) {
        return None;
    }
    let (x, y) = centre(points)?;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for point in points {
        let (x, y) = (point.x - x, point.y - y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    let r = xy / (xx * yy).sqrt();
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

fn centre(points: &[Point]) -> Option<(f64, f64)> {
    let xs: Vec<f64> = points.iter().map(|point| point.x).collect();
    let ys: Vec<f64> = points.iter().map(|point| point.y).collect();
    Some((mean(&xs)?, mean(&ys)?))
}

fn finite(point: &Point) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

fn sign(one: f64, other: f64) -> i64 {
    i64::from(one > other) - i64::from(one < other)
}

/// The rank of each value, from 1; equals share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equals in order.chunk_by(|&one, &other| values[one] == values[other]) {
        for &at in equals {
            ranks[at] = before as f64 + (equals.len() + 1) as f64 / 2.0;
        }
        before += equals.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(points: &[(f64, f64)]) -> Vec<Point> {
        points.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    #[test]
    fn a_line_is_perfect_and_its_p_value_zero() {
        let line = points(&[(0.0, 5.0), (1.0, 3.0), (2.0, 1.0)]);
        let Associations { pearson, spearman, kendall } = Associations::of(&line).expect("they vary");
        assert_eq!((pearson.r, pearson.test.p), (-1.0, 0.0));
        assert!((spearman + 1.0).abs() < 1e-15 && (kendall + 1.0).abs() < 1e-15);
    }

    #[test]
    fn ties_by_hand() {
        // Concordant (0,0)-(1,1), (0,0)-(1,2); tied in x (1,1)-(1,2): 2 / √(2 × 3).
        let tied = points(&[(0.0, 0.0), (1.0, 1.0), (1.0, 2.0)]);
        assert!((kendall(&tied).expect("they vary") - 2.0 / 6.0_f64.sqrt()).abs() < 1e-15);
        // Ranks 1, 2.5, 2.5 and 1, 2, 3: √3 / 2.
        assert!((spearman(&tied).expect("they vary") - 0.75_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn correlations_are_averaged_by_their_z() {
        assert!((mean_correlation(0.6, 0.0) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!([mean_correlation(1.0, -1.0), mean_correlation(1.0, 0.5)], [0.0, 1.0]);
    }

    #[test]
    fn what_is_undefined_is_none() {
        let nan = f64::NAN;
        for bad in [
            points(&[]),
            points(&[(0.0, 1.0), (1.0, 2.0)]),
            points(&[(0.1, 1.0), (0.1, 2.0), (0.1, 3.0)]),
            points(&[(1.0, 0.1), (2.0, 0.1), (3.0, 0.1)]),
            points(&[(nan, 1.0), (1.0, 2.0), (2.0, 5.0)]),
            points(&[(f64::INFINITY, 1.0), (1.0, 2.0), (2.0, 5.0)]),
        ] {
            assert_eq!((pearson(&bad), spearman(&bad), kendall(&bad)), (None, None, None), "{bad:?}");
        }
        assert_eq!(covariance(&points(&[(1.0, 1.0)])), None);
    }

    #[test]
    fn a_partial_correlation_needs_something_beside_what_is_given() {
        let four = points(&[(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0)]);
        assert!(partial(&four, &[1.0, 1.0, 2.0, 5.0]).is_some());
        assert_eq!(partial(&four, &[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(partial(&four, &[1.0, 2.0, 3.0]), None);
        assert_eq!(partial(&four[..3], &[1.0, 1.0, 2.0]), None);
    }
}
