//! The cache of the hub's own client, in which a file may lie already: read here, filled in `fill.rs`.
//!
//! Knows its layout, `{models|datasets}--ORG--NAME/{blobs/ETAG, snapshots/COMMIT/PATH -> ../../blobs/ETAG, refs/REVISION}`.
//! Nothing in it is believed: a file is copied, hashed as a download is, and refused unless it is the wanted one. What is
//! damaged there is told and left alone, since it belongs to others.

use std::fs::{self, DirEntry};
use std::path::{Component, Path, PathBuf};

use super::Place;
use super::api::{Content, Listed, is_hex};
use crate::landing::{Landed, Landing};
use crate::want::Want;
use crate::{FetchError, Settings, Watch, local};

/// What the cache has of one repository.
pub(super) struct Shared {
    /// The repository's folder, which may not be there.
    pub(super) folder: PathBuf,
}

/// What was found of a file.
pub(super) enum Found {
    /// It is in the order's folder now.
    Taken(Landed),
    /// A file of its name, but other bytes.
    Damaged,
    Nothing,
}

impl Shared {
    /// The part of the cache that is `place`'s, where there is a cache.
    pub(super) fn of(place: &Place<'_>, settings: &Settings) -> Option<Self> {
        let root = settings.hub_cache.as_ref().filter(|root| root.is_dir())?;
        let kind = if place.dataset { "datasets" } else { "models" };
        Some(Self { folder: root.join(format!("{kind}--{}", place.repo.replace('/', "--"))) })
    }

    /// The commit that a revision was when the hub's client last asked.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_hex(revision, 40) {
            return Some(revision.to_owned());
        }
        let commit = fs::read_to_string(self.folder.join("refs").join(below(revision)?)).ok()?;
        let commit = commit.trim();
        is_hex(commit, 40).then(|| commit.to_owned())
    }

    /// The files of a commit that are here, by the names that the hub gave to their bytes.
    pub(super) fn files(&self, commit: &str) -> Vec<Listed> {
        let mut files = Vec::new();
        list(&self.folder.join("snapshots").join(commit), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// Copies a file of a commit into the wanted folder, if it is here and is the wanted one.
    pub(super) fn take(
        &self,
        file: &Listed,
        commit: &str,
        want: &Want<'_>,
        watch: &dyn Watch,
    ) -> Result<Found, FetchError> {
        let Some(path) = self.path(file, commit) else { return Ok(Found::Nothing) };
        match copied(&path, want, watch) {
            Ok(landed) => {
                watch.say(&format!("{}: taken from the hub's cache, {}", file.path, path.display()));
                Ok(Found::Taken(landed))
            }
            Err(FetchError::Stopped) => Err(FetchError::Stopped),
            Err(error) => {
                let wrong = wrong(&error);
                watch.say(&format!("{}: {} in the hub's cache {wrong}; it is left alone", file.path, path.display()));
                Ok(Found::Damaged)
            }
        }
    }

    /// Where it lies: under the name of its bytes, or where only their other name is known, under its own.
    fn path(&self, file: &Listed, commit: &str) -> Option<PathBuf> {
        let (Content::Sha256(name) | Content::Git(name)) = &file.content;
        let own = below(&file.path).map(|path| self.folder.join("snapshots").join(commit).join(path));
        [Some(self.folder.join("blobs").join(name)), own].into_iter().flatten().find(|path| path.is_file())
    }
}

/// A path from outside, where it stays in its folder.
pub(super) fn below(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn copied(path: &Path, want: &Want<'_>, watch: &dyn Watch) -> Result<Landed, FetchError> {
    let from = path.display().to_string();
    want.check_size(local::size(path)?, &from)?;
    let mut landing = Landing::beside(want.folder)?;
    local::append(path, &mut landing, watch)?;
    landing.finish(want, &from)
}

/// What is wrong with a file of the cache, as a sentence's end.
fn wrong(error: &FetchError) -> String {
    match error {
        FetchError::Disk { source, .. } | FetchError::Full { source, .. } => format!("cannot be copied ({source})"),
        _ => "has not the bytes that it should have".to_owned(),
    }
}

/// Files below a folder that are links to named bytes. Others, as on systems without links, are vouched for by nobody.
fn list(folder: &Path, above: &str, files: &mut Vec<Listed>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = format!("{above}{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&entry.path(), &format!("{path}/"), files),
            Ok(kind) if kind.is_symlink() => files.extend(linked(&entry, path)),
            _ => {}
        }
    }
}

fn linked(entry: &DirEntry, path: String) -> Option<Listed> {
    let blob = fs::read_link(entry.path()).ok()?;
    let name = blob.file_name()?.to_str()?.to_ascii_lowercase();
    let content = match name.len() {
        64 if is_hex(&name, 64) => Content::Sha256(name),
        40 if is_hex(&name, 40) => Content::Git(name),
        _ => return None,
    };
    let meta = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file)?;
    Some(Listed { path, size: meta.len(), content })
}
