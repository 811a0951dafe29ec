//! What programs of the user's make for a study: model files and adapters, as outputs of command stages.

use super::FileRef;
use serde::{Deserialize, Serialize};

/// `stage:NAME` or `stage:NAME.OUTPUT` outside of the command stages: an output of one instance of a command stage, the one
/// that runs for the model (and seed) in question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StageOutput {
    /// Name of the command stage.
    pub stage: String,
    /// Its output; resolved even where the user left it out (the stage has exactly one then).
    pub output: String,
}

/// Where the file of a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelFile {
    /// Somebody published it, here or elsewhere.
    Given(FileRef),
    /// A command stage makes it.
    Made(StageOutput),
}

impl ModelFile {
    /// The file that somebody published.
    #[must_use]
    pub fn given(&self) -> Option<&FileRef> {
        match self {
            Self::Given(file) => Some(file),
            Self::Made(_) => None,
        }
    }

    /// The output of a command stage.
    #[must_use]
    pub fn made(&self) -> Option<&StageOutput> {
        match self {
            Self::Given(_) => None,
            Self::Made(output) => Some(output),
        }
    }
}

/// Axis of a command stage whose values are names of models.
pub const MODEL_AXIS: &str = "model";
/// Axis of a command stage whose values are seeds of adapters.
pub const SEED_AXIS: &str = "seed";
