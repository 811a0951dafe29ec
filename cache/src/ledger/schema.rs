//! The tables.

use rusqlite::Connection;

/// Version of the tables. A ledger of another version is set aside and rebuilt.
pub(super) const VERSION: i64 = 2;

/// Keys are stored as their 32 bytes. Times are nanoseconds since 1970, days are days since 1970.
const TABLES: &str = "
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE records (
        key BLOB PRIMARY KEY, outputs BLOB NOT NULL, used INTEGER NOT NULL,
        study TEXT NOT NULL, stage TEXT NOT NULL, written INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX records_by_stage ON records (study, stage, written);
    CREATE TABLE objects (
        digest BLOB PRIMARY KEY,
        size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE files (
        path BLOB PRIMARY KEY, digest BLOB NOT NULL,
        size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, study TEXT NOT NULL, host TEXT NOT NULL, finished INTEGER,
        ran INTEGER NOT NULL DEFAULT 0, cached INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX runs_by_study ON runs (study, id);
    CREATE TABLE stage_runs (
        run INTEGER NOT NULL, stage TEXT NOT NULL, key BLOB, status INTEGER NOT NULL,
        seconds REAL NOT NULL, cpu_seconds REAL, peak_bytes INTEGER, log TEXT
    );
    CREATE INDEX stage_runs_by_run ON stage_runs (run);
    CREATE TABLE rates (pace TEXT NOT NULL, rate REAL NOT NULL, noted INTEGER NOT NULL);
    CREATE INDEX rates_by_pace ON rates (pace, noted);
";

/// Makes the tables in an empty database.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))
}
