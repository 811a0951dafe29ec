//! Who may work on what: one lock per key.
//!
//! All are `flock`s: they vanish with their process, so nothing is ever unlocked by hand. A lock file is unlinked only
//! while a cleaning has the cache to itself.

use crate::error::{At, CacheError};
use crate::layout::{self, Cache};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use xlt_core::key::Key;

/// This process alone works on a key until this is dropped.
#[derive(Debug)]
#[must_use = "the key is locked only while this lives"]
pub struct StageLock {
    _file: File,
}

impl Cache {
    /// Takes the lock of a key, or says `None` where another process, or another handle in this one, has it.
    ///
    /// # Errors
    /// Where the lock file cannot be made or locked.
    pub fn try_lock(&self, key: &Key) -> Result<Option<StageLock>, CacheError> {
        let path = self.lock_path(key);
        loop {
            let file = match open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    layout::make_parent(&path)?;
                    open(&path)
                }
                other => other,
            };
            let file = file.at("open the lock", &path)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
                // A lock on a file that was unlinked in between excludes nobody: take the new file's.
                Ok(()) if is_at(&file, &path) => return Ok(Some(StageLock { _file: file })),
                Ok(()) => {}
            }
        }
    }

    /// Waits for a lock that is held for moments only: that of moving damaged things away.
    pub(crate) fn lock_quarantine(&self) -> Result<StageLock, CacheError> {
        let path = self.folder("locks").join("quarantine");
        let file = open(&path).at("open the lock", &path)?;
        file.lock().at("lock", &path)?;
        Ok(StageLock { _file: file })
    }
}

/// Checks that two handles on one file exclude each other here. Nobody ever gets this file's exclusive lock, so that
/// any number of processes may check at once.
pub(crate) fn probe(root: &Path) -> Result<(), CacheError> {
    let path = root.join("locks/probe");
    let (held, other) = (open(&path).at("write into", root)?, open(&path).at("write into", root)?);
    if held.try_lock_shared().is_ok() && matches!(other.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(());
    }
    Err(CacheError::NoLocks { path: root.to_owned() })
}

pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).read(true).open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Name of this host.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_on_a_file_that_was_unlinked_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        let file = open(&path).unwrap();
        assert!(is_at(&file, &path));
        fs::remove_file(&path).unwrap();
        let _other = open(&path).unwrap();
        assert!(!is_at(&file, &path));
    }
}
