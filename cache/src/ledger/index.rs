//! The records' outputs in memory, for runs that ask for many.
//!
//! A question to SQLite costs microseconds, reading the whole table as much as some thousand questions. So the table is
//! read once the questions asked so far have cost about as much as that would: a small run over a large ledger never
//! pays for it, a large run pays for it early.

use super::State;
use super::outputs::decode;
use super::pending::Pending;
use crate::uses::Day;
use rusqlite::OptionalExtension;
use std::collections::HashMap;
use xlt_core::key::Key;
use xlt_core::record::Output;

/// Outputs of a record, where they can be read, and the day of its last use.
pub(super) type Found = (Option<Vec<Output>>, Day);
type Rows = HashMap<Key, (Box<[u8]>, Day)>;

/// Below so many questions nothing is worth a thought.
const FEW: u64 = 256;

#[derive(Debug, Default)]
pub(super) struct Index {
    asked: u64,
    /// From so many questions on the table is read.
    limit: Option<u64>,
    rows: Option<Rows>,
}

impl Index {
    /// Takes in what has just been written.
    pub(super) fn absorb(&mut self, written: Pending, today: Day) {
        let Some(rows) = &mut self.rows else { return };
        written.removed.iter().for_each(|key| _ = rows.remove(key));
        written.used.iter().for_each(|key| _ = rows.get_mut(key).map(|row| row.1 = today));
        rows.extend(written.records.into_iter().map(|(key, row)| (key, (row.outputs.into(), today))));
    }
}

impl State {
    pub(super) fn find(&mut self, key: &Key) -> rusqlite::Result<Option<Found>> {
        if let Some(rows) = &self.index.rows {
            return Ok(rows.get(key).map(|(blob, used)| (decode(blob), *used)));
        }
        self.index.asked += 1;
        if self.index.asked > FEW && self.is_worth_reading()? {
            self.index.rows = Some(self.read_all()?);
            return self.find(key);
        }
        let mut query = self.db.prepare_cached("SELECT outputs, used FROM records WHERE key = ?1")?;
        query.query_row([key.0], |row| Ok((decode(row.get_ref(0)?.as_blob()?), row.get(1)?))).optional()
    }

    /// Reading a page of the file takes about twice as long as a question.
    fn is_worth_reading(&mut self) -> rusqlite::Result<bool> {
        let limit = match self.index.limit {
            Some(limit) => limit,
            None => {
                let pages: i64 = self.db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                *self.index.limit.insert(pages.unsigned_abs() / 2)
            }
        };
        Ok(self.index.asked > limit)
    }

    fn read_all(&self) -> rusqlite::Result<Rows> {
        let mut query = self.db.prepare("SELECT key, outputs, used FROM records")?;
        let rows =
            query.query_map([], |row| Ok((Key(row.get(0)?), (row.get_ref(1)?.as_blob()?.into(), row.get(2)?))))?;
        rows.collect()
    }
}
