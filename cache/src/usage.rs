//! What a cache holds, in numbers.

use crate::error::CacheError;
use crate::layout::{Cache, RECORDS};
use crate::tree::{self, Entry};
use std::fs;
use std::path::{Path, PathBuf};

/// How many, and how large together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Bytes of all together.
    pub bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Artifacts.
    pub objects: Tally,
    /// Records of finished stages.
    pub records: Tally,
    /// Unfinished work.
    pub partials: Tally,
    /// Logs of stages.
    pub logs: Tally,
    /// Damaged things that were moved away.
    pub quarantine: Tally,
}

impl Cache {
    /// Counts what is in the cache.
    ///
    /// # Errors
    /// Where a folder cannot be listed.
    pub fn usage(&self) -> Result<Usage, CacheError> {
        Ok(Usage {
            objects: tally(tree::members(&self.folder("objects"))?),
            records: tally(tree::members(&self.folder("records").join(RECORDS))?),
            partials: tally(tree::children(&self.folder("partial"))?),
            logs: tally(tree::members(&self.folder("logs"))?),
            quarantine: tally(tree::children(&self.folder("quarantine"))?),
        })
    }
}

fn tally(members: Vec<(String, PathBuf)>) -> Tally {
    let mut tally = Tally::default();
    members.iter().for_each(|(_, path)| tally.add(size(path)));
    tally
}

/// Bytes of a file or of all files in a folder, as far as they can be looked at.
pub(crate) fn size(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {
            let files = tree::walk(path).unwrap_or_default().into_iter().map(|entry| match entry {
                Entry::File { path, .. } => fs::symlink_metadata(path).map_or(0, |file| file.len()),
                Entry::Folder { .. } => 0,
            });
            files.sum()
        }
        Ok(found) => found.len(),
        Err(_) => 0,
    }
}
