//! Which parts of a file are finished, on disk: a line that says how the file is cut, then the number of each such part.
//!
//! A part is written before its number. Without the file that it speaks of, nothing is believed of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::chunks::Chunks;
use crate::FetchError;
use crate::error::OnDisk;

const NAME: &str = "partial.chunks";

/// What was written down.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noted {
    /// Bytes of the file.
    pub(super) total: u64,
    /// Bytes of a part.
    pub(super) size: u64,
    pub(super) done: BTreeSet<u64>,
}

/// A journal that is written.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Reads what is there; a torn line counts as not there.
    pub(super) fn load(folder: &Path) -> Option<Noted> {
        parse(&fs::read_to_string(folder.join(NAME)).ok()?)
    }

    /// Starts anew with what is here.
    pub(super) fn start(folder: &Path, chunks: &Chunks) -> Result<Self, FetchError> {
        let (path, new) = (folder.join(NAME), folder.join("partial.chunks.new"));
        let mut text = format!("{} {}\n", chunks.total, chunks.size);
        chunks.done().iter().for_each(|index| text.push_str(&format!("{index}\n")));
        let mut file = File::create(&new).on_disk("create", &new)?;
        file.write_all(text.as_bytes()).and_then(|()| fs::rename(&new, &path)).on_disk("write", &path)?;
        Ok(Self { path, file })
    }

    /// Notes a finished part.
    pub(super) fn note(&mut self, index: u64) -> Result<(), FetchError> {
        self.file.write_all(format!("{index}\n").as_bytes()).on_disk("write", &self.path)
    }

    pub(super) fn forget(folder: &Path) {
        // A leftover is harmless: it is of use beside the file that it speaks of, and written anew with that.
        let _ = fs::remove_file(folder.join(NAME));
    }
}

fn parse(text: &str) -> Option<Noted> {
    let whole = &text[..=text.rfind('\n')?];
    let mut lines = whole.lines();
    let (total, size) = lines.next()?.split_once(' ')?;
    let (total, size) = (total.parse().ok()?, size.parse().ok().filter(|size| *size > 0)?);
    let done = lines.map(|line| line.parse().ok()).collect::<Option<_>>()?;
    Some(Noted { total, size, done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_not_there() {
        let noted = |done: &[u64]| Some(Noted { total: 35, size: 10, done: done.iter().copied().collect() });
        assert_eq!(parse("35 10\n2\n13\n"), noted(&[2, 13]));
        assert_eq!(parse("35 10\n2\n1"), noted(&[2]));
        assert_eq!(parse("35 10\n"), noted(&[]));
        for torn in ["", "35 1", "35\n", "35 0\n", "35 10\nx\n"] {
            assert_eq!(parse(torn), None, "{torn:?}");
        }
    }
}
