//! Records: the commit points of stages. One that is cut short or changed is moved away and counts as absent.

use crate::error::{At, CacheError};
use crate::layout::{Cache, RECORDS};
use crate::tree;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::time::SystemTime;
use xlt_core::key::Key;
use xlt_core::record::{BadRecord, Record};

type Dated = (Record, SystemTime);

impl Cache {
    /// The record of a key, if there is one that can be believed.
    ///
    /// # Errors
    /// Where there is one that cannot be read.
    pub fn read_record(&self, key: &Key) -> Result<Option<Record>, CacheError> {
        Ok(self.read_dated(key)?.map(|(record, _)| record))
    }

    /// A record and when it was written.
    pub(crate) fn read_dated(&self, key: &Key) -> Result<Option<Dated>, CacheError> {
        match self.parse_record(key)? {
            None => Ok(None),
            Some(Ok(dated)) => Ok(Some(dated)),
            Some(Err(_)) => self.quarantine_record(key).map(|()| None),
        }
    }

    /// Reads and parses; `None` where there is no such file.
    pub(crate) fn parse_record(&self, key: &Key) -> Result<Option<Result<Dated, BadRecord>>, CacheError> {
        let path = self.record_path(key);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.at("read", &path)?,
        };
        let modified = file.metadata().and_then(|file| file.modified()).at("read", &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).at("read", &path)?;
        let text = String::from_utf8(bytes).map_err(|_| BadRecord::Checksum);
        Ok(Some(text.and_then(|text| Record::from_text(&text)).and_then(|record| {
            let own = record.key == *key;
            own.then_some((record, modified)).ok_or_else(|| BadRecord::Format("it is of another key".to_owned()))
        })))
    }

    /// Writes a record, whole. Its outputs are in the store, and synced, before.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_record(&self, record: &Record) -> Result<(), CacheError> {
        self.write_whole(&self.record_path(&record.key), record.to_text().as_bytes())
    }

    /// Removes the record of a key, if there is one. Its objects stay until the next cleaning.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove_record(&self, key: &Key) -> Result<(), CacheError> {
        tree::remove(&self.record_path(key))
    }

    /// All records that can be believed, each with the time at which it was written.
    ///
    /// # Errors
    /// Where the folder of records cannot be listed.
    pub fn records(&self) -> Result<Records<'_>, CacheError> {
        let folder = self.folder("records").join(RECORDS);
        let shards = tree::children(&folder)?.into_iter().map(|(_, path)| path).filter(|path| path.is_dir());
        Ok(Records { cache: self, shards: shards.collect::<Vec<_>>().into_iter(), keys: Vec::new().into_iter() })
    }
}

/// Iterator over the records of a cache, in the order of their keys.
#[derive(Debug)]
pub struct Records<'a> {
    cache: &'a Cache,
    shards: std::vec::IntoIter<std::path::PathBuf>,
    keys: std::vec::IntoIter<Key>,
}

impl Iterator for Records<'_> {
    type Item = Result<(Record, SystemTime), CacheError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.keys.next() {
                match self.cache.read_dated(&key) {
                    Ok(None) => continue,
                    Ok(Some(dated)) => return Some(Ok(dated)),
                    Err(error) => return Some(Err(error)),
                }
            }
            match tree::children(&self.shards.next()?) {
                Ok(children) => {
                    let keys = children.iter().filter_map(|(name, _)| name.parse().ok());
                    self.keys = keys.collect::<Vec<Key>>().into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
