//! A folder in which one run works: below `partial/` for its workers, in the results folder for results on their way there.
//!
//! It is locked while its engine lives. What engines left that were killed is removed by the next one that works in the same place.

use std::fs::{self, File};
use std::io::Error;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const PREFIX: &str = ".xlt-run-";
/// Before it is locked: nobody sweeps that.
const BEGUN: &str = ".xlt-new-";
/// In the folder; locked by the engine.
const LOCK: &str = "lock";

/// A run's folder. It is removed when this is dropped; the workers have ended before.
#[derive(Debug)]
pub(crate) struct Workplace {
    path: PathBuf,
    _lock: File,
}

impl Workplace {
    /// A new folder in that one.
    pub(crate) fn make(parent: &Path) -> Result<Self, Error> {
        fs::create_dir_all(parent)?;
        sweep(parent);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let name = format!("{}-{now:x}", std::process::id());
        let begun = parent.join(format!("{BEGUN}{name}"));
        fs::create_dir(&begun)?;
        let lock = File::create(begun.join(LOCK))?;
        lock.lock()?;
        let path = parent.join(format!("{PREFIX}{name}"));
        fs::rename(&begun, &path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
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
pub(crate) fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
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
