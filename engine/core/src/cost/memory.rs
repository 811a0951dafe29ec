//! How much memory asking and training a model take.

use super::{Amount, Books, Weighed};
use crate::plan::Work;
use crate::spec::{Base, Kv, Model, Training};

/// Tokens of the longest question as a multiple of an average one.
const LONGEST: f64 = 3.0;
/// Bytes of logits and attention scores that a call of evaluation may take (`docs/ARCHITECTURE.md`, Units).
const CALL: f64 = 192.0 * 1024.0 * 1024.0;
/// Tokens of a window of training where questions are shorter.
const WINDOW: f64 = 512.0;
/// Numbers of an adapter's weight while it is trained: itself, its gradient, two moments.
const KEPT: f64 = 4.0;
/// Bytes of an F32.
const REAL: f64 = 4.0;
/// Numbers of an attention head, for the scores of one layer.
const HEAD: f64 = 128.0;

impl Books<'_> {
    /// Bytes that asking a model takes: its file, and what is beside it.
    pub(super) fn load(&self, model: &Model, asked: Weighed) -> Amount {
        asked.size.plus(self.beside(model, asked, u32::MAX))
    }

    /// Bytes of the KV cache, with no more slots than that, and of what a call computes with.
    pub(super) fn beside(&self, model: &Model, asked: Weighed, slots: u32) -> Amount {
        let Some(dimensions) = asked.dimensions else { return Amount::UNKNOWN };
        let (mut cells, mut number) = (0.0_f64, 2.0);
        for stage in &self.plan.stages {
            let Work::Evaluate(work) = &stage.work else { continue };
            if work.cell.model != model.name {
                continue;
            }
            let asked = work.asked();
            let tokens = self.questions(asked.data, asked.part, asked.limit, stage).tokens;
            let read = f64::from(work.evaluate.unit) + LONGEST * tokens;
            let text = if work.mode.generates() { tokens + f64::from(work.mode.budget()) } else { 0.0 };
            cells = cells.max(read + f64::from(work.evaluate.slots.min(slots)) * text);
            number = if work.evaluate.kv == Kv::F32 { REAL } else { REAL / 2.0 };
        }
        let cache = cells * f64::from(dimensions.layers) * f64::from(dimensions.cache) * number;
        let wide = 8.0 * f64::from(dimensions.width) + 3.0 * f64::from(dimensions.feed_forward);
        Amount::about(cache + CALL + WINDOW * wide * REAL)
    }

    /// Bytes that the largest training of a model takes, if it is trained here: the file, the adapter with gradients and moments,
    /// and activations with as few as possible kept.
    pub(super) fn training(&self, model: &Model, published: Weighed, asked: Weighed) -> Option<Amount> {
        let trainings = self.plan.stages.iter().filter_map(|stage| match &stage.work {
            Work::Finetune(work) if work.model == model.name => Some((&work.training, stage)),
            _ => None,
        });
        let amounts = trainings.map(|(training, stage)| {
            let base = match training.base {
                Base::Quantized => asked,
                Base::Source => published,
            };
            let data = self.spec.data.iter().find(|data| data.name == training.train_on.data);
            let tokens = data.map_or(WINDOW, |data| {
                self.questions(data, &training.train_on.part, training.train_on.limit, stage).tokens
            });
            base.size.plus(of_training(training, base, tokens))
        });
        amounts.max_by(|one, other| one.at_least().total_cmp(&other.at_least()))
    }
}

/// Bytes that a training takes beside the model.
fn of_training(training: &Training, base: Weighed, tokens: f64) -> Amount {
    let Some(dimensions) = base.dimensions else { return Amount::UNKNOWN };
    let window = WINDOW.max(LONGEST * tokens);
    let [width, attention, feed_forward] =
        [dimensions.width, dimensions.attention, dimensions.feed_forward].map(f64::from);
    let between = f64::from(dimensions.layers) * width;
    let scores = 3.0 * window * (attention / HEAD).max(1.0);
    let layer = 10.0 * width + 4.0 * attention + 6.0 * feed_forward + scores;
    let answers = 3.0 * f64::from(dimensions.vocabulary) * (window / tokens).max(1.0) * 2.0;
    let numbers = KEPT * dimensions.adapter(&training.lora) + window * (between + layer) + answers;
    Amount::about(REAL * numbers)
}
