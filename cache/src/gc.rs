//! Cleaning: what no record needs is removed, and on request the records that nobody used for long.
//!
//! Runs only while nobody else holds the cache, so that nothing it looks at is in the making.

use crate::error::CacheError;
use crate::layout::{Cache, RECORDS};
use crate::tree;
use crate::usage::{Tally, size};
use crate::uses::{Day, day_of};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};
use xlt_core::key::{Digest, Key};

/// What to clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gc {
    /// Also remove records that nobody used for so many days, with their objects.
    pub unused_for_days: Option<u32>,
    /// Remove unfinished work, and logs of stages without a record, that nobody touched for so many days.
    pub stale_after_days: u32,
    /// Only say what would be removed.
    pub dry_run: bool,
}

impl Default for Gc {
    fn default() -> Self {
        Self { unused_for_days: None, stale_after_days: 7, dry_run: false }
    }
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Records that nobody used.
    pub records: Tally,
    /// Artifacts that no record needs.
    pub objects: Tally,
    /// Unfinished work.
    pub partials: Tally,
    /// Logs.
    pub logs: Tally,
    /// Damaged things from quarantine.
    pub quarantine: Tally,
}

impl GcReport {
    /// Bytes of all together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        [self.records, self.objects, self.partials, self.logs, self.quarantine].iter().map(|tally| tally.bytes).sum()
    }
}

/// What the records that stay need.
#[derive(Default)]
struct Live {
    keys: BTreeSet<Key>,
    objects: BTreeSet<Digest>,
    uses: BTreeMap<Key, Day>,
}

impl Cache {
    /// Cleans the cache. A ledger that is open meanwhile is out of date afterwards.
    ///
    /// # Errors
    /// [`CacheError::InUse`] while a run holds the cache; where something cannot be read or removed. What was not
    /// removed then is removed by the next cleaning.
    pub fn gc(&self, options: &Gc) -> Result<GcReport, CacheError> {
        let _alone = self.exclude()?;
        self.refuse_foreign_records()?;
        let mut sweep = Sweep { dry_run: options.dry_run, report: GcReport::default() };
        let (live, unused) = self.sort_records(options)?;
        if !unused.is_empty() && !options.dry_run {
            self.raise_generation()?;
        }
        for key in &unused {
            sweep.remove(&self.record_path(key), |report| &mut report.records)?;
        }
        self.sweep_objects(&mut sweep, &live)?;
        self.sweep_work(&mut sweep, &live, options)?;
        if !options.dry_run {
            self.compact_uses(&live.uses)?;
            self.sweep_locks()?;
        }
        Ok(sweep.report)
    }

    /// Another xlt's records may need objects that look unused from here.
    fn refuse_foreign_records(&self) -> Result<(), CacheError> {
        let foreign = tree::children(&self.folder("records"))?.into_iter().find(|(name, _)| name != RECORDS);
        foreign.map_or(Ok(()), |(_, path)| Err(CacheError::ForeignRecords { path }))
    }

    /// What stays, and the keys of the records that go.
    fn sort_records(&self, options: &Gc) -> Result<(Live, Vec<Key>), CacheError> {
        let (mut live, mut unused) = (Live::default(), Vec::new());
        live.uses = self.last_uses()?;
        let oldest = options.unused_for_days.map(|days| day_of(SystemTime::now()) - i64::from(days));
        for record in self.records()? {
            let (record, written) = record?;
            let last_use = live.uses.get(&record.key).copied().unwrap_or(0).max(day_of(written));
            if oldest.is_some_and(|oldest| last_use < oldest) {
                unused.push(record.key);
            } else {
                live.keys.insert(record.key);
                live.objects.extend(record.outputs.iter().map(|output| output.digest));
            }
        }
        live.uses.retain(|key, _| live.keys.contains(key));
        Ok((live, unused))
    }

    fn sweep_objects(&self, sweep: &mut Sweep, live: &Live) -> Result<(), CacheError> {
        for (name, path) in tree::members(&self.folder("objects"))? {
            if name.parse().is_ok_and(|digest: Digest| !live.objects.contains(&digest)) {
                sweep.remove(&path, |report| &mut report.objects)?;
            }
        }
        Ok(())
    }

    /// Unfinished work, logs, quarantine: unfinished work is kept for a while, since a rerun may resume it.
    fn sweep_work(&self, sweep: &mut Sweep, live: &Live, options: &Gc) -> Result<(), CacheError> {
        let age = Duration::from_secs(86_400 * u64::from(options.stale_after_days));
        let finished = |name: &str| name.parse().is_ok_and(|key: Key| live.keys.contains(&key));
        for (name, path) in tree::children(&self.folder("partial"))? {
            if finished(&name) || is_older(&path, age) {
                sweep.remove(&path, |report| &mut report.partials)?;
            }
        }
        for (name, path) in tree::members(&self.folder("logs"))? {
            if !finished(&name) && is_older(&path, age) {
                sweep.remove(&path, |report| &mut report.logs)?;
            }
        }
        for (_, path) in tree::children(&self.folder("quarantine"))? {
            sweep.remove(&path, |report| &mut report.quarantine)?;
        }
        Ok(())
    }

    /// Lock files of keys, and temporary files of processes that are gone.
    fn sweep_locks(&self) -> Result<(), CacheError> {
        let left = [tree::members(&self.folder("locks"))?, tree::children(&self.folder("tmp"))?];
        left.iter().flatten().try_for_each(|(_, path)| tree::remove(path))
    }
}

struct Sweep {
    dry_run: bool,
    report: GcReport,
}

impl Sweep {
    fn remove(&mut self, path: &Path, tally: fn(&mut GcReport) -> &mut Tally) -> Result<(), CacheError> {
        let bytes = size(path);
        if !self.dry_run {
            tree::remove(path)?;
        }
        tally(&mut self.report).add(bytes);
        Ok(())
    }
}

/// Whether neither a path nor anything in it changed for so long. What cannot be looked at is young.
fn is_older(path: &Path, age: Duration) -> bool {
    let changed = |path: &Path| fs::symlink_metadata(path).and_then(|found| found.modified()).ok();
    let inside = if path.is_dir() { tree::walk(path).unwrap_or_default() } else { Vec::new() };
    let times = inside.iter().map(|entry| changed(entry.path())).chain([changed(path)]);
    let limit = SystemTime::now().checked_sub(age);
    times.into_iter().all(|time| time.zip(limit).is_some_and(|(time, limit)| time < limit))
}
