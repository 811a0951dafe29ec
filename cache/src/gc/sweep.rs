//! Removing what was chosen, in batches; before each, what runs need by then is looked at again.

use super::choice::{Choice, is_new};
use super::{Gc, GcReport};
use crate::error::CacheError;
use crate::fingerprint::Fingerprint;
use crate::holders::{Cleaning, Needed};
use crate::layout::Cache;
use crate::tree;
use crate::usage::{Tally, size};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xlt_core::key::{Digest, Key};

/// Removed at once, while no run can pin anything.
const BATCH: usize = 64;

pub(super) struct Sweep<'a> {
    cache: &'a Cache,
    cleaning: &'a Cleaning,
    choice: &'a Choice,
    options: &'a Gc,
    pub(super) report: GcReport,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(cache: &'a Cache, cleaning: &'a Cleaning, choice: &'a Choice, options: &'a Gc) -> Self {
        Self { cache, cleaning, choice, options, report: GcReport::default() }
    }

    pub(super) fn records(&mut self) -> Result<(), CacheError> {
        if !self.choice.gone.is_empty() && !self.options.dry_run {
            self.cache.raise_generation()?;
        }
        for batch in self.choice.gone.chunks(BATCH) {
            let needed = self.cleaning.needed()?;
            let pinned = |key: &Key| needed.as_ref().is_some_and(|needed| needed.keys.contains(key));
            for key in batch.iter().filter(|key| !pinned(key)) {
                self.remove(&self.cache.record_path(key), |report| &mut report.records)?;
            }
        }
        Ok(())
    }

    pub(super) fn objects(&mut self) -> Result<(), CacheError> {
        let named = tree::members(&self.cache.folder("objects"))?;
        let unused: Vec<(Digest, PathBuf)> = named
            .into_iter()
            .filter_map(|(name, path)| Some((name.parse().ok()?, path)))
            .filter(|(digest, _)| !self.choice.live.contains(digest))
            .collect();
        for batch in unused.chunks(BATCH) {
            let needed = self.cleaning.needed()?;
            let pinned = self.pinned(needed.as_ref());
            for (digest, path) in batch {
                if !pinned.contains(digest) && !needed.as_ref().is_some_and(|needed| is_new(changed(path), needed)) {
                    let evicted = self.choice.evicted.contains(digest);
                    self.remove(path, if evicted { evictions } else { objects })?;
                }
            }
        }
        Ok(())
    }

    /// Artifacts of the records that runs rely on by now.
    fn pinned(&self, needed: Option<&Needed>) -> BTreeSet<Digest> {
        let keys = needed.into_iter().flat_map(|needed| &needed.keys);
        keys.filter_map(|key| self.choice.outputs.get(key)).flatten().copied().collect()
    }

    /// Unfinished work, what was said of it, and logs: unfinished work is kept for a while, since a rerun may resume it.
    pub(super) fn work(&mut self) -> Result<(), CacheError> {
        let age = Duration::from_secs(86_400 * u64::from(self.options.stale_after_days));
        let partials = tree::children(&self.cache.folder("partial"))?;
        let attempts = tree::members(&self.cache.folder("attempts"))?;
        for (found, tally) in [(partials, partials_of as fn(&mut GcReport) -> &mut Tally), (attempts, logs_of)] {
            for (name, path) in found {
                if self.finished(&name) || is_older(&path, age) {
                    self.remove_unlocked(&name, &path, tally)?;
                }
            }
        }
        for (name, path) in tree::members(&self.cache.folder("logs"))? {
            if !self.finished(&name) && is_older(&path, age) {
                self.remove_unlocked(&name, &path, logs_of)?;
            }
        }
        for folder in ["orders", "logs", "jobs"] {
            for (_, path) in tree::children(&self.cache.cluster(folder))? {
                if is_older(&path, age) {
                    self.remove(&path, logs_of)?;
                }
            }
        }
        Ok(())
    }

    fn finished(&self, name: &str) -> bool {
        name.parse().is_ok_and(|key: Key| self.choice.kept.contains(&key))
    }

    /// Removes what belongs to a key that nobody works on, which the lock of the key says. What belongs to none is of a run.
    fn remove_unlocked(
        &mut self,
        name: &str,
        path: &Path,
        tally: fn(&mut GcReport) -> &mut Tally,
    ) -> Result<(), CacheError> {
        if matches!(self.cleaning, Cleaning::Alone(_)) {
            return self.remove(path, tally);
        }
        let Ok(key) = name.parse::<Key>() else { return Ok(()) };
        match self.cache.try_lock(&key)? {
            Some(_lock) => self.remove(path, tally),
            None => Ok(()),
        }
    }

    pub(super) fn quarantine(&mut self) -> Result<(), CacheError> {
        for (_, path) in tree::children(&self.cache.folder("quarantine"))? {
            self.remove(&path, |report| &mut report.quarantine)?;
        }
        Ok(())
    }

    /// What can be told to be left over only while nobody else has the cache: notes of uses that newer ones replace, lock files of
    /// keys, and temporary files.
    pub(super) fn alone(&self) -> Result<(), CacheError> {
        if self.options.dry_run || matches!(self.cleaning, Cleaning::Beside(_)) {
            return Ok(());
        }
        self.cache.compact_uses(&self.choice.uses)?;
        let left = [tree::members(&self.cache.folder("locks"))?, tree::children(&self.cache.folder("tmp"))?];
        left.iter().flatten().try_for_each(|(_, path)| tree::remove(path))
    }

    fn remove(&mut self, path: &Path, tally: fn(&mut GcReport) -> &mut Tally) -> Result<(), CacheError> {
        let bytes = size(path);
        if !self.options.dry_run {
            tree::remove(path)?;
        }
        tally(&mut self.report).add(bytes);
        Ok(())
    }
}

fn partials_of(report: &mut GcReport) -> &mut Tally {
    &mut report.partials
}

fn logs_of(report: &mut GcReport) -> &mut Tally {
    &mut report.logs
}

fn objects(report: &mut GcReport) -> &mut Tally {
    &mut report.objects
}

fn evictions(report: &mut GcReport) -> &mut Tally {
    &mut report.evicted
}

/// When a file or folder was put where it is. What cannot be looked at is new.
fn changed(path: &Path) -> SystemTime {
    let Ok(found) = fs::symlink_metadata(path) else { return SystemTime::now() };
    let nanoseconds = u64::try_from(Fingerprint::of_file(&found).ctime_ns).unwrap_or(0);
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

/// Whether neither a path nor anything in it changed for so long. What cannot be looked at is young.
fn is_older(path: &Path, age: Duration) -> bool {
    let changed = |path: &Path| fs::symlink_metadata(path).and_then(|found| found.modified()).ok();
    let inside = if path.is_dir() { tree::walk(path).unwrap_or_default() } else { Vec::new() };
    let times = inside.iter().map(|entry| changed(entry.path())).chain([changed(path)]);
    let limit = SystemTime::now().checked_sub(age);
    times.into_iter().all(|time| time.zip(limit).is_some_and(|(time, limit)| time < limit))
}
