//! What engine and worker say to each other: one JSON object a line, on the worker's standard input and output.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use xlt_cache::Fingerprint;
use xlt_core::attempts::Begun;
use xlt_core::batch::Cost;
use xlt_core::plan::{AdoptWork, AnalyzeWork, EvaluateWork, FertilityWork, FinetuneWork, ImportWork, Pin, ProbeWork};
use xlt_core::provenance::Origin;
use xlt_core::schedule::Share;
use xlt_core::spec::Source;

/// Who says a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// It sends jobs.
    Engine,
    /// It sends what became of them.
    Worker,
}

impl Speaker {
    /// Both sides.
    pub const BOTH: [Self; 2] = [Self::Engine, Self::Worker];
}

/// A line of the protocol as xlt itself writes it, without its end; `None` where it is no line of that side. The types of the
/// protocol are xlt's own; this is for tests that try what it makes of any bytes.
#[must_use]
pub fn rewritten(speaker: Speaker, line: &[u8]) -> Option<Vec<u8>> {
    match speaker {
        Speaker::Engine => serde_json::to_vec(&serde_json::from_slice::<Request>(line).ok()?),
        Speaker::Worker => serde_json::to_vec(&serde_json::from_slice::<Reply>(line).ok()?),
    }
    .ok()
}

/// Engine to worker. The end of the stream means: end now, with everything that you started.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Do this; one at a time.
    Job(Box<Job>),
    /// The stage with this key is recorded (or given up): let go of its lock.
    Release(String),
    /// Come to a good stopping point, if the job has one.
    Stop,
}

/// Worker to engine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// How far the job is.
    Progress { done: u64, total: Option<u64>, unit: Unit, learning: Option<Learning> },
    /// Another engine works on that key.
    Busy,
    /// It is recorded already: another engine was first.
    Already { outputs: Vec<Made> },
    /// An artifact that the job reads is missing or damaged (and has been set aside).
    Damaged { blake3: String, what: String },
    /// The outputs are in the store. The worker holds the lock until it is told to release it.
    Done(Box<Done>),
    /// It did not work out. `leaves`: the worker takes no more jobs, since something that nobody waits for runs on in it.
    Failed { message: String, tail: Vec<String>, leaves: bool },
    /// It stopped where it was asked to.
    Stopped,
}

/// A finished job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Its outputs, in the order of the stage's.
    pub(crate) outputs: Vec<Made>,
    /// What a fetched file turned out to be.
    pub(crate) fetched: Option<Pin>,
    /// Backend and instruction set, where a model computed.
    pub(crate) kernel_class: Option<String>,
    /// Tokens, where a model read some.
    pub(crate) cost: Option<Cost>,
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// Largest memory of the worker so far, in bytes.
    pub(crate) peak_bytes: Option<u64>,
}

/// An artifact that is in the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) blake3: String,
    pub(crate) size: u64,
    pub(crate) folder: bool,
    /// By which it is known without being read.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Units of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Items of an evaluation.
    Items,
    /// Tensors of a model.
    Tensors,
    /// Steps of a training.
    Steps,
}

/// How a training goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Learning {
    /// Loss of the last step.
    pub loss: f64,
    /// Tokens that are learned from in a second.
    pub tokens_per_second: f64,
}

/// One stage to be run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Key of the stage: its record, its lock, its log. For a remote file without a pin, a hash of its address.
    pub(crate) key: String,
    /// Whether that key may have a record.
    pub(crate) recorded: bool,
    /// What it reads, in the order of the stage's inputs.
    pub(crate) inputs: Vec<JobInput>,
    /// What it does.
    pub(crate) work: JobWork,
    /// Threads that it may use.
    pub(crate) threads: u32,
    /// What it may take of the GPUs that the worker sees; none: it touches none.
    #[serde(default)]
    pub(crate) gpus: Vec<Share>,
    /// In a job of a cluster, what is said of the attempt.
    pub(crate) ticket: Option<Ticket>,
}

/// What a worker in a job of a cluster says of its attempt at a stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// What it says when it begins; the time is its own.
    pub(crate) begun: Begun,
}

/// An evaluation of the same items by the same model in another mode, which is to run later: what it shares may be decoded
/// with the job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Companion {
    /// Its key.
    pub(crate) key: String,
    /// What it does.
    pub(crate) work: EvaluateWork,
}

/// One thing that a job reads.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JobInput {
    /// Absolute path of the user's file; `None`: an artifact.
    pub(crate) local: Option<PathBuf>,
    /// The artifact's digest.
    pub(crate) blake3: String,
    /// Fingerprint under which the artifact was last found whole.
    pub(crate) known: Option<Fingerprint>,
    /// Whether it is a small artifact, which is read at every use rather than known by its fingerprint.
    pub(crate) small: bool,
    /// Where its link goes in the private folder, if it gets one.
    pub(crate) link: Option<String>,
}

/// What a job does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum JobWork {
    Command {
        program: String,
        args: Vec<String>,
        env: Vec<(String, String)>,
        /// Name and path in the private folder of each output.
        outputs: Vec<(String, String)>,
    },
    Download {
        source: Source,
        pin: Option<Pin>,
        /// As the spec declares it.
        size: Option<u64>,
        /// Whether all files that its pattern fits are meant, in a folder.
        many: bool,
    },
    Quantize {
        to: String,
        requantize: bool,
    },
    Evaluate {
        work: Box<EvaluateWork>,
        companions: Vec<Companion>,
    },
    Rows(Box<FinetuneWork>),
    Finetune(Box<FinetuneWork>),
    Adopt(AdoptWork),
    Merge,
    Import(Box<ImportWork>),
    Fertility(Box<FertilityWork>),
    Probe(Box<ProbeWork>),
    Analyze {
        work: Box<AnalyzeWork>,
        /// Where the answers come from, in the order of the cells.
        origins: Vec<Origin>,
    },
}
