//! A place where finished stages lie, to be had by others: a folder, or a prefix in an S3-compatible bucket.
//!
//! ```text
//! format                  the version of this layout
//! files/ab/<blake3>       artifacts that are files, and the files of artifacts that are folders
//! folders/ab/<blake3>     listings of artifacts that are folders, under the folder's digest
//! records/v1/ab/<key>     records, as in a cache
//! ```
//!
//! Knows names, sizes and BLAKE3: no file goes there or comes from there under another digest than its own. It does not know the
//! cache, nor what a listing says. Everything in here that waits for a network does so on a small runtime of its own, and nothing
//! of that leaves this module.

mod address;
mod error;
mod format;
mod read;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use tokio::runtime::Runtime;
use xlt_core::key::{Digest, Key};

pub use error::{Fault, StoreError};

use crate::retry::NAP;
use address::Place;

/// Files up to this size are moved many at a time, whole; larger ones one by one.
const SMALL: u64 = 1 << 20;
/// Objects that are on their way at once.
const AT_ONCE: usize = 16;

/// A store that is open.
#[derive(Debug)]
pub struct Store {
    runtime: Runtime,
    place: Place,
}

/// Something in a store that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A file, by the BLAKE3 of its bytes.
    File(Digest),
    /// The listing of a folder, by the digest of that folder.
    Folder(Digest),
    /// The record of a key.
    Record(Key),
}

/// A file on this disk, and what it is called in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// BLAKE3 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where it lies, or is to lie.
    pub path: PathBuf,
}

/// What a store says it has, with sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub files: BTreeMap<Digest, u64>,
    /// Listings of folders.
    pub folders: BTreeMap<Digest, u64>,
    /// Records.
    pub records: BTreeMap<Key, u64>,
}

/// Who waits.
pub trait Onlooker {
    /// So many bytes more have been moved.
    fn moved(&self, bytes: u64);
    /// Whether to stop. What has been moved stays.
    fn stop(&self) -> bool;
}

/// Of one thing: moved, or why not. What concerns the whole store is a [`StoreError`].
pub type Each<T> = Vec<Result<T, Fault>>;

impl Thing {
    fn name(self) -> String {
        let (folder, name) = match self {
            Self::File(digest) => ("files", digest.to_string()),
            Self::Folder(digest) => ("folders", digest.to_string()),
            Self::Record(key) => ("records/v1", key.to_string()),
        };
        format!("{folder}/{}/{name}", &name[..2])
    }
}

impl Store {
    /// Opens the store at `target`, a folder or `s3://BUCKET/PREFIX`, to take things from it.
    ///
    /// # Errors
    /// Where there is none, it is of another format, or it cannot be reached.
    pub fn open(target: &str, onlooker: &dyn Onlooker) -> Result<Self, StoreError> {
        let store = Self::at(target, false)?;
        match store.format(onlooker)? {
            true => Ok(store),
            false => Err(StoreError::NoStore { store: store.place.name.clone() }),
        }
    }

    /// Opens it to bring things there; where there is nothing yet, a store is made, unless it is only looked at.
    ///
    /// # Errors
    /// Where something else lies there, it is of another format, or it cannot be reached or written.
    pub fn open_to_write(target: &str, only_look: bool, onlooker: &dyn Onlooker) -> Result<Self, StoreError> {
        let store = Self::at(target, !only_look)?;
        if store.format(onlooker)? {
            return Ok(store);
        }
        match store.refuse_litter(onlooker) {
            // Somebody has just begun the same store.
            Err(StoreError::NotAStore { .. }) if store.format(onlooker)? => {}
            Ok(()) if !only_look => store.write_format(onlooker)?,
            other => other?,
        }
        Ok(store)
    }

    fn at(target: &str, make: bool) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|source| StoreError::Runtime { source })?;
        let place = {
            let _inside = runtime.enter();
            Place::of(target, make)?
        };
        Ok(Self { runtime, place })
    }

    /// How it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// What is there. What has a name of another kind is passed over.
    ///
    /// # Errors
    /// Where it cannot be listed, or `onlooker` stops it.
    pub fn contents(&self, onlooker: &dyn Onlooker) -> Result<Contents, StoreError> {
        let mut contents = Contents::default();
        self.list("files", onlooker, |name, size| insert(&mut contents.files, name, size))?;
        self.list("folders", onlooker, |name, size| insert(&mut contents.folders, name, size))?;
        contents.records = self.records(onlooker)?;
        Ok(contents)
    }

    /// The keys of the records that are there, with the sizes of these.
    ///
    /// # Errors
    /// As [`Store::contents`].
    pub fn records(&self, onlooker: &dyn Onlooker) -> Result<BTreeMap<Key, u64>, StoreError> {
        let mut records = BTreeMap::new();
        self.list("records/v1", onlooker, |name, size| insert(&mut records, name, size))?;
        Ok(records)
    }

    fn list(&self, folder: &str, onlooker: &dyn Onlooker, mut note: impl FnMut(&str, u64)) -> Result<(), StoreError> {
        let mut listing = self.place.objects.list(Some(&self.place.path(folder)));
        let failed = |error| self.place.failed("list", &error);
        while let Some(meta) = self.wait(onlooker, listing.try_next())?.map_err(failed)? {
            if let Some(name) = meta.location.filename() {
                note(name, meta.size);
            }
        }
        Ok(())
    }

    /// Waits for something that takes a while, unless `onlooker` wants to stop; then that is left as it is.
    fn wait<T>(&self, onlooker: &dyn Onlooker, future: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut future = pin!(future);
        self.runtime.block_on(async {
            loop {
                stop_if(onlooker)?;
                if let Ok(done) = tokio::time::timeout(NAP, &mut future).await {
                    return Ok(done);
                }
            }
        })
    }
}

/// The place of a thing in the store behind it.
fn at(place: &Place, thing: Thing) -> (Arc<dyn ObjectStore>, Path) {
    (Arc::clone(&place.objects), place.path(&thing.name()))
}

fn insert<T: std::str::FromStr + Ord>(known: &mut BTreeMap<T, u64>, name: &str, size: u64) {
    if let Ok(name) = name.parse() {
        known.insert(name, size);
    }
}

fn stop_if(onlooker: &dyn Onlooker) -> Result<(), StoreError> {
    if onlooker.stop() { Err(StoreError::Stopped) } else { Ok(()) }
}
