//! Where a partial file came from: remembered beside it, so that it is only ever completed by the same file.

use std::path::Path;

use crate::FetchError;
use crate::error::OnDisk;

const NAME: &str = "partial.origin";

/// What a server said of the file that a partial belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Address asked for.
    pub(crate) url: String,
    /// A strong `ETag`, else `Last-Modified`, else nothing: what `If-Range` may carry (RFC 9110, 13.1.5).
    pub(crate) validator: Option<String>,
}

impl Origin {
    /// Reads what [`Origin::save`] wrote; anything unreadable counts as not there, which costs a new download.
    pub(crate) fn load(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(NAME)).ok()?;
        let (url, validator) = text.strip_suffix('\n')?.split_once('\n')?;
        let validator = (!validator.is_empty()).then(|| validator.to_owned());
        Some(Self { url: url.to_owned(), validator })
    }

    /// Two lines, each ended, so that a torn one is not taken for a whole one.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), FetchError> {
        let path = folder.join(NAME);
        let validator = self.validator.as_deref().unwrap_or_default();
        std::fs::write(&path, format!("{}\n{validator}\n", self.url)).on_disk("write", &path)
    }

    /// Forgets it once the file is finished.
    pub(crate) fn forget(folder: &Path) {
        // A leftover is harmless: it is written anew before any byte it speaks of.
        let _ = std::fs::remove_file(folder.join(NAME));
    }
}
