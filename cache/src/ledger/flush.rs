//! Writing what is pending, in one short transaction.

use super::open::{self, PATIENCE};
use super::pending::Pending;
use super::{Ledger, State, rates, runs};
use crate::error::CacheError;
use crate::fingerprint::Fingerprint;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

impl Ledger {
    /// Writes what was noted since the last flush, in one transaction. While other processes keep the ledger locked it
    /// stays noted, and lookups see it.
    ///
    /// # Errors
    /// Where the ledger cannot be written at all. Worth a warning; the run is not affected.
    pub fn flush(&self) -> Result<(), CacheError> {
        self.flush_state(&mut self.state())
    }

    pub(super) fn flush_state(&self, state: &mut State) -> Result<(), CacheError> {
        if state.pending.is_empty() {
            return Ok(());
        }
        match write(&mut state.db, &state.pending, self.today) {
            Ok(()) => {
                // A use that is not noted makes a record look older than it is, no more.
                let _ = self.cache.note_uses(&state.pending.used, self.today);
                let written = std::mem::take(&mut state.pending);
                state.index.absorb(written, self.today);
                let _ = state.db.busy_timeout(PATIENCE);
                Ok(())
            }
            Err(error)
                if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) =>
            {
                // Waited long once: from now on only look whether it is free.
                let _ = state.db.busy_timeout(Duration::from_millis(5));
                Ok(())
            }
            Err(error) if open::is_damage(&error) && !state.healed => {
                self.heal(state, &error);
                self.flush_state(state)
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}

fn write(db: &mut Connection, pending: &Pending, today: i64) -> rusqlite::Result<()> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write_records(&change, pending, today)?;
    write_prints(&change, pending)?;
    runs::write(&change, pending)?;
    rates::write(&change, pending)?;
    change.commit()
}

fn write_records(change: &Transaction<'_>, pending: &Pending, today: i64) -> rusqlite::Result<()> {
    let mut remove = change.prepare_cached(REMOVE)?;
    for key in &pending.removed {
        remove.execute([key.0])?;
    }
    let mut insert = change.prepare_cached(INSERT)?;
    for (key, row) in &pending.records {
        insert.execute(params![key.0, row.outputs, today, row.study, row.stage, row.written])?;
    }
    let mut touch = change.prepare_cached("UPDATE records SET used = ?2 WHERE key = ?1")?;
    for key in &pending.used {
        touch.execute(params![key.0, today])?;
    }
    Ok(())
}

pub(super) const REMOVE: &str = "DELETE FROM records WHERE key = ?1";
pub(super) const INSERT: &str =
    "INSERT OR REPLACE INTO records (key, outputs, used, study, stage, written) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

fn write_prints(change: &Transaction<'_>, pending: &Pending) -> rusqlite::Result<()> {
    let mut objects = change.prepare_cached("INSERT OR REPLACE INTO objects VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (digest, print) in &pending.objects {
        let [size, mtime, ctime, inode] = columns(print);
        objects.execute(params![digest.0, size, mtime, ctime, inode])?;
    }
    let mut files = change.prepare_cached("INSERT OR REPLACE INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (path, (print, digest)) in &pending.files {
        let [size, mtime, ctime, inode] = columns(print);
        files.execute(params![path.as_os_str().as_bytes(), digest.0, size, mtime, ctime, inode])?;
    }
    Ok(())
}

fn columns(print: &Fingerprint) -> [i64; 4] {
    [print.size.cast_signed(), print.mtime_ns, print.ctime_ns, print.inode.cast_signed()]
}
