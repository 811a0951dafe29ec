//! Cleaning: what no record needs is removed; on request also records that nobody used for long, and artifacts until the rest fits.
//!
//! Beside runs it leaves alone what they have pinned and what was made since the first of them began. What is not sure to be unused
//! then (lock files, temporary files) waits for a cleaning that has the cache to itself.

mod choice;
mod sweep;

use crate::error::CacheError;
use crate::layout::{Cache, RECORDS};
use crate::tree;
use crate::usage::Tally;
use choice::Choice;
use std::collections::BTreeSet;
use sweep::Sweep;
use xlt_core::key::Key;

/// What to clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gc {
    /// Records that stay, with their artifacts, whatever their age and size.
    pub keep: BTreeSet<Key>,
    /// Also remove records that nobody used for so many days, with their artifacts.
    pub unused_for_days: Option<u32>,
    /// Remove artifacts, those used longest ago first, until those that stay have at most so many bytes. Their records stay: what
    /// was made of them is still known, and a run makes them again only where it must read them. What was used today or yesterday
    /// stays.
    pub max_bytes: Option<u64>,
    /// Remove unfinished work, and logs of stages without a record, that nobody touched for so many days.
    pub stale_after_days: u32,
    /// Only say what would be removed.
    pub dry_run: bool,
}

impl Default for Gc {
    fn default() -> Self {
        Self { keep: BTreeSet::new(), unused_for_days: None, max_bytes: None, stale_after_days: 7, dry_run: false }
    }
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Records that nobody used.
    pub records: Tally,
    /// Artifacts that no record needs.
    pub objects: Tally,
    /// Artifacts that records name, removed for their size.
    pub evicted: Tally,
    /// Unfinished work.
    pub partials: Tally,
    /// Logs.
    pub logs: Tally,
    /// Damaged things from quarantine.
    pub quarantine: Tally,
    /// Bytes by which the artifacts that had to stay are more than was asked for.
    pub over: u64,
    /// A line about each run that is under way.
    pub beside: Vec<String>,
}

impl GcReport {
    /// Bytes of all that was removed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let all = [self.records, self.objects, self.evicted, self.partials, self.logs, self.quarantine];
        all.iter().map(|tally| tally.bytes).sum()
    }
}

impl Cache {
    /// Cleans the cache. A ledger that is open meanwhile is out of date afterwards.
    ///
    /// # Errors
    /// [`CacheError::InUse`] while another cleaning is on, or a run of an xlt that does not say what it needs; where something cannot
    /// be read or removed. What was not removed then is removed by the next cleaning.
    pub fn gc(&self, options: &Gc) -> Result<GcReport, CacheError> {
        let cleaning = self.begin_cleaning()?;
        self.refuse_foreign_records()?;
        let choice = {
            let needed = cleaning.needed()?;
            Choice::make(self, options, needed.as_ref())?
        };
        let mut sweep = Sweep::new(self, &cleaning, &choice, options);
        sweep.records()?;
        sweep.objects()?;
        sweep.work()?;
        sweep.quarantine()?;
        sweep.alone()?;
        Ok(GcReport { over: choice.over, beside: cleaning.runs(), ..sweep.report })
    }

    /// Another xlt's records may need objects that look unused from here.
    fn refuse_foreign_records(&self) -> Result<(), CacheError> {
        let foreign = tree::children(&self.folder("records"))?.into_iter().find(|(name, _)| name != RECORDS);
        foreign.map_or(Ok(()), |(_, path)| Err(CacheError::ForeignRecords { path }))
    }
}
