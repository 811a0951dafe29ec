//! A stage: what it is called, what it reads, what it makes, what it does, what it needs.

use super::command::CommandInstance;
use super::work::{AdoptWork, AnalyzeWork, EvaluateWork, FertilityWork, FinetuneWork, ImportWork, ProbeWork};
use crate::key::Digest;
use crate::spec::FileRef;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Number of a stage in its plan. Inputs always have smaller numbers than what reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(pub u32);

/// Number of a local file in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u32);

impl StageId {
    /// As an index into per-stage tables.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The closed list of what stages do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Brings a file into the cache.
    Download,
    /// Makes a smaller model file of a larger one.
    Quantize,
    /// Writes down what an adapter is to learn, and how, for a program that trains it.
    Rows,
    /// Trains an adapter.
    Finetune,
    /// Takes over an adapter that a program has trained.
    Adopt,
    /// Adds an adapter to a model's weights.
    Merge,
    /// Asks a model questions.
    Evaluate,
    /// Takes over answers that were given elsewhere.
    Import,
    /// Counts the tokens that a model needs for each language.
    Fertility,
    /// Asks a model some questions again in other company.
    Probe,
    /// Turns answers into results.
    Analyze,
    /// Runs a program of the user's.
    Command,
}

impl Kind {
    /// The word used in names, plans and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Quantize => "quantize",
            Self::Rows => "rows",
            Self::Finetune => "finetune",
            Self::Adopt => "adopt",
            Self::Merge => "merge",
            Self::Evaluate => "evaluate",
            Self::Import => "import",
            Self::Fertility => "fertility",
            Self::Probe => "probe",
            Self::Analyze => "analyze",
            Self::Command => "command",
        }
    }

    /// Version of the recipe by which such a stage makes its bytes; part of its key. Raise it whenever they change.
    #[must_use]
    pub fn recipe(self) -> u64 {
        match self {
            Self::Download
            | Self::Quantize
            | Self::Rows
            | Self::Adopt
            | Self::Merge
            | Self::Import
            | Self::Fertility
            | Self::Probe
            | Self::Command => 1,
            Self::Finetune => 2,
            Self::Evaluate => 6,
            Self::Analyze => 9,
        }
    }
}

/// One stage of a plan.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Readable, unique, and independent of the order of anything: `evaluate/qwen3-4b/tuned/heb_Hebr/direct`.
    pub name: String,
    /// What it reads, in the order of its manifest.
    pub inputs: Vec<Input>,
    /// What it does.
    pub work: Work,
    /// What it occupies while it runs.
    pub resources: Resources,
}

/// One thing that a stage reads.
#[derive(Debug, Clone)]
pub struct Input {
    /// Name of the input in the stage.
    pub name: Arc<str>,
    /// Where an input has many parts (a fan-in), which one: `qwen3-4b/heb_Hebr/direct`.
    pub part: Option<Box<str>>,
    /// Where it comes from.
    pub source: InputSource,
}

/// Where an input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputSource {
    /// A file of the user's.
    Local(LocalId),
    /// The output with that number of another stage.
    Stage(StageId, u16),
}

/// Its first output.
impl From<StageId> for InputSource {
    fn from(stage: StageId) -> Self {
        Self::Stage(stage, 0)
    }
}

/// What a stage does, with every parameter that can change its bytes.
#[derive(Debug, Clone)]
pub enum Work {
    /// Fetch a file.
    Download(DownloadWork),
    /// Quantize a model.
    Quantize(QuantizeWork),
    /// Write down what an adapter is to learn: a training that is not done here.
    Rows(Arc<FinetuneWork>),
    /// Train an adapter.
    Finetune(Arc<FinetuneWork>),
    /// Take over an adapter, the second input, for a model, the first.
    Adopt(AdoptWork),
    /// Add an adapter, the second input, to the weights of a model, the first.
    Merge,
    /// Ask a model.
    Evaluate(Arc<EvaluateWork>),
    /// Take over answers.
    Import(Arc<ImportWork>),
    /// Count tokens.
    Fertility(Arc<FertilityWork>),
    /// Ask again in other company.
    Probe(Arc<ProbeWork>),
    /// Analyze answers.
    Analyze(Arc<AnalyzeWork>),
    /// Run a program.
    Command(CommandInstance),
}

/// A file to fetch.
#[derive(Debug, Clone)]
pub struct DownloadWork {
    /// The file, `{language}` filled in. Local sources are inputs of the stage; the others are known by their pin.
    pub file: FileRef,
    /// What the lock (or the spec itself) says of its content.
    pub pin: Option<Pin>,
    /// Whether its pattern means all files that it fits: they make a folder, be they one or many.
    pub many: bool,
}

impl DownloadWork {
    /// Whether it is a remote file of which neither the spec nor the lock says what it is.
    #[must_use]
    pub fn is_unpinned(&self) -> bool {
        self.pin.is_none() && !self.file.source.is_local()
    }
}

/// Content of a remote file, as the lock holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pin {
    /// SHA-256, lower-case hexadecimal. Of a set of files: of what `sha256sum` prints for them, sorted by path.
    pub sha256: String,
    /// Size in bytes, of a set in all; known once the file has been fetched.
    pub size: Option<u64>,
    /// Of a repository on the model hub: the commit.
    pub commit: Option<String>,
    /// Of a repository on the model hub: the files that the spec's path or glob meant, sorted by path. Several make a
    /// folder, one makes a file (where many are meant, a folder, too).
    pub files: Vec<PinnedFile>,
}

/// A file of a repository at the pinned commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFile {
    /// Path in the repository.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// A model to quantize.
#[derive(Debug, Clone)]
pub struct QuantizeWork {
    /// llama.cpp type.
    pub to: String,
    /// From an already quantized file.
    pub requantize: bool,
}

/// What a stage occupies while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resources {
    /// Cores; more than there are means all.
    pub cores: u32,
    /// Memory in bytes, of the GPUs together where it takes any, else of the machine; more than there is means all.
    pub memory: u64,
    /// GPUs; more than there are means all.
    pub gpus: u32,
    /// Downloads under way at once.
    pub downloads: u32,
}

impl Stage {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.work {
            Work::Download(_) => Kind::Download,
            Work::Quantize(_) => Kind::Quantize,
            Work::Rows(_) => Kind::Rows,
            Work::Finetune(_) => Kind::Finetune,
            Work::Adopt(_) => Kind::Adopt,
            Work::Merge => Kind::Merge,
            Work::Evaluate(_) => Kind::Evaluate,
            Work::Import(_) => Kind::Import,
            Work::Fertility(_) => Kind::Fertility,
            Work::Probe(_) => Kind::Probe,
            Work::Analyze(_) => Kind::Analyze,
            Work::Command(_) => Kind::Command,
        }
    }

    /// The model that it asks or trains on, which its worker then keeps loaded.
    #[must_use]
    pub fn model(&self) -> Option<InputSource> {
        let loads = matches!(self.work, Work::Evaluate(_) | Work::Probe(_) | Work::Finetune(_));
        self.inputs.first().filter(|_| loads).map(|input| input.source)
    }

    /// Names of its outputs, in order.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        let (fixed, declared): (&[&str], _) = match &self.work {
            Work::Download(_) => (&["file"], None),
            Work::Quantize(_) | Work::Merge => (&["model"], None),
            Work::Rows(_) => (&["training"], None),
            Work::Finetune(_) => (&["adapter", "log"], None),
            Work::Adopt(_) => (&["adapter"], None),
            Work::Evaluate(_) => (&["answers", "prompts"], None),
            Work::Import(_) => (&["answers"], None),
            Work::Fertility(_) => (&["fertility"], None),
            Work::Probe(_) => (&["probe"], None),
            Work::Analyze(_) => (
                &[
                    "results.md",
                    "results.csv",
                    "results.json",
                    "report.html",
                    "results.tex",
                    "gains.csv",
                    "claims.csv",
                    "gains.svg",
                ],
                None,
            ),
            Work::Command(command) => (&[], Some(command.shared.spec.outputs.keys())),
        };
        fixed.iter().copied().chain(declared.into_iter().flatten().map(String::as_str))
    }
}

/// A file of the user's that some stage reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Path as the process can open it.
    pub path: String,
    /// Its content when the plan was made.
    pub digest: Digest,
}

/// A file that a finished run leaves in the results folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The stage.
    pub stage: StageId,
    /// Number of its output.
    pub output: u16,
    /// Path below the results folder, `/` between parts.
    pub path: String,
}
