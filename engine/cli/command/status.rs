//! `xlt status`: how far a study is, and how its last run ended.

use crate::context::SpecArgs;
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;
use std::time::SystemTime;
use xlt_cache::{Run, StageRun, Status};

/// Show how far a study is and how its last run ended
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let context = args.spec.open()?;
    let plan = context.plan()?;
    let done = plan.verdicts.iter().filter(|verdict| verdict.word() == "cached").count();
    let mut text = format!("{}: {done} of {} stages are done\n", plan.study, plan.stages.len());
    match context.world.ledger.last_run(&plan.study)? {
        None => text.push_str("it has not been run on this machine\n"),
        Some(run) => {
            text.push_str(&describe(&run));
            for stage in context.world.ledger.stage_runs(run.id)?.iter().filter(|stage| stage.status == Status::Failed)
            {
                text.push_str(&failed(stage));
            }
        }
    }
    term::say(&text);
    Ok(ExitCode::SUCCESS)
}

fn describe(run: &Run) -> String {
    let started = run.id.started();
    let counts = &run.counts;
    match run.finished {
        None => format!("last run: begun {} on {}, and still on, or killed\n", time(started), run.host),
        Some(finished) => format!(
            "last run: {} on {}, {} s: ran {}, cached {}, failed {}, skipped {}\n",
            time(started),
            run.host,
            finished.duration_since(started).unwrap_or_default().as_secs(),
            counts.ran,
            counts.cached,
            counts.failed,
            counts.skipped
        ),
    }
}

fn failed(stage: &StageRun) -> String {
    let log = stage.log.as_ref().filter(|log| log.is_file());
    let log = log.map(|log| format!(", log: {}", log.display())).unwrap_or_default();
    format!("  failed: {}{log}\n", stage.stage)
}

fn time(at: SystemTime) -> String {
    let Ok(at) = jiff::Timestamp::try_from(at) else { return "at an unknown time".to_owned() };
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
