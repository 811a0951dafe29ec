//! Artifacts: taking them in and looking whether they are still what their names say.

use crate::content::{Content, digest_knowing, digest_path};
use crate::error::{At, CacheError};
use crate::fingerprint::Fingerprint;
use crate::layout::{Cache, make_parent};
use crate::sync::{LARGE, at_once, sync_path};
use crate::tree::{self, set_mode, walk};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use xlt_core::key::Digest;

/// An artifact that is in the store now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingested {
    /// Its name.
    pub digest: Digest,
    /// Size in bytes; of a folder, the sum of its files.
    pub size: u64,
    /// Whether it is a folder.
    pub folder: bool,
    /// By which it can be trusted later without being read.
    pub fingerprint: Fingerprint,
}

/// What a look at an object found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It is what its name says; remember the fingerprint.
    Intact(Fingerprint),
    /// It is not there.
    Missing,
    /// Its bytes are not those of its name.
    Damaged,
}

impl Cache {
    /// Takes in a finished file or folder that lies in this cache's `partial` folder, by moving it.
    ///
    /// Where the object is there already the new one is dropped, unless the old one turns out to be damaged.
    ///
    /// # Errors
    /// Where it cannot be read or moved, or holds anything but plain files and folders.
    pub fn ingest(&self, path: &Path) -> Result<Ingested, CacheError> {
        self.ingest_hashed(path, &BTreeMap::new())
    }

    /// [`Cache::ingest`] where some files were hashed while they arrived: these are not read again. The caller vouches for their
    /// digests.
    ///
    /// # Errors
    /// As [`Cache::ingest`].
    pub fn ingest_hashed(&self, path: &Path, hashed: &BTreeMap<PathBuf, Digest>) -> Result<Ingested, CacheError> {
        refuse_links(path)?;
        let before = Fingerprint::of(path)?;
        self.take(path, digest_knowing(path, hashed)?, before)
    }

    /// `before`: what the file system said before the content was hashed. Someone who still writes would make the digest a lie, and
    /// the fingerprint one that is believed.
    fn take(&self, path: &Path, content: Content, before: Fingerprint) -> Result<Ingested, CacheError> {
        let object = self.object_path(&content.digest);
        if self.has_good(&content)? {
            tree::remove(path)?;
            touch(&object, content.folder);
        } else {
            self.quarantine(&content.digest)?;
            prepare(path, &content)?;
            self.move_in(path, &object, &content)?;
            let after = Fingerprint::of(&object)?;
            // Another inode is that of another process, which stored the same content at the same time.
            if before.inode == after.inode && (before.size, before.mtime_ns) != (after.size, after.mtime_ns) {
                self.quarantine(&content.digest)?;
                return Err(CacheError::NotStorable { path: path.to_owned(), what: "still being written" });
            }
        }
        let Content { digest, size, folder } = content;
        Ok(Ingested { digest, size, folder, fingerprint: Fingerprint::of(&object)? })
    }

    fn move_in(&self, path: &Path, object: &Path, content: &Content) -> Result<(), CacheError> {
        make_parent(object)?;
        match fs::rename(path, object) {
            // Another process was faster with the same folder.
            Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
                return tree::remove(path);
            }
            other => other.at("store", object)?,
        }
        if content.folder {
            set_mode(object, 0o555).at("make read-only", object)?;
        }
        if at_once(content.size) { sync_path(object.parent().unwrap_or(object)) } else { Ok(()) }
    }

    /// Whether the object is there and whole. It is read, however large: where it is damaged the new one, which has just been hashed,
    /// takes its place, and must not be dropped.
    fn has_good(&self, content: &Content) -> Result<bool, CacheError> {
        let object = self.object_path(&content.digest);
        match fs::symlink_metadata(&object) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).at("read", &object),
            Ok(_) => {}
        }
        let print = Fingerprint::of(&object)?;
        if print.size != content.size {
            return Ok(false);
        }
        Ok(matches!(self.check(&content.digest, None)?, Check::Intact(_)))
    }

    /// Whether there is an object of that name, whatever its bytes.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        self.object_path(digest).symlink_metadata().is_ok()
    }

    /// Looks whether an object is there and whole. Small ones are always read; large ones only where their fingerprint
    /// is not the one `known` from the last look.
    ///
    /// # Errors
    /// Where it cannot be told, e.g. because too many files are open.
    pub fn check(&self, digest: &Digest, known: Option<&Fingerprint>) -> Result<Check, CacheError> {
        let object = self.object_path(digest);
        match check_at(&object, digest, known) {
            Ok(check) => Ok(check),
            Err(CacheError::NotStorable { .. }) => Ok(Check::Damaged),
            Err(CacheError::Io { source, .. }) if source.raw_os_error() == Some(UNREADABLE) => Ok(Check::Damaged),
            Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => Ok(Check::Missing),
            Err(error) => Err(error),
        }
    }
}

/// `EIO`: what a disk says of a sector that it cannot read.
const UNREADABLE: i32 = rustix::io::Errno::IO.raw_os_error();

fn check_at(object: &Path, digest: &Digest, known: Option<&Fingerprint>) -> Result<Check, CacheError> {
    let found = Fingerprint::of(object)?;
    if found.size >= LARGE && known == Some(&found) {
        return Ok(Check::Intact(found));
    }
    let intact = digest_path(object)?.digest == *digest;
    Ok(if intact { Check::Intact(found) } else { Check::Damaged })
}

fn refuse_links(path: &Path) -> Result<(), CacheError> {
    let kind = fs::symlink_metadata(path).at("store", path)?.file_type();
    let what = match kind {
        _ if kind.is_file() || kind.is_dir() => return Ok(()),
        _ if kind.is_symlink() => "a symbolic link",
        _ => "neither a file nor a folder",
    };
    Err(CacheError::NotStorable { path: path.to_owned(), what })
}

/// Makes an object that is stored once more look new to a cleaning, which leaves alone what runs that are under way have made. In
/// a cache that users share it may be somebody else's and stay as it is; if it is cleaned away then, it is made once more.
fn touch(object: &Path, folder: bool) {
    let _ = set_mode(object, if folder { 0o555 } else { 0o444 });
}

/// Makes an artifact read-only and, if it is large, durable. A folder's own mode is set when it has been moved.
fn prepare(path: &Path, content: &Content) -> Result<(), CacheError> {
    if !content.folder {
        set_mode(path, 0o444).at("make read-only", path)?;
        return if at_once(content.size) { sync_path(path) } else { Ok(()) };
    }
    tree::make_inside_read_only(path)?;
    if at_once(content.size) {
        for entry in walk(path)? {
            sync_path(entry.path())?;
        }
        sync_path(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_another_process_stored_in_between_stays() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let make = || {
            let path = cache.folder("partial").join("new");
            fs::create_dir(&path).unwrap();
            fs::write(path.join("a"), "1").unwrap();
            path
        };
        let stored = cache.ingest(&make()).unwrap();
        let path = make();
        cache.move_in(&path, &cache.object_path(&stored.digest), &digest_path(&path).unwrap()).unwrap();
        assert!(!path.exists());
        assert_eq!(cache.check(&stored.digest, None).unwrap(), Check::Intact(stored.fingerprint));
    }
}
