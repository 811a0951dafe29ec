//! `xlt check`: reads a spec and says what is wrong with it.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;

/// Check a spec without touching cache or network
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.spec.load()?;
    term::say(&format!("{}: the spec is sound", spec.name));
    Ok(ExitCode::SUCCESS)
}
