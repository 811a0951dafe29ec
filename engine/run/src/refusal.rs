//! What a run refuses before anything starts: what was not allowed, and what this version cannot do.

use crate::engine::Options;
use crate::error::RunError;
use xlt_core::plan::{DownloadWork, Plan, Stage, Work};

/// What the spec needs and the user did not allow, or this version cannot do: said before anything starts.
pub(crate) fn check(plan: &Plan, options: &Options) -> Result<(), RunError> {
    let to_run = || plan.ids().filter(|(id, _)| plan.verdicts[id.index()].word() != "cached").map(|(_, stage)| stage);
    let refuse = |sentence: String| Err(RunError::NotAllowed(sentence));
    if let Some(stage) = to_run().find(|stage| matches!(stage.work, Work::Command(_)))
        && !options.allow_commands
    {
        return refuse(format!(
            "stage `{}` runs a program of the spec's, which was not allowed\n  if you trust the spec, run again with \
             `--allow-commands`",
            stage.name
        ));
    }
    if let Some((stage, what)) = to_run().find_map(|stage| Some((stage, not_yet(stage)?))) {
        return refuse(format!(
            "stage `{}` cannot run yet: this version of xlt plans {what}, but does not run that\n  `xlt plan` shows what the \
             spec would do",
            stage.name
        ));
    }
    if !cfg!(feature = "llama")
        && let Some(stage) = to_run().find(|stage| {
            matches!(stage.work, Work::Evaluate(_) | Work::Quantize(_) | Work::Fertility(_) | Work::Probe(_))
        })
    {
        return refuse(format!(
            "stage `{}` needs llama.cpp, which this xlt was built without\n  build it with its default features",
            stage.name
        ));
    }
    for stage in to_run() {
        let Work::Download(DownloadWork { file, pin }) = &stage.work else { continue };
        if file.source.is_local() {
            continue;
        }
        if options.offline {
            return refuse(format!(
                "stage `{}` must fetch {}, and `--offline` forbids it\n  run once without `--offline`; afterwards the file is in \
                 the cache",
                stage.name, file.source
            ));
        }
        if options.locked && pin.is_none() {
            return refuse(format!(
                "{} (stage `{}`) is not in the lock file, and `--locked` forbids adding it\n  run once without `--locked`, and \
                 commit the lock file",
                file.source, stage.name
            ));
        }
    }
    Ok(())
}

/// What this version plans and cannot run, where a stage needs it.
fn not_yet(stage: &Stage) -> Option<&'static str> {
    match &stage.work {
        Work::Finetune(_) => Some("fine-tuning"),
        Work::Merge => Some("merging an adapter"),
        Work::Download(_)
        | Work::Quantize(_)
        | Work::Evaluate(_)
        | Work::Import(_)
        | Work::Fertility(_)
        | Work::Probe(_)
        | Work::Analyze(_)
        | Work::Command(_) => None,
    }
}
