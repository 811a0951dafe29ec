//! Runs on a cluster: what jobs are told, from what the user said.

use crate::context::{Context, Overlay, Selection};
use crate::failure::Failure;
use xlt_core::spec::ExecutorKind;
use xlt_run::slurm::{FrontOptions, Layout, Order, study_id};

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
        study: study_id(&context.path, &context.spec.name),
        name: context.spec.name.clone(),
        program: std::env::current_exe().map_err(nowhere)?,
        cache,
        directory,
    };
    Ok(FrontOptions { executor: context.spec.executor.clone(), order, layout })
}
