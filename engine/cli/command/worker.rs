//! `xlt worker`: the process in which stages run. Started by `xlt run`, not by people.

use crate::failure::Failure;
use crate::term;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serve jobs from standard input
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The cache folder
    #[arg(long, required_unless_present = "devices")]
    cache: Option<PathBuf>,
    /// The folder to work in
    #[arg(long, required_unless_present = "devices")]
    folder: Option<PathBuf>,
    /// The most bytes that this process, and each that it starts, may have in memory of its own
    #[arg(long)]
    memory: Option<u64>,
    /// Print the GPUs that llama.cpp sees, as JSON, and end
    #[arg(long)]
    devices: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(bytes) = args.memory {
        xlt_run::worker::bound_memory(bytes);
    }
    match (&args.cache, &args.folder) {
        (Some(cache), Some(folder)) if !args.devices => xlt_run::worker::serve(cache, folder)?,
        _ => term::say(&devices()?),
    }
    Ok(ExitCode::SUCCESS)
}

fn devices() -> Result<String, Failure> {
    let seen = xlt_run::gpus::seen().map_err(Failure::sentence)?;
    serde_json::to_string(&seen).map_err(|error| Failure::sentence(error.to_string()))
}
