//! `xlt lock`: completes the lock file.

use super::run::{How, Limits, run_plan};
use crate::context::{Context, SpecArgs};
use crate::failure::Failure;
use crate::term;
use crate::watch;
use std::process::ExitCode;
use xlt_core::cost::Amount;
use xlt_core::plan::{Pin, Work};
use xlt_core::spec::Source;
use xlt_run::resolve;

/// Pin every file of a spec that its lock file does not pin yet
///
/// The model hub says which commit a revision is and what its large files are, so these are pinned without being fetched. Small files
/// of the hub, and files from elsewhere, are known by their bytes alone: they are fetched into the cache.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut context = args.spec.open()?;
    let code = complete(&mut context)?;
    if code == ExitCode::SUCCESS {
        term::say(&format!("{}: every file is pinned", context.world.lock.path().display()));
    }
    Ok(code)
}

/// Pins what is not pinned yet.
pub(crate) fn complete(context: &mut Context) -> Result<ExitCode, Failure> {
    let open = unpinned(context)?;
    if open.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut troubles = Vec::new();
    for (source, many) in &open {
        match resolve(source, *many) {
            Ok(Some(pin)) => {
                term::say(&told(source, &pin));
                context.world.lock.pin(source, pin, false)?;
            }
            Ok(None) => {}
            // Of a repository that is not there every file has the same to say.
            Err(why) if troubles.contains(&why) => {}
            Err(why) => troubles.push(why),
        }
    }
    if !troubles.is_empty() {
        return Err(Failure::sentence(troubles.join("\nerror: ")));
    }
    let left = unpinned(context)?;
    if left.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    run_plan(context, How::here(&Limits::default()), watch::observer(false), |context| {
        context.plan_only(&|stage| matches!(&stage.work, Work::Download(work) if left.contains(&(work.file.source.clone(), work.many))))
    })
}

/// Remote files of the spec that nothing pins, each once, and whether a pattern means all that it fits.
fn unpinned(context: &Context) -> Result<Vec<(Source, bool)>, Failure> {
    let mut found: Vec<(Source, bool)> = Vec::new();
    for stage in &context.plan()?.stages {
        if let Work::Download(work) = &stage.work
            && work.is_unpinned()
            && !found.contains(&(work.file.source.clone(), work.many))
        {
            found.push((work.file.source.clone(), work.many));
        }
    }
    Ok(found)
}

fn told(source: &Source, pin: &Pin) -> String {
    let size = pin.size.map(Amount::exactly).unwrap_or(Amount::UNKNOWN);
    let files = match pin.files.len() {
        1 => "1 file".to_owned(),
        several => format!("{several} files"),
    };
    let commit = pin.commit.as_deref().and_then(|commit| commit.get(..12)).unwrap_or_default();
    format!("pinned {source}: commit {commit}, {files}, {size}")
}
