//! What stays: decided once, from all records, before anything is removed.

use super::Gc;
use crate::error::CacheError;
use crate::holders::Needed;
use crate::layout::Cache;
use crate::uses::{Day, day_of};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use xlt_core::key::{Digest, Key};

/// By how much the clocks of hosts that share a cache may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3600);

/// What stays and what goes.
pub(super) struct Choice {
    /// Records that go.
    pub(super) gone: Vec<Key>,
    /// When each record that stays was used last, where that was noted.
    pub(super) uses: BTreeMap<Key, Day>,
    /// Keys of the records that stay.
    pub(super) kept: BTreeSet<Key>,
    /// Artifacts that stay.
    pub(super) live: BTreeSet<Digest>,
    /// Artifacts of records that stay which go for their size.
    pub(super) evicted: BTreeSet<Digest>,
    /// Artifacts of every record.
    pub(super) outputs: BTreeMap<Key, Vec<Digest>>,
    /// Bytes that stay beyond what was asked for.
    pub(super) over: u64,
}

/// An artifact that records name.
struct Artifact {
    bytes: u64,
    /// Last day of any of its records.
    used: Day,
    /// Whether it has to stay.
    firm: bool,
}

impl Choice {
    pub(super) fn make(cache: &Cache, options: &Gc, needed: Option<&Needed>) -> Result<Self, CacheError> {
        let today = day_of(SystemTime::now());
        let oldest = options.unused_for_days.map(|days| today - i64::from(days));
        let mut choice = Self {
            gone: Vec::new(),
            uses: cache.last_uses()?,
            kept: BTreeSet::new(),
            live: BTreeSet::new(),
            evicted: BTreeSet::new(),
            outputs: BTreeMap::new(),
            over: 0,
        };
        let mut artifacts = BTreeMap::new();
        for record in cache.records()? {
            let (record, written) = record?;
            let used = choice.uses.get(&record.key).copied().unwrap_or(0).max(day_of(written));
            let firm = options.keep.contains(&record.key)
                || needed.is_some_and(|needed| needed.keys.contains(&record.key) || is_new(written, needed));
            choice.outputs.insert(record.key, record.outputs.iter().map(|output| output.digest).collect());
            if !firm && oldest.is_some_and(|oldest| used < oldest) {
                choice.gone.push(record.key);
                continue;
            }
            choice.kept.insert(record.key);
            for output in record.outputs {
                let artifact =
                    artifacts.entry(output.digest).or_insert(Artifact { bytes: output.size, used, firm: false });
                artifact.used = artifact.used.max(used);
                artifact.firm |= firm || used + 1 >= today;
            }
        }
        choice.uses.retain(|key, _| choice.kept.contains(key));
        choice.fit(cache, artifacts, options.max_bytes);
        Ok(choice)
    }

    /// Lets artifacts go until the rest fits: those used longest ago first, of those of one day the largest.
    fn fit(&mut self, cache: &Cache, artifacts: BTreeMap<Digest, Artifact>, max_bytes: Option<u64>) {
        let Some(max_bytes) = max_bytes else {
            self.live = artifacts.into_keys().collect();
            return;
        };
        let mut artifacts: Vec<_> = artifacts.into_iter().filter(|(digest, _)| cache.has(digest)).collect();
        artifacts.sort_by_key(|(digest, artifact)| (artifact.used, Reverse(artifact.bytes), *digest));
        let mut left: u64 = artifacts.iter().map(|(_, artifact)| artifact.bytes).sum();
        for (digest, artifact) in artifacts {
            if artifact.firm || left <= max_bytes {
                self.live.insert(digest);
            } else {
                left -= artifact.bytes;
                self.evicted.insert(digest);
            }
        }
        self.over = left.saturating_sub(max_bytes);
    }
}

/// Whether something may have been made by a run that is under way.
pub(super) fn is_new(changed: SystemTime, needed: &Needed) -> bool {
    needed.since.is_some_and(|since| changed + CLOCKS_DIFFER >= since)
}
