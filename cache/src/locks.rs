//! Who may work on what: the whole cache, shared by runs and exclusive for cleaning, and one lock per key.
//!
//! All are `flock`s: they vanish with their process, so nothing is ever unlocked by hand. A lock file is unlinked only
//! while the whole cache is held exclusively.

use crate::error::{At, CacheError, Holders};
use crate::layout::{self, Cache};
use crate::tree;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xlt_core::key::Key;

/// How long a run waits for a cleaning to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The cache is in use, shared with other runs; nobody cleans it until this is dropped.
#[derive(Debug)]
#[must_use = "the cache is held only while this lives"]
pub struct RunGuard {
    _lock: File,
    _note: Note,
}

/// This process alone works on a key until this is dropped.
#[derive(Debug)]
#[must_use = "the key is locked only while this lives"]
pub struct StageLock {
    _file: File,
}

impl Cache {
    /// Holds the cache, shared, while a run lasts. Waits for a cleaning that is on.
    ///
    /// # Errors
    /// Where a cleaning does not end, or the lock file cannot be used.
    pub fn share(&self) -> Result<RunGuard, CacheError> {
        self.share_within(PATIENCE)
    }

    pub(crate) fn share_within(&self, patience: Duration) -> Result<RunGuard, CacheError> {
        let path = self.folder("lock");
        let file = open(&path).at("open the lock", &path)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock_shared() {
                Ok(()) => return Ok(RunGuard { _lock: file, _note: self.note("a run")? }),
                Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Err(self.in_use()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Holds the cache alone. Does not wait.
    pub(crate) fn exclude(&self) -> Result<RunGuard, CacheError> {
        let path = self.folder("lock");
        let file = open(&path).at("open the lock", &path)?;
        match file.try_lock() {
            Ok(()) => {
                // Nobody else holds the cache, so these are of processes that were killed.
                tree::children(&self.folder("runs"))?.iter().try_for_each(|(_, path)| tree::remove(path))?;
                Ok(RunGuard { _lock: file, _note: self.note("`xlt cache gc`")? })
            }
            Err(TryLockError::WouldBlock) => Err(self.in_use()),
            Err(TryLockError::Error(error)) => Err(error).at("lock", &path),
        }
    }

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

    fn in_use(&self) -> CacheError {
        CacheError::InUse { path: self.root().to_owned(), holders: Holders(self.holders()) }
    }

    /// The notes whose writers still live.
    fn holders(&self) -> Vec<String> {
        let notes = fs::read_dir(self.folder("runs")).into_iter().flatten().filter_map(Result::ok);
        let held = notes.filter(|note| {
            let locked = File::open(note.path()).map(|file| file.try_lock_shared());
            matches!(locked, Ok(Err(TryLockError::WouldBlock)))
        });
        let mut holders: Vec<String> = held.filter_map(|note| fs::read_to_string(note.path()).ok()).collect();
        holders.sort();
        holders
    }

    fn note(&self, what: &str) -> Result<Note, CacheError> {
        let folder = self.folder("runs");
        let note = layout::temporary(&folder).and_then(|mut file| {
            file.as_file().lock()?;
            write!(file, "{what} (process {} on {})", std::process::id(), host())?;
            let (file, path) = file.keep()?;
            Ok(Note { path, _file: file })
        });
        note.at("write into", &folder)
    }
}

/// A line in `runs/` that says who holds the cache; locked while its writer lives, so that a dead one is not believed.
#[derive(Debug)]
struct Note {
    path: PathBuf,
    _file: File,
}

impl Drop for Note {
    fn drop(&mut self) {
        // A note that stays is not locked, and the next cleaning removes it.
        let _ = fs::remove_file(&self.path);
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

fn open(path: &Path) -> io::Result<File> {
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
    fn a_run_waits_for_a_cleaning_and_then_names_it() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let cleaning = cache.exclude().unwrap();
        let error = cache.share_within(Duration::from_millis(30)).unwrap_err();
        let expected = format!("in use by `xlt cache gc` (process {} on ", std::process::id());
        assert!(error.to_string().contains(&expected), "{error}");
        drop(cleaning);
        let _run = cache.share_within(Duration::ZERO).unwrap();
    }

    #[test]
    fn the_note_of_a_process_that_was_killed_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        fs::write(root.path().join("runs/.xlt-dead"), "a run (process 1 on nowhere)").unwrap();
        let _run = cache.share().unwrap();
        assert_eq!(cache.holders().len(), 1, "{:?}", cache.holders());
    }

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
