//! Where a partial file came from: remembered beside it, so that it is only ever completed by the same file.

use std::path::Path;

use ureq::http::HeaderValue;

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
        // What cannot be sent back was spoilt since.
        if validator.as_ref().is_some_and(|validator| HeaderValue::from_str(validator).is_err()) {
            return None;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spoilt_one_counts_as_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let load = |text: &[u8]| {
            std::fs::write(folder.path().join(NAME), text).expect("written");
            Origin::load(folder.path()).is_some()
        };
        assert!(load(b"http://localhost/a\n\"tag\"\n") && load(b"http://localhost/a\n\n"));
        assert!(!load(b"http://localhost/a\n\"tag\""), "torn");
        assert!(!load(b"http://localhost/a\n\"t\x01g\"\n"), "no server would take that back");
    }
}
