//! `xlt fetch`: brings what a spec names onto this disk, and runs nothing else.

use super::run::{How, Limits, run_plan};
use crate::context::{Context, Selection, SpecArgs};
use crate::failure::Failure;
use crate::watch;
use std::collections::BTreeSet;
use std::process::ExitCode;
use xlt_core::plan::{Kind, Plan};

/// Fetch every file of a spec, so that it can be run where there is no network
///
/// What was fetched is in the cache and in the lock file. On a cluster: fetch on a login node, then `xlt run --offline` on those that
/// compute, with the same cache.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON object a line for everything that happens
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = args.spec.open()?;
    args.selection.apply(&mut context)?;
    run_plan(&mut context, How::here(&args.limits), watch::observer(args.json), |context| downloads(args, context))
}

fn downloads(args: &Args, context: &Context) -> Result<Plan, Failure> {
    let chosen = args.selection.plan(context)?;
    let downloads = chosen.stages.iter().filter(|stage| stage.kind() == Kind::Download);
    let wanted: BTreeSet<&str> = downloads.map(|stage| stage.name.as_str()).collect();
    context.plan_only(&|stage| wanted.contains(stage.name.as_str()))
}
