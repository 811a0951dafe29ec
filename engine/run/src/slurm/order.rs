//! What jobs are to do: the spec as it was when they were asked for, and which part of it is meant. Whoever edits the spec while jobs
//! wait changes nothing about these.

use crate::error::RunError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xlt_cache::Cache;
use xlt_core::key::Digest;

/// What jobs are to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Folder in which relative paths begin.
    pub directory: PathBuf,
    /// Path of the spec, as the user named it.
    pub spec: PathBuf,
    /// Profile that is laid over it.
    pub profile: Option<String>,
    /// Settings that are laid over both.
    pub set: Vec<String>,
    /// Texts of the spec and of those on which it is laid, by path.
    pub texts: BTreeMap<String, String>,
    /// Models that are meant; empty: all.
    pub models: Vec<String>,
    /// Patterns of the stages that are meant; empty: all.
    pub only: Vec<String>,
    /// Whether command stages may run.
    pub allow_commands: bool,
}

impl Order {
    /// Writes it where jobs find it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, cache: &Cache) -> Result<(), RunError> {
        let text = self.text();
        Ok(cache.write_for_jobs(&place(cache, &text), &text)?)
    }

    /// Where it is, or would be: under a name that says what is in it.
    #[must_use]
    pub fn path(&self, cache: &Cache) -> PathBuf {
        place(cache, &self.text())
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// Where it is gone or not of this version of xlt.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let order = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        order.map_err(|why| RunError::Order { path: path.to_owned(), why })
    }
}

fn place(cache: &Cache, text: &str) -> PathBuf {
    cache.cluster("orders").join(format!("{}.json", Digest::of(text.as_bytes())))
}

/// Name of a study among those that are done with a cache: the spec's path tells studies of the same name apart.
#[must_use]
pub fn study_id(spec: &Path, study: &str) -> String {
    let path = std::path::absolute(spec).unwrap_or_else(|_| spec.to_owned());
    let digest = Digest::of(format!("{study}\n{}", path.display()).as_bytes()).to_string();
    digest[..16].to_owned()
}
