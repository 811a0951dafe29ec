//! Digests of the user's own files, and fingerprints of objects, so that neither is read again for nothing.

use super::{Ledger, State};
use crate::content::digest_file;
use crate::fingerprint::Fingerprint;
use crate::sync::LARGE;
use rusqlite::{OptionalExtension, Row, params};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;
use xlt_core::key::Digest;

impl Ledger {
    /// Digest of a file of the user's. It is read only where the file system says that it is not the one of last time,
    /// or changed so lately that the file system could not say.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn file_digest(&self, path: &Path) -> io::Result<Digest> {
        let path = std::path::absolute(path)?;
        let print = Fingerprint::of_file(&fs::metadata(&path)?);
        if let Some((known, digest)) = self.known_file(&path)
            && known == print
        {
            return Ok(digest);
        }
        let now = SystemTime::now();
        let (digest, _) = digest_file(&path)?;
        // What may have changed while it was read, or may yet change unseen, is read again next time.
        if print.is_settled(now) && print == Fingerprint::of_file(&fs::metadata(&path)?) {
            self.state().pending.files.insert(path, (print, digest));
        }
        Ok(digest)
    }

    /// Forgets what is known of a file of the user's, which turned out to be something else.
    pub fn forget_file(&self, path: &Path) {
        if let Ok(path) = std::path::absolute(path) {
            let none = Fingerprint { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0 };
            self.state().pending.files.insert(path, (none, Digest([0; 32])));
        }
    }

    fn known_file(&self, path: &Path) -> Option<(Fingerprint, Digest)> {
        let mut state = self.state();
        if let Some(known) = state.pending.files.get(path) {
            return Some(*known);
        }
        state.find_file(path).unwrap_or_else(|error| {
            self.heal(&mut state, &error);
            None
        })
    }

    /// Fingerprint that an object had when it was last known to be whole.
    #[must_use]
    pub fn object_fingerprint(&self, digest: &Digest) -> Option<Fingerprint> {
        let mut state = self.state();
        if let Some(known) = state.pending.objects.get(digest) {
            return Some(*known);
        }
        state.find_object(digest).unwrap_or_else(|error| {
            self.heal(&mut state, &error);
            None
        })
    }

    /// Notes the fingerprint of an object that is known to be whole. Small objects are always read: theirs is not kept.
    pub fn set_object_fingerprint(&self, digest: &Digest, print: Fingerprint) {
        if print.size >= LARGE {
            self.state().pending.objects.insert(*digest, print);
        }
    }
}

impl State {
    fn find_file(&self, path: &Path) -> rusqlite::Result<Option<(Fingerprint, Digest)>> {
        let query = "SELECT size, mtime, ctime, inode, digest FROM files WHERE path = ?1";
        let mut query = self.db.prepare_cached(query)?;
        let found = |row: &Row<'_>| Ok((print(row)?, Digest(row.get(4)?)));
        query.query_row(params![path.as_os_str().as_bytes()], found).optional()
    }

    fn find_object(&self, digest: &Digest) -> rusqlite::Result<Option<Fingerprint>> {
        let query = "SELECT size, mtime, ctime, inode FROM objects WHERE digest = ?1";
        self.db.prepare_cached(query)?.query_row([digest.0], print).optional()
    }
}

fn print(row: &Row<'_>) -> rusqlite::Result<Fingerprint> {
    Ok(Fingerprint {
        size: row.get::<_, i64>(0)?.cast_unsigned(),
        mtime_ns: row.get(1)?,
        ctime_ns: row.get(2)?,
        inode: row.get::<_, i64>(3)?.cast_unsigned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Cache;
    use std::time::Duration;

    #[test]
    fn the_digest_of_a_file_that_just_changed_is_not_kept() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let ledger = Ledger::open(&root.path().join("ledger.sqlite"), &cache).unwrap();
        let path = root.path().join("input");
        fs::write(&path, "one").unwrap();
        ledger.file_digest(&path).unwrap();
        assert!(ledger.known_file(&path).is_none());
        std::thread::sleep(Duration::from_millis(40));
        let digest = ledger.file_digest(&path).unwrap();
        assert_eq!(ledger.known_file(&path).map(|(_, digest)| digest), Some(digest));
        ledger.flush().unwrap();
        assert_eq!(ledger.known_file(&path).map(|(_, digest)| digest), Some(digest));
    }
}
