//! A file that is removed unless it is kept, so that nothing half-made is left behind.

use std::fs::{self, File};
use std::path::Path;

use crate::LlamaError;

/// A new file that is not whole yet.
pub(crate) struct Unfinished<'a>(Option<&'a Path>);

impl<'a> Unfinished<'a> {
    /// Makes a new file, empty: nothing is written over.
    pub(crate) fn new(path: &'a Path) -> Result<(Self, File), LlamaError> {
        let unwritable = |source| LlamaError::Unwritable { path: path.to_owned(), source };
        let file = File::create_new(path).map_err(unwritable)?;
        Ok((Self(Some(path)), file))
    }

    /// The file is whole.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
