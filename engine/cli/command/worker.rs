//! `xlt worker`: the process in which stages run. Started by `xlt run`, not by people.

use crate::failure::Failure;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serve jobs from standard input
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The cache folder
    #[arg(long)]
    cache: PathBuf,
    /// The folder to work in
    #[arg(long)]
    folder: PathBuf,
    /// The most bytes that this process, and each that it starts, may have in memory of its own
    #[arg(long)]
    memory: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if let Some(bytes) = args.memory {
        xlt_run::worker::bound_memory(bytes);
    }
    xlt_run::worker::serve(&args.cache, &args.folder)?;
    Ok(ExitCode::SUCCESS)
}
