//! Copying artifacts out, hashed on the way: a result never holds bytes other than those it names.

use crate::content::{Content, Listing, copy_hashing};
use crate::error::{At, CacheError};
use crate::layout::{Cache, temporary};
use crate::tree::{Entry, walk};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use xlt_core::key::Digest;

impl Cache {
    /// Copies an object to `target`, which it replaces. On damage nothing is written there.
    ///
    /// Not synced: whatever is lost can be exported again.
    ///
    /// # Errors
    /// [`CacheError::Damaged`], [`CacheError::Missing`], or where something cannot be read or written.
    pub fn export(&self, digest: &Digest, target: &Path) -> Result<(), CacheError> {
        let target = std::path::absolute(target).at_target(target)?;
        self.export_by_way_of(target.parent().unwrap_or(&target), digest, &target)
    }

    /// [`Cache::export`], the copy being made in the folder `way`, which is on the target's file system. A process that is killed
    /// leaves half a copy there and nothing beside the target.
    ///
    /// # Errors
    /// As [`Cache::export`].
    pub fn export_by_way_of(&self, way: &Path, digest: &Digest, target: &Path) -> Result<(), CacheError> {
        let object = self.object_path(digest);
        let root = || self.root().to_owned();
        let folder = match fs::symlink_metadata(&object) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(CacheError::Missing { digest: *digest, path: root() });
            }
            other => other.at("read", &object)?.is_dir(),
        };
        let damaged = || CacheError::Damaged { digest: *digest, path: root() };
        let target = &std::path::absolute(target).at_target(target)?;
        let parent = target.parent().unwrap_or(target);
        fs::create_dir_all(parent).at_target(parent)?;
        if folder {
            export_folder(&object, target, way, digest, damaged)
        } else {
            export_file(&object, target, way, digest, damaged)
        }
    }
}

fn export_file(
    object: &Path,
    target: &Path,
    way: &Path,
    digest: &Digest,
    damaged: impl Fn() -> CacheError,
) -> Result<(), CacheError> {
    let mut copy = temporary(way).at_target(target)?;
    let (found, _) = copy_file(object, copy.as_file_mut(), target)?;
    if found != *digest {
        return Err(damaged());
    }
    if target.is_dir() {
        // A file does not replace a folder; whatever the result was before, it goes as a whole.
        let beside = tempfile::Builder::new().prefix(".xlt-").tempdir_in(way).at_target(target)?;
        fs::rename(target, beside.path().join("old")).at_target(target)?;
    }
    copy.persist(target).map(drop).map_err(|error| error.error).at_target(target)
}

fn export_folder(
    object: &Path,
    target: &Path,
    way: &Path,
    digest: &Digest,
    damaged: impl Fn() -> CacheError,
) -> Result<(), CacheError> {
    let beside = tempfile::Builder::new().prefix(".xlt-").tempdir_in(way).at_target(target)?;
    let copy = beside.path().join("new");
    let content = match copy_folder(object, &copy, target) {
        Err(CacheError::NotStorable { .. }) => return Err(damaged()),
        other => other?,
    };
    if content.digest != *digest {
        return Err(damaged());
    }
    match fs::rename(target, beside.path().join("old")) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).at_target(target),
        _ => {}
    }
    fs::rename(&copy, target).at_target(target)
}

fn copy_folder(object: &Path, copy: &Path, target: &Path) -> Result<Content, CacheError> {
    fs::create_dir(copy).at_target(target)?;
    let mut listing = Listing::new();
    for entry in walk(object)? {
        match entry {
            Entry::Folder { name, .. } => {
                fs::create_dir(copy.join(&name)).at_target(target)?;
                listing.folder(&name);
            }
            Entry::File { name, path } => {
                let mut file = File::create(copy.join(&name)).at_target(target)?;
                let (digest, size) = copy_file(&path, &mut file, target)?;
                listing.file(&name, digest, size);
            }
        }
    }
    Ok(listing.finish())
}

fn copy_file(from: &Path, to: &mut File, target: &Path) -> Result<(Digest, u64), CacheError> {
    let mut from = File::open(from).at("read", from)?;
    copy_hashing(&mut from, to).at_target(target)
}
