//! `xlt show`: what a model saw and said for one question.

#[cfg(feature = "llama")]
mod choose;
#[cfg(feature = "llama")]
mod exhibit;
#[cfg(feature = "llama")]
mod find;
#[cfg(feature = "llama")]
mod json;
#[cfg(feature = "llama")]
mod lesson;
#[cfg(feature = "llama")]
mod page;
#[cfg(feature = "llama")]
mod run;

use crate::context::Overlay;

#[cfg(feature = "llama")]
pub(crate) use run::run;

/// Show what a model saw and said for one question
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt show [OPTIONS] [SPEC] ITEM")]
pub(crate) struct Args {
    /// The item, after the spec if that is not the only one here: its key, or a part that no other key has; `/` may
    /// stand for `|`
    #[arg(num_args = 0..=2, value_names = ["SPEC", "ITEM"])]
    words: Vec<String>,
    /// Only in this language (may repeat, as may the next three)
    #[arg(long, value_name = "CODE")]
    language: Vec<String>,
    /// Only of this model
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Only under this condition
    #[arg(long, value_name = "NAME")]
    condition: Vec<String>,
    /// Only in this mode
    #[arg(long, value_name = "NAME")]
    mode: Vec<String>,
    /// One line a token: position, number, text in quotes; special tokens without
    #[arg(long)]
    tokens: bool,
    /// Print one JSON object a stage, each on a line
    #[arg(long, conflicts_with = "tokens")]
    json: bool,
    #[command(flatten)]
    overlay: Overlay,
}

#[cfg(not(feature = "llama"))]
pub(crate) fn run(_: &Args) -> Result<std::process::ExitCode, crate::failure::Failure> {
    Err(crate::failure::Failure::without_llama())
}
