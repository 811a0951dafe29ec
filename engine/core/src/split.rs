//! Parts: which items are for training and which for testing, the same whatever the order of the rows.
//!
//! The shuffle has no generator whose state could depend on what was drawn before: every question (or passage) gets the
//! rank BLAKE3("xlt split 1" ‖ seed as 8 bytes little-endian ‖ key), and ranks are sorted. So a key's rank depends on
//! the seed and the key alone: files with the same keys, such as the languages of a parallel corpus, get the same parts.
//! Where a language lacks some keys, its parts are filled up from the next ranks and may differ from the others'.
//!
//! The first `test` ranks are the test part, the next `train` ranks the training part: more training data never moves
//! the test set.

use crate::items::Item;
use crate::spec::{Data, Split, SplitBy};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the part that holds every item.
pub const ALL: &str = "all";

/// Why a part cannot be selected. Every message names the data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// No part has this name.
    #[error("data `{data}` has no part `{part}`; its parts are {}", quoted(.parts))]
    UnknownPart {
        /// Data set.
        data: String,
        /// What was asked for.
        part: String,
        /// What there is.
        parts: Vec<String>,
    },
    /// More is asked for than there is.
    #[error(
        "data `{data}`: the split asks for {train} + {test} {unit} (train + test), but the file has {have}; lower `train` or `test`"
    )]
    TooFew {
        /// Data set.
        data: String,
        /// `questions` or `passages`.
        unit: &'static str,
        /// Number asked for, for training.
        train: u64,
        /// Number asked for, for testing.
        test: u64,
        /// Number there is.
        have: u64,
    },
    /// Training and test questions are about the same passages.
    #[error(
        "data `{data}`: {shared} passages are in both train and test; split `by = \"passage\"`, or accept it with `allow_shared_passages = true`"
    )]
    SharedPassages {
        /// Data set.
        data: String,
        /// Number of passages on both sides.
        shared: usize,
    },
    /// Nothing is left.
    #[error("data `{data}`: part `{part}` has no items; check `limit` and the numbers of its split")]
    Empty {
        /// Data set.
        data: String,
        /// The part.
        part: String,
    },
}

/// The items of `part`, sorted by key, at most `limit` of them (the first by key).
///
/// A drawn split has the parts `test`, `train` and `all`; with `by = "passage"` its numbers count passages, which come
/// with all their questions. A split by field has the parts that the rows name, and `all`. No split: `all` only.
///
/// # Errors
/// [`SplitError`]: an unknown or empty part, numbers beyond the data, passages shared against the spec's word.
pub fn select(mut items: Vec<Item>, data: &Data, part: &str, limit: Option<u64>) -> Result<Vec<Item>, SplitError> {
    items.sort_by(|a, b| a.key.cmp(&b.key));
    match &data.split {
        Some(Split::Drawn { by, train, test, seed, allow_shared_passages }) => {
            let draw = Draw::new(&items, data, *by, *train, *test, *seed)?;
            if !allow_shared_passages {
                draw.check_passages(&items, data)?;
            }
            match part {
                "test" => items.retain(|item| draw.test.contains(unit(item, *by))),
                "train" => items.retain(|item| draw.train.contains(unit(item, *by))),
                ALL => {}
                _ => return Err(unknown(data, part, &["test", "train"])),
            }
        }
        Some(Split::Field { .. }) if part != ALL => {
            let named: BTreeSet<_> = items.iter().filter_map(|item| item.part.clone()).collect();
            if !named.contains(part) {
                return Err(unknown(data, part, &named.iter().map(String::as_str).collect::<Vec<_>>()));
            }
            items.retain(|item| item.part.as_deref() == Some(part));
        }
        None if part != ALL => return Err(unknown(data, part, &[])),
        Some(Split::Field { .. }) | None => {}
    }
    items.truncate(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX));
    if items.is_empty() {
        return Err(SplitError::Empty { data: data.name.clone(), part: part.to_owned() });
    }
    Ok(items)
}

/// Keys of what is drawn for each part.
struct Draw {
    by: SplitBy,
    test: BTreeSet<String>,
    train: BTreeSet<String>,
}

impl Draw {
    fn new(items: &[Item], data: &Data, by: SplitBy, train: u64, test: u64, seed: u64) -> Result<Self, SplitError> {
        let keys: BTreeSet<_> = items.iter().map(|item| unit(item, by)).collect();
        let mut ranked: Vec<_> = keys.into_iter().map(|key| (rank(seed, key), key)).collect();
        ranked.sort_unstable();
        let have = ranked.len() as u64;
        if train.checked_add(test).is_none_or(|wanted| wanted > have) {
            let unit = match by {
                SplitBy::Question => "questions",
                SplitBy::Passage => "passages",
            };
            return Err(SplitError::TooFew { data: data.name.clone(), unit, train, test, have });
        }
        let mut ranked = ranked.into_iter().map(|(_, key)| key.to_owned());
        // Both numbers are at most the number of items here.
        let test = ranked.by_ref().take(test as usize).collect();
        Ok(Self { by, test, train: ranked.take(train as usize).collect() })
    }

    fn check_passages(&self, items: &[Item], data: &Data) -> Result<(), SplitError> {
        let mut sides: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
        for item in items {
            let side = sides.entry(&item.group).or_default();
            side.0 |= self.test.contains(unit(item, self.by));
            side.1 |= self.train.contains(unit(item, self.by));
        }
        match sides.values().filter(|&&side| side == (true, true)).count() {
            0 => Ok(()),
            shared => Err(SplitError::SharedPassages { data: data.name.clone(), shared }),
        }
    }
}

fn unit(item: &Item, by: SplitBy) -> &str {
    match by {
        SplitBy::Question => &item.key,
        SplitBy::Passage => &item.group,
    }
}

fn rank(seed: u64, key: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt split 1").update(&seed.to_le_bytes()).update(key.as_bytes());
    *hasher.finalize().as_bytes()
}

fn unknown(data: &Data, part: &str, parts: &[&str]) -> SplitError {
    let parts = parts.iter().chain([&ALL]).map(|&part| part.to_owned()).collect();
    SplitError::UnknownPart { data: data.name.clone(), part: part.to_owned(), parts }
}

fn quoted(parts: &[String]) -> String {
    parts.iter().map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
