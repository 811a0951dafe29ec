//! `xlt run`: does what the plan says is left to do.

use super::cluster::{self, Where};
use super::lock;
use crate::context::{Context, Selection, SpecArgs};
use crate::failure::{Failure, INTERRUPTED, STAGE_FAILED};
use crate::signals;
use crate::term;
use crate::watch;
use std::process::ExitCode;
use xlt_cache::CacheError;
use xlt_core::plan::Plan;
use xlt_core::spec::ExecutorKind;
use xlt_run::{Ending, Engine, Observer, Options, Role};

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
    /// Where stages run: here, or as jobs of a Slurm cluster [default: the spec's `[executor]`, else local]
    #[arg(long, value_enum)]
    executor: Option<Where>,
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
    cluster::choose(args.executor, &mut context);
    let role = match context.spec.executor.kind {
        ExecutorKind::Local => Role::Alone,
        ExecutorKind::Slurm => {
            // Jobs plan by what is pinned; what is not yet is asked of the hub, or fetched, before they do.
            if lock::complete(&mut context)? != ExitCode::SUCCESS {
                return Ok(ExitCode::from(STAGE_FAILED));
            }
            Role::Front(Box::new(cluster::front(&context, &args.selection, &args.spec.overlay, args.allow_commands)?))
        }
    };
    let observer = watch::observer(args.json);
    let how = How { limits: &args.limits, allow_commands: args.allow_commands, role };
    run_plan(&mut context, how, observer, |context| args.selection.plan(context))
}

/// How a plan is run.
pub(crate) struct How<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) allow_commands: bool,
    pub(crate) role: Role,
}

impl<'a> How<'a> {
    /// Here, and without the spec's own programs.
    pub(crate) fn here(limits: &'a Limits) -> Self {
        Self { limits, allow_commands: false, role: Role::Alone }
    }
}

/// Runs what `plan` says is left to do, again where artifacts turn out damaged, and says how that ended.
pub(crate) fn run_plan(
    context: &mut Context,
    How { limits, allow_commands, role }: How<'_>,
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
        memory: most_memory(context.spec.limits.memory, &role),
        host: host(),
        role,
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

/// The most that a worker's process may have in memory of its own: in a job, no more than the job has, so that it fails with words
/// rather than being killed without.
fn most_memory(limit: Option<u64>, role: &Role) -> Option<u64> {
    match role {
        Role::Task(task) if task.class.gpus == 0 => Some(limit.unwrap_or(u64::MAX).min(task.class.memory)),
        Role::Alone | Role::Front(_) | Role::Task(_) => limit,
    }
}

/// Name of this host.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}
