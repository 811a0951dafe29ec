//! A file that is already on this machine: copied, because the original may change while an experiment runs.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::OnDisk;
use crate::landing::{Landing, check_size};
use crate::progress::Progress;
use crate::{FetchError, Fetched, Order, Watch};

/// Copied at once; between two of them the watcher may stop us.
const PIECE: u64 = 64 << 20;

/// Copies `path` into the order's folder.
pub(crate) fn fetch(path: &Path, order: &Order<'_>, watch: &dyn Watch) -> Result<Fetched, FetchError> {
    let from = path.display().to_string();
    let meta = std::fs::metadata(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => FetchError::LocalMissing { path: path.to_owned() },
        _ => FetchError::Disk { doing: "read", path: path.to_owned(), source },
    })?;
    // Asked before opening: opening a named pipe would wait for a writer for ever.
    if !meta.is_file() {
        return Err(FetchError::LocalNotAFile { path: path.to_owned() });
    }
    check_size(order, meta.len(), &from)?;
    let original = File::open(path).on_disk("read", path)?;
    let mut landing = Landing::create(order.folder)?;
    let progress = Progress::new(watch);
    progress.step(0, Some(meta.len()))?;
    while landing.write_from(&original, PIECE, path)? > 0 {
        progress.step(landing.size(), Some(meta.len()))?;
    }
    progress.end(landing.size());
    landing.finish(order, &from)
}
