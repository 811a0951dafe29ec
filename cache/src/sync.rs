//! Durability: large files are synced one by one as they are stored, small ones together, once per batch.

use crate::error::{At, CacheError};
use crate::layout::Cache;
use std::fs::File;
use std::path::Path;

/// From this size on, a file is synced when it is stored, and trusted by its fingerprint afterwards.
pub const LARGE: u64 = 1 << 20;

impl Cache {
    /// Makes everything stored so far durable, with one call for the whole file system. Records are written after it.
    ///
    /// # Errors
    /// Where the file system says that bytes were lost.
    #[cfg(target_os = "linux")]
    pub fn sync(&self) -> Result<(), CacheError> {
        let root = File::open(self.root()).at("sync", self.root())?;
        rustix::fs::syncfs(root).map_err(std::io::Error::from).at("sync", self.root())
    }

    /// Nothing to do: where there is no sync of a whole file system, each artifact is synced when it is stored.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub fn sync(&self) -> Result<(), CacheError> {
        Ok(())
    }
}

/// Whether an artifact's file of this size is synced at once rather than with its batch.
pub(crate) fn at_once(size: u64) -> bool {
    size >= LARGE || !cfg!(target_os = "linux")
}

/// Syncs one file or folder.
pub(crate) fn sync_path(path: &Path) -> Result<(), CacheError> {
    File::open(path).and_then(|file| file.sync_all()).at("sync", path)
}
