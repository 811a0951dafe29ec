//! Runs on a cluster: what jobs are told, from what the user said.

use crate::context::{Context, Overlay, Selection};
use crate::failure::Failure;
use xlt_core::plan::Plan;
use xlt_core::spec::ExecutorKind;
use xlt_run::slurm::{FrontOptions, Layout, Order, classes};

/// Where stages run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Where {
    /// On this machine
    Local,
    /// As jobs of a Slurm cluster
    Slurm,
}

/// Lays what the user said over what the spec says.
pub(crate) fn choose(said: Option<Where>, context: &mut Context) {
    match said {
        None => {}
        Some(Where::Local) => context.spec.executor.kind = ExecutorKind::Local,
        Some(Where::Slurm) => context.spec.executor.kind = ExecutorKind::Slurm,
    }
}

/// What the front of a run needs to ask for jobs.
pub(crate) fn front(
    context: &Context,
    selection: &Selection,
    overlay: &Overlay,
    allow_commands: bool,
) -> Result<FrontOptions, Failure> {
    if context.spec.executor.runs_programs() && !allow_commands {
        return Err(Failure::sentence(
            "`[executor]` has `program`, `container`, `modules` or `options`, by which jobs run more than xlt, and that was not allowed\n  if you \
             trust the spec, run again with `--allow-commands`",
        ));
    }
    let nowhere = |error| Failure::sentence(format!("xlt cannot tell where it is: {error}"));
    let directory = std::env::current_dir().map_err(nowhere)?;
    let order = selection.order(Order {
        directory: directory.clone(),
        spec: context.path.clone(),
        profile: overlay.profile.clone(),
        set: overlay.set.clone(),
        texts: context.texts.clone(),
        allow_commands,
        ..Order::default()
    });
    let cache = context.world.cache.clone();
    let layout = Layout {
        order: order.path(&cache),
        study: context.study_id(),
        name: context.spec.name.clone(),
        program: std::env::current_exe().map_err(nowhere)?,
        cache,
        directory,
    };
    Ok(FrontOptions { executor: context.spec.executor.clone(), order, layout })
}

/// Jobs of one kind, as a plan foresees them.
pub(crate) struct Jobs {
    /// Stages that they are for.
    pub(crate) stages: usize,
    /// How many there would be at once at most.
    pub(crate) most: usize,
    /// What would be handed to `sbatch`.
    pub(crate) script: String,
}

/// The jobs that a run of the plan would ask for.
pub(crate) fn jobs(
    context: &Context,
    plan: &Plan,
    selection: &Selection,
    overlay: &Overlay,
) -> Result<Vec<Jobs>, Failure> {
    let FrontOptions { executor, layout, .. } = front(context, selection, overlay, true)?;
    let jobs = classes(plan, &executor).into_iter().map(|(class, stages)| Jobs {
        stages,
        most: stages.min(executor.tasks as usize),
        script: layout.script(&executor, class),
    });
    Ok(jobs.collect())
}

/// The scripts, one after the other.
pub(crate) fn as_text(jobs: &[Jobs]) -> String {
    let job = |jobs: &Jobs| {
        let Jobs { stages, most, script } = jobs;
        let stages = if *stages == 1 { "1 stage".to_owned() } else { format!("{stages} stages") };
        format!("\n---- for {stages}: sbatch --array=0-{} ----\n{script}", most.saturating_sub(1))
    };
    jobs.iter().map(job).collect()
}
