//! Finished stages between a cache and a store elsewhere. Joins what knows disk with what knows the network.
//!
//! On both sides a record comes after all of its artifacts, so that whatever stops in the middle leaves nothing that is believed.
//! What is wrong with one artifact keeps back the stages that it belongs to, and is told; the others go on.

mod pull;
mod push;

use std::collections::BTreeSet;
use std::fmt::Display;
use xlt_cache::{CacheError, FolderListing};
use xlt_core::key::Digest;
use xlt_core::record::{Output, Record};
use xlt_fetch::store::{Fault, StoreError};

pub use pull::Pull;
pub use push::push;
pub use xlt_fetch::store::Onlooker;

/// Stages whose artifacts are moved before their records are: one sync for all of them.
const BATCH: usize = 64;

/// What stops a transfer. Run again, it goes on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The cache cannot be used.
    #[error("failed to {0}")]
    Cache(#[from] CacheError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no room for the work in progress.
    #[error("cannot work in {folder}: {source}\n  make it writable, or set $XLT_CACHE to another folder")]
    Workplace {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl TransferError {
    /// Whether somebody asked for it.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Store(StoreError::Stopped))
    }
}

/// What was moved, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Stages that are there now and were not before.
    pub stages: usize,
    /// Stages that were there already.
    pub there: usize,
    /// Artifacts that were moved for them, and their bytes.
    pub artifacts: usize,
    /// Bytes of these.
    pub bytes: u64,
    /// Artifacts of them that were there already.
    pub skipped: usize,
    /// Stages of which this cache has the record alone, so that they cannot be pushed.
    pub without_artifacts: usize,
    /// Stages that were not moved because something is wrong: name and why.
    pub faults: Vec<(String, String)>,
}

impl Moved {
    fn fault(&mut self, stage: &str, why: impl Display) {
        self.faults.push((stage.to_owned(), why.to_string()));
    }
}

/// How an artifact is called where something is wrong with it.
fn artifact(digest: &Digest) -> String {
    format!("its artifact {digest}")
}

/// Each artifact of some stages once, in their order.
fn outputs<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<&'a Output> {
    let mut seen = BTreeSet::new();
    let outputs = records.into_iter().flat_map(|record| &record.outputs);
    outputs.filter(|output| seen.insert(output.digest)).collect()
}

/// A listing that arrived, if it is that of the folder.
fn believed(text: Result<&String, &Fault>, output: &Output) -> Result<FolderListing, String> {
    let what = format!("the listing of the folder {}", output.digest);
    let text = text.map_err(|fault| format!("{what} {fault}"))?;
    let listing = FolderListing::from_text(text).map_err(|why| format!("{what} cannot be used: {why}"))?;
    let content = listing.content();
    if (content.digest, content.size) != (output.digest, output.size) {
        return Err(format!("{what} is not that of this folder"));
    }
    Ok(listing)
}
