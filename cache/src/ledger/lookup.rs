//! The hot path: which outputs a key has. And the newest record of a stage, the source of reasons for a rerun.

use super::outputs::decode;
use super::pending::Row;
use super::{Ledger, State};
use rusqlite::OptionalExtension;
use std::fs;
use std::time::SystemTime;
use xlt_core::key::Key;
use xlt_core::record::{Output, Record};

impl Ledger {
    /// The outputs that a key's record names. What this host has not seen yet is looked for among the records.
    ///
    /// A hit counts as a use of the record; `flush` notes that in the cache, once a day.
    #[must_use]
    pub fn lookup(&self, key: &Key) -> Option<Vec<Output>> {
        self.known(key).or_else(|| self.adopt(key))
    }

    fn known(&self, key: &Key) -> Option<Vec<Output>> {
        let mut state = self.state();
        if let Some(row) = state.pending.records.get(key) {
            return decode(&row.outputs);
        }
        if state.pending.removed.contains(key) {
            return None;
        }
        match state.find(key) {
            Ok(found) => {
                let (outputs, used) = found?;
                if used < self.today {
                    state.pending.used.insert(*key);
                }
                outputs
            }
            Err(error) => {
                self.heal(&mut state, &error);
                None
            }
        }
    }

    /// Another host may have made it, or the ledger be locked: the record itself decides.
    fn adopt(&self, key: &Key) -> Option<Vec<Output>> {
        let (record, written) = self.cache.read_dated(key).ok()??;
        self.remember(&record, written);
        Some(record.outputs)
    }

    /// Notes a record that was just written.
    pub fn insert(&self, record: &Record) {
        // The time that a rebuild would find.
        let written = fs::metadata(self.cache.record_path(&record.key)).and_then(|file| file.modified());
        self.remember(record, written.unwrap_or_else(|_| SystemTime::now()));
    }

    fn remember(&self, record: &Record, written: SystemTime) {
        let mut state = self.state();
        state.pending.removed.remove(&record.key);
        state.pending.records.insert(record.key, Row::of(record, written));
    }

    /// Forgets a record that was removed.
    pub fn remove(&self, key: &Key) {
        let mut state = self.state();
        state.pending.records.remove(key);
        state.pending.used.remove(key);
        state.pending.removed.insert(*key);
    }

    /// Key of the newest record of a stage of a study.
    #[must_use]
    pub fn last_of(&self, study: &str, stage: &str) -> Option<Key> {
        let mut state = self.state();
        if !(state.pending.records.is_empty() && state.pending.removed.is_empty()) {
            // Where that fails the answer is that of a moment ago.
            let _ = self.flush_state(&mut state);
        }
        state.last_of(study, stage).unwrap_or_else(|error| {
            self.heal(&mut state, &error);
            None
        })
    }
}

impl State {
    fn last_of(&self, study: &str, stage: &str) -> rusqlite::Result<Option<Key>> {
        let query = "SELECT key FROM records WHERE study = ?1 AND stage = ?2 ORDER BY written DESC, key DESC LIMIT 1";
        let mut query = self.db.prepare_cached(query)?;
        query.query_row([study, stage], |row| row.get(0).map(Key)).optional()
    }
}
