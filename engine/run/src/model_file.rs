//! Which file of an artifact llama.cpp loads.

use std::path::{Path, PathBuf};

/// The file to load of a model: the artifact itself or, where it is a folder with the parts of a split model, the first
/// part. llama.cpp finds the others beside it.
#[must_use]
pub fn model_file(artifact: &Path) -> PathBuf {
    let is_first = |path: &PathBuf| path.to_string_lossy().contains("-00001-of-");
    let entries = std::fs::read_dir(artifact).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).find(is_first).unwrap_or_else(|| artifact.to_owned())
}
