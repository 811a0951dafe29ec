//! Sums of accuracies: a gain, a mean over languages, a difference of gains.
//!
//! Everything that is estimated over the items at hand is a weighted sum of the accuracies of cells. The cells of a parallel corpus
//! share their passages, so their errors hang together; they are drawn together here, by passage.

use std::collections::BTreeMap;

use super::frame::{CellFrame, Cluster};
use crate::spec::Drawn;
use crate::stats::draws::Generator;
use crate::stats::satterthwaite::Estimate;
use crate::stats::student::Student;
use crate::stats::{Interval, mean};

/// Draws of a bootstrap: the ends of a 95 % interval are then the 50th smallest and largest.
pub const DRAWS: u32 = 1999;

/// A weighted sum of the accuracies of cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Combination<'f, 'a> {
    terms: Vec<Term<'f, 'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Term<'f, 'a> {
    weight: f64,
    cell: &'f CellFrame<'a>,
    /// What made the adapter that answered, where one did.
    training: Option<Training<'f>>,
}

/// A training of an adapter: another seed would have made another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Training<'f> {
    /// The model.
    pub model: &'f str,
    /// The adapter.
    pub adapter: &'f str,
    /// The seed.
    pub seed: u64,
}

/// An estimate with what is known of its error, over items drawn by passage and over seeds. All in shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// The sum.
    pub value: f64,
    /// Its standard error; `None` with a single passage, which says nothing of another.
    pub error: Option<f64>,
    /// The part of it that is over seeds; `None` where no adapter has two.
    pub seed_error: Option<f64>,
    /// Degrees of freedom of the error.
    pub freedom: f64,
    /// Number of passages.
    pub clusters: u32,
}

impl Estimated {
    /// The sum with Student's t about it. `None` with a single passage.
    #[must_use]
    pub fn student(&self) -> Option<Student> {
        Some(Student { value: self.value, error: self.error?, freedom: self.freedom })
    }
}

/// What the combination has of one passage or question: weighted right answers and items of each term.
struct Row {
    /// Of each term, right answers.
    right: Vec<f64>,
    /// Of each term, items.
    items: Vec<f64>,
}

impl<'f, 'a> Combination<'f, 'a> {
    /// A cell's accuracy times a weight is added; `training`: of the adapter that answered, where one did.
    pub fn add(&mut self, weight: f64, cell: &'f CellFrame<'a>, training: Option<Training<'f>>) {
        self.terms.push(Term { weight, cell, training });
    }

    /// Adds another one, times a weight.
    pub fn add_all(&mut self, weight: f64, other: &Self) {
        self.terms.extend(other.terms.iter().map(|term| Term { weight: weight * term.weight, ..*term }));
    }

    /// The sum.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.terms.iter().map(|term| term.weight * term.cell.accuracy()).sum()
    }

    /// The sum and its standard error: that over passages, by linearization, and that over seeds.
    ///
    /// With p the accuracy, n the items and w the weight of a cell c, and r and m the right answers and items of passage g in it,
    /// u_g = Σ_c w_c (r_cg − p_c m_cg) / n_c, and the variance is G/(G−1) Σ_g u_g². For one cell it is the clustered standard error
    /// of Miller, E. (2024), *Adding Error Bars to Evals*, with the factor of Cameron, A. C. & Miller, D. L. (2015), *Journal of
    /// Human Resources* 50, 317–372; for two cells of the same items with weights 1 and −1 it is that of the paired differences.
    /// The variance over seeds (`over_seeds`) is added where an adapter has two or more.
    #[must_use]
    pub fn estimate(&self) -> Estimated {
        let mut shares: Vec<(u32, f64)> = Vec::new();
        for Term { weight, cell, .. } in &self.terms {
            let (rate, items) = (cell.accuracy(), f64::from(cell.items()));
            shares.extend(cell.clusters(Drawn::Passages).iter().map(|cluster| {
                let surplus = f64::from(cluster.right) - rate * f64::from(cluster.items);
                (cluster.number, weight * surplus / items)
            }));
        }
        shares.sort_by_key(|(passage, _)| *passage);
        let sums = shares.chunk_by(|one, other| one.0 == other.0).map(|same| same.iter().map(|(_, share)| share).sum());
        let sums: Vec<f64> = sums.collect();
        let clusters = sums.len() as f64;
        let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
        let items = Estimate { variance: squares * clusters / (clusters - 1.0), freedom: clusters - 1.0 };
        let seeds = self.over_seeds();
        let all = (sums.len() > 1).then(|| with(items, &seeds));
        Estimated {
            value: self.value(),
            error: all.map(|all| all.variance.sqrt()),
            seed_error: Estimate::sum(&seeds).map(|seeds| seeds.variance.sqrt()),
            freedom: all.map_or(0.0, |all| all.freedom),
            clusters: u32::try_from(sums.len()).unwrap_or(u32::MAX),
        }
    }

    /// Of each adapter of a model with two or more seeds, the variance that the sum has because other seeds might have been drawn.
    ///
    /// With x_s the part of the sum that seed s of k gave, the variance is k Σ_s (x_s − x̄)² / (k − 1), at k − 1 degrees of freedom: for a
    /// mean over seeds that is s²/k. Conditions and modes of one adapter share its trainings, so their parts are added before. Seeds
    /// are a second way of clustering, crossed with the passages; variances of the two are added as in Cameron, A. C., Gelbach, J. B. &
    /// Miller, D. L. (2011), *Journal of Business & Economic Statistics* 29, 238–249, without subtracting their third term, the noise of
    /// single answers, which both have in them: what there is too much is on the safe side.
    #[must_use]
    fn over_seeds(&self) -> Vec<Estimate> {
        let mut adapters: BTreeMap<(&str, &str), BTreeMap<u64, f64>> = BTreeMap::new();
        for Term { weight, cell, training } in &self.terms {
            if let Some(Training { model, adapter, seed }) = training {
                *adapters.entry((model, adapter)).or_default().entry(*seed).or_default() += weight * cell.accuracy();
            }
        }
        let variance = |seeds: BTreeMap<u64, f64>| {
            let parts: Vec<f64> = seeds.into_values().collect();
            let (count, middle) = (parts.len() as f64, mean(&parts)?);
            let squares: f64 = parts.iter().map(|part| (part - middle).powi(2)).sum();
            (parts.len() > 1).then(|| Estimate { variance: count * squares / (count - 1.0), freedom: count - 1.0 })
        };
        adapters.into_values().filter_map(variance).collect()
    }

    /// Its interval by a bootstrap that draws passages or questions with replacement, [`DRAWS`] times: the percentiles; where an adapter
    /// has two or more seeds Student's t, with the variance of the draws and that over seeds (`over_seeds`) added, at
    /// Satterthwaite's degrees of freedom.
    ///
    /// Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2008), *Review of Economics and Statistics* 90, 414–427, section III.A ("pairs
    /// cluster bootstrap"); Efron, B. & Tibshirani, R. (1993), *An Introduction to the Bootstrap*, chapter 13. The interval is a function of
    /// answers and seed. `None` with fewer than two passages (questions), and where a draw
    /// leaves a cell without items in more than half of the cases.
    #[must_use]
    pub fn interval(&self, level: f64, drawn: Drawn, seed: u64) -> Option<Interval> {
        let rows = self.rows(drawn);
        if rows.len() < 2 {
            return None;
        }
        let mut random = Generator::new(seed);
        let mut draws: Vec<f64> = (0..DRAWS).filter_map(|_| self.drawn(&rows, &mut random)).collect();
        if draws.len() < DRAWS as usize / 2 {
            return None;
        }
        let seeds = self.over_seeds();
        if !seeds.is_empty() {
            let items = Estimate { variance: variance(&draws), freedom: rows.len() as f64 - 1.0 };
            let all = with(items, &seeds);
            return Student { value: self.value(), error: all.variance.sqrt(), freedom: all.freedom }.interval(level);
        }
        draws.sort_by(f64::total_cmp);
        let tail = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
        let place = ((draws.len() + 1) as f64 * tail).floor() as usize;
        let at = place.clamp(1, draws.len()) - 1;
        Some(Interval { low: draws[at], high: draws[draws.len() - 1 - at] })
    }

    /// The sum over what was drawn; `None` where a cell has no items then.
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

    /// What is drawn, in order. Cells that have the same number of items of every passage (question) are one term: the sum of their
    /// accuracies is their weighted right answers over these items, whatever is drawn.
    fn rows(&self, drawn: Drawn) -> Vec<Row> {
        let mut alike: Vec<Alike<'_>> = Vec::new();
        for Term { weight, cell, .. } in &self.terms {
            let clusters = cell.clusters(drawn);
            match alike.iter_mut().find(|(first, _)| has_items_of(first, clusters)) {
                Some((_, cells)) => cells.push((*weight, clusters)),
                None => alike.push((clusters, vec![(*weight, clusters)])),
            }
        }
        let mut numbers: Vec<u32> = alike.iter().flat_map(|(first, _)| first.iter().map(|it| it.number)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let empty = || Row { right: vec![0.0; alike.len()], items: vec![0.0; alike.len()] };
        let mut rows: Vec<Row> = numbers.iter().map(|_| empty()).collect();
        for (at, (first, cells)) in alike.iter().enumerate() {
            for (place, cluster) in first.iter().enumerate() {
                let Ok(row) = numbers.binary_search(&cluster.number) else { continue };
                rows[row].items[at] = f64::from(cluster.items);
                rows[row].right[at] =
                    cells.iter().map(|(weight, clusters)| weight * f64::from(clusters[place].right)).sum();
            }
        }
        rows
    }
}

/// Weighted cells that have the same number of items of everything that is drawn, behind the first of them.
type Alike<'c> = (&'c [Cluster], Vec<(f64, &'c [Cluster])>);

fn has_items_of(one: &[Cluster], other: &[Cluster]) -> bool {
    let items = |cluster: &Cluster| (cluster.number, cluster.items);
    one.iter().map(items).eq(other.iter().map(items))
}

/// The variance over items with those over seeds.
fn with(items: Estimate, seeds: &[Estimate]) -> Estimate {
    let all: Vec<Estimate> = [items].into_iter().chain(seeds.iter().copied()).collect();
    Estimate::sum(&all).unwrap_or(items)
}

/// The variance of draws about their mean.
fn variance(draws: &[f64]) -> f64 {
    let middle = mean(draws).unwrap_or_default();
    draws.iter().map(|draw| (draw - middle).powi(2)).sum::<f64>() / draws.len() as f64
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
            sum.add(weight, frame.cell(&id("m", condition, language)).expect("a cell"), None);
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
        assert_eq!(difference.interval(0.95, Drawn::Passages, 1), Some(Interval { low: 0.0, high: 0.0 }));
        assert!(gain(&frame, "heb").estimate().error > Some(0.1));
    }

    #[test]
    fn the_bootstrap_is_near_the_linearization_and_the_same_whenever_it_is_drawn() {
        let (before, after) = ("+-".repeat(60), "++-+".repeat(30));
        let cells = evaluations(&[("base", "heb", &before), ("tuned", "heb", &after)]);
        let frame = Frame::new(&cells);
        let sum = gain(&frame, "heb");
        let (drawn, linear) = (
            sum.interval(0.95, Drawn::Passages, 7).expect("draws"),
            sum.estimate().student().and_then(|it| it.interval(0.95)).expect("error"),
        );
        assert!(
            (drawn.low - linear.low).abs() < 0.02 && (drawn.high - linear.high).abs() < 0.02,
            "{drawn:?} {linear:?}"
        );
        assert_eq!(sum.interval(0.95, Drawn::Passages, 7), Some(drawn));
        assert_ne!(sum.interval(0.95, Drawn::Passages, 8), Some(drawn));
    }

    #[test]
    fn cells_of_the_same_items_are_drawn_as_one_and_others_by_themselves() {
        let cells = evaluations(&[("base", "heb", "+--+"), ("tuned", "heb", "++-+"), ("base", "fra", "+--+-+")]);
        let frame = Frame::new(&cells);
        assert_eq!(gain(&frame, "heb").rows(Drawn::Passages)[0].right.len(), 1);
        let mut sum = gain(&frame, "heb");
        sum.add(0.5, frame.cell(&id("m", "base", "fra")).expect("a cell"), None);
        let rows = sum.rows(Drawn::Passages);
        assert_eq!((rows.len(), rows[0].right.len()), (3, 2));
        assert_eq!(
            (rows[2].items.as_slice(), rows[2].right.as_slice()),
            ([0.0, 2.0].as_slice(), [0.0, 0.5].as_slice())
        );
    }

    /// The mean gain over seeds of which each has its own answers.
    fn over_seeds<'f, 'a>(frame: &'f Frame<'a>, seeds: &[&str]) -> Combination<'f, 'a> {
        let mut sum = Combination::default();
        for (condition, seed) in seeds.iter().zip(1..) {
            let training = Training { model: "m", adapter: "arabic", seed };
            let cell = frame.cell(&id("m", condition, "heb")).expect("a cell");
            sum.add(1.0 / seeds.len() as f64, cell, Some(training));
        }
        sum.add(-1.0, frame.cell(&id("m", "base", "heb")).expect("a cell"), None);
        sum
    }

    #[test]
    fn other_seeds_might_have_been_drawn_too() {
        let cells = evaluations(&[
            ("base", "heb", "+-------"),
            ("one", "heb", "++------"),
            ("two", "heb", "+++++---"),
            ("three", "heb", "+++++---"),
        ]);
        let frame = Frame::new(&cells);
        let (one, all) = (over_seeds(&frame, &["one"]), over_seeds(&frame, &["one", "two", "three"]));
        assert_eq!((one.estimate().seed_error, one.estimate().freedom), (None, 3.0), "one says nothing of others");
        let found = all.estimate();
        // Accuracies 2/8, 5/8, 5/8: s² = 3/64, and s²/3 is the variance of their mean.
        let seeds = found.seed_error.expect("three seeds").powi(2);
        assert!((seeds - 1.0 / 64.0).abs() < 1e-15, "{seeds}");
        let without = Combination { terms: all.terms.iter().map(|term| Term { training: None, ..*term }).collect() };
        let items = without.estimate().error.expect("four passages").powi(2);
        let student = found.student().expect("an error");
        assert!((student.error.powi(2) - (items + seeds)).abs() < 1e-15);
        let freedom = (items + seeds).powi(2) / (items.powi(2) / 3.0 + seeds.powi(2) / 2.0);
        assert!((student.freedom - freedom).abs() < 1e-12, "{student:?}");
        let width = |sum: &Combination<'_, '_>| {
            let Interval { low, high } = sum.interval(0.95, Drawn::Passages, 1).expect("draws");
            high - low
        };
        assert!(width(&all) > 1.5 * width(&without), "{} {}", width(&all), width(&without));
    }

    #[test]
    fn what_an_adapter_does_in_two_conditions_is_of_the_same_trainings() {
        let cells = evaluations(&[("one", "heb", "+-+-"), ("two", "heb", "++++")]);
        let frame = Frame::new(&cells);
        let mut sum = Combination::default();
        for (weight, condition, seed) in [(0.5, "one", 1), (0.5, "two", 2), (-0.5, "one", 1), (-0.5, "two", 2)] {
            let training = Training { model: "m", adapter: "arabic", seed };
            sum.add(weight, frame.cell(&id("m", condition, "heb")).expect("a cell"), Some(training));
        }
        assert_eq!(sum.estimate().seed_error, Some(0.0), "each seed is compared with itself");
    }

    #[test]
    fn questions_are_drawn_by_themselves_where_that_is_asked_for() {
        // The two questions on a passage are right or wrong together: drawn apart they seem to be twice as many.
        let cells = evaluations(&[("base", "heb", &"-".repeat(80)), ("tuned", "heb", &"++--".repeat(20))]);
        let frame = Frame::new(&cells);
        let width = |drawn| {
            let Interval { low, high } = gain(&frame, "heb").interval(0.95, drawn, 1).expect("draws");
            high - low
        };
        let ratio = width(Drawn::Passages) / width(Drawn::Questions);
        assert!((ratio - 2.0_f64.sqrt()).abs() < 0.15, "{ratio}");
    }

    #[test]
    fn one_passage_says_nothing_of_another() {
        let cells = evaluations(&[("base", "heb", "+-"), ("tuned", "heb", "++")]);
        let frame = Frame::new(&cells);
        let found = gain(&frame, "heb").estimate();
        assert_eq!((found.value, found.error, found.student()), (0.5, None, None));
        assert_eq!(gain(&frame, "heb").interval(0.95, Drawn::Passages, 1), None);
    }
}
