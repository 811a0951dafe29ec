//! Rebuilding from the records, which are the truth.

use super::flush::{INSERT, REMOVE};
use super::index::Index;
use super::open::{self, Depth};
use super::pending::Row;
use super::{Ledger, State};
use crate::error::CacheError;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::BTreeSet;
use std::time::SystemTime;
use xlt_core::key::Key;
use xlt_core::record::Record;

impl Ledger {
    /// Reads all records anew, in one transaction.
    ///
    /// # Errors
    /// Where the records cannot be listed.
    pub fn rebuild(&self) -> Result<(), CacheError> {
        self.rebuild_state(&mut self.state())
    }

    fn rebuild_state(&self, state: &mut State) -> Result<(), CacheError> {
        state.index = Index::default();
        // Read before the records are: a cleaning in between is noticed at the next start.
        let built_from = self.built_from();
        // One that cannot be read is left out; its lookup will say why.
        let records: Vec<_> = self.cache.records()?.filter_map(Result::ok).collect();
        if let Err(error) = self.fill(state, &records, &built_from) {
            self.replace(state, &error)?;
            if self.fill(state, &records, &built_from).is_err() {
                state.db = open::in_memory().map_err(|error| self.failed(error))?;
                self.fill(state, &records, &built_from).map_err(|error| self.failed(error))?;
            }
        }
        Ok(())
    }

    fn fill(&self, state: &mut State, records: &[(Record, SystemTime)], built_from: &str) -> rusqlite::Result<()> {
        let change = state.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.forget_removed(&change, records)?;
        let mut insert = change.prepare(INSERT)?;
        for (record, written) in records {
            let Row { outputs, study, stage, written } = Row::of(record, *written);
            insert.execute(params![record.key.0, outputs, 0, study, stage, written])?;
        }
        drop(insert);
        change.execute("INSERT OR REPLACE INTO about VALUES ('built from', ?1)", [built_from])?;
        change.commit()
    }

    /// Drops the rows whose records are gone; those that another process has just added stay.
    fn forget_removed(&self, change: &Transaction<'_>, records: &[(Record, SystemTime)]) -> rusqlite::Result<()> {
        let found: BTreeSet<Key> = records.iter().map(|(record, _)| record.key).collect();
        let mut query = change.prepare("SELECT key FROM records")?;
        let rows: Vec<Key> = query.query_map([], |row| row.get(0).map(Key))?.collect::<Result<_, _>>()?;
        let gone = rows.iter().filter(|key| !found.contains(key) && !self.cache.record_path(key).exists());
        let mut remove = change.prepare(REMOVE)?;
        for key in gone {
            remove.execute([key.0])?;
        }
        Ok(())
    }

    /// Whether it was never filled, or records were removed since.
    pub(super) fn is_out_of_date(&self) -> bool {
        let found = built_from(&self.state().db);
        !matches!(found, Ok(Some(found)) if found == self.built_from())
    }

    fn built_from(&self) -> String {
        format!("{} {}", self.cache.id(), self.cache.generation())
    }

    /// Builds a ledger anew that turned out to be damaged while in use. Other errors are passed over: the records
    /// answer instead.
    pub(super) fn heal(&self, state: &mut State, error: &rusqlite::Error) {
        if open::is_damage(error) && !state.healed && self.replace(state, error).is_ok() {
            // Without records it answers from those on the disk.
            let _ = self.rebuild_state(state);
        }
    }

    /// Goes on with another file after damage, the damaged one being set aside; in memory after any other error.
    fn replace(&self, state: &mut State, error: &rusqlite::Error) -> Result<(), CacheError> {
        let again = open::is_damage(error) && !std::mem::replace(&mut state.healed, true);
        let file = again.then(|| open::open_in_turn(&self.path, Depth::Whole).ok()).flatten();
        state.db = file.map_or_else(open::in_memory, Ok).map_err(|error| self.failed(error))?;
        Ok(())
    }
}

fn built_from(db: &Connection) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM about WHERE name = 'built from'", [], |row| row.get(0)).optional()
}
