//! When a record was used last, for cleaning: one file per day and host, a key per line, appended once per run.
//!
//! It lies in the cache rather than in the ledger, so that a host does not clean away what another one uses.

use crate::error::{At, CacheError};
use crate::fingerprint::unix_nanoseconds;
use crate::layout::Cache;
use crate::locks::host;
use crate::tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::time::SystemTime;
use xlt_core::key::Key;

/// A day, counted from 1970.
pub(crate) type Day = i64;

pub(crate) fn day_of(time: SystemTime) -> Day {
    unix_nanoseconds(time) / 86_400_000_000_000
}

impl Cache {
    /// Notes that records were used today.
    pub(crate) fn note_uses<'a>(&self, keys: impl IntoIterator<Item = &'a Key>, today: Day) -> Result<(), CacheError> {
        let mut lines = String::new();
        // Writing to a String cannot fail.
        keys.into_iter().for_each(|key| _ = writeln!(lines, "{key}"));
        if lines.is_empty() {
            return Ok(());
        }
        let path = self.folder("uses").join(format!("{today}-{}", host()));
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(lines.as_bytes())).at("write", &path)
    }

    /// The last day on which each record was noted as used. A line that is cut short notes nothing.
    pub(crate) fn last_uses(&self) -> Result<BTreeMap<Key, Day>, CacheError> {
        let mut last = BTreeMap::new();
        for (name, path) in tree::children(&self.folder("uses"))? {
            let Some(day) = name.split_once('-').and_then(|(day, _)| day.parse::<Day>().ok()) else { continue };
            let bytes = fs::read(&path).at("read", &path)?;
            for key in String::from_utf8_lossy(&bytes).lines().filter_map(|line| line.parse().ok()) {
                let known = last.entry(key).or_insert(day);
                *known = day.max(*known);
            }
        }
        Ok(last)
    }

    /// Keeps the last use of each key only. For a cleaning, which holds the cache alone.
    pub(crate) fn compact_uses(&self, last: &BTreeMap<Key, Day>) -> Result<(), CacheError> {
        let folder = self.folder("uses");
        let old = tree::children(&folder)?;
        let mut days: BTreeMap<Day, String> = BTreeMap::new();
        for (key, day) in last {
            _ = writeln!(days.entry(*day).or_default(), "{key}");
        }
        let kept: Vec<String> = days.keys().map(|day| format!("{day}-all")).collect();
        for (name, lines) in kept.iter().zip(days.values()) {
            self.write_whole(&folder.join(name), lines.as_bytes())?;
        }
        old.iter().filter(|(name, _)| !kept.contains(name)).try_for_each(|(_, path)| tree::remove(path))
    }
}
