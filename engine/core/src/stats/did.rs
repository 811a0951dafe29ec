//! Difference in differences: how much more one group of languages gained than another, each item counting before and after.

use super::Interval;
use super::design::{Clusters, Design, FitError};
use super::equivalence::Tost;
use super::regression::{Clustered, Regression};
use super::student::Student;
use super::tails::student_two_sided;
use super::{mean, welch};
use std::collections::BTreeMap;

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Whether it is right.
    pub correct: bool,
    /// Whether it was given after the treatment (tuned) or before (base).
    pub after: bool,
    /// Whether its language is of the group that the treatment should help, or of the other.
    pub related: bool,
    /// Number of the item, the same in every language.
    pub item: usize,
    /// Number of the item's passage.
    pub passage: usize,
    /// Number of the language.
    pub language: usize,
}

/// What a language gained: accuracy after minus accuracy before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LanguageGain {
    /// Number of the language.
    pub language: usize,
    /// Whether it is of the group that should gain.
    pub related: bool,
    /// The gain, −1 to 1.
    pub gain: f64,
}

/// The difference in differences, with the errors of each population that it may speak of.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceInDifferences {
    /// (after − before on related languages) − (after − before on the others), each a share of all its answers.
    pub estimate: f64,
    /// If other items might have been drawn. `None` with one item only.
    pub by_item: Option<Clustered>,
    /// If other passages might have been drawn.
    pub by_passage: Option<Clustered>,
    /// If other languages might have been drawn.
    pub by_language: Option<Clustered>,
    /// If both might; the error can be no number, see [`Regression::clustered_two_way`].
    pub by_passage_and_language: Option<Clustered>,
}

/// The mean of a sample, and what Student's t says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanTest {
    /// The mean.
    pub mean: f64,
    /// s / √n.
    pub standard_error: f64,
    /// n − 1.
    pub freedom: f64,
}

/// Per item, the mean gain over the related languages minus that over the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemContrasts {
    /// One for each item, in the order of their numbers.
    pub contrasts: Vec<f64>,
    /// Items without an answer before or after in one of the groups.
    pub left_out: usize,
}

impl DifferenceInDifferences {
    /// The last coefficient of least squares of correct on after, related and after × related, with clustered errors. Every answer counts
    /// the same.
    ///
    /// Bertrand, M., Duflo, E. & Mullainathan, S. (2004), *Quarterly Journal of Economics* 119, 249–275, on why the errors must be
    /// clustered.
    ///
    /// # Errors
    /// [`FitError::Collinear`] where one of the four cells is empty; [`FitError::TooFewRows`].
    pub fn of(answers: &[Observation]) -> Result<Self, FitError> {
        let design = Design::two_by_two(answers.iter().map(|answer| (answer.after, answer.related)))?;
        let correct: Vec<f64> = answers.iter().map(|answer| f64::from(u8::from(answer.correct))).collect();
        let fit = Regression::fit(&design, &correct)?;
        let clusters = |key: fn(&Observation) -> usize| Clusters::new(&answers.iter().map(key).collect::<Vec<_>>());
        let (passages, languages) = (clusters(|answer| answer.passage), clusters(|answer| answer.language));
        let last = |all: Result<Vec<Clustered>, FitError>| all.ok().and_then(|mut all| all.pop());
        Ok(Self {
            estimate: fit.coefficients[3],
            by_item: last(fit.clustered(&design, &clusters(|answer| answer.item))),
            by_passage: last(fit.clustered(&design, &passages)),
            by_language: last(fit.clustered(&design, &languages)),
            by_passage_and_language: last(fit.clustered_two_way(&design, &passages, &languages)),
        })
    }
}

/// The gain of each language that has answers before and after, in the order of their numbers. A language is related if any of its
/// answers says so.
#[must_use]
pub fn language_gains(answers: &[Observation]) -> Vec<LanguageGain> {
    let mut languages: BTreeMap<usize, (bool, [Cell; 2])> = BTreeMap::new();
    for answer in answers {
        let (related, cells) = languages.entry(answer.language).or_default();
        *related |= answer.related;
        cells[usize::from(answer.after)].add(answer.correct);
    }
    let gain = |(language, (related, cells))| Some(LanguageGain { language, related, gain: gain(&cells)? });
    languages.into_iter().filter_map(gain).collect()
}

/// The contrast of each item. A group's gain on an item is a mean over its languages' answers to it.
#[must_use]
pub fn item_contrasts(answers: &[Observation]) -> ItemContrasts {
    let mut items: BTreeMap<usize, [[Cell; 2]; 2]> = BTreeMap::new();
    for answer in answers {
        let cells = items.entry(answer.item).or_default();
        cells[usize::from(answer.related)][usize::from(answer.after)].add(answer.correct);
    }
    let all = items.len();
    let contrast = |[others, related]: [[Cell; 2]; 2]| Some(gain(&related)? - gain(&others)?);
    let contrasts: Vec<f64> = items.into_values().filter_map(contrast).collect();
    ItemContrasts { left_out: all - contrasts.len(), contrasts }
}

/// Welch's test of the gains of the related languages against those of the others. `None` as [`welch::Welch::of`].
#[must_use]
pub fn welch_over_languages(gains: &[LanguageGain]) -> Option<welch::Welch> {
    let of = |related: bool| -> Vec<f64> {
        gains.iter().filter(|gain| gain.related == related).map(|gain| gain.gain).collect()
    };
    welch::Welch::of(&of(true), &of(false))
}

impl MeanTest {
    /// Of independent values. `None` for fewer than two, or one that is not finite.
    ///
    /// Student (1908), *Biometrika* 6, 1–25.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let (middle, count) = (mean(values)?, values.len() as f64);
        if values.len() < 2 || !middle.is_finite() {
            return None;
        }
        let variance = values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / (count - 1.0);
        Some(Self { mean: middle, standard_error: (variance / count).sqrt(), freedom: count - 1.0 })
    }

    /// The mean over its error.
    #[must_use]
    pub fn t(&self) -> f64 {
        self.mean / self.standard_error
    }

    /// Two-sided p against a mean of 0. `None` where all values are the same.
    #[must_use]
    pub fn p(&self) -> Option<f64> {
        (self.standard_error > 0.0).then(|| student_two_sided(self.t(), self.freedom))?
    }

    /// Interval of the mean at `level` (0.95). `None` for a level outside 0 to 1.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<Interval> {
        self.student().interval(level)
    }

    /// The mean with Student's t about it.
    #[must_use]
    pub fn student(&self) -> Student {
        Student { value: self.mean, error: self.standard_error, freedom: self.freedom }
    }

    /// Whether the mean lies within ±`margin`: two one-sided tests. `None` for a margin not above 0, or where all values are the same.
    #[must_use]
    pub fn equivalence(&self, margin: f64) -> Option<Tost> {
        Tost::of(self.mean, self.standard_error, self.freedom, margin)
    }
}

/// Right answers among all.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    right: usize,
    all: usize,
}

impl Cell {
    fn add(&mut self, correct: bool) {
        self.right += usize::from(correct);
        self.all += 1;
    }

    fn rate(&self) -> Option<f64> {
        (self.all > 0).then(|| self.right as f64 / self.all as f64)
    }
}

fn gain([before, after]: &[Cell; 2]) -> Option<f64> {
    Some(after.rate()? - before.rate()?)
}
