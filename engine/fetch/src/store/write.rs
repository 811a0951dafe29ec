//! From this disk to a store: read once, hashed while it goes, and only there under its name once it has turned out to be that.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{Error, MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::JoinHandle;

use super::address::Place;
use super::{AT_ONCE, Each, Fault, Item, Onlooker, SMALL, Store, StoreError, Thing, at, stop_if};

/// Larger files go in parts of at least this size.
const PART: u64 = 8 << 20;
/// More parts than these a file must not have; S3 allows some more.
const PARTS: u64 = 9_000;
/// How long a server may take to forget an upload that failed.
const PARTING: Duration = Duration::from_secs(5);
/// Parts on their way at once.
const PARTS_AT_ONCE: usize = 4;

/// Sent, or a fault of the file, unless the store failed.
type Sent = Result<Result<(), Fault>, StoreError>;

impl Store {
    /// Texts: records and listings, over whatever has their names.
    ///
    /// # Errors
    /// Where the store fails as a whole, or `onlooker` stops it.
    pub fn put_texts(&self, texts: Vec<(Thing, String)>, onlooker: &dyn Onlooker) -> Result<(), StoreError> {
        let put = stream::iter(texts).map(|(thing, text)| async move {
            stop_if(onlooker)?;
            put(&self.place, thing, text.into_bytes()).await
        });
        self.wait(onlooker, put.buffered(AT_ONCE).try_collect())?
    }

    /// Files, those of which the bytes are those of their names.
    ///
    /// # Errors
    /// Where the store fails as a whole, or `onlooker` stops it.
    pub fn send(&self, items: &[Item], onlooker: &dyn Onlooker) -> Result<Each<()>, StoreError> {
        let small = items.iter().filter(|item| item.size <= SMALL);
        let send = stream::iter(small).map(|item| async move {
            stop_if(onlooker)?;
            send_whole(&self.place, item, onlooker).await
        });
        let small: Each<()> = self.wait(onlooker, send.buffered(AT_ONCE).try_collect())??;
        let mut small = small.into_iter();
        let each = items.iter().map(|item| match (item.size <= SMALL).then(|| small.next()).flatten() {
            Some(done) => Ok(done),
            None if item.size <= PART => self.wait(onlooker, send_whole(&self.place, item, onlooker))?,
            None => self.send_large(item, onlooker),
        });
        each.collect()
    }

    fn send_large(&self, item: &Item, onlooker: &dyn Onlooker) -> Sent {
        let mut file = match open(item) {
            Ok(file) => file,
            Err(fault) => return Ok(Err(fault)),
        };
        let (objects, path) = at(&self.place, Thing::File(item.digest));
        let upload = self.wait(onlooker, objects.put_multipart(&path))?.map_err(|error| self.write_failed(&error))?;
        let mut upload = Upload { store: self, upload, sent: VecDeque::new() };
        match upload.send_parts(&mut file, item, onlooker) {
            Ok(Ok(())) => {
                self.wait(onlooker, upload.upload.complete())?.map_err(|error| self.write_failed(&error))?;
                self.check_size(item, onlooker)
            }
            other => {
                // Parts that stay with a server that does not answer have no name, and are its to tidy up.
                let abort = async { tokio::time::timeout(PARTING, upload.upload.abort()).await };
                let _ = self.runtime.block_on(abort);
                other
            }
        }
    }

    /// Each part was checked by the server, which then put them together.
    fn check_size(&self, item: &Item, onlooker: &dyn Onlooker) -> Sent {
        let (objects, path) = at(&self.place, Thing::File(item.digest));
        let found = self.wait(onlooker, objects.head(&path))?.map_err(|error| self.write_failed(&error))?.size;
        if found == item.size {
            return Ok(Ok(()));
        }
        let why = format!("it keeps {found} of {} bytes of {path}", item.size);
        Err(StoreError::Failed { store: self.place.name.clone(), doing: "write to", why })
    }

    fn write_failed(&self, error: &Error) -> StoreError {
        self.place.failed("write to", error)
    }
}

/// A large file on its way.
struct Upload<'a> {
    store: &'a Store,
    upload: Box<dyn MultipartUpload>,
    sent: VecDeque<JoinHandle<object_store::Result<()>>>,
}

impl Upload<'_> {
    fn send_parts(&mut self, file: &mut File, item: &Item, onlooker: &dyn Onlooker) -> Sent {
        let part = PART.max(item.size.div_ceil(PARTS));
        let mut hasher = blake3::Hasher::new();
        loop {
            stop_if(onlooker)?;
            let block = match read_up_to(file, part) {
                Ok(block) if block.is_empty() => break,
                Ok(block) => block,
                Err(fault) => return Ok(Err(fault)),
            };
            hasher.update(&block);
            let count = block.len() as u64;
            let part = self.upload.put_part(PutPayload::from(block));
            self.sent.push_back(self.store.runtime.spawn(part));
            self.wait_until(PARTS_AT_ONCE - 1, onlooker)?;
            onlooker.moved(count);
        }
        self.wait_until(0, onlooker)?;
        Ok(check(item, &hasher))
    }

    /// Waits until no more than so many parts are on their way.
    fn wait_until(&mut self, left: usize, onlooker: &dyn Onlooker) -> Result<(), StoreError> {
        while self.sent.len() > left {
            let Some(part) = self.sent.pop_front() else { break };
            let part = self.store.wait(onlooker, part)?.unwrap_or_else(|source| Err(Error::JoinError { source }));
            part.map_err(|error| self.store.write_failed(&error))?;
        }
        Ok(())
    }
}

async fn send_whole(place: &Place, item: &Item, onlooker: &dyn Onlooker) -> Sent {
    let bytes = match open(item).and_then(|mut file| read_up_to(&mut file, item.size.saturating_add(1))) {
        Ok(bytes) => bytes,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Err(fault) = check(item, blake3::Hasher::new().update(&bytes)) {
        return Ok(Err(fault));
    }
    put(place, Thing::File(item.digest), bytes).await?;
    onlooker.moved(item.size);
    Ok(Ok(()))
}

async fn put(place: &Place, thing: Thing, bytes: Vec<u8>) -> Result<(), StoreError> {
    let (objects, path) = at(place, thing);
    objects.put(&path, PutPayload::from(bytes)).await.map(drop).map_err(|error| place.failed("write to", &error))
}

fn check(item: &Item, hasher: &blake3::Hasher) -> Result<(), Fault> {
    let (expected, found) = (item.size, hasher.count());
    if found != expected {
        Err(Fault::Size { expected, found })
    } else if *hasher.finalize().as_bytes() != item.digest.0 {
        Err(Fault::Bytes)
    } else {
        Ok(())
    }
}

fn open(item: &Item) -> Result<File, Fault> {
    File::open(&item.path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Unreadable(error.to_string()),
    })
}

fn read_up_to(file: &mut File, most: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
    file.take(most).read_to_end(&mut bytes).map_err(|error| Fault::Unreadable(error.to_string()))?;
    Ok(bytes)
}
