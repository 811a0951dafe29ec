//! `xlt check`: reads a spec and says what is wrong with it.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;
use xlt_core::items::called;
use xlt_core::spec::{Model, Spec};

/// Check a spec without touching cache or network
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let spec = args.spec.load()?;
    term::say(&format!("{}: the spec is sound{}", spec.name, imports(&spec)));
    Ok(ExitCode::SUCCESS)
}

/// Whose answers are not asked for, but taken over.
fn imports(spec: &Spec) -> String {
    let line = |model: &Model| {
        let format = model.answers?.word();
        let file = called(&model.file.given()?.source);
        Some(format!("\n  {}: its answers are imported from {file} ({format})", model.name))
    };
    spec.models.iter().filter_map(line).collect()
}
