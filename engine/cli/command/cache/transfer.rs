//! What pushing and pulling have in common: specs, somebody who watches, and what is said at the end.

use super::bytes;
use crate::context::{Context, Overlay};
use crate::failure::{Failure, INTERRUPTED, STAGE_FAILED};
use crate::signals;
use crate::term;
use crate::watch::Moving;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use xlt_run::transfer::{Moved, Onlooker, TransferError};

/// The specs whose stages are meant.
#[derive(Debug, clap::Args)]
pub(super) struct Specs {
    /// Only what these specs' plans need [default: all stages]
    specs: Vec<PathBuf>,
    /// Overlay a profile of the specs
    #[arg(long, value_name = "NAME", requires = "specs")]
    profile: Option<String>,
    /// Set a value of the specs, over all else
    #[arg(long, value_name = "KEY.KEY=VALUE", requires = "specs")]
    set: Vec<String>,
}

impl Specs {
    pub(super) fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    pub(super) fn open(&self, cache: Option<&Path>) -> Result<Vec<Context>, Failure> {
        let overlay =
            Overlay { profile: self.profile.clone(), set: self.set.clone(), cache: cache.map(Path::to_owned) };
        self.specs.iter().map(|spec| Context::of(Some(spec), &overlay)).collect()
    }
}

/// Shows how far a transfer is, and hears Ctrl-C.
pub(super) struct Watcher {
    moving: Moving,
    stopped: Arc<AtomicBool>,
}

impl Watcher {
    pub(super) fn new() -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        signals::on_stop(move || stop.store(true, Ordering::Relaxed));
        Self { moving: Moving::new(), stopped }
    }

    /// There are so many bytes more to move.
    pub(super) fn begin(&self, bytes: u64) {
        self.moving.lengthen(bytes);
    }

    pub(super) fn end(&self) {
        self.moving.end();
    }
}

impl Onlooker for Watcher {
    fn moved(&self, bytes: u64) {
        self.moving.step(bytes);
    }

    fn stop(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Says what was moved and what was not. `words`: what was done, and the word before the store.
pub(super) fn ended(
    result: Result<(Moved, String), TransferError>,
    [done, toward]: [&str; 2],
    not_done: &str,
) -> Result<ExitCode, Failure> {
    let (moved, store) = match result {
        Err(error) if error.is_stop() => {
            term::tell(&error.to_string());
            return Ok(ExitCode::from(INTERRUPTED));
        }
        other => other?,
    };
    let Moved { stages, there, artifacts, skipped, without_artifacts, faults, .. } = &moved;
    let mut text = format!("{done} {stages} stages {toward} {store}: {artifacts} artifacts, {}", bytes(moved.bytes));
    for (count, words) in [
        (skipped, "artifacts were there already"),
        (there, "stages were there already"),
        (without_artifacts, "stages were left out, because their artifacts are not in this cache"),
    ] {
        if *count > 0 {
            text.push_str(&format!("\n{count} {words}"));
        }
    }
    term::say(&text);
    for (stage, why) in faults {
        term::tell(&format!("{not_done}: {stage}: {why}"));
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(STAGE_FAILED) })
}
