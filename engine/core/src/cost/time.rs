//! How much there is to compute, and how long that takes on a machine of which past rates are known.

use super::{Books, Weighed};
use crate::plan::{EvaluateWork, FinetuneWork, Stage, StageId, Work};
use crate::spec::{Length, Training};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Tokens that a further mode decodes of a question whose base another one has decoded.
const TAIL: f64 = 40.0;
/// Operations of a token in training over those of reading it: forward, and back through activations alone.
const BACK: f64 = 2.0;
/// Share of the rate of reading that writing reaches in eight slots (`docs/ARCHITECTURE.md`, Speed).
const WRITING: f64 = 0.5;

/// What a model does, each at a rate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pace {
    /// Reads prompts.
    Read,
    /// Writes texts.
    Write,
    /// Is trained.
    Train,
}

impl Pace {
    /// Its word in the ledger and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Train => "train",
        }
    }

    /// Floating-point operations that so many tokens take of a model that multiplies each with so many weights: two for each weight
    /// (multiply, add), in training the same again for the way back.
    #[must_use]
    pub fn operations(self, tokens: f64, weights: f64) -> f64 {
        let of_token = if self == Self::Train { 2.0 * BACK } else { 2.0 };
        of_token * weights * tokens
    }
}

impl Books<'_> {
    /// Operations that these stages of a model take; `None` where nobody knows how large it is. Attention is not counted, nor what
    /// nobody can tell the number of.
    pub(super) fn operations(&self, left: &[(StageId, &Stage)], model: Weighed) -> Option<BTreeMap<Pace, f64>> {
        let mut tokens: BTreeMap<Pace, f64> = BTreeMap::new();
        let mut bases = BTreeSet::new();
        for (_, stage) in left {
            match &stage.work {
                Work::Evaluate(work) => {
                    let cell = &work.cell;
                    let first = bases.insert((&cell.condition, cell.seed, &cell.language));
                    for (pace, number) in self.asking(work, stage, first) {
                        *tokens.entry(pace).or_default() += number;
                    }
                }
                Work::Finetune(work) => *tokens.entry(Pace::Train).or_default() += self.learning(work, stage),
                _ => {}
            }
        }
        let weights = if tokens.is_empty() { 0.0 } else { model.dimensions?.multiplied() };
        Some(tokens.into_iter().map(|(pace, tokens)| (pace, pace.operations(tokens, weights))).collect())
    }

    /// Tokens of an evaluation; `first`: nobody has decoded what it shares with other modes.
    fn asking(&self, work: &EvaluateWork, stage: &Stage, first: bool) -> Vec<(Pace, f64)> {
        let asked = work.asked();
        let questions = self.questions(asked.data, asked.part, asked.limit, stage);
        let Some(number) = questions.number else { return Vec::new() };
        let orders = if work.mode.rotate { work.prompt.labels.len() as f64 } else { 1.0 };
        let own = orders * TAIL + if first { questions.tokens } else { 0.0 };
        let written = if work.mode.generates() { f64::from(work.mode.budget()) } else { 0.0 };
        vec![(Pace::Read, number * own), (Pace::Write, number * written)]
    }

    /// Tokens that a training learns from.
    fn learning(&self, work: &FinetuneWork, stage: &Stage) -> f64 {
        let Training { train_on, pace, .. } = &work.training;
        let questions = self.questions(&work.data, &train_on.part, train_on.limit, stage);
        let rows = questions.number.unwrap_or_default() * train_on.languages.len() as f64;
        let examples = match pace.length {
            Length::Epochs(epochs) => f64::from(epochs) * rows,
            Length::Steps(steps) => f64::from(steps) * f64::from(pace.batch_examples) * f64::from(pace.accumulate),
        };
        examples * questions.tokens
    }

    /// Seconds that operations take here.
    pub(super) fn seconds(&self, operations: &BTreeMap<Pace, f64>) -> Option<f64> {
        let reading = || self.facts.rate(Pace::Read);
        let rate =
            |pace| self.facts.rate(pace).or_else(|| Some(reading()? * if pace == Pace::Write { WRITING } else { 1.0 }));
        let some = operations.iter().filter(|(_, number)| **number > 0.0);
        some.map(|(pace, number)| Some(number / rate(*pace)?)).try_fold(0.0, |sum, seconds| Some(sum + seconds?))
    }
}
