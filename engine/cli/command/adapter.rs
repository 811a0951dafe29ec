//! `xlt adapter`: LoRA adapters looked into, compared, and brought from and to PEFT.

#[cfg(feature = "llama")]
mod diff;
#[cfg(feature = "llama")]
mod export;
#[cfg(feature = "llama")]
mod import;
#[cfg(feature = "llama")]
mod show;

use crate::failure::Failure;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look into LoRA adapters, compare them, and bring them from and to PEFT
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what an adapter changes, and by how much
    ///
    /// The norm is that of the change itself, alpha / rank · B A (Frobenius), of all layers together.
    Show {
        /// The adapter, in GGUF
        #[arg(value_name = "ADAPTER.gguf")]
        adapter: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write an adapter as PEFT has it, for `PeftModel.from_pretrained`
    Export {
        /// The adapter, in GGUF
        #[arg(value_name = "ADAPTER.gguf")]
        adapter: PathBuf,
        /// The model that it is for, in GGUF; only its header is read
        #[arg(long, value_name = "MODEL.gguf")]
        base: PathBuf,
        /// The folder to write, new or empty
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// How the hub calls the model, for `base_model_name_or_path`
        #[arg(long, value_name = "ORG/REPO")]
        base_name: Option<String>,
    },
    /// Write an adapter that PEFT saved as GGUF
    ///
    /// Everything that it learned finds its place in the model, or the adapter is refused and all that does not is named.
    Import {
        /// The folder that PEFT saved
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// The model that it is for, in GGUF; only its header is read
        #[arg(long, value_name = "MODEL.gguf")]
        base: PathBuf,
        /// The adapter to write, a new file
        #[arg(long, value_name = "ADAPTER.gguf")]
        to: PathBuf,
    },
    /// Compare what two adapters change
    ///
    /// Of what both change: the norms of the two changes, the norm of their difference over that of the first, and their cosine.
    Diff {
        /// The first adapter, in GGUF
        #[arg(value_name = "A.gguf")]
        first: PathBuf,
        /// The second adapter, in GGUF
        #[arg(value_name = "B.gguf")]
        second: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[cfg(feature = "llama")]
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    // ggml says on its own why it refuses a file unless somebody listens.
    crate::loader::backend()?;
    match &args.action {
        Action::Show { adapter, json } => show::run(adapter, *json),
        Action::Export { adapter, base, to, base_name } => export::run(adapter, base, to, base_name.as_deref()),
        Action::Import { folder, base, to } => import::run(folder, base, to),
        Action::Diff { first, second, json } => diff::run(first, second, *json),
    }
    .map(|()| ExitCode::SUCCESS)
}

#[cfg(not(feature = "llama"))]
pub(crate) fn run(_: &Args) -> Result<ExitCode, Failure> {
    Err(Failure::without_llama())
}

#[cfg(feature = "llama")]
fn read(path: &std::path::Path) -> Result<xlt_core::lora::Lora, Failure> {
    xlt_llama::read_lora(path).map_err(|error| Failure::sentence(error.to_string()))
}

#[cfg(feature = "llama")]
fn shape(base: &std::path::Path) -> Result<xlt_core::peft::ModelShape, Failure> {
    xlt_llama::model_shape(base).map_err(|error| Failure::sentence(error.to_string()))
}

/// What keeps an adapter from going from one form to the other, a line each.
#[cfg(feature = "llama")]
fn refused(what: String, error: xlt_core::peft::PeftError) -> Failure {
    Failure::sentence(format!("{what}:\n  {}", error.faults.join("\n  ")))
}

/// A number with four digits.
#[cfg(feature = "llama")]
fn short(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}
