//! What can go wrong on the disk: each with the place, the cause and the remedy. Texts fit after "failed to".

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use xlt_core::key::Digest;

/// A failure of the cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder was written by a newer xlt.
    #[error(
        "open the cache {path}: it has format {found}, this xlt knows format {known}; use a newer xlt, or set \
         $XLT_CACHE to another folder"
    )]
    Newer {
        /// Root of the cache.
        path: PathBuf,
        /// Format of the folder.
        found: u64,
        /// Newest format that this version reads.
        known: u64,
    },
    /// The folder was written by an older xlt, in a way that is no longer read.
    #[error(
        "open the cache {path}: it has format {found}, which this xlt no longer reads (it knows format {known}); use the xlt that \
         made it, or set $XLT_CACHE to another folder, where everything is made again"
    )]
    Older {
        /// Root of the cache.
        path: PathBuf,
        /// Format of the folder.
        found: u64,
        /// Oldest format that this version reads.
        known: u64,
    },
    /// There is a `format` file, and it is not xlt's.
    #[error(
        "open the cache {path}: its file `format` is not one that xlt wrote; set $XLT_CACHE to another folder, or \
         delete that file if the folder is an xlt cache"
    )]
    NotACache {
        /// Root of the cache.
        path: PathBuf,
    },
    /// Two handles on one file do not exclude each other.
    #[error(
        "use the cache {path}: file locks do not work on its file system, so two runs could spoil each other's work; \
         set $XLT_CACHE to a folder on another disk, or mount this one with locks (NFS 4, or Lustre with `-o flock`)"
    )]
    NoLocks {
        /// Root of the cache.
        path: PathBuf,
    },
    /// Someone holds the whole cache in a way that excludes this.
    #[error("lock the cache {path}: it is in use by {holders}; try again when that has ended")]
    InUse {
        /// Root of the cache.
        path: PathBuf,
        /// Who holds it.
        holders: Holders,
    },
    /// No space, or no quota, is left.
    #[error(
        "{action} {path}: the disk is full; free some space (`xlt cache gc` removes what no record needs), or set \
         $XLT_CACHE to a folder on a larger disk"
    )]
    Full {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This user may not, or the file system is read-only.
    #[error(
        "{action} {path}: this user may not, or the disk is read-only; make the folder writable, or set $XLT_CACHE \
         to another one"
    )]
    Denied {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system refuses inside the cache.
    #[error("{action} {path}: {source}; set $XLT_CACHE to another folder if this one cannot be used")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A result cannot be written where it was asked for.
    #[error("write the result {path}: {source}; make that place writable, or choose another one")]
    Target {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something in an artifact that the store does not keep.
    #[error("store {path}: it is {what}; an artifact is made of plain files and folders with UTF-8 names")]
    NotStorable {
        /// The offending path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// An object is not there.
    #[error("read the artifact {digest}: it is not in the cache {path}; run the stage that makes it again")]
    Missing {
        /// Its name.
        digest: Digest,
        /// Root of the cache.
        path: PathBuf,
    },
    /// An object's bytes are not those that its name says.
    #[error(
        "read the artifact {digest}: its bytes in the cache {path} are damaged; run the stage that makes it again, and \
         `xlt cache verify` to look for more"
    )]
    Damaged {
        /// Its name.
        digest: Digest,
        /// Root of the cache.
        path: PathBuf,
    },
    /// Records of a layout that this version does not know, so that it cannot say what they need.
    #[error("clean the cache: {path} holds records of another xlt; use the newest xlt that uses this cache")]
    ForeignRecords {
        /// The folder of those records.
        path: PathBuf,
    },
    /// The ledger cannot be written.
    #[error("write the ledger {path}: {source}; it is an index and may be deleted, the records stay")]
    Ledger {
        /// Its file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// Who holds a cache: one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders(pub Vec<String>);

impl fmt::Display for Holders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("another process"),
            holders => f.write_str(&holders.join(", ")),
        }
    }
}

impl CacheError {
    /// The error of doing `action` to `path` inside the cache.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { action, path, source },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Denied { action, path, source },
            _ => Self::Io { action, path, source },
        }
    }

    /// What the system said, where it said something.
    #[must_use]
    pub fn io_kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Full { source, .. }
            | Self::Denied { source, .. }
            | Self::Io { source, .. }
            | Self::Target { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// Says to which path an `io::Error` happened, and during what.
pub(crate) trait At<T> {
    /// Inside the cache.
    fn at(self, action: &'static str, path: &Path) -> Result<T, CacheError>;
    /// Where a result is wanted.
    fn at_target(self, path: &Path) -> Result<T, CacheError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, CacheError> {
        self.map_err(|source| CacheError::io(action, path, source))
    }

    fn at_target(self, path: &Path) -> Result<T, CacheError> {
        self.map_err(|source| CacheError::Target { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, expected: &str) {
        let error = CacheError::io("write", Path::new("/cache/objects"), kind.into());
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_full_disk_and_a_missing_right_have_their_own_sentences() {
        check(ErrorKind::StorageFull, "write /cache/objects: the disk is full; free some space");
        check(ErrorKind::QuotaExceeded, "the disk is full");
        check(ErrorKind::PermissionDenied, "this user may not");
        check(ErrorKind::ReadOnlyFilesystem, "the disk is read-only; make the folder writable, or set $XLT_CACHE");
        check(ErrorKind::TimedOut, "write /cache/objects: timed out; set $XLT_CACHE");
    }
}
