//! What ran when, for how long, and how it ended: for people. Not rebuilt when a ledger is lost.

use super::pending::Pending;
use super::{Ledger, State};
use crate::error::CacheError;
use crate::fingerprint::unix_nanoseconds;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xlt_core::key::Key;

/// Newest runs of a study of which the ledger tells: who runs a study every minute does not make it grow.
const KEPT: u32 = 100;

/// A run: the moment at which it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(i64);

impl RunId {
    /// When the run began.
    #[must_use]
    pub fn started(self) -> SystemTime {
        time(self.0)
    }
}

/// How many stages of a run did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Ran.
    pub ran: u64,
    /// Were there already.
    pub cached: u64,
    /// Failed.
    pub failed: u64,
    /// Were not tried, since something they need failed.
    pub skipped: u64,
}

/// A run of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub id: RunId,
    /// Name of the study.
    pub study: String,
    /// Name of the host.
    pub host: String,
    /// When it ended. `None`: it is on, or was killed.
    pub finished: Option<SystemTime>,
    /// What its stages did.
    pub counts: RunCounts,
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Finished.
    Ok,
    /// Failed.
    Failed,
    /// Was stopped, and can go on.
    Interrupted,
}

/// One stage that ran in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StageRun {
    /// Its name.
    pub stage: String,
    /// Its key.
    pub key: Option<Key>,
    /// How it ended.
    pub status: Status,
    /// For how long it ran.
    pub seconds: f64,
    /// Processor time it took, where that is known.
    pub cpu_seconds: Option<f64>,
    /// Most memory it had at once, where that is known.
    pub peak_bytes: Option<u64>,
    /// Its log.
    pub log: Option<PathBuf>,
}

impl Ledger {
    /// Notes that a run begins. Other processes see it after the next flush.
    pub fn begin_run(&self, study: &str, host: &str) -> RunId {
        let run = RunId(unix_nanoseconds(SystemTime::now()));
        self.state().pending.started.push((run, study.to_owned(), host.to_owned()));
        run
    }

    /// Notes that a run has ended.
    pub fn finish_run(&self, run: RunId, counts: RunCounts) {
        let now = unix_nanoseconds(SystemTime::now());
        self.state().pending.finished.push((run, now, counts));
    }

    /// Notes that a stage ran.
    pub fn stage_run(&self, run: RunId, stage: StageRun) {
        self.state().pending.stages.push((run, stage));
    }

    /// The newest run of a study.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn last_run(&self, study: &str) -> Result<Option<Run>, CacheError> {
        Ok(self.runs(Some(study), 1)?.pop())
    }

    /// The newest runs, of one study or of all, newest first.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn runs(&self, study: Option<&str>, limit: u32) -> Result<Vec<Run>, CacheError> {
        self.read(|state| {
            let query = "SELECT id, study, host, finished, ran, cached, failed, skipped FROM runs
                         WHERE ?1 IS NULL OR study = ?1 ORDER BY id DESC LIMIT ?2";
            state.db.prepare_cached(query)?.query_map(params![study, limit], run)?.collect()
        })
    }

    /// The stages of a run, in the order in which they ended.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn stage_runs(&self, run: RunId) -> Result<Vec<StageRun>, CacheError> {
        self.read(|state| {
            let query = "SELECT stage, key, status, seconds, cpu_seconds, peak_bytes, log FROM stage_runs
                         WHERE run = ?1 ORDER BY rowid";
            state.db.prepare_cached(query)?.query_map([run.0], stage_run)?.collect()
        })
    }

    /// Seconds that a stage of a study took when it finished last.
    #[must_use]
    pub fn last_seconds(&self, study: &str, stage: &str) -> Option<f64> {
        let found = self.read(|state| {
            let query = "SELECT seconds FROM stage_runs JOIN runs ON runs.id = run
                         WHERE stage = ?2 AND study = ?1 AND status = 0 ORDER BY run DESC LIMIT 1";
            state.db.prepare_cached(query)?.query_row([study, stage], |row| row.get(0)).optional()
        });
        found.ok().flatten()
    }

    pub(super) fn read<T>(&self, query: impl FnOnce(&State) -> rusqlite::Result<T>) -> Result<T, CacheError> {
        let mut state = self.state();
        self.flush_state(&mut state)?;
        query(&state).map_err(|error| self.failed(error))
    }
}

pub(super) fn write(change: &Transaction<'_>, pending: &Pending) -> rusqlite::Result<()> {
    let mut start = change.prepare_cached("INSERT OR IGNORE INTO runs (id, study, host) VALUES (?1, ?2, ?3)")?;
    for (run, study, host) in &pending.started {
        start.execute(params![run.0, study, host])?;
    }
    let finish = "UPDATE runs SET finished = ?2, ran = ?3, cached = ?4, failed = ?5, skipped = ?6 WHERE id = ?1";
    let mut finish = change.prepare_cached(finish)?;
    for (run, now, RunCounts { ran, cached, failed, skipped }) in &pending.finished {
        let [ran, cached, failed, skipped] = [ran, cached, failed, skipped].map(|count| count.cast_signed());
        finish.execute(params![run.0, now, ran, cached, failed, skipped])?;
        forget_older(change, *run)?;
    }
    let mut stage = change.prepare_cached("INSERT INTO stage_runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for (run, StageRun { stage: name, key, status, seconds, cpu_seconds, peak_bytes, log }) in &pending.stages {
        let (key, peak_bytes) = (key.map(|key| key.0), peak_bytes.map(u64::cast_signed));
        let log = log.as_ref().map(|log| log.to_string_lossy());
        stage.execute(params![run.0, name, key, number(*status), seconds, cpu_seconds, peak_bytes, log])?;
    }
    Ok(())
}

/// Removes the runs of the study of `run` that are too many, with what is told of their stages.
fn forget_older(change: &Transaction<'_>, run: RunId) -> rusqlite::Result<()> {
    let older =
        "SELECT id FROM runs WHERE study = (SELECT study FROM runs WHERE id = ?1) ORDER BY id DESC LIMIT -1 OFFSET ?2";
    let older: Vec<i64> =
        change.prepare_cached(older)?.query_map(params![run.0, KEPT], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for run in older {
        change.prepare_cached("DELETE FROM stage_runs WHERE run = ?1")?.execute([run])?;
        change.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([run])?;
    }
    Ok(())
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let count = |column| row.get(column).map(i64::cast_unsigned);
    let counts = RunCounts { ran: count(4)?, cached: count(5)?, failed: count(6)?, skipped: count(7)? };
    let finished = row.get::<_, Option<i64>>(3)?.map(time);
    Ok(Run { id: RunId(row.get(0)?), study: row.get(1)?, host: row.get(2)?, finished, counts })
}

fn stage_run(row: &Row<'_>) -> rusqlite::Result<StageRun> {
    Ok(StageRun {
        stage: row.get(0)?,
        key: row.get::<_, Option<[u8; 32]>>(1)?.map(Key),
        status: status(row.get(2)?),
        seconds: row.get(3)?,
        cpu_seconds: row.get(4)?,
        peak_bytes: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        log: row.get::<_, Option<String>>(6)?.map(PathBuf::from),
    })
}

fn number(status: Status) -> i64 {
    match status {
        Status::Ok => 0,
        Status::Failed => 1,
        Status::Interrupted => 2,
    }
}

fn status(number: i64) -> Status {
    match number {
        0 => Status::Ok,
        2 => Status::Interrupted,
        _ => Status::Failed,
    }
}

fn time(nanoseconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds.unsigned_abs())
}
