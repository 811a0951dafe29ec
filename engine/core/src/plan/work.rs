//! What the study's own stages do: every parameter that can change their bytes.

use crate::analysis::ConditionFacts;
use crate::asked::Asked;
use crate::results::Weights;
use crate::spec::{
    Analyze, AnswersFormat, Chat, Claim, Data, Evaluate, FileRef, Kv, LanguageGroup, Lesson, Mode, Pace, Prompt,
    Training,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Training an adapter on one model with one seed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FinetuneWork {
    /// Its name, for messages.
    pub adapter: String,
    /// Name of the model, for messages.
    pub model: String,
    /// The adapter's settings; languages sorted, which is the order of the stage's inputs of rows.
    pub training: Training,
    /// Seed of initialization and order.
    pub seed: u64,
    /// The data set that it trains on.
    pub data: Data,
    /// What the rows are shown in; with [`Lesson::Text`] the text, as its body.
    ///
    /// [`Lesson::Text`]: crate::spec::Lesson::Text
    pub prompt: Prompt,
    /// Mode whose prompt the rows take; with a text, one that says nothing.
    pub mode: Mode,
    /// The other adapters that it is matched with, by name.
    pub arms: Vec<Arm>,
    /// Chat format of the model.
    pub chat: Chat,
    /// Assistant prefill of the model.
    pub slot: Option<String>,
}

/// An adapter that another one is matched with: which questions it has, and how many steps they make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arm {
    /// Its name, for messages.
    pub adapter: String,
    /// The data set that it trains on.
    pub data: Data,
    /// What its rows are shown in: they are read with as many options as it has labels.
    pub prompt: Prompt,
    /// Mode whose prompt they take.
    pub mode: Mode,
    /// Part of the data.
    pub part: String,
    /// Language codes, sorted, which is the order of the inputs of its rows.
    pub languages: Vec<String>,
    /// Questions in each language, at most.
    pub limit: Option<u64>,
    /// How many examples make a step, and how many steps there are.
    pub pace: Pace,
}

impl FinetuneWork {
    /// What its rows are, in a language. `limit` is not in it: it is drawn, and by [`balance`].
    ///
    /// [`balance`]: crate::training::balance
    #[must_use]
    pub fn asked<'a>(&'a self, language: &'a str) -> Asked<'a> {
        let Self { data, prompt, mode, training, .. } = self;
        Asked { data, language, part: &training.train_on.part, limit: None, prompt, mode }
    }

    /// The evaluation that would ask its rows, in a language: a row is learned as it is asked. How long it may be is not
    /// that evaluation's to say. Plain text has no chat format and no slot.
    #[must_use]
    pub fn evaluation(&self, language: &str) -> EvaluateWork {
        let Self { adapter, model, training, seed, data, prompt, mode, chat, slot, .. } = self;
        let is_text = matches!(training.train_on.lesson, Lesson::Text(_));
        EvaluateWork {
            cell: EvaluateCell {
                model: model.clone(),
                condition: adapter.clone(),
                seed: Some(*seed),
                language: language.to_owned(),
                mode: mode.name.clone(),
            },
            adapter: None,
            data: data.clone(),
            evaluate: Evaluate {
                data: data.name.clone(),
                part: training.train_on.part.clone(),
                languages: vec![language.to_owned()],
                limit: None,
                context: Some(u32::MAX),
                unit: 1,
                kv: Kv::F16,
                slots: 1,
                probe: 0,
            },
            prompt: prompt.clone(),
            mode: mode.clone(),
            chat: if is_text { Chat::None } else { *chat },
            slot: slot.clone().filter(|_| !is_text),
        }
    }
}

impl Arm {
    /// What its rows are, in a language.
    #[must_use]
    pub fn asked<'a>(&'a self, language: &'a str) -> Asked<'a> {
        let Self { data, prompt, mode, part, .. } = self;
        Asked { data, language, part, limit: None, prompt, mode }
    }

    /// Name of the inputs with the rows of the arm at that place: their parts are the languages.
    #[must_use]
    pub fn input(at: usize) -> String {
        format!("arm{}", at + 1)
    }
}

/// Taking over an adapter that a program has trained. Both names are for messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptWork {
    /// Name of the adapter.
    pub adapter: String,
    /// Name of the model.
    pub model: String,
    /// Its seed.
    pub seed: u64,
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

/// Which training made an adapter. Sorted as written here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrainedAdapter {
    /// Model.
    pub model: String,
    /// Adapter.
    pub adapter: String,
    /// Seed.
    pub seed: u64,
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
    /// Trainings behind the cells, sorted, whose logs are the inputs that follow.
    pub trainings: Vec<TrainedAdapter>,
    /// How to read the rows of the languages, which are the inputs that follow.
    pub data: Option<Data>,
    /// Language codes of the cells, sorted, in the order of those inputs.
    pub languages: Vec<String>,
    /// Cells whose prompts are known, in the order of the inputs that follow.
    pub prompts: Vec<EvaluateCell>,
    /// Of each adapter that was trained on data whose keys are those of the answers, one training: its rows are the inputs that
    /// follow, the last, in the order of its own.
    pub taught: Vec<FinetuneWork>,
    /// The type of each model's weights.
    pub weights: BTreeMap<String, Weights>,
    /// Language groups.
    pub groups: Vec<LanguageGroup>,
    /// How many options a question has: chance is its inverse.
    pub options: usize,
    /// What is asked for.
    pub analyze: Analyze,
    /// What is expected.
    pub claims: Vec<Claim>,
    /// Of each claim whether it was written, or changed, when there were answers already.
    pub post_hoc: Vec<bool>,
    /// The conditions, in the order of the spec.
    pub conditions: Vec<ConditionFacts>,
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

impl TrainedAdapter {
    /// The training's name: `qwen3-4b/arabic/seed17`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { model, adapter, seed } = self;
        format!("{model}/{adapter}/seed{seed}")
    }
}
