//! `xlt results`: the results of a study, from the cache.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use clap::ValueEnum;
use std::process::ExitCode;
use xlt_core::plan::{Kind, Verdict};

/// Print the results of a study
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Markdown
    Md,
    /// One line a cell
    Csv,
    /// Everything
    Json,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let context = args.spec.open()?;
    let plan = context.plan()?;
    let wanted = match args.format {
        Format::Md => "results.md",
        Format::Csv => "results.csv",
        Format::Json => "results.json",
    };
    let Some((id, _)) = plan.ids().find(|(_, stage)| stage.kind() == Kind::Analyze) else {
        return Err(Failure::sentence(
            "this spec evaluates nothing, so it has no results; what its commands make is in its results folder",
        ));
    };
    let Verdict::Cached { outputs, .. } = &plan.verdicts[id.index()] else {
        return Err(Failure::sentence("there are no results of this spec as it stands; `xlt run` makes them"));
    };
    let digest = outputs.iter().find(|output| output.name == wanted).map(|output| output.digest);
    let digest =
        digest.ok_or_else(|| Failure::sentence(format!("the record of the analysis has no {wanted}; run again")))?;
    term::say(&context.world.read_text(&digest)?);
    Ok(ExitCode::SUCCESS)
}
