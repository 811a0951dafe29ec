//! Sums of accuracies: a gain, a mean over languages, a difference of gains.
//!
//! Everything that is estimated over the items at hand is a weighted sum of the accuracies of cells. The cells of a parallel corpus
//! share their passages, so their errors hang together; they are drawn together here, by passage.

use super::frame::{CellFrame, PassageId};
use crate::stats::Interval;
use crate::stats::draws::Generator;
use crate::stats::student::Student;

/// Draws of a bootstrap: the ends of a 95 % interval are then the 50th smallest and largest.
pub const DRAWS: u32 = 1999;

/// A weighted sum of the accuracies of cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Combination<'f, 'a> {
    terms: Vec<(f64, &'f CellFrame<'a>)>,
}

/// An estimate with what is known of its error, over items drawn by passage. All in shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// The sum.
    pub value: f64,
    /// Its standard error; `None` with a single passage, which says nothing of another.
    pub error: Option<f64>,
    /// Number of passages.
    pub clusters: u32,
}

impl Estimated {
    /// The sum with Student's t about it, at as many degrees of freedom as there are passages, less one. `None` with a single passage.
    #[must_use]
    pub fn student(&self) -> Option<Student> {
        Some(Student { value: self.value, error: self.error?, freedom: f64::from(self.clusters) - 1.0 })
    }
}

/// What the combination has of one passage: weighted right answers and items of each term.
struct Row {
    /// Of each term, right answers.
    right: Vec<f64>,
    /// Of each term, items.
    items: Vec<f64>,
}

impl<'f, 'a> Combination<'f, 'a> {
    /// A cell's accuracy times a weight is added.
    pub fn add(&mut self, weight: f64, cell: &'f CellFrame<'a>) {
        self.terms.push((weight, cell));
    }

    /// Adds another one, times a weight.
    pub fn add_all(&mut self, weight: f64, other: &Self) {
        self.terms.extend(other.terms.iter().map(|(own, cell)| (weight * own, *cell)));
    }

    /// The sum.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.terms.iter().map(|(weight, cell)| weight * cell.accuracy()).sum()
    }

    /// The sum and its standard error by linearization, clustered by passage.
    ///
    /// With p the accuracy, n the items and w the weight of a cell c, and r and m the right answers and items of passage g in it,
    /// u_g = Σ_c w_c (r_cg − p_c m_cg) / n_c, and the variance is G/(G−1) Σ_g u_g². For one cell it is the clustered standard error
    /// of Miller, E. (2024), *Adding Error Bars to Evals*, with the factor of Cameron, A. C. & Miller, D. L. (2015), *Journal of
    /// Human Resources* 50, 317–372; for two cells of the same items with weights 1 and −1 it is that of the paired differences.
    #[must_use]
    pub fn estimate(&self) -> Estimated {
        let mut shares: Vec<(PassageId, f64)> = Vec::new();
        for (weight, cell) in &self.terms {
            let (rate, items) = (cell.accuracy(), f64::from(cell.items()));
            shares.extend(cell.clusters.iter().map(|cluster| {
                let surplus = f64::from(cluster.right) - rate * f64::from(cluster.items);
                (cluster.passage, weight * surplus / items)
            }));
        }
        shares.sort_by_key(|(passage, _)| *passage);
        let sums = shares.chunk_by(|one, other| one.0 == other.0).map(|same| same.iter().map(|(_, share)| share).sum());
        let sums: Vec<f64> = sums.collect();
        let clusters = sums.len() as f64;
        let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
        let error = (sums.len() > 1).then(|| (squares * clusters / (clusters - 1.0)).sqrt());
        Estimated { value: self.value(), error, clusters: u32::try_from(sums.len()).unwrap_or(u32::MAX) }
    }

    /// The percentile interval of a bootstrap that draws passages with replacement, [`DRAWS`] times.
    ///
    /// Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2008), *Review of Economics and Statistics* 90, 414–427, section III.A ("pairs
    /// cluster bootstrap"); Efron, B. & Tibshirani, R. (1993), *An Introduction to the Bootstrap*, chapter 13. The interval is a function of
    /// answers and seed. `None` with fewer than two passages, and where a draw
    /// leaves a cell without items in more than half of the cases.
    #[must_use]
    pub fn bootstrap(&self, level: f64, seed: u64) -> Option<Interval> {
        let rows = self.rows();
        if rows.len() < 2 {
            return None;
        }
        let mut random = Generator::new(seed);
        let mut draws: Vec<f64> = (0..DRAWS).filter_map(|_| self.drawn(&rows, &mut random)).collect();
        if draws.len() < DRAWS as usize / 2 {
            return None;
        }
        draws.sort_by(f64::total_cmp);
        let tail = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
        let place = ((draws.len() + 1) as f64 * tail).floor() as usize;
        let at = place.clamp(1, draws.len()) - 1;
        Some(Interval { low: draws[at], high: draws[draws.len() - 1 - at] })
    }

    /// The sum over passages that were drawn; `None` where a cell has no items then.
    fn drawn(&self, rows: &[Row], random: &mut Generator) -> Option<f64> {
        let terms = rows.first()?.right.len();
        let (mut right, mut items) = (vec![0.0; terms], vec![0.0; terms]);
        for _ in 0..rows.len() {
            let row = &rows[random.below(rows.len())];
            for at in 0..terms {
                right[at] += row.right[at];
                items[at] += row.items[at];
            }
        }
        let parts = right.iter().zip(&items).map(|(right, items)| (*items > 0.0).then(|| right / items));
        parts.sum()
    }

    /// The passages, in order. Cells that have the same number of items of every passage are one term: the sum of their accuracies
    /// is their weighted right answers over these items, whatever is drawn.
    fn rows(&self) -> Vec<Row> {
        let mut alike: Vec<(&'f CellFrame<'a>, Vec<(f64, &'f CellFrame<'a>)>)> = Vec::new();
        for (weight, cell) in &self.terms {
            match alike.iter_mut().find(|(first, _)| has_items_of(first, cell)) {
                Some((_, cells)) => cells.push((*weight, cell)),
                None => alike.push((cell, vec![(*weight, cell)])),
            }
        }
        let mut passages: Vec<PassageId> =
            alike.iter().flat_map(|(first, _)| first.clusters.iter().map(|cluster| cluster.passage)).collect();
        passages.sort_unstable();
        passages.dedup();
        let empty = || Row { right: vec![0.0; alike.len()], items: vec![0.0; alike.len()] };
        let mut rows: Vec<Row> = passages.iter().map(|_| empty()).collect();
        for (at, (first, cells)) in alike.iter().enumerate() {
            for (place, cluster) in first.clusters.iter().enumerate() {
                let Ok(row) = passages.binary_search(&cluster.passage) else { continue };
                rows[row].items[at] = f64::from(cluster.items);
                rows[row].right[at] =
                    cells.iter().map(|(weight, cell)| weight * f64::from(cell.clusters[place].right)).sum();
            }
        }
        rows
    }
}

fn has_items_of(one: &CellFrame<'_>, other: &CellFrame<'_>) -> bool {
    let items = |cell: &CellFrame<'_>| cell.clusters.iter().map(|it| (it.passage, it.items)).collect::<Vec<_>>();
    one.clusters.len() == other.clusters.len() && items(one) == items(other)
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::super::frame::tests::{answers, id};
    use super::*;
    use crate::results::Evaluations;

    fn evaluations(cells: &[(&str, &str, &str)]) -> Evaluations {
        cells.iter().map(|(condition, language, pattern)| (id("m", condition, language), answers(pattern))).collect()
    }

    fn gain<'f, 'a>(frame: &'f Frame<'a>, language: &str) -> Combination<'f, 'a> {
        let mut sum = Combination::default();
        for (weight, condition) in [(1.0, "tuned"), (-1.0, "base")] {
            sum.add(weight, frame.cell(&id("m", condition, language)).expect("a cell"));
        }
        sum
    }

    #[test]
    fn a_gain_has_the_clustered_error_of_its_paired_differences() {
        let cells = evaluations(&[("base", "heb", "+--+----"), ("tuned", "heb", "++-+-++-")]);
        let found = gain(&Frame::new(&cells), "heb").estimate();
        // Differences by passage: 1 of 2, 0, 1 of 2, 1 of 2; mean 3/8, so the passages' surpluses are 1/4, -3/4, 1/4, 1/4.
        let squares: f64 = [0.25_f64, -0.75, 0.25, 0.25].iter().map(|surplus| (surplus / 8.0).powi(2)).sum();
        assert_eq!((found.value, found.clusters), (0.375, 4));
        assert!((found.error.expect("four passages") - (squares * 4.0 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_is_hard_in_all_languages_is_no_noise_of_a_difference_between_them() {
        let same = "++--+-+-++--";
        let cells = evaluations(
            &[("base", "heb", "------------"), ("base", "fra", "------------")]
                .into_iter()
                .chain([("tuned", "heb", same), ("tuned", "fra", same)])
                .collect::<Vec<_>>(),
        );
        let frame = Frame::new(&cells);
        let mut difference = gain(&frame, "heb");
        difference.add_all(-1.0, &gain(&frame, "fra"));
        let found = difference.estimate();
        assert_eq!((found.value, found.error), (0.0, Some(0.0)));
        assert_eq!(difference.bootstrap(0.95, 1), Some(Interval { low: 0.0, high: 0.0 }));
        assert!(gain(&frame, "heb").estimate().error > Some(0.1));
    }

    #[test]
    fn the_bootstrap_is_near_the_linearization_and_the_same_whenever_it_is_drawn() {
        let (before, after) = ("+-".repeat(60), "++-+".repeat(30));
        let cells = evaluations(&[("base", "heb", &before), ("tuned", "heb", &after)]);
        let frame = Frame::new(&cells);
        let sum = gain(&frame, "heb");
        let (drawn, linear) = (
            sum.bootstrap(0.95, 7).expect("draws"),
            sum.estimate().student().and_then(|it| it.interval(0.95)).expect("error"),
        );
        assert!(
            (drawn.low - linear.low).abs() < 0.02 && (drawn.high - linear.high).abs() < 0.02,
            "{drawn:?} {linear:?}"
        );
        assert_eq!(sum.bootstrap(0.95, 7), Some(drawn));
        assert_ne!(sum.bootstrap(0.95, 8), Some(drawn));
    }

    #[test]
    fn cells_of_the_same_items_are_drawn_as_one_and_others_by_themselves() {
        let cells = evaluations(&[("base", "heb", "+--+"), ("tuned", "heb", "++-+"), ("base", "fra", "+--+-+")]);
        let frame = Frame::new(&cells);
        assert_eq!(gain(&frame, "heb").rows()[0].right.len(), 1);
        let mut sum = gain(&frame, "heb");
        sum.add(0.5, frame.cell(&id("m", "base", "fra")).expect("a cell"));
        let rows = sum.rows();
        assert_eq!((rows.len(), rows[0].right.len()), (3, 2));
        assert_eq!(
            (rows[2].items.as_slice(), rows[2].right.as_slice()),
            ([0.0, 2.0].as_slice(), [0.0, 0.5].as_slice())
        );
    }

    #[test]
    fn its_freedom_is_that_of_its_passages() {
        let found = Estimated { value: 0.1, error: Some(0.05), clusters: 11 };
        assert_eq!(found.student(), Some(Student { value: 0.1, error: 0.05, freedom: 10.0 }));
    }

    #[test]
    fn one_passage_says_nothing_of_another() {
        let cells = evaluations(&[("base", "heb", "+-"), ("tuned", "heb", "++")]);
        let frame = Frame::new(&cells);
        let found = gain(&frame, "heb").estimate();
        assert_eq!((found.value, found.error, found.student()), (0.5, None, None));
        assert_eq!(gain(&frame, "heb").bootstrap(0.95, 1), None);
    }
}
