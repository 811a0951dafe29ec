//! Who tends the jobs of a study on a cluster: one process at a time, on whatever host; and whether this host sees its lock.
//!
//! Everything that keeps two hosts from doing a stage twice is a file lock, and some network file systems take locks that only the
//! same host sees. So the one who tends holds a lock and lets its file's time run on; a job that finds the time running and the lock
//! free has seen that locks do not reach it.

use crate::error::{At, CacheError};
use crate::layout::{Cache, make_parent};
use crate::locks::{host, open};
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file whose time is younger than this is of one who lives.
const FRESH: Duration = Duration::from_secs(20);

/// This process tends the jobs of a study, until this is dropped.
#[derive(Debug)]
#[must_use = "the jobs are tended only while this lives"]
pub struct Tending {
    file: File,
    who: String,
}

impl Tending {
    /// Says that it still does. To be called every few seconds.
    pub fn beat(&self) {
        // Written rather than given a time: that is then the file system's own.
        let _ = self.file.write_all_at(self.who.as_bytes(), 0);
    }
}

impl Cache {
    /// A folder for what belongs to clusters: `orders`, `logs`, `jobs`.
    #[must_use]
    pub fn cluster(&self, name: &str) -> PathBuf {
        self.folder("cluster").join(name)
    }

    /// Writes a file for jobs to read, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_for_jobs(&self, path: &Path, text: &str) -> Result<(), CacheError> {
        self.write_whole(path, text.as_bytes())
    }

    /// Becomes the one who tends the jobs of a study; or says who does.
    ///
    /// # Errors
    /// Where the file cannot be written or locked.
    pub fn tend(&self, study: &str) -> Result<Result<Tending, String>, CacheError> {
        let path = self.tended(study);
        make_parent(&path)?;
        let file = open(&path).at("open the lock", &path)?;
        match file.try_lock() {
            Ok(()) => {
                let who = format!("process {} on {}", std::process::id(), host());
                file.set_len(0).and_then(|()| file.write_all_at(who.as_bytes(), 0)).at("write", &path)?;
                Ok(Ok(Tending { file, who }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(fs::read_to_string(&path).unwrap_or_default())),
            Err(TryLockError::Error(error)) => Err(error).at("lock", &path),
        }
    }

    /// Who tends the jobs of a study now, if anybody does.
    ///
    /// # Errors
    /// [`CacheError::NoLocks`] where somebody does whose lock this host does not see.
    pub fn tender(&self, study: &str) -> Result<Option<String>, CacheError> {
        let path = self.tended(study);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let Ok(file) = open(&path) else { return Ok(None) };
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(Some(text)),
            Err(TryLockError::Error(error)) => Err(error).at("lock", &path),
            // It says that it is on another host, and lives.
            Ok(()) if !text.ends_with(&format!(" on {}", host())) && self.is_fresh(&file) => {
                Err(CacheError::NoLocks { path: self.root().to_owned() })
            }
            Ok(()) => Ok(None),
        }
    }

    fn tended(&self, study: &str) -> PathBuf {
        self.cluster("tended").join(study)
    }

    /// Whether a file was written to a moment ago, by the clock of the file system.
    fn is_fresh(&self, file: &File) -> bool {
        let now =
            crate::layout::temporary(&self.folder("tmp")).and_then(|probe| probe.as_file().metadata()?.modified());
        let then = file.metadata().and_then(|found| found.modified());
        now.and_then(|now| Ok(now.duration_since(then?).unwrap_or_default())).is_ok_and(|age| age < FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn one_tends_and_the_next_hears_who() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        assert_eq!(cache.tender("study").unwrap(), None);
        let tending = cache.tend("study").unwrap().unwrap();
        let who = format!("process {} on {}", std::process::id(), host());
        assert_eq!(cache.tend("study").unwrap().unwrap_err(), who);
        assert_eq!(cache.tender("study").unwrap(), Some(who));
        assert!(cache.tend("other").unwrap().is_ok());
        drop(tending);
        assert_eq!(cache.tender("study").unwrap(), None);
    }

    #[test]
    fn a_living_tender_whose_lock_is_not_seen_means_that_locks_do_not_reach_here() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let _ = cache.tend("study").unwrap().unwrap();
        let path = cache.tended("study");
        fs::write(&path, "process 1 on elsewhere").unwrap();
        assert!(matches!(cache.tender("study"), Err(CacheError::NoLocks { .. })));
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(cache.tender("study").unwrap(), None, "it died long ago");
    }
}
