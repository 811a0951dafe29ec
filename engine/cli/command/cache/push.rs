//! `xlt cache push`: finished stages of this cache, for others.

use super::transfer::{Specs, Watcher, ended};
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use xlt_cache::Cache;
use xlt_core::key::Key;
use xlt_run::transfer;

/// Bring finished stages to a folder or a bucket, where others can pull them
///
/// Nothing is moved twice, and nothing that is damaged is moved. The login for a bucket comes from the environment:
/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, or `s3://BUCKET/PREFIX`; made where there is nothing yet
    target: String,
    #[command(flatten)]
    specs: Specs,
    /// Only say what would be moved
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, cache: &Cache, given: Option<&Path>) -> Result<ExitCode, Failure> {
    let held = cache.share()?;
    let wanted = wanted(&args.specs, given)?;
    if let Some(wanted) = &wanted {
        held.pin(wanted)?;
    }
    let watcher = Watcher::new();
    let begin = |bytes| watcher.begin(bytes);
    let pushed = transfer::push(cache, &args.target, wanted.as_ref(), args.dry_run, &begin, &watcher);
    watcher.end();
    let words = if args.dry_run { ["would push", "to"] } else { ["pushed", "to"] };
    ended(pushed, words, "not pushed")
}

/// Keys of all stages of the specs that are known; `None` where all stages of the cache are meant.
fn wanted(specs: &Specs, given: Option<&Path>) -> Result<Option<BTreeSet<Key>>, Failure> {
    if specs.is_empty() {
        return Ok(None);
    }
    let mut wanted = BTreeSet::new();
    for context in specs.open(given)? {
        wanted.extend(context.plan()?.verdicts.iter().filter_map(|verdict| verdict.key().copied()));
    }
    Ok(Some(wanted))
}
