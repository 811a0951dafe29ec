//! How much of each part of a file is here, on disk: a line that says how the file is cut, then lines with the number of a part
//! and the byte up to which it is here.
//!
//! Bytes are written before the line that speaks of them. Without the file, nothing is believed of it.

use std::collections::BTreeMap;
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
    /// Of a part, its next byte that is missing.
    pub(super) at: BTreeMap<u64, u64>,
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
        chunks.here().for_each(|(index, at)| text.push_str(&line(index, at)));
        let mut file = File::create(&new).on_disk("create", &new)?;
        file.write_all(text.as_bytes()).and_then(|()| fs::rename(&new, &path)).on_disk("write", &path)?;
        Ok(Self { path, file })
    }

    /// Notes that a part is here up to this byte.
    pub(super) fn note(&mut self, index: u64, at: u64) -> Result<(), FetchError> {
        self.file.write_all(line(index, at).as_bytes()).on_disk("write", &self.path)
    }

    pub(super) fn forget(folder: &Path) {
        // A leftover is harmless: it is of use beside the file that it speaks of, and written anew with that.
        let _ = fs::remove_file(folder.join(NAME));
    }
}

fn line(index: u64, at: u64) -> String {
    format!("{index} {at}\n")
}

fn parse(text: &str) -> Option<Noted> {
    let whole = &text[..=text.rfind('\n')?];
    let mut lines = whole.lines();
    let (total, size) = pair(lines.next()?)?;
    let at = lines.map(pair).collect::<Option<_>>()?;
    (size > 0).then_some(Noted { total, size, at })
}

fn pair(line: &str) -> Option<(u64, u64)> {
    let (first, second) = line.split_once(' ')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_not_there() {
        let noted = |at: &[(u64, u64)]| Some(Noted { total: 35, size: 10, at: at.iter().copied().collect() });
        assert_eq!(parse("35 10\n2 25\n1 20\n2 30\n"), noted(&[(1, 20), (2, 30)]), "the last word counts");
        assert_eq!(parse("35 10\n2 25\n2 3"), noted(&[(2, 25)]));
        assert_eq!(parse("35 10\n"), noted(&[]));
        for torn in ["", "35 1", "35\n", "35 0\n", "35 10\nx\n", "35 10\n2\n"] {
            assert_eq!(parse(torn), None, "{torn:?}");
        }
    }
}
