//! `xlt status`: how far a study is, and how its last run ended.

use crate::context::{Context, SpecArgs};
use crate::failure::Failure;
use crate::term;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xlt_cache::{Run, StageRun, Status};
use xlt_core::attempts::{Attempts, Line};
use xlt_core::plan::Plan;

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
    text.push_str(&cluster(&context, &plan)?);
    term::say(&text);
    Ok(ExitCode::SUCCESS)
}

/// What jobs of a cluster are at, as they say themselves in the cache: the same on every host.
fn cluster(context: &Context, plan: &Plan) -> Result<String, Failure> {
    let cache = &context.world.cache;
    let mut text = String::new();
    if let Some(who) = cache.tender(&context.study_id())? {
        text.push_str(&format!("its jobs are tended by {who}\n"));
    }
    for (id, stage) in plan.ids() {
        let key = plan.verdicts[id.index()].key().filter(|_| plan.verdicts[id.index()].word() != "cached");
        let Some((key, said)) = key.and_then(|key| Some((key, cache.attempts(key).ok()??))) else { continue };
        let attempts = Attempts::parse(&said);
        let alive = attempts.open().is_some() && cache.is_worked_on(key)?;
        text.push_str(&format!("  {}: {}\n", stage.name, told(&attempts, alive)));
    }
    Ok(text)
}

/// How a stage fares in jobs.
fn told(attempts: &Attempts, alive: bool) -> String {
    let deaths = attempts.deaths(alive);
    let died = if deaths.all() > 0 { format!("; {deaths} before") } else { String::new() };
    match (attempts.open().filter(|_| alive), attempts.end()) {
        (Some(begun), _) => {
            let since = time(UNIX_EPOCH + Duration::from_secs(begun.at));
            format!("job {} works on it on {}, since {since}{died}", begun.job, begun.host)
        }
        (None, Some(Line::Failed { message, .. })) => format!("failed: {message}"),
        (None, Some(Line::Stopped)) => format!("stopped at the end of a job, to go on in another{died}"),
        (None, _) => format!("waits for a job; it {deaths}"),
    }
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
