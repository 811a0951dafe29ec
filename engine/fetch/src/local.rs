//! A file that is already on this machine: copied, because the original may change while an experiment runs.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::OnDisk;
use crate::landing::{Landed, Landing};
use crate::progress::Progress;
use crate::want::Want;
use crate::{FetchError, Watch};

/// Copied at once; between two of them the watcher may stop us.
const PIECE: u64 = 64 << 20;

/// Copies `path` into the wanted folder.
pub(crate) fn fetch(path: &Path, want: &Want<'_>, watch: &dyn Watch) -> Result<Landed, FetchError> {
    let from = path.display().to_string();
    want.check_size(size(path)?, &from)?;
    let mut landing = Landing::create(want.folder)?;
    append(path, &mut landing, watch)?;
    Progress::new(watch).end(landing.size());
    landing.finish(want, &from)
}

/// Appends all of `path` to a growing file.
pub(crate) fn append(path: &Path, landing: &mut Landing, watch: &dyn Watch) -> Result<(), FetchError> {
    let total = landing.size() + size(path)?;
    let original = File::open(path).on_disk("read", path)?;
    let progress = Progress::new(watch);
    progress.step(landing.size(), Some(total))?;
    while landing.write_from(&original, PIECE, path)? > 0 {
        progress.step(landing.size(), Some(total))?;
    }
    Ok(())
}

/// Size of a regular file.
pub(crate) fn size(path: &Path) -> Result<u64, FetchError> {
    let meta = std::fs::metadata(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => FetchError::LocalMissing { path: path.to_owned() },
        _ => FetchError::Disk { doing: "read", path: path.to_owned(), source },
    })?;
    // Asked before opening: opening a named pipe would wait for a writer for ever.
    if !meta.is_file() {
        return Err(FetchError::LocalNotAFile { path: path.to_owned() });
    }
    Ok(meta.len())
}
