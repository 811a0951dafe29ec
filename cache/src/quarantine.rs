//! Where damaged things go: out of the way, and kept until the next cleaning.
//!
//! Moving takes a lock and looks again, so that of two processes that found the same damage the slower one does not
//! move away what the faster one has already repaired.

use crate::error::{At, CacheError};
use crate::layout::Cache;
use crate::objects::Check;
use crate::tree::set_mode;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use xlt_core::key::{Digest, Key};

impl Cache {
    /// Moves a damaged object away. One that is missing, or whole after all, is left as it is.
    ///
    /// # Errors
    /// Where it cannot be read or moved.
    pub fn quarantine(&self, digest: &Digest) -> Result<(), CacheError> {
        let object = self.object_path(digest);
        if matches!(fs::symlink_metadata(&object), Err(error) if error.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        let _lock = self.lock_quarantine()?;
        if self.check(digest, None)? != Check::Damaged {
            return Ok(());
        }
        if object.is_dir() {
            // Moving a folder writes its `..`.
            set_mode(&object, 0o755).at("move away", &object)?;
        }
        self.move_away(&object, &digest.to_string())
    }

    /// Moves away a record that cannot be believed.
    pub(crate) fn quarantine_record(&self, key: &Key) -> Result<(), CacheError> {
        let _lock = self.lock_quarantine()?;
        let path = self.record_path(key);
        match self.parse_record(key) {
            Ok(Some(Err(_))) => self.move_away(&path, &format!("record-{key}")),
            _ => Ok(()),
        }
    }

    fn move_away(&self, path: &Path, name: &str) -> Result<(), CacheError> {
        let folder = self.folder("quarantine");
        let target = (0..).map(|n| folder.join(format!("{name}.{n}"))).find(|target| !target.exists());
        match fs::rename(path, target.unwrap_or(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.at("move away", path),
        }
    }
}
