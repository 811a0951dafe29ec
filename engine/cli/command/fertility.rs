//! `xlt fertility`: how many tokens each model needs for each language.

#[cfg(feature = "llama")]
mod run;

use crate::context::Overlay;
#[cfg(feature = "llama")]
pub(crate) use run::run;
use std::path::PathBuf;

/// Count the tokens that each model needs for each language's passages
///
/// Of all rows of the evaluated data, whatever their part: tokens a passage, a character and a byte, and the premium over a
/// reference language, on the passages that both have. Of a model with a `tokenizer` also whether the GGUF makes the same ids.
/// Needs the models and data in the cache.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The spec [default: the only one in this folder]
    spec: Option<PathBuf>,
    /// Language that premiums are over [default: the spec's, else eng_Latn if it is evaluated, else the first]
    #[arg(long, value_name = "CODE")]
    reference: Option<String>,
    /// Print one JSON object for each model and language, each on a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    overlay: Overlay,
}

#[cfg(not(feature = "llama"))]
pub(crate) fn run(_: &Args) -> Result<std::process::ExitCode, crate::failure::Failure> {
    Err(crate::failure::Failure::without_llama())
}
