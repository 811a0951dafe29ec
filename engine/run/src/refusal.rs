//! What a run refuses before anything starts: what was not allowed, and what this build cannot do.

use crate::engine::Options;
use crate::error::RunError;
use xlt_core::plan::{DownloadWork, Kind, Plan, Work};

/// What the spec needs and the user did not allow, or this build cannot do: said before anything starts.
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
    if !cfg!(feature = "llama")
        && let Some(stage) = to_run().find(|stage| {
            let needs = [Kind::Evaluate, Kind::Quantize, Kind::Rows, Kind::Finetune, Kind::Adopt, Kind::Merge];
            needs.contains(&stage.kind()) || matches!(stage.kind(), Kind::Fertility | Kind::Probe)
        })
    {
        return refuse(format!(
            "stage `{}` needs llama.cpp, which this xlt was built without\n  build it with its default features",
            stage.name
        ));
    }
    let unpinned = to_run().filter_map(|stage| match &stage.work {
        Work::Download(work) if work.is_unpinned() => Some(work.file.source.to_string()),
        _ => None,
    });
    let unpinned: Vec<String> = unpinned.collect();
    if options.locked && !unpinned.is_empty() {
        return refuse(format!(
            "the lock file does not pin these, and `--locked` forbids adding them:\n    {}\n  run `xlt lock` and commit the lock \
             file, or run once without `--locked`",
            unpinned.join("\n    ")
        ));
    }
    for stage in to_run() {
        let Work::Download(DownloadWork { file, .. }) = &stage.work else { continue };
        if file.source.is_local() {
            continue;
        }
        if options.offline && !xlt_fetch::may_be_here(&file.source) {
            return refuse(format!(
                "stage `{}` must fetch {}, and `--offline` forbids it\n  run `xlt fetch` once where there is a network; afterwards the \
                 file is in the cache",
                stage.name, file.source
            ));
        }
    }
    Ok(())
}
