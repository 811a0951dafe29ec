//! Results: the answers of a study as cells, means over languages, and notes.
//!
//! Says what was measured and how sure it is; knows nothing of tables and files.

mod cut;
mod generation;
mod reasoning;
mod rotation;
mod seeds;
mod training;
mod weights;

pub use cut::{CUT_OFF_ABOVE, Cut};
pub use generation::Generation;
pub use reasoning::{Change, Reasoning};
pub use rotation::Rotation;
pub use training::{Point, SMOOTHING, Training, TrainingSummary};
pub use weights::Weights;

use crate::analysis::{Analysis, CellName, Cells};
use crate::answers::Answer;
use crate::fertility::Fertilities;
use crate::plan::EvaluateCell;
use crate::probe::Probe;
use crate::spec::{LanguageGroup, Normalize};
use crate::stats::{Interval, Proportion, mean, median};
use std::collections::BTreeMap;

/// Confidence level of every interval.
pub const LEVEL: f64 = 0.95;

/// Below this median answer mass a cell is a failure of format, not of the language.
pub const FORMAT_FAILURE_BELOW: f64 = 0.5;

/// The answers of every cell.
pub type Evaluations = BTreeMap<CellId, Vec<Answer>>;

/// A column of the results: everything that identifies a cell but its language. Sorted as written here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Model.
    pub model: String,
    /// Condition.
    pub condition: String,
    /// Mode.
    pub mode: String,
    /// Seed of the adapter, where the condition has one.
    pub seed: Option<u64>,
}

/// What identifies a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellId {
    /// Its column.
    pub column: Column,
    /// Language code.
    pub language: String,
}

impl From<&EvaluateCell> for CellId {
    fn from(cell: &EvaluateCell) -> Self {
        let EvaluateCell { model, condition, seed, language, mode } = cell.clone();
        Self { column: Column { model, condition, mode, seed }, language }
    }
}

/// One cell: a model in a condition, a mode and a language.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What it is of.
    pub id: CellId,
    /// Correct answers among all.
    pub score: Proportion,
    /// Wilson's score interval of the accuracy, at [`LEVEL`].
    pub interval: Interval,
    /// Under `labels`, median over the items of the labels' total probability, 0 to 1.
    pub median_answer_mass: Option<f64>,
    /// Under `texts`, what the accuracy is by each normalization; empty under `labels`.
    pub by_normalization: Vec<NormalizedScore>,
    /// Mean length of a prompt in the model's tokens.
    pub mean_prompt_tokens: f64,
    /// The most frequent unrestricted argmax: what the model wanted to say.
    pub wanted: Wanted,
    /// What the model wrote before it answered, where it did.
    pub reasoning: Option<Reasoning>,
    /// Under `generate`, what became of the texts.
    pub generation: Option<Generation>,
    /// Where options were rotated, how far answers hang on their order.
    pub rotation: Option<Rotation>,
    /// Items of which a budget cut off the reasoning, the answer or both; `None` where nothing was written.
    pub cut_off: Option<Proportion>,
    /// Whether the condition's adapter has one seed. Then the interval covers the sampling of items alone: how far another
    /// training would have come out is not in it, and no other column shows it.
    pub items_only: bool,
}

/// The token that was most often the most probable of the whole vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its text; of equally frequent ones the first in alphabetical order.
    pub text: String,
    /// Number of items.
    pub count: usize,
}

/// Correct answers if the likelihoods of the texts are divided by `normalize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormalizedScore {
    /// The normalization.
    pub normalize: Normalize,
    /// Correct answers among all.
    pub score: Proportion,
}

/// Mean accuracy over the languages of a group.
///
/// It has no interval. The variance of a mean of K independent proportions is Σ p(1−p)/n over K², but the languages of a
/// parallel corpus share their items: what is hard in one is hard in the others, the proportions are positively
/// correlated, and such an interval would be too narrow by an unknown amount. Nor are the languages a random sample of
/// any, so their spread is no error of the mean either.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupMean {
    /// Name of the group.
    pub group: String,
    /// What it is of.
    pub column: Column,
    /// Mean of the languages' accuracies, every language counting the same.
    pub accuracy: f64,
    /// Number of languages in the mean.
    pub languages: usize,
    /// How many of these are failures of format.
    pub format_failures: usize,
    /// Of how many of these it cannot be told.
    pub cannot_tell: usize,
}

/// What a study found.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Name of the study.
    pub study: String,
    /// Number of options of every item.
    pub n_options: usize,
    /// Sorted by id.
    pub cells: Vec<Cell>,
    /// Sorted by group name, then column.
    pub group_means: Vec<GroupMean>,
    /// The type of each model's weights, as far as the spec tells it.
    pub weights: BTreeMap<String, Weights>,
    /// Tokens that the models need for the languages, by model, where they were counted.
    pub fertility: BTreeMap<String, Fertilities>,
    /// How far scores depend on company, by cell, where that was probed.
    pub probes: BTreeMap<CellId, Probe>,
    /// How the adapters were trained that are trained here, sorted by model, adapter and seed.
    pub trainings: Vec<Training>,
    /// What a reader must know, a sentence each.
    pub notes: Vec<String>,
    /// What the answers say of effects; nothing where nobody has analyzed them.
    pub analysis: Analysis,
}

impl Cell {
    /// Whether the model mostly wanted to say something else than a label. Where no labels are asked for, it cannot.
    #[must_use]
    pub fn format_failure(&self) -> bool {
        self.median_answer_mass.is_some_and(|mass| mass < FORMAT_FAILURE_BELOW)
    }

    /// Whether more than [`CUT_OFF_ABOVE`] of the items were cut off: what rests on the cell cannot be told.
    #[must_use]
    pub fn cannot_tell(&self) -> bool {
        cut::too_often(self.cut_off)
    }
}

impl Results {
    /// Accuracy of guessing.
    #[must_use]
    pub fn chance(&self) -> f64 {
        1.0 / self.n_options.max(1) as f64
    }

    /// The cells of all seeds.
    fn cells_of<'c>(&'c self, name: &'c CellName<'_>) -> impl Iterator<Item = &'c Cell> {
        self.cells.iter().filter(|cell| {
            let Column { model, condition, mode, .. } = &cell.id.column;
            (model.as_str(), condition.as_str(), mode.as_str(), cell.id.language.as_str())
                == (name.model, name.condition, name.mode, name.language)
        })
    }

    /// What a difference between two cells must exceed to be more than noise, in points: the flips of 100 items of the cell that
    /// has more of them. `None` where one of them was not probed.
    #[must_use]
    pub fn noise_floor(&self, one: &CellId, other: &CellId) -> Option<f64> {
        let flips = |id| self.probes.get(id).map(Probe::flips_per_100);
        Some(flips(one)?.max(flips(other)?))
    }
}

impl Cells for Results {
    fn format_failure(&self, cell: &CellName<'_>) -> bool {
        self.cells_of(cell).any(Cell::format_failure)
    }

    fn cut_off(&self, cell: &CellName<'_>) -> bool {
        self.cells_of(cell).any(Cell::cannot_tell)
    }
}

/// From answers to results. A group's mean covers the languages that have a cell; a group without any has no mean. Tokens are
/// not counted here, nothing is probed and nothing trained, and what models are made of is not known: whoever knows it adds it.
#[must_use]
pub fn compute(study: &str, evaluations: &Evaluations, groups: &[LanguageGroup], n_options: usize) -> Results {
    let mut cells = Vec::new();
    let mut notes = Vec::new();
    for (id, answers) in evaluations {
        match cell(id, answers, evaluations) {
            Some(cell) => {
                notes.extend(format_note(&cell));
                notes.extend(cut::note(&cell));
                cells.push(cell);
            }
            None => notes.push(format!("no answers: {}; it has no cell in the tables.", describe(id))),
        }
    }
    let group_means = group_means(&cells, groups);
    let (weights, fertility, probes, trainings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
    Results {
        study: study.to_owned(),
        n_options,
        cells,
        group_means,
        weights,
        fertility,
        probes,
        trainings,
        notes,
        analysis: Analysis::default(),
    }
}

fn cell(id: &CellId, answers: &[Answer], evaluations: &Evaluations) -> Option<Cell> {
    let correct = answers.iter().filter(|answer| answer.correct()).count();
    let score = Proportion::new(correct as u64, answers.len() as u64)?;
    let masses: Option<Vec<f64>> = answers.iter().map(|answer| answer.answer_mass).collect();
    let tokens: Vec<f64> = answers.iter().map(|answer| f64::from(answer.n_tokens)).collect();
    Some(Cell {
        id: id.clone(),
        score,
        interval: score.wilson(LEVEL),
        median_answer_mass: masses.and_then(|masses| median(&masses)),
        by_normalization: by_normalization(answers),
        mean_prompt_tokens: mean(&tokens)?,
        wanted: wanted(answers)?,
        reasoning: Reasoning::of(id, answers, evaluations),
        generation: Generation::of(answers),
        rotation: Rotation::of(answers),
        cut_off: cut::cut_off(answers),
        items_only: seeds::items_only(id, evaluations),
    })
}

fn by_normalization(answers: &[Answer]) -> Vec<NormalizedScore> {
    let scored = |normalize| {
        let hits: Option<Vec<bool>> =
            answers.iter().map(|answer| Some(answer.prediction_by(normalize)? == answer.gold)).collect();
        let correct = hits?.into_iter().filter(|&hit| hit).count();
        Some(NormalizedScore { normalize, score: Proportion::new(correct as u64, answers.len() as u64)? })
    };
    let all = [Normalize::Sum, Normalize::Token, Normalize::Byte, Normalize::Character];
    all.into_iter().filter_map(scored).collect()
}

fn wanted(answers: &[Answer]) -> Option<Wanted> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in answers {
        *counts.entry(&answer.argmax_text).or_default() += 1;
    }
    // The last maximum of the reversed order is the first in alphabetical order.
    let (text, count) = counts.into_iter().rev().max_by_key(|&(_, count)| count)?;
    Some(Wanted { text: text.to_owned(), count })
}

fn format_note(cell: &Cell) -> Option<String> {
    let mass = cell.median_answer_mass.filter(|_| cell.format_failure())?;
    Some(format!(
        "format failure: {}: the median answer mass is {mass:.3}; the model most often wanted to say {:?} ({} of {} items).",
        describe(&cell.id),
        cell.wanted.text,
        cell.wanted.count,
        cell.score.trials(),
    ))
}

fn describe(CellId { column, language }: &CellId) -> String {
    let Column { model, condition, mode, seed } = column;
    let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    format!("{model}, {condition}/{mode}{seed}, {language}")
}

fn group_means(cells: &[Cell], groups: &[LanguageGroup]) -> Vec<GroupMean> {
    let mut groups: Vec<_> = groups.iter().collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let mut means = Vec::new();
    for group in groups {
        let mut columns: BTreeMap<&Column, Vec<&Cell>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| group.codes.contains(&cell.id.language)) {
            columns.entry(&cell.id.column).or_default().push(cell);
        }
        for (column, members) in columns {
            let rates: Vec<f64> = members.iter().map(|cell| cell.score.rate()).collect();
            means.extend(mean(&rates).map(|accuracy| GroupMean {
                group: group.name.clone(),
                column: column.clone(),
                accuracy,
                languages: members.len(),
                format_failures: members.iter().filter(|cell| cell.format_failure()).count(),
                cannot_tell: members.iter().filter(|cell| cell.cannot_tell()).count(),
            }));
        }
    }
    means
}

#[cfg(test)]
mod tests;
