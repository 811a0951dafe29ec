//! How fast this host computed: from that a plan estimates how long it takes. Not rebuilt when a ledger is lost.

use super::Ledger;
use super::pending::Pending;
use crate::fingerprint::unix_nanoseconds;
use rusqlite::{Transaction, params};
use std::collections::BTreeSet;
use std::time::SystemTime;

/// Newest rates that count: a machine changes, and so does what else runs on it.
const COUNTED: u32 = 15;

impl Ledger {
    /// Notes that something was computed at so many operations a second. `pace` says what.
    pub fn computed(&self, pace: &'static str, rate: f64) {
        let now = unix_nanoseconds(SystemTime::now());
        self.state().pending.rates.push((pace, rate, now));
    }

    /// Operations a second at which that was computed: the median of the newest fifteen, so that one run that was held up, or
    /// went on from where another was stopped, says nothing. `None`: never yet.
    #[must_use]
    pub fn rate(&self, pace: &str) -> Option<f64> {
        let newest = self.read(|state| {
            let query = "SELECT rate FROM rates WHERE pace = ?1 ORDER BY noted DESC LIMIT ?2";
            let rates: rusqlite::Result<Vec<f64>> =
                state.db.prepare_cached(query)?.query_map(params![pace, COUNTED], |row| row.get(0))?.collect();
            rates
        });
        let mut rates = newest.ok()?;
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }
}

pub(super) fn write(change: &Transaction<'_>, pending: &Pending) -> rusqlite::Result<()> {
    let mut insert = change.prepare_cached("INSERT INTO rates (pace, rate, noted) VALUES (?1, ?2, ?3)")?;
    for (pace, rate, noted) in &pending.rates {
        insert.execute(params![pace, rate, noted])?;
    }
    let older = "DELETE FROM rates WHERE pace = ?1 AND noted <
                 (SELECT noted FROM rates WHERE pace = ?1 ORDER BY noted DESC LIMIT 1 OFFSET ?2)";
    let mut forget = change.prepare_cached(older)?;
    let paces: BTreeSet<&str> = pending.rates.iter().map(|(pace, ..)| *pace).collect();
    for pace in paces {
        forget.execute(params![pace, COUNTED - 1])?;
    }
    Ok(())
}
