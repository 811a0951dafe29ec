//! `xlt log`: what a stage printed when it ran last.

use crate::context::StageArgs;
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;

/// Print the log of a stage
#[derive(Debug, clap::Args)]
#[command(override_usage = "xlt log [OPTIONS] [SPEC] STAGE")]
pub(crate) struct Args {
    #[command(flatten)]
    stage: StageArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (context, plan, id) = args.stage.open()?;
    let stage = plan.stage(id);
    let keys = [plan.verdicts[id.index()].key().copied(), context.world.ledger.last_of(&plan.study, &stage.name)];
    let last = context.world.last_log(&stage.name);
    let paths = keys.into_iter().flatten().map(|key| context.world.cache.log_path(&key)).chain(last);
    let text = paths.into_iter().find_map(|path| std::fs::read(path).ok());
    match text {
        Some(bytes) => term::say(&String::from_utf8_lossy(&bytes)),
        None => term::tell(&format!("`{}` has left no log: it has not run here, or printed nothing", stage.name)),
    }
    Ok(ExitCode::SUCCESS)
}
