//! `xlt task`: a job of a cluster, which works on stages of a run. Started by a script that `xlt run --executor slurm` hands in.

use super::run::{How, Limits, host, run_plan};
use crate::context::{Context, Selection};
use crate::failure::Failure;
use crate::term;
use crate::watch;
use std::path::PathBuf;
use std::process::ExitCode;
use xlt_core::plan::Plan;
use xlt_core::slurm::Class;
use xlt_run::Role;
use xlt_run::slurm::{Order, TaskOptions};

/// Work on stages of a run, in a job of a cluster
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The cache folder
    #[arg(long)]
    cache: PathBuf,
    /// The file that says what is to be done
    #[arg(long)]
    order: PathBuf,
    /// The kind of job that this is
    #[arg(long)]
    class: Class,
    /// The run that asked for it
    #[arg(long)]
    run: String,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let order = Order::read(&args.order)?;
    let mut context = Context::ordered(&order, &args.cache)?;
    // Whether this host sees the locks of the one that tends the jobs: else it would do again what others do.
    context.world.cache.tender(&context.study_id())?;
    let selection = Selection::ordered(&order)?;
    selection.apply(&mut context)?;
    let (job, host) = (job(), host());
    term::tell(&format!("job {job} on {host}: {}", args.class.words()));
    let executor = context.spec.executor.clone();
    let task = TaskOptions { class: args.class, run: args.run.clone(), executor, job, host };
    let limits = Limits::default();
    let how = How { limits: &limits, allow_commands: order.allow_commands, role: Role::Task(Box::new(task)) };
    run_plan(&mut context, how, watch::observer(false), |context| {
        // Results and the lock file are for the run that asked for the job.
        Ok(Plan { exports: Vec::new(), new_claims: Vec::new(), ..selection.plan(context)? })
    })?;
    // What failed is told by the run that asked for the job; that other jobs are at work is no failure.
    Ok(ExitCode::SUCCESS)
}

/// Its number, as the cluster shows it.
fn job() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID"), variable("SLURM_JOB_ID")) {
        (Some(array), Some(task), _) => format!("{array}_{task}"),
        (_, _, Some(job)) => job,
        _ => format!("process {}", std::process::id()),
    }
}
