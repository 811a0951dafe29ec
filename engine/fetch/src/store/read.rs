//! From a store to this disk: hashed while it arrives, and no longer than was announced.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path as FilePath;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{Error, GetResult, GetResultPayload, ObjectStoreExt};

use super::address::Place;
use super::{AT_ONCE, Each, Fault, Item, Onlooker, SMALL, Store, StoreError, Thing, at, stop_if};

const BLOCK: usize = 1 << 20;
/// No record and no listing is larger.
const LONGEST_TEXT: u64 = 64 << 20;
/// All that are asked for at once are not larger together: they are kept in memory.
const LONGEST_TEXTS: u64 = 1 << 30;

/// What one thing came to, unless the store failed.
type Fetched<T> = Result<Result<T, Fault>, StoreError>;

impl Store {
    /// Texts: records and listings, in the order of `things`. Whoever asked for one checks it.
    ///
    /// # Errors
    /// Where the store fails as a whole, or `onlooker` stops it.
    pub fn texts(&self, things: &[Thing], onlooker: &dyn Onlooker) -> Result<Each<String>, StoreError> {
        let room = AtomicU64::new(LONGEST_TEXTS);
        let right = |size| {
            let enough = room.fetch_update(Relaxed, Relaxed, |room| room.checked_sub(size)).is_ok();
            if size <= LONGEST_TEXT && enough { Ok(()) } else { Err(Fault::TooLarge { found: size }) }
        };
        let fetch = stream::iter(things).map(|&thing| async move {
            stop_if(onlooker)?;
            let bytes = whole(&self.place, thing, right).await?;
            Ok(bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| Fault::Bytes)))
        });
        self.wait(onlooker, fetch.buffered(AT_ONCE).try_collect())?
    }

    /// Files, each to its path, where nothing is yet; what is not what its name says is removed again.
    ///
    /// # Errors
    /// Where the store or the disk fails as a whole, or `onlooker` stops it.
    pub fn fetch(&self, items: &[Item], onlooker: &dyn Onlooker) -> Result<Each<()>, StoreError> {
        let small = items.iter().filter(|item| item.size <= SMALL);
        let fetch = stream::iter(small).map(|item| async move {
            stop_if(onlooker)?;
            fetch_small(&self.place, item, onlooker).await
        });
        let small: Each<()> = self.wait(onlooker, fetch.buffered(AT_ONCE).try_collect())??;
        let mut small = small.into_iter();
        let each = items.iter().map(|item| match (item.size <= SMALL).then(|| small.next()).flatten() {
            Some(done) => Ok(done),
            None => self.fetch_large(item, onlooker),
        });
        each.collect()
    }

    fn fetch_large(&self, item: &Item, onlooker: &dyn Onlooker) -> Fetched<()> {
        let found =
            match self.wait(onlooker, open(&self.place, Thing::File(item.digest), |size| fits(item, size)))?? {
                Ok(found) => found,
                Err(fault) => return Ok(Err(fault)),
            };
        let file = File::create_new(&item.path).map_err(disk("create", &item.path))?;
        let mut arriving = Arriving { item, file, hasher: blake3::Hasher::new(), onlooker };
        match found.payload {
            GetResultPayload::File(mut from, _) => self.copy(&mut from, &mut arriving)?,
            GetResultPayload::Stream(mut blocks) => {
                let failed = |error| self.place.failed("read from", &error);
                while let Some(block) = self.wait(onlooker, blocks.try_next())?.map_err(failed)? {
                    if !arriving.take(&block)? {
                        break;
                    }
                }
            }
        }
        arriving.finish()
    }

    fn copy(&self, from: &mut File, arriving: &mut Arriving<'_>) -> Result<(), StoreError> {
        let mut block = vec![0; BLOCK];
        loop {
            let count = match from.read(&mut block) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // It counts as cut short there.
                Err(_) => 0,
            };
            if count == 0 || !arriving.take(&block[..count])? {
                return Ok(());
            }
        }
    }
}

/// A file that comes in.
struct Arriving<'a> {
    item: &'a Item,
    file: File,
    hasher: blake3::Hasher,
    onlooker: &'a dyn Onlooker,
}

impl Arriving<'_> {
    /// Whether more may come.
    fn take(&mut self, block: &[u8]) -> Result<bool, StoreError> {
        stop_if(self.onlooker)?;
        self.hasher.update(block);
        if self.hasher.count() > self.item.size {
            return Ok(false);
        }
        self.file.write_all(block).map_err(disk("write", &self.item.path))?;
        self.onlooker.moved(block.len() as u64);
        Ok(true)
    }

    fn finish(self) -> Fetched<()> {
        let (expected, found) = (self.item.size, self.hasher.count());
        let fault = if found != expected {
            Fault::Size { expected, found }
        } else if *self.hasher.finalize().as_bytes() != self.item.digest.0 {
            Fault::Bytes
        } else {
            return Ok(Ok(()));
        };
        std::fs::remove_file(&self.item.path).map_err(disk("remove", &self.item.path))?;
        Ok(Err(fault))
    }
}

async fn fetch_small(place: &Place, item: &Item, onlooker: &dyn Onlooker) -> Fetched<()> {
    let bytes = match whole(place, Thing::File(item.digest), |size| fits(item, size)).await? {
        Ok(bytes) if blake3::hash(&bytes).as_bytes() == &item.digest.0 => bytes,
        Ok(_) => return Ok(Err(Fault::Bytes)),
        Err(fault) => return Ok(Err(fault)),
    };
    let file = File::create_new(&item.path).map_err(disk("create", &item.path))?;
    { &file }.write_all(&bytes).map_err(disk("write", &item.path))?;
    onlooker.moved(item.size);
    Ok(Ok(()))
}

fn fits(item: &Item, found: u64) -> Result<(), Fault> {
    if found == item.size { Ok(()) } else { Err(Fault::Size { expected: item.size, found }) }
}

/// All bytes of a thing whose size is right.
async fn whole(place: &Place, thing: Thing, right: impl Fn(u64) -> Result<(), Fault>) -> Fetched<Vec<u8>> {
    let found = match open(place, thing, right).await? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(fault)),
    };
    let expected = found.meta.size;
    let bytes = found.bytes().await.map_err(|error| place.failed("read from", &error))?;
    let found = bytes.len() as u64;
    Ok(if found == expected { Ok(bytes.into()) } else { Err(Fault::Size { expected, found }) })
}

async fn open(place: &Place, thing: Thing, right: impl Fn(u64) -> Result<(), Fault>) -> Fetched<GetResult> {
    let (objects, path) = at(place, thing);
    match objects.get(&path).await {
        Ok(found) => Ok(right(found.meta.size).map(|()| found)),
        Err(Error::NotFound { .. }) => Ok(Err(Fault::Missing)),
        Err(error) => Err(place.failed("read from", &error)),
    }
}

fn disk<'a>(doing: &'static str, path: &'a FilePath) -> impl Fn(io::Error) -> StoreError + use<'a> {
    move |source| StoreError::Disk { doing, path: path.to_owned(), source }
}
