//! `xlt cache gc`: makes the cache smaller.

use super::bytes;
use crate::context::{Context, Overlay};
use crate::failure::Failure;
use crate::term;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use xlt_cache::{Cache, Gc, GcReport};
use xlt_core::key::Key;
use xlt_core::plan::Verdict;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Specs whose finished stages stay, whatever their age and size
    #[arg(value_name = "SPEC")]
    keep: Vec<PathBuf>,
    /// Also forget stages that no run has used for so many days
    #[arg(long, value_name = "DAYS")]
    unused_for: Option<u32>,
    /// Remove artifacts, those used longest ago first, until the rest fits: "200GB". Stages are not forgotten: one is run again only
    /// where something must read what it made. What was used today or yesterday stays
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

fn size(text: &str) -> Result<u64, String> {
    xlt_core::bytes::parse(text).ok_or_else(|| "write a number and a unit, such as 500MB, 200GB or 1.5TiB".to_owned())
}

pub(super) fn run(folder: Option<&Path>, cache: &Cache, args: &Args) -> Result<ExitCode, Failure> {
    let mut keep = BTreeSet::new();
    for spec in &args.keep {
        keep.extend(keys(spec, folder)?);
    }
    let options =
        Gc { keep, unused_for_days: args.unused_for, max_bytes: args.max_size, dry_run: args.dry_run, ..Gc::default() };
    let report = cache.gc(&options)?;
    term::say(&text(&report, args));
    Ok(ExitCode::SUCCESS)
}

/// Keys of the stages of a spec, as far as they are known.
fn keys(spec: &Path, folder: Option<&Path>) -> Result<Vec<Key>, Failure> {
    let overlay = Overlay { cache: folder.map(Path::to_owned), ..Overlay::default() };
    let context = Context::of(Some(spec), &overlay)?;
    let plan = context.plan()?;
    context.world.ledger.flush()?;
    Ok(plan.verdicts.iter().filter_map(Verdict::key).copied().collect())
}

fn text(report: &GcReport, args: &Args) -> String {
    let word = if args.dry_run { "would remove" } else { "removed" };
    let mut text = format!("{word} {}\n", bytes(report.bytes()));
    for (what, tally) in [
        ("artifacts that no stage needs", report.objects),
        ("artifacts, to fit", report.evicted),
        ("records", report.records),
        ("unfinished stages", report.partials),
        ("logs", report.logs),
        ("damaged things", report.quarantine),
    ] {
        if tally.count > 0 {
            text.push_str(&format!("  {} {what}, {}\n", tally.count, bytes(tally.bytes)));
        }
    }
    if report.over > 0 {
        text.push_str(&format!(
            "still {} more than {}: the rest was used today or yesterday, or is needed by the specs given or by a run that is on\n",
            bytes(report.over),
            bytes(args.max_size.unwrap_or(0))
        ));
    }
    for run in &report.beside {
        text.push_str(&format!("left alone what is needed by {run}\n"));
    }
    text
}
