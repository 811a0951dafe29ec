//! The folder below `partial/` in which the workers of one run work, each in a folder of its own.
//!
//! It is locked while its engine lives. What engines left that were killed is removed by the next one that starts a worker.

use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use xlt_cache::Cache;

const PREFIX: &str = "run-";
/// In the folder; locked by the engine.
const LOCK: &str = "lock";

/// A run's folder. It is removed when this is dropped; the workers have ended before.
#[derive(Debug)]
pub(crate) struct Workplace {
    path: PathBuf,
    _lock: File,
}

impl Workplace {
    /// A new folder, never used before.
    pub(crate) fn make(cache: &Cache) -> Result<Self, Error> {
        let partials = cache.partials();
        sweep(&partials);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let name = format!("{PREFIX}{}-{now:x}", std::process::id());
        // Under a name that nobody sweeps until it is locked.
        let begun = partials.join(format!(".{name}"));
        fs::create_dir(&begun)?;
        let lock = File::create(begun.join(LOCK))?;
        lock.lock()?;
        let path = partials.join(name);
        fs::rename(&begun, &path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The folder of one worker.
    pub(crate) fn of_worker(&self, number: u32) -> PathBuf {
        self.path.join(number.to_string())
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes the folders of engines that are gone.
fn sweep(partials: &Path) {
    for entry in fs::read_dir(partials).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            remove(&entry.path());
        }
    }
}

/// Removes a folder as far as it can be; what stays is removed by the next engine, or by `xlt cache gc`.
pub(crate) fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}
