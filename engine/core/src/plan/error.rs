//! What can be wrong with a spec that only shows when it is compiled.

use std::fmt;

/// One thing that stops a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A local file cannot be read.
    #[error(
        "stage `{stage}`: its input `{input}` is the file {path}, which cannot be read: {why}\n  put the file there, or correct the path in the spec (it is relative to the spec's folder)"
    )]
    Local {
        /// First stage that reads it.
        stage: String,
        /// Name of the input there.
        input: String,
        /// The path.
        path: String,
        /// Why.
        why: String,
    },
    /// A stage runs for a value of an axis for which its input's stage does not.
    #[error(
        "stage `{stage}` runs for {axis} = {value:?}, but `{producer}`, whose output it reads, does not\n  add {value:?} to `stages.{producer}.matrix.{axis}`, or take it out of `stages.{stage}.matrix.{axis}`"
    )]
    NoSuchInstance {
        /// The reading stage.
        stage: String,
        /// The stage that it reads.
        producer: String,
        /// The axis that both have.
        axis: String,
        /// The value that only the reader has.
        value: String,
    },
    /// Two stages have one name.
    #[error("two stages are named `{0}`\n  rename the command stage, or one of its matrix values")]
    SameName(String),
    /// Two stages make one result.
    #[error(
        "stages `{first}` and `{second}` both make the result {path}\n  give them different paths in `export`; a matrix stage's path needs each axis, as in \"{{lang}}.txt\""
    )]
    SameResult {
        /// Path below the results folder.
        path: String,
        /// One stage.
        first: String,
        /// The other.
        second: String,
    },
}

/// Everything that stops a plan, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanErrors(pub Vec<PlanError>);

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(PlanError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for PlanErrors {}
