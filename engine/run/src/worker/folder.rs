//! The private folder of one attempt at a stage.
//!
//! Its name is new every time: whatever a killed attempt left running writes into a folder that nobody reads.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A fresh folder below `partial`; what earlier attempts left is removed, but for what a download resumes from.
pub(super) fn fresh(partial: &Path) -> Result<PathBuf, Error> {
    match fs::create_dir(partial) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => remove_attempts(partial)?,
        Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir_all(partial)?,
        Err(error) => return Err(error),
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let folder = partial.join(format!("work-{}-{now:x}", std::process::id()));
    fs::create_dir(&folder)?;
    Ok(folder)
}

fn remove_attempts(partial: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(partial)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("work-") {
            remove(&entry.path());
        }
    }
    Ok(())
}

/// Removes a folder as far as it can be; what stays is removed by the next attempt, or by `xlt cache gc`.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// What stopped work on a path, with the remedy.
pub(super) fn sentence(path: &Path, error: &Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("the disk is full at {path}; free some space (`xlt cache gc`), or set $XLT_CACHE to a larger disk")
        }
        _ => format!("cannot work in {path}: {error}; make it writable, or set $XLT_CACHE to another folder"),
    }
}
