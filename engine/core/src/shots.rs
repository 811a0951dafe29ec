//! Solved examples before a question: which they are.

use crate::items::Item;
use crate::spec::{Data, Shots};
use crate::split;

/// The examples, in the order in which they are shown: the first by the BLAKE3 of seed and key. The keys are those of every
/// language, and so are the examples.
///
/// # Errors
/// A sentence: a part that is not there, or has fewer questions.
pub fn choose(items: Vec<Item>, data: &Data, shots: &Shots) -> Result<Vec<Item>, String> {
    let mut items = split::select(items, data, &shots.part, None).map_err(|error| error.to_string())?;
    let wanted = shots.number as usize;
    if items.len() < wanted {
        return Err(format!(
            "part `{}` of `data.{}` has {} questions, and `shots.number` is {wanted}; ask for fewer",
            shots.part,
            data.name,
            items.len()
        ));
    }
    items.sort_by_cached_key(|item| *draw(shots.seed, &item.key).as_bytes());
    items.truncate(wanted);
    Ok(items)
}

fn draw(seed: u64, key: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"xlt shots 1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.finalize()
}
