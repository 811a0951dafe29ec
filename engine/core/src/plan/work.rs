//! What the study's own stages do: every parameter that can change their bytes.

use crate::asked::Asked;
use crate::spec::{
    Analyze, AnswersFormat, Chat, Claim, Data, Evaluate, FileRef, LanguageGroup, Mode, Prompt, Training,
};
use serde::{Deserialize, Serialize};

/// Training an adapter on one model with one seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FinetuneWork {
    /// The adapter's settings.
    pub training: Training,
    /// Seed of initialization and order.
    pub seed: u64,
    /// The data set that it trains on.
    pub data: Data,
    /// What all modes show.
    pub prompt: Prompt,
    /// Mode whose prompt the rows take.
    pub mode: Mode,
    /// Chat format of the model.
    pub chat: Chat,
    /// Assistant prefill of the model.
    pub slot: Option<String>,
}

/// Asking one model, under one condition, in one language and mode.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvaluateWork {
    /// Cell of the results.
    pub cell: EvaluateCell,
    /// Name of the adapter that is attached to the model, if one is: the stage's second input.
    pub adapter: Option<String>,
    /// How to read the data.
    pub data: Data,
    /// Part, limit, context.
    pub evaluate: Evaluate,
    /// What all modes show.
    pub prompt: Prompt,
    /// The mode.
    pub mode: Mode,
    /// Chat format of the model.
    pub chat: Chat,
    /// Assistant prefill of the model.
    pub slot: Option<String>,
}

/// Asking some of an evaluation's questions again, in other company, to see what that changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProbeWork {
    /// The evaluation. Its inputs are the first of the stage's, its answers are the last.
    pub evaluation: EvaluateWork,
    /// How many items, at most.
    pub items: u32,
}

/// Taking over what a model answered elsewhere, under one condition, in one language and mode.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportWork {
    /// Cell of the results.
    pub cell: EvaluateCell,
    /// How to read the data.
    pub data: Data,
    /// Part and limit.
    pub evaluate: Evaluate,
    /// Its labels.
    pub prompt: Prompt,
    /// How likelihoods are compared and texts are read.
    pub mode: Mode,
    /// The file of answers, everything filled in.
    pub file: FileRef,
    /// How it is written.
    pub format: AnswersFormat,
}

/// Counting the tokens that a model needs for each language.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FertilityWork {
    /// The model's name in the spec.
    pub model: String,
    /// How to read the data.
    pub data: Data,
    /// How many options a question has.
    pub options: usize,
    /// Language codes, sorted, which is the order of the stage's inputs of rows.
    pub languages: Vec<String>,
    /// Language over which the others' tokens are a premium.
    pub reference: Option<String>,
    /// The model's own `tokenizer.json`, the last input.
    pub tokenizer: Option<FileRef>,
}

/// Which cell of the results an evaluation fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateCell {
    /// Model.
    pub model: String,
    /// Condition.
    pub condition: String,
    /// Seed of the adapter, where the condition has one.
    pub seed: Option<u64>,
    /// Language code.
    pub language: String,
    /// Mode.
    pub mode: String,
}

/// Turning answers into results.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnalyzeWork {
    /// Name of the study, the title of its report.
    pub study: String,
    /// The cells, in the order of the stage's inputs.
    pub cells: Vec<EvaluateCell>,
    /// Models whose tokens are counted, in the order of the inputs that follow.
    pub fertility: Vec<String>,
    /// Cells that are probed, in the order of the inputs that follow.
    pub probes: Vec<EvaluateCell>,
    /// Language groups.
    pub groups: Vec<LanguageGroup>,
    /// How many options a question has: chance is its inverse.
    pub options: usize,
    /// What is asked for.
    pub analyze: Analyze,
    /// What is expected.
    pub claims: Vec<Claim>,
}

impl EvaluateWork {
    /// What it asks.
    #[must_use]
    pub fn asked(&self) -> Asked<'_> {
        let Self { cell, data, evaluate, prompt, mode, .. } = self;
        Asked { data, language: &cell.language, part: &evaluate.part, limit: evaluate.limit, prompt, mode }
    }
}

impl ImportWork {
    /// What was asked.
    #[must_use]
    pub fn asked(&self) -> Asked<'_> {
        let Self { cell, data, evaluate, prompt, mode, .. } = self;
        Asked { data, language: &cell.language, part: &evaluate.part, limit: evaluate.limit, prompt, mode }
    }
}

impl EvaluateCell {
    /// The cell's name: `qwen3-4b/tuned/heb_Hebr/direct`, with `seed17` after the condition where there is one.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { model, condition, seed, language, mode } = self;
        match seed {
            Some(seed) => format!("{model}/{condition}/seed{seed}/{language}/{mode}"),
            None => format!("{model}/{condition}/{language}/{mode}"),
        }
    }
}
