//! `xlt completions`: completion for a shell.

use crate::args::Cli;
use crate::failure::Failure;
use crate::term;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "xlt", &mut script);
    term::say(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
