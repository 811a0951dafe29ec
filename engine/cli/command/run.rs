//! `xlt run`: does what the plan says is left to do.

use crate::context::{Context, Selection, SpecArgs};
use crate::failure::{Failure, INTERRUPTED, STAGE_FAILED};
use crate::signals;
use crate::term;
use crate::watch;
use std::process::ExitCode;
use xlt_cache::CacheError;
use xlt_core::plan::Plan;
use xlt_run::{Ending, Engine, Observer, Options};

/// Run a spec: do what is not in the cache yet
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// Let the spec's command stages run their programs
    #[arg(long)]
    allow_commands: bool,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON object a line for everything that happens
    #[arg(long)]
    json: bool,
}

/// What a run may use.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Limits {
    /// Use at most this many cores
    #[arg(short, long, value_name = "CORES", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Fetch nothing
    #[arg(long)]
    offline: bool,
    /// Refuse to change the lock file
    #[arg(long)]
    locked: bool,
}

/// Plans again at most so often because artifacts were found damaged while results were written.
const AGAIN: usize = 3;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = args.spec.open()?;
    args.selection.apply(&mut context)?;
    let observer = watch::observer(args.json);
    run_plan(&mut context, &args.limits, args.allow_commands, observer, |context| args.selection.plan(context))
}

/// Runs what `plan` says is left to do, again where artifacts turn out damaged, and says how that ended.
pub(crate) fn run_plan(
    context: &mut Context,
    limits: &Limits,
    allow_commands: bool,
    mut observer: Box<dyn Observer>,
    plan: impl Fn(&Context) -> Result<Plan, Failure>,
) -> Result<ExitCode, Failure> {
    let held = match context.world.cache.share() {
        // Of a cache that may only be read, results are copied all the same.
        Err(CacheError::Denied { .. }) if is_done(&plan(context)?) => None,
        held => Some(held?),
    };
    let (engine, interrupt) = Engine::new(Options {
        program: std::env::current_exe()
            .map_err(|error| Failure::sentence(format!("xlt cannot find itself: {error}")))?,
        jobs: limits.jobs,
        offline: limits.offline,
        locked: limits.locked,
        allow_commands,
        memory: context.spec.limits.memory,
        host: host(),
    });
    signals::on_stop(move || interrupt.send());
    let mut run_once =
        || Ok::<_, Failure>(engine.run(&plan(context)?, &mut context.world, held.as_ref(), &mut *observer)?);
    let mut ending = run_once()?;
    for _ in 0..AGAIN {
        if !ending.damaged || ending.interrupted {
            break;
        }
        ending = run_once()?;
    }
    Ok(match ending {
        Ending { interrupted: true, .. } => ExitCode::from(INTERRUPTED),
        Ending { damaged: true, .. } => {
            term::tell(
                "the cache loses artifacts as fast as they are made; look at its disk, and at `xlt cache verify`",
            );
            ExitCode::from(STAGE_FAILED)
        }
        Ending { tally, .. } if tally.failed > 0 || tally.left > 0 => ExitCode::from(STAGE_FAILED),
        Ending { .. } => ExitCode::SUCCESS,
    })
}

/// Whether nothing is left to make.
fn is_done(plan: &Plan) -> bool {
    plan.verdicts.iter().all(|verdict| verdict.word() == "cached")
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}
