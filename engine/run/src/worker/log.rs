//! The log of a stage, open while the stage runs.

use super::folder::sentence;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use xlt_cache::Cache;
use xlt_core::key::Key;

/// What a stage and its programs say.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// An empty log in its place in the cache: `spare`, if there is such a file, else a new one.
    pub(super) fn open(cache: &Cache, key: &Key, spare: &Path) -> Result<Self, String> {
        let path = cache.log_path(key);
        cache.make_log_folder(key).map_err(|error| format!("failed to {error}"))?;
        let file = match fs::rename(spare, &path) {
            Ok(()) => appended_to(&path),
            Err(error) if error.kind() == ErrorKind::NotFound => File::create(&path).and_then(|_| appended_to(&path)),
            Err(error) => Err(error),
        };
        let file = file.map_err(|error| sentence(&path, &error))?;
        Ok(Self { path, file: Mutex::new(file) })
    }

    pub(super) fn say(&self, line: &str) {
        if let Ok(mut file) = self.file.lock() {
            let _ = writeln!(file, "{line}");
        }
    }

    /// Another handle on it, for a program.
    pub(super) fn handle(&self) -> Result<File, Error> {
        self.file.lock().map_err(|_| Error::other("it is broken"))?.try_clone()
    }

    /// The stage is finished. A log that stayed empty is put aside for the next stage, or removed.
    pub(super) fn close(&self, spare: Option<&Path>) {
        if self.path.metadata().is_ok_and(|found| found.len() > 0) {
            return;
        }
        let _ = match spare {
            Some(spare) => fs::rename(&self.path, spare),
            None => fs::remove_file(&self.path),
        };
    }
}

/// Appended to by all who share it: nobody writes over what another one said.
fn appended_to(path: &Path) -> Result<File, Error> {
    File::options().append(true).open(path)
}
