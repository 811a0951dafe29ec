//! What stops a whole run. A stage that fails does not.

use std::path::PathBuf;
use xlt_cache::CacheError;
use xlt_core::plan::PlanErrors;

/// What stops a whole run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cache cannot be used.
    #[error("failed to {0}")]
    Cache(#[from] CacheError),
    /// The spec cannot be compiled.
    #[error("{0}")]
    Plan(#[from] PlanErrors),
    /// The lock file cannot be used.
    #[error("the lock file {path} cannot be used: {why}")]
    Lock {
        /// Path of the lock file.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// Something the run needs was not allowed.
    #[error("{0}")]
    NotAllowed(String),
    /// There is no room for the work in progress.
    #[error("cannot work in {folder}: {source}\n  make it writable, or set $XLT_CACHE to another folder")]
    Workplace {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The results folder cannot be written.
    #[error("cannot write results into {folder}: {source}")]
    Results {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A worker process cannot be started.
    #[error("cannot start a worker process ({program}): {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
