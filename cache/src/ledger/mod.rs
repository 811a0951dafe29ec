//! The ledger: an index of the records, per host, in SQLite. It may be deleted at any time.
//!
//! It knows nothing that a run needs to be right: what it lacks is looked up in the records, what is wrong with it is
//! set aside and rebuilt. Writes are gathered and written by `flush`, several processes may do so at once.

mod files;
mod flush;
mod index;
mod lookup;
mod open;
mod outputs;
mod pending;
mod rates;
mod rebuild;
mod runs;
mod schema;

use crate::layout::Cache;
use crate::uses::Day;
use index::Index;
use pending::Pending;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use runs::{Run, RunCounts, RunId, StageRun, Status};

/// The index of a cache's records on this host.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    cache: Cache,
    today: Day,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    db: Connection,
    pending: Pending,
    index: Index,
    /// A ledger found damaged while in use is rebuilt once, not again and again.
    healed: bool,
}

impl Ledger {
    /// Its file. Where that cannot be used the ledger lives in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
