//! `xlt schema`: the spec's JSON Schema, so that editors complete it.

use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;

/// Print a JSON Schema of the spec, for editors
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<ExitCode, Failure> {
    term::say(&serde_json::to_string_pretty(&xlt_core::spec::schema()).unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}
