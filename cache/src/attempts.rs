//! What jobs of a cluster say of their attempts at a stage: a file of lines beside the cache's records, written under the stage's lock.
//! Its words are `xlt_core::attempts`'s.

use crate::error::{At, CacheError};
use crate::layout::{Cache, make_parent};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use xlt_core::key::Key;

impl Cache {
    fn attempts_path(&self, key: &Key) -> PathBuf {
        self.sharded("attempts", &key.to_string())
    }

    /// What was said of attempts at a stage; `None` where there was none, or it was recorded since.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn attempts(&self, key: &Key) -> Result<Option<String>, CacheError> {
        let path = self.attempts_path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).at("read", &path),
        }
    }

    /// Says something. Only who holds the stage's lock may.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn say_of_attempt(&self, key: &Key, line: &str) -> Result<(), CacheError> {
        let path = self.attempts_path(key);
        make_parent(&path)?;
        let write = || {
            let mut file = File::options().create(true).append(true).open(&path)?;
            // The half line of one that was killed is ended first, so that it spoils no other.
            let text = fs::read(&path)?;
            if text.last().is_some_and(|last| *last != b'\n') {
                file.write_all(b"\n")?;
            }
            file.write_all(line.as_bytes())
        };
        write().at("write", &path)
    }

    /// Forgets the attempts at a stage that is recorded.
    ///
    /// # Errors
    /// Where they stay.
    pub fn forget_attempts(&self, key: &Key) -> Result<(), CacheError> {
        let path = self.attempts_path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).at("remove", &path),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Whether somebody works on a stage.
    ///
    /// # Errors
    /// Where its lock cannot be looked at.
    pub fn is_worked_on(&self, key: &Key) -> Result<bool, CacheError> {
        Ok(self.try_lock(key)?.is_none())
    }
}
