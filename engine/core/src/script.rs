//! Scripts: in which writing systems texts are written, by their letters.
//!
//! A letter is what Unicode calls alphabetic, the vowel signs of Indic scripts among them; its script is Unicode's property
//! of that name (UAX #24), by its four letters of ISO 15924. Languages that mix scripts, such as Japanese, have several.

use crate::stats::Proportion;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use unicode_script::{Script, UnicodeScript};

/// How much of texts is in one script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptShare {
    /// The script: `Latn`, `Arab`, `Hebr`, `Ethi`.
    pub script: &'static str,
    /// Its letters among those of all scripts.
    pub letters: Proportion,
}

/// The scripts of the texts together, the most frequent first, of equals the first in alphabetical order. Letters that
/// belong to no script of their own (Common, Inherited) do not count.
#[must_use]
pub fn scripts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<ScriptShare> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for letter in texts.into_iter().flat_map(str::chars).filter(|character| character.is_alphabetic()) {
        match letter.script() {
            Script::Common | Script::Inherited | Script::Unknown => {}
            script => *counts.entry(script.short_name()).or_default() += 1,
        }
    }
    let all = counts.values().sum();
    let share = |(script, letters)| Some(ScriptShare { script, letters: Proportion::new(letters, all)? });
    let mut shares: Vec<ScriptShare> = counts.into_iter().filter_map(share).collect();
    // Stable: equals stay in alphabetical order.
    shares.sort_by_key(|share| Reverse(share.letters.successes()));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expected: &[(&str, u64)]) {
        let shares = scripts(texts.iter().copied());
        let found: Vec<_> = shares.iter().map(|share| (share.script, share.letters.successes())).collect();
        assert_eq!(found, expected);
        let all: u64 = expected.iter().map(|(_, letters)| letters).sum();
        assert!(shares.iter().all(|share| share.letters.trials() == all), "{shares:?}");
    }

    #[test]
    fn letters_of_all_texts_count_together() {
        check(&["Let us think.", "שלום ok"], &[("Latn", 12), ("Hebr", 4)]);
        check(&["ሰላም", "مرحبا", "ab"], &[("Arab", 5), ("Ethi", 3), ("Latn", 2)]);
        check(&["漢字かな"], &[("Hani", 2), ("Hira", 2)]);
    }

    #[test]
    fn what_is_no_letter_and_what_has_no_script_does_not_count() {
        // Digits and signs; a modifier letter, a prolonged sound mark and an Arabic vowel sign are common or inherited.
        check(&["1 + 2 = 3 ✓ \u{2bc} ー \u{64b}"], &[]);
        check(&["", "42"], &[]);
        check(&[], &[]);
        // A vowel sign is as much of its script as the consonant.
        check(&["कि"], &[("Deva", 2)]);
    }
}
