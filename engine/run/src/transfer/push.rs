//! From a cache to a store.

use super::{BATCH, Moved, TransferError, artifact, believed, outputs};
use std::collections::{BTreeMap, BTreeSet};
use xlt_cache::{Cache, CacheError, FolderListing};
use xlt_core::key::{Digest, Key};
use xlt_core::record::{Output, Record};
use xlt_fetch::store::{Contents, Fault, Item, Onlooker, Store, Thing};

/// Brings finished stages to the store at `target`: those of `wanted`, or all. `begin` is told how many bytes there are to move.
///
/// Nothing is replaced there but what cannot be what it is called: a file or listing of another size, a record that cannot be
/// believed or has lost its artifacts.
///
/// # Errors
/// Where the cache or the store fails as a whole, or `onlooker` stops it.
pub fn push(
    cache: &Cache,
    target: &str,
    wanted: Option<&BTreeSet<Key>>,
    dry_run: bool,
    begin: &dyn Fn(u64),
    onlooker: &dyn Onlooker,
) -> Result<(Moved, String), TransferError> {
    let store = Store::open_to_write(target, dry_run, onlooker)?;
    let have = store.contents(onlooker)?;
    let mut push = Push { cache, store: &store, have, complete: BTreeSet::new(), moved: Moved::default(), onlooker };
    let missing = push.missing(records(cache, wanted)?)?;
    let open: u64 = push.open(&missing).iter().map(|output| output.size).sum();
    if dry_run {
        push.foresee(&missing);
    } else {
        begin(open);
        missing.chunks(BATCH).try_for_each(|batch| push.batch(batch))?;
    }
    Ok((push.moved, store.name().to_owned()))
}

fn records(cache: &Cache, wanted: Option<&BTreeSet<Key>>) -> Result<Vec<Record>, CacheError> {
    match wanted {
        None => cache.records()?.map(|record| record.map(|(record, _)| record)).collect(),
        Some(keys) => keys.iter().filter_map(|key| cache.read_record(key).transpose()).collect(),
    }
}

struct Push<'a> {
    cache: &'a Cache,
    store: &'a Store,
    have: Contents,
    /// Folders that are there with all of their files.
    complete: BTreeSet<Digest>,
    moved: Moved,
    onlooker: &'a dyn Onlooker,
}

impl Push<'_> {
    /// The stages that are not there, whole.
    fn missing(&mut self, records: Vec<Record>) -> Result<Vec<Record>, TransferError> {
        let (known, mut missing): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| self.have.records.contains_key(&record.key));
        let mut there = Vec::with_capacity(known.len());
        for batch in known.chunks(BATCH) {
            there.extend(self.there(batch)?);
        }
        for (record, there) in known.into_iter().zip(there) {
            if there { self.moved.there += 1 } else { missing.push(record) }
        }
        Ok(missing)
    }

    /// Which of these stages the store has: a record that can be believed, and its artifacts.
    fn there(&mut self, batch: &[Record]) -> Result<Vec<bool>, TransferError> {
        let things: Vec<Thing> = batch.iter().map(|record| Thing::Record(record.key)).collect();
        let texts = self.store.texts(&things, self.onlooker)?;
        let found: Vec<Option<Record>> = texts
            .iter()
            .zip(batch)
            .map(|(text, ours)| {
                let record = text.as_ref().ok().and_then(|text| Record::from_text(text).ok());
                record.filter(|record| record.key == ours.key)
            })
            .collect();
        self.look_into_folders(&outputs(found.iter().flatten()))?;
        let whole = |record: &Record| record.outputs.iter().all(|output| self.has(output));
        Ok(found.iter().map(|record| record.as_ref().is_some_and(whole)).collect())
    }

    /// Finds out which folders are there with all of their files.
    fn look_into_folders(&mut self, outputs: &[&Output]) -> Result<(), TransferError> {
        let listed = |output: &&&Output| output.folder && self.have.folders.contains_key(&output.digest);
        let unknown: Vec<&Output> =
            outputs.iter().filter(listed).filter(|output| !self.complete.contains(&output.digest)).copied().collect();
        let things: Vec<Thing> = unknown.iter().map(|output| Thing::Folder(output.digest)).collect();
        let texts = self.store.texts(&things, self.onlooker)?;
        for (output, text) in unknown.into_iter().zip(&texts) {
            let listing = believed(text.as_ref(), output);
            if listing.is_ok_and(|listing| listing.files().all(|file| self.has_file(&file.digest, file.size))) {
                self.complete.insert(output.digest);
            }
        }
        Ok(())
    }

    fn has(&self, output: &Output) -> bool {
        match output.folder {
            true => self.complete.contains(&output.digest),
            false => self.has_file(&output.digest, output.size),
        }
    }

    fn has_file(&self, digest: &Digest, size: u64) -> bool {
        self.have.files.get(digest) == Some(&size)
    }

    /// What is still to be moved for some stages.
    fn open<'a>(&self, records: &'a [Record]) -> Vec<&'a Output> {
        let open = |output: &&Output| !self.has(output) && self.cache.has(&output.digest);
        outputs(records).into_iter().filter(open).collect()
    }

    /// What a push would do, as far as that can be told without reading artifacts.
    fn foresee(&mut self, missing: &[Record]) {
        let gone = |output: &Output| !self.has(output) && !self.cache.has(&output.digest);
        let (without, whole): (Vec<_>, Vec<_>) =
            missing.iter().cloned().partition(|record| record.outputs.iter().any(gone));
        let open = self.open(&whole);
        self.moved.without_artifacts = without.len();
        self.moved.stages = whole.len();
        self.moved.artifacts = open.len();
        self.moved.bytes = open.iter().map(|output| output.size).sum();
        self.moved.skipped = outputs(&whole).len() - open.len();
    }

    /// Files, then listings, then records.
    fn batch(&mut self, batch: &[Record]) -> Result<(), TransferError> {
        let all = outputs(batch);
        self.look_into_folders(&all)?;
        let open: Vec<&Output> = all.iter().filter(|output| !self.has(output)).copied().collect();
        self.moved.skipped += all.len() - open.len();
        let mut bad: BTreeMap<Digest, Bad> = BTreeMap::new();
        let folders = self.read_folders(&open, &mut bad)?;
        let items = self.items(&open, &folders);
        let sent = self.store.send(&items, self.onlooker)?;
        let mut unsent: BTreeMap<Digest, Fault> = BTreeMap::new();
        for (item, sent) in items.iter().zip(sent) {
            match sent {
                Ok(()) => {
                    self.have.files.insert(item.digest, item.size);
                    self.moved.bytes += item.size;
                }
                Err(fault) => _ = unsent.insert(item.digest, fault),
            }
        }
        for output in open.iter().filter(|output| !output.folder) {
            if let Some(fault) = unsent.get(&output.digest) {
                bad.insert(output.digest, Bad::of(fault, &output.digest));
            }
        }
        self.send_listings(&folders, &unsent, &mut bad)?;
        self.moved.artifacts += open.iter().filter(|output| !bad.contains_key(&output.digest)).count();
        self.send_records(batch, &bad)
    }

    /// What is in the folders that are to be moved. They are read twice, here and when their files are sent: their files' names are
    /// not known before, and under a name that is not that of its content a damaged file might replace a good one.
    fn read_folders(
        &self,
        open: &[&Output],
        bad: &mut BTreeMap<Digest, Bad>,
    ) -> Result<BTreeMap<Digest, FolderListing>, TransferError> {
        let mut folders = BTreeMap::new();
        for output in open.iter().filter(|output| output.folder) {
            if !self.cache.has(&output.digest) {
                bad.insert(output.digest, Bad::Gone);
                continue;
            }
            let listing = match FolderListing::of(&self.cache.object_path(&output.digest)) {
                Ok(listing) if listing.content().digest == output.digest => listing,
                Ok(_) => {
                    bad.insert(output.digest, Bad::of(&Fault::Bytes, &output.digest));
                    continue;
                }
                Err(error) => {
                    bad.insert(output.digest, Bad::of(&Fault::Unreadable(error.to_string()), &output.digest));
                    continue;
                }
            };
            folders.insert(output.digest, listing);
        }
        Ok(folders)
    }

    /// The files that are to be sent, each once: from a folder if one has it, since that was just read and is whole.
    fn items(&self, open: &[&Output], folders: &BTreeMap<Digest, FolderListing>) -> Vec<Item> {
        let single = open.iter().filter(|output| !output.folder).map(|output| {
            let path = self.cache.object_path(&output.digest);
            Item { digest: output.digest, size: output.size, path }
        });
        let inside = folders.iter().flat_map(|(digest, listing)| {
            let folder = self.cache.object_path(digest);
            listing.files().map(move |file| Item {
                digest: file.digest,
                size: file.size,
                path: folder.join(&file.name),
            })
        });
        let mut seen = BTreeSet::new();
        inside
            .chain(single)
            .filter(|item| !self.has_file(&item.digest, item.size) && seen.insert(item.digest))
            .collect()
    }

    fn send_listings(
        &mut self,
        folders: &BTreeMap<Digest, FolderListing>,
        unsent: &BTreeMap<Digest, Fault>,
        bad: &mut BTreeMap<Digest, Bad>,
    ) -> Result<(), TransferError> {
        let mut texts = Vec::new();
        for (digest, listing) in folders {
            match listing.files().find_map(|file| unsent.get(&file.digest)) {
                // It changed since it was read.
                Some(fault) => _ = bad.insert(*digest, Bad::of(fault, digest)),
                None => texts.push((Thing::Folder(*digest), listing.to_text())),
            }
        }
        self.store.put_texts(texts, self.onlooker)?;
        self.complete.extend(folders.keys().filter(|digest| !bad.contains_key(digest)));
        Ok(())
    }

    fn send_records(&mut self, batch: &[Record], bad: &BTreeMap<Digest, Bad>) -> Result<(), TransferError> {
        let mut texts = Vec::new();
        for record in batch {
            let bad: Vec<&Bad> = record.outputs.iter().filter_map(|output| bad.get(&output.digest)).collect();
            let told = bad.iter().find_map(|bad| match bad {
                Bad::Damaged(why) => Some(why),
                Bad::Gone => None,
            });
            match told {
                Some(why) => self.moved.fault(&record.stage, why),
                None if !bad.is_empty() => self.moved.without_artifacts += 1,
                None => texts.push((Thing::Record(record.key), record.to_text())),
            }
        }
        self.moved.stages += texts.len();
        Ok(self.store.put_texts(texts, self.onlooker)?)
    }
}

/// Why an artifact was not sent.
enum Bad {
    /// It is not here, as a record allows that nobody needs.
    Gone,
    /// It is not what its name says.
    Damaged(String),
}

impl Bad {
    fn of(fault: &Fault, digest: &Digest) -> Self {
        match fault {
            Fault::Missing => Self::Gone,
            other => Self::Damaged(format!("{} {other}; `xlt cache verify` sets it aside", artifact(digest))),
        }
    }
}
