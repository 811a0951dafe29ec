//! From a store to a cache.

use super::{BATCH, Moved, TransferError, artifact, believed, outputs};
use crate::workplace::Workplace;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use xlt_cache::{Cache, CacheError, FolderListing, Ledger};
use xlt_core::key::{Digest, Key};
use xlt_core::record::{Output, Record};
use xlt_fetch::store::{Each, Fault, Item, Onlooker, Store, Thing};

/// A store that is open, and the cache that takes from it.
#[derive(Debug)]
pub struct Pull {
    cache: Cache,
    store: Store,
    work: Workplace,
    moved: Moved,
}

/// Stages that the store has and the cache does not.
#[derive(Debug, Default)]
pub struct Waiting(Vec<Record>);

impl Waiting {
    /// Bytes of their artifacts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        size(&outputs(&self.0))
    }
}

impl Pull {
    /// Opens the store at `source`.
    ///
    /// # Errors
    /// Where there is none, or it cannot be used.
    pub fn open(cache: &Cache, source: &str, onlooker: &dyn Onlooker) -> Result<Self, TransferError> {
        let store = Store::open(source, onlooker)?;
        let folder = cache.partials();
        let work = Workplace::make(&folder).map_err(|source| TransferError::Workplace { folder, source })?;
        Ok(Self { cache: cache.clone(), store, work, moved: Moved::default() })
    }

    /// Keys of all the stages that the store has.
    ///
    /// # Errors
    /// Where the store cannot be listed, or `onlooker` stops it.
    pub fn keys(&self, onlooker: &dyn Onlooker) -> Result<Vec<Key>, TransferError> {
        Ok(self.store.records(onlooker)?.into_keys().collect())
    }

    /// Which of these stages the store has and the cache does not, whole.
    ///
    /// # Errors
    /// Where the cache or the store fails as a whole, or `onlooker` stops it.
    pub fn look(&mut self, keys: &[Key], onlooker: &dyn Onlooker) -> Result<Waiting, TransferError> {
        let mut open = Vec::new();
        for key in keys {
            if self.has(key)? { self.moved.there += 1 } else { open.push(*key) }
        }
        let things: Vec<Thing> = open.iter().map(|key| Thing::Record(*key)).collect();
        let texts = self.store.texts(&things, onlooker)?;
        let mut waiting = Vec::new();
        for (key, text) in open.iter().zip(texts) {
            match text.map(|text| Record::from_text(&text)) {
                Err(Fault::Missing) => {}
                Ok(Ok(record)) if record.key == *key => waiting.push(record),
                Ok(Ok(record)) => self.moved.fault(&record.stage, "its record lies under another key than its own"),
                Ok(Err(why)) => self.moved.fault(&key.to_string(), format!("its record cannot be believed: {why}")),
                Err(fault) => self.moved.fault(&key.to_string(), format!("its record {fault}")),
            }
        }
        Ok(Waiting(waiting))
    }

    /// Takes them over, and notes them in the ledger.
    ///
    /// # Errors
    /// Where the cache or the store fails as a whole, or `onlooker` stops it.
    pub fn take(&mut self, waiting: &Waiting, ledger: &Ledger, onlooker: &dyn Onlooker) -> Result<(), TransferError> {
        waiting.0.chunks(BATCH).try_for_each(|batch| self.batch(batch, ledger, onlooker))
    }

    /// Counts them as if they had been taken.
    pub fn foresee(&mut self, waiting: &Waiting) {
        let all = outputs(&waiting.0);
        let open: Vec<&Output> = all.iter().filter(|output| !self.cache.has(&output.digest)).copied().collect();
        self.moved.artifacts += open.len();
        self.moved.bytes = self.moved.bytes.saturating_add(size(&open));
        self.moved.skipped += all.len() - open.len();
        self.moved.stages += waiting.0.len();
    }

    /// What was moved, and from where.
    #[must_use]
    pub fn end(self) -> (Moved, String) {
        (self.moved, self.store.name().to_owned())
    }

    fn has(&self, key: &Key) -> Result<bool, CacheError> {
        let record = self.cache.read_record(key)?;
        Ok(record.is_some_and(|record| record.outputs.iter().all(|output| self.cache.has(&output.digest))))
    }

    /// Artifacts, one sync for all of them, records.
    fn batch(&mut self, batch: &[Record], ledger: &Ledger, onlooker: &dyn Onlooker) -> Result<(), TransferError> {
        let all = outputs(batch);
        let open: Vec<&Output> = all.iter().filter(|output| !self.cache.has(&output.digest)).copied().collect();
        self.moved.skipped += all.len() - open.len();
        let mut bad = BTreeMap::new();
        let arrivals = self.begin(&open, &mut bad, onlooker)?;
        let items: Vec<Item> = arrivals.iter().flat_map(|arrival| arrival.items.clone()).collect();
        let mut fetched = self.store.fetch(&items, onlooker)?.into_iter();
        for arrival in &arrivals {
            let each: Each<()> = fetched.by_ref().take(arrival.items.len()).collect();
            if let Err(why) = self.settle(arrival, each)? {
                bad.insert(arrival.output.digest, why);
            }
        }
        self.cache.sync()?;
        for record in batch {
            let why = record.outputs.iter().find_map(|output| bad.get(&output.digest));
            match why {
                Some(why) => self.moved.fault(&record.stage, why),
                None => self.commit(record, ledger)?,
            }
        }
        Ok(())
    }

    /// Makes ready where artifacts are to arrive.
    fn begin<'a>(
        &self,
        open: &[&'a Output],
        bad: &mut BTreeMap<Digest, String>,
        onlooker: &dyn Onlooker,
    ) -> Result<Vec<Arrival<'a>>, TransferError> {
        let (folders, files): (Vec<&Output>, Vec<&Output>) = open.iter().copied().partition(|output| output.folder);
        let things: Vec<Thing> = folders.iter().map(|output| Thing::Folder(output.digest)).collect();
        let texts = self.store.texts(&things, onlooker)?;
        let mut arrivals: Vec<Arrival<'a>> =
            files.into_iter().map(|file| Arrival::of_file(file, self.work.path())).collect();
        for (output, text) in folders.into_iter().zip(&texts) {
            match believed(text.as_ref(), output) {
                Ok(listing) => arrivals.push(Arrival::of_folder(output, &listing, self.work.path())?),
                Err(why) => _ = bad.insert(output.digest, why),
            }
        }
        Ok(arrivals)
    }

    /// Puts an artifact into the cache, if all of it has arrived.
    fn settle(&mut self, arrival: &Arrival<'_>, each: Each<()>) -> Result<Result<(), String>, TransferError> {
        let Arrival { output, path, items } = arrival;
        let fault = items.iter().zip(each).find_map(|(item, done)| Some((item, done.err()?)));
        if let Some((item, fault)) = fault {
            let what = artifact(&output.digest);
            let part = if output.folder { format!(", of which {} {fault}", item.digest) } else { format!(" {fault}") };
            remove(path);
            return Ok(Err(format!("{what}{part}, in the store")));
        }
        // The files were hashed while they arrived. Of a folder this finds out that they are all, and in their places.
        let hashed = items.iter().map(|item| (item.path.clone(), item.digest)).collect();
        let stored = self.cache.ingest_hashed(path, &hashed)?;
        if stored.digest != output.digest {
            return Ok(Err(format!("{} came out as {}", artifact(&output.digest), stored.digest)));
        }
        self.moved.artifacts += 1;
        self.moved.bytes += output.size;
        Ok(Ok(()))
    }

    fn commit(&mut self, record: &Record, ledger: &Ledger) -> Result<(), TransferError> {
        // A run beside this one may have made the stage meanwhile; then its record stays.
        if self.has(&record.key)? {
            self.moved.there += 1;
            return Ok(());
        }
        self.cache.write_record(record)?;
        ledger.insert(record);
        self.moved.stages += 1;
        Ok(())
    }
}

/// An artifact on its way, and the files that it is made of.
struct Arrival<'a> {
    output: &'a Output,
    path: PathBuf,
    items: Vec<Item>,
}

impl<'a> Arrival<'a> {
    fn of_file(output: &'a Output, work: &Path) -> Self {
        let path = work.join(output.digest.to_string());
        let item = Item { digest: output.digest, size: output.size, path: path.clone() };
        Self { output, path, items: vec![item] }
    }

    fn of_folder(output: &'a Output, listing: &FolderListing, work: &Path) -> Result<Self, CacheError> {
        let path = work.join(output.digest.to_string());
        listing.make_folders(&path)?;
        let items = listing
            .files()
            .map(|file| Item { digest: file.digest, size: file.size, path: path.join(&file.name) })
            .collect();
        Ok(Self { output, path, items })
    }
}

/// Bytes of all together, as records from elsewhere say.
fn size(outputs: &[&Output]) -> u64 {
    outputs.iter().fold(0, |size, output| size.saturating_add(output.size))
}

/// What cannot be removed goes with the workplace.
fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}
