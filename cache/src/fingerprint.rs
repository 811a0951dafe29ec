//! Whether a file is still the one that was hashed, without reading it.

use crate::content::Listing;
use crate::error::{At, CacheError};
use crate::tree::{Entry, walk};
use serde::{Deserialize, Serialize};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use xlt_core::key::Digest;

/// What the file system says about a file that changes when its bytes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Size in bytes; of a folder, the sum of its files.
    pub size: u64,
    /// When the bytes changed last, in nanoseconds; of a folder, the latest of its files.
    pub mtime_ns: i64,
    /// When bytes, name or rights changed last; of a folder, the latest of its files.
    pub ctime_ns: i64,
    /// Number of the file; of a folder, a hash over the fingerprints of all that is in it.
    pub inode: u64,
}

impl Fingerprint {
    /// Fingerprint of a file or a folder.
    ///
    /// # Errors
    /// Where it, or something in it, cannot be looked at.
    pub fn of(path: &Path) -> Result<Self, CacheError> {
        let found = fs::symlink_metadata(path).at("read", path)?;
        if found.is_dir() { of_folder(path) } else { Ok(Self::of_file(&found)) }
    }

    /// Fingerprint of a file whose metadata is at hand.
    #[must_use]
    pub fn of_file(file: &Metadata) -> Self {
        Self {
            size: file.len(),
            mtime_ns: nanoseconds(file.mtime(), file.mtime_nsec()),
            ctime_ns: nanoseconds(file.ctime(), file.ctime_nsec()),
            inode: file.ino(),
        }
    }

    /// Whether a change made after `now` is sure to show: the clock of the file system has moved on since the last one.
    ///
    /// Clocks of file systems tick every few milliseconds, some only every one or two seconds; an edit within a tick
    /// leaves size and times as they are (git calls such files racily clean).
    #[must_use]
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let whole_seconds = self.ctime_ns % 1_000_000_000 == 0 && self.mtime_ns % 1_000_000_000 == 0;
        let tick = if whole_seconds { 2_000_000_000 } else { 20_000_000 };
        self.mtime_ns.max(self.ctime_ns).saturating_add(tick) < unix_nanoseconds(now)
    }
}

fn of_folder(root: &Path) -> Result<Fingerprint, CacheError> {
    let mut all = Fingerprint { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 };
    let mut listing = Listing::new();
    for entry in walk(root)? {
        let Entry::File { name, path } = entry else { continue };
        let one = Fingerprint::of_file(&fs::symlink_metadata(&path).at("read", &path)?);
        let Fingerprint { size, mtime_ns, ctime_ns, inode } = one;
        let parts = [mtime_ns.to_le_bytes(), ctime_ns.to_le_bytes(), inode.to_le_bytes()].concat();
        listing.file(&name, Digest::of(&parts), size);
        all.size += size;
        all.mtime_ns = all.mtime_ns.max(mtime_ns);
        all.ctime_ns = all.ctime_ns.max(ctime_ns);
    }
    let [a, b, c, d, e, f, g, h, ..] = listing.finish().digest.0;
    all.inode = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    Ok(all)
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// Nanoseconds since 1970. Before it: 0.
pub(crate) fn unix_nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(ctime_ns: i64, later_ms: u64, expected: bool) {
        let print = Fingerprint { size: 1, mtime_ns: 0, ctime_ns, inode: 1 };
        let now = UNIX_EPOCH + Duration::from_nanos(ctime_ns.unsigned_abs()) + Duration::from_millis(later_ms);
        assert_eq!(print.is_settled(now), expected, "{later_ms} ms after {ctime_ns}");
    }

    #[test]
    fn a_file_settles_a_few_ticks_after_its_last_change() {
        check(1_000_000_001, 0, false);
        check(1_000_000_001, 19, false);
        check(1_000_000_001, 21, true);
    }

    #[test]
    fn a_clock_of_whole_seconds_needs_two() {
        check(1_000_000_000, 1_999, false);
        check(1_000_000_000, 2_001, true);
    }
}
