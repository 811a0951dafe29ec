//! `[adapters.NAME]`, resolved: what an adapter learns from, what it is, and how it is trained.

use super::{FileRef, StageOutput};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A LoRA adapter, or several that differ in their seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Name.
    pub name: String,
    /// Where it comes from.
    pub origin: AdapterOrigin,
    /// Seeds of initialization and order; one adapter each. Empty: one adapter of which no seed is known.
    pub seeds: Vec<u64>,
    /// By model, the command stage that trains it in place of xlt; models that are not here have it trained here.
    pub trained_by: BTreeMap<String, StageOutput>,
    /// Whether a model file with the adapter added to its weights is asked, in place of the model with the adapter beside it.
    pub merge: bool,
}

/// Where an adapter comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AdapterOrigin {
    /// It is trained, here or by a command stage.
    Trained(Training),
    /// A GGUF file; `{model}` and `{seed}` in its path stand for a model's name and a seed.
    File(FileRef),
}

/// How an adapter is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What it is trained on.
    pub train_on: TrainOn,
    /// Which file of the model it is trained on.
    pub base: Base,
    /// Shape.
    pub lora: Lora,
    /// Optimizer.
    pub optimizer: Optimizer,
    /// How many examples make a step, and how many steps there are.
    pub pace: Pace,
    /// Tokens that an example may have; a longer one is an error. `None`: what the model was trained on.
    pub max_length: Option<u32>,
    /// Steps after which the state is kept, to be resumed from. Changes no byte of the adapter.
    pub checkpoint_every: u32,
    /// What is made equal among the adapters that are compared; all that have it are arms of one comparison.
    pub matched: Option<Match>,
}

/// How many examples make a step of the optimizer, and how many steps there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Examples in a batch.
    pub batch_examples: u32,
    /// Batches in a step.
    pub accumulate: u32,
    /// When it ends.
    pub length: Length,
}

/// How long training goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Length {
    /// So many passes over the examples.
    Epochs(u32),
    /// So many steps, with as many passes as that takes.
    Steps(u32),
}

/// Training rows of an adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOn {
    /// Data set (by name).
    pub data: String,
    /// Part of its split.
    pub part: String,
    /// Language codes (a group's name is already resolved).
    pub languages: Vec<String>,
    /// At most this many questions in each language, drawn alike in all; `None`: all of the part.
    pub limit: Option<u64>,
    /// What is learned of a row.
    pub lesson: Lesson,
}

/// What is learned of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lesson {
    /// To answer it: the row is a prompt with an answer behind it, and the loss asks for the answer.
    Answer {
        /// Mode (by name) whose prompt the row takes.
        mode: String,
        /// Which answer.
        gold: Gold,
    },
    /// A text: the row fills in this template, no chat format goes around it, and the loss asks for every token.
    Text(String),
}

/// Which answers are taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gold {
    /// Those of the data.
    True,
    /// The same ones dealt anew to the questions, by one permutation for all languages and seeds: a control that teaches the
    /// format without the content.
    Shuffled,
}

/// Which file of a model is trained on, where it is quantized here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Base {
    /// The one that is asked.
    Quantized,
    /// The one that was published.
    Source,
}

/// What is made equal among the arms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Match {
    /// Every arm takes as many steps as the one that has the fewest.
    Steps,
    /// Every arm learns from those questions only that all arms have, in all of their languages.
    Questions,
    /// Both.
    StepsAndQuestions,
}

impl Match {
    /// Whether steps are made equal.
    #[must_use]
    pub fn steps(self) -> bool {
        matches!(self, Self::Steps | Self::StepsAndQuestions)
    }

    /// Whether questions are made equal.
    #[must_use]
    pub fn questions(self) -> bool {
        matches!(self, Self::Questions | Self::StepsAndQuestions)
    }
}

/// LoRA's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Rank, at least 1.
    pub rank: u32,
    /// Scale numerator.
    pub alpha: f64,
    /// Probability by which a number of what goes into an adapter's first matrix is left out, 0 to below 1.
    pub dropout: f64,
    /// What is adapted: [`ALL_LINEAR`], [`ATTENTION`], or patterns of tensor names (`attn_q`, `blk.1?.ffn_*`).
    pub targets: Vec<String>,
    /// Whether experts are trained: `frozen` or `train`.
    pub train_experts: bool,
}

/// Of `targets`: every matrix that a layer multiplies with.
pub const ALL_LINEAR: &str = "all-linear";

/// Of `targets`: those of them that attention multiplies with.
pub const ATTENTION: &str = "attention";

/// AdamW (Loshchilov & Hutter 2019) and its schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimizer {
    /// Peak learning rate.
    pub lr: f64,
    /// `linear`, `cosine` or `constant`.
    pub schedule: Schedule,
    /// Share of all steps in which the learning rate rises from zero, 0 to below 1.
    pub warmup: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Decay of the two moments, each 0 to below 1.
    pub betas: [f64; 2],
    /// What keeps the division by the second moment finite.
    pub epsilon: f64,
    /// Greatest norm of a step's gradient, to which longer ones are cut; `None`: any.
    pub clip: Option<f64>,
}

/// Learning-rate schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// Linear decay to zero.
    Linear,
    /// Cosine decay to zero.
    Cosine,
    /// No decay.
    Constant,
}

impl Adapter {
    /// How it is trained, if it is not a file.
    #[must_use]
    pub fn training(&self) -> Option<&Training> {
        match &self.origin {
            AdapterOrigin::Trained(training) => Some(training),
            AdapterOrigin::File(_) => None,
        }
    }
}

impl TrainOn {
    /// The mode whose prompt the rows take, where they take one.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        match &self.lesson {
            Lesson::Answer { mode, .. } => Some(mode),
            Lesson::Text(_) => None,
        }
    }
}
