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
    /// What a job of a cluster is to do cannot be read.
    #[error("what is to be done cannot be read from {path}: {why}\n  run `xlt run` again, which writes it anew")]
    Order {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// This machine knows nothing of Slurm.
    #[error(
        "there is no `{program}` here, and stages are to be jobs of Slurm\n  run on a machine that hands in jobs, or with `--executor local`"
    )]
    NoSlurm {
        /// What is missing.
        program: &'static str,
    },
    /// Another run tends the jobs of the same study.
    #[error(
        "a run of this spec is under way and tends its jobs ({who})\n  `xlt status` tells how far it is; end it to take its place, its jobs go on"
    )]
    Tended {
        /// Who it is.
        who: String,
    },
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
