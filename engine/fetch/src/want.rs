//! What is known of a file before its bytes are here, and where they may be worked on.

use std::path::Path;

use xlt_core::plan::Pin;

use crate::FetchError;

/// One file to be brought into a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want<'a> {
    /// SHA-256 in lower-case hexadecimal.
    pub(crate) sha256: Option<&'a str>,
    /// Size in bytes.
    pub(crate) size: Option<u64>,
    /// The name that git gives to the bytes: how the hub knows its small files.
    pub(crate) git: Option<&'a str>,
    /// Who says so.
    pub(crate) word: Word,
    /// A private folder that exists and survives a kill.
    pub(crate) folder: &'a Path,
}

/// Whose word on a file's content it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// The lock's or the spec's: the file may have been replaced since.
    Pin,
    /// The hub's, asked a moment ago.
    Hub,
}

impl<'a> Want<'a> {
    /// A file of which the lock and the spec say this, if they say anything.
    pub(crate) fn pinned(pin: Option<&'a Pin>, size: Option<u64>, folder: &'a Path) -> Self {
        let sha256 = pin.map(|pin| pin.sha256.as_str());
        Self { sha256, size: size.or(pin.and_then(|pin| pin.size)), git: None, word: Word::Pin, folder }
    }

    /// Whether wrong bytes would be noticed.
    pub(crate) fn knows_content(&self) -> bool {
        self.sha256.is_some() || self.git.is_some()
    }

    /// Refuses a size other than the wanted one.
    pub(crate) fn check_size(&self, got: u64, from: &str) -> Result<(), FetchError> {
        let Some(expected) = self.size.filter(|expected| *expected != got) else { return Ok(()) };
        let from = from.to_owned();
        Err(match self.word {
            Word::Pin => FetchError::WrongSize { from, expected, got },
            Word::Hub => {
                FetchError::Altered { from, expected: format!("{expected} bytes"), got: format!("{got} bytes") }
            }
        })
    }

    /// Refuses a SHA-256 other than the wanted one.
    pub(crate) fn check_sha256(&self, got: &str, from: &str) -> Result<(), FetchError> {
        let Some(expected) = self.sha256.filter(|expected| *expected != got) else { return Ok(()) };
        let (from, got) = (from.to_owned(), got.to_owned());
        Err(match self.word {
            Word::Pin => FetchError::WrongHash { from, expected: expected.to_owned(), got },
            Word::Hub => {
                FetchError::Altered { from, expected: format!("SHA-256 {expected}"), got: format!("SHA-256 {got}") }
            }
        })
    }
}
