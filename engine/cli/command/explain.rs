//! `xlt explain`: why a stage runs or does not, and everything that its key depends on.

use crate::context::StageArgs;
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;
use xlt_core::key::Difference;

/// Say why a stage would run, and show everything that can change its bytes
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt explain [OPTIONS] [SPEC] STAGE")]
pub(crate) struct Args {
    #[command(flatten)]
    stage: StageArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (context, plan, id) = args.stage.open()?;
    let (stage, verdict) = (plan.stage(id), &plan.verdicts[id.index()]);
    let mut text = format!("{}: {} ({})\n", stage.name, verdict.word(), plan.reason(id, &context.world));
    match verdict.key() {
        Some(key) => text.push_str(&format!("key {key}\n")),
        None => text.push_str("key not known before its inputs are\n"),
    }
    match plan.changes(id, &context.world) {
        None => text.push_str("\nno earlier record of this stage\n"),
        Some(changes) if changes.is_empty() => text.push_str("\nno difference to its last record\n"),
        Some(changes) => {
            text.push_str("\nsince its last record\n");
            changes.iter().for_each(|change| text.push_str(&difference(change)));
        }
    }
    text.push_str("\nmanifest (inputs marked ? are not known yet)\n");
    plan.manifest(stage, &plan).lines().for_each(|line| text.push_str(&format!("  {line}\n")));
    term::say(&text);
    Ok(ExitCode::SUCCESS)
}

fn difference(change: &Difference) -> String {
    let side = |sign: char, value: &Option<String>| {
        value.as_ref().map(|value| format!("    {sign} {value}\n")).unwrap_or_default()
    };
    format!("  {}\n{}{}", change.field, side('-', &change.before), side('+', &change.after))
}
