//! Opening the file: made where there is none, set aside where it is damaged or old, in memory where it cannot be.

use super::index::Index;
use super::pending::Pending;
use super::{Ledger, State, schema};
use crate::error::CacheError;
use crate::layout::{Cache, make_parent};
use crate::uses::day_of;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// How long a statement waits for another process's transaction.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

impl Ledger {
    /// Opens the ledger at `path`, and rebuilds it from the records where it is new, old, damaged or out of date.
    /// Where the file cannot be used the ledger lives in memory and is built anew by every process.
    ///
    /// # Errors
    /// Where the records cannot be listed.
    pub fn open(path: &Path, cache: &Cache) -> Result<Self, CacheError> {
        let db = open_in_turn(path, Depth::Quick).or_else(|_| in_memory()).map_err(|error| failed(path, error))?;
        Self::over(db, path, cache)
    }

    /// A ledger that lives in memory and ends with this process: for one that comes and goes, on a host whose home is another's.
    ///
    /// # Errors
    /// Where the records cannot be listed.
    pub fn passing(cache: &Cache) -> Result<Self, CacheError> {
        let path = Path::new("the ledger in memory");
        Self::over(in_memory().map_err(|error| failed(path, error))?, path, cache)
    }

    fn over(db: Connection, path: &Path, cache: &Cache) -> Result<Self, CacheError> {
        let state = State { db, pending: Pending::default(), index: Index::default(), healed: false };
        let (path, cache) = (path.to_owned(), cache.clone());
        let ledger = Self { path, cache, today: day_of(SystemTime::now()), state: Mutex::new(state) };
        if ledger.is_out_of_date() {
            ledger.rebuild()?;
        }
        Ok(ledger)
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> CacheError {
        failed(&self.path, error)
    }
}

fn failed(path: &Path, source: rusqlite::Error) -> CacheError {
    CacheError::Ledger { path: path.to_owned(), source }
}

/// Opens the file; damaged or of another version, it is set aside first. One process at a time.
pub(super) fn open_in_turn(path: &Path, depth: Depth) -> rusqlite::Result<Connection> {
    let unusable = || rusqlite::Error::InvalidPath(path.to_owned());
    make_parent(path).map_err(|_| unusable())?;
    let turn = File::options().create(true).truncate(false).write(true).open(beside(path, "turn"));
    let turn = turn.map_err(|_| unusable())?;
    turn.lock().map_err(|_| unusable())?;
    connect(path, depth).or_else(|error| match error {
        Unusable::Foreign => {
            set_aside(path).map_err(|_| unusable())?;
            connect(path, Depth::Quick).map_err(|_| unusable())
        }
        Unusable::Sqlite(error) => Err(error),
    })
}

pub(super) fn in_memory() -> rusqlite::Result<Connection> {
    let db = Connection::open_in_memory()?;
    schema::create(&db)?;
    Ok(db)
}

/// How closely a file is looked at before it is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its first page.
    Quick,
    /// All of it, after damage was met: another process may have replaced the file since.
    Whole,
}

enum Unusable {
    /// It is no ledger of this version.
    Foreign,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Foreign } else { Self::Sqlite(error) }
    }
}

/// Whether an error means that the file itself is bad.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

fn connect(path: &Path, depth: Depth) -> Result<Connection, Unusable> {
    if path.is_dir() {
        return Err(Unusable::Foreign);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    if db.is_readonly("main")? {
        return Err(Unusable::Sqlite(rusqlite::Error::InvalidPath(path.to_owned())));
    }
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(32);
    let _: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    // A power cut may cost the last transactions, never the file; the records are what counts.
    db.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;")?;
    if depth == Depth::Whole && !is_whole(&db)? {
        return Err(Unusable::Foreign);
    }
    match db.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        schema::VERSION => Ok(db),
        0 if is_empty(&db)? => {
            schema::create(&db)?;
            Ok(db)
        }
        _ => Err(Unusable::Foreign),
    }
}

fn is_whole(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("PRAGMA quick_check(1)", [], |row| Ok(row.get_ref(0)?.as_str()? == "ok"))
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))
}

/// Renames the ledger, keeping the last one that was bad. Its side files go first: a new file must not find them.
fn set_aside(path: &Path) -> std::io::Result<()> {
    for side in ["-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(path, side));
    }
    let aside = beside(path, "set-aside");
    // A file does not replace a folder, nor a folder a file.
    let _ = if aside.is_dir() { fs::remove_dir_all(&aside) } else { fs::remove_file(&aside) };
    fs::rename(path, aside)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    with_suffix(path, &format!(".{extension}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
