//! Puts what was downloaded and verified into the cache of the hub's own client, in that client's layout.
//!
//! Never the reason why a fetch fails: what cannot be put there is told. Bytes are copied (on some file systems without
//! copying at all) and never linked to ours: our store makes its files read-only, and others may rewrite theirs.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::shared::{Shared, below};
use crate::Watch;
use crate::landing::Landed;

/// Copied at once; between two of them the watcher may stop us.
const PIECE: u64 = 64 << 20;

/// A file as the cache is to have it.
pub(super) struct Entry<'a> {
    /// The hub's name for its bytes: SHA-256, or git's.
    pub(super) blob: &'a str,
    pub(super) commit: &'a str,
    /// Path in the repository.
    pub(super) path: &'a str,
    /// The branch or tag that is this commit now.
    pub(super) reference: Option<&'a str>,
}

impl Shared {
    /// Adds a file.
    pub(super) fn fill(&self, entry: &Entry<'_>, landed: &Landed, watch: &dyn Watch) {
        match self.add(entry, landed, watch) {
            Ok(()) => {}
            // The file itself is fetched: whoever wants to stop, stops at the next one.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => watch.say(&format!(
                "{}: it could not be put into the hub's cache, {} ({error}); nothing depends on that",
                entry.path,
                self.folder.display()
            )),
        }
    }

    fn add(&self, entry: &Entry<'_>, landed: &Landed, watch: &dyn Watch) -> io::Result<()> {
        let Some(path) = below(entry.path) else { return Ok(()) };
        let blobs = self.folder.join("blobs");
        fs::create_dir_all(&blobs)?;
        let blob = blobs.join(entry.blob);
        if !blob.exists() {
            copy(&landed.path, &blob, watch)?;
        }
        let link = self.folder.join("snapshots").join(entry.commit).join(path);
        fs::create_dir_all(link.parent().unwrap_or(&link))?;
        let up = "../".repeat(path.components().count() + 1);
        match std::os::unix::fs::symlink(PathBuf::from(up).join("blobs").join(entry.blob), &link) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => other?,
        }
        match entry.reference.and_then(below) {
            Some(reference) => self.point(reference, entry.commit),
            None => Ok(()),
        }
    }

    /// Notes which commit a branch is.
    fn point(&self, reference: &Path, commit: &str) -> io::Result<()> {
        let path = self.folder.join("refs").join(reference);
        if fs::read_to_string(&path).is_ok_and(|text| text == commit) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let new = path.with_extension(format!("{}.xlt", std::process::id()));
        fs::write(&new, commit)?;
        fs::rename(&new, &path)
    }
}

/// Copies under another name first: nobody ever sees half of a file under the name of the whole.
fn copy(from: &Path, to: &Path, watch: &dyn Watch) -> io::Result<()> {
    let new = to.with_extension(format!("{}.incomplete", std::process::id()));
    let copied = write(from, &new, watch).and_then(|()| fs::rename(&new, to));
    if copied.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&new);
    }
    copied
}

fn write(from: &Path, to: &Path, watch: &dyn Watch) -> io::Result<()> {
    let (from, mut to) = (File::open(from)?, File::create(to)?);
    while io::copy(&mut io::Read::take(&from, PIECE), &mut to)? > 0 {
        if watch.stop() {
            return Err(ErrorKind::Interrupted.into());
        }
    }
    to.sync_all()
}
