//! Fertility: how many tokens a model needs for a text, by language.
//!
//! Ács 2019 and Rust et al. 2021 count tokens a word; words are no unit that Amharic, Japanese and French share, so here it is
//! tokens a passage, a character and a byte. The *premium* over a reference language is that of Petrov et al. 2023: tokens
//! in the language divided by tokens in the reference, on parallel texts.
//!
//! Knows vocabularies as whatever makes ids of texts ([`Tokenize`]), and no model or file.

mod measure;
mod parity;

pub use measure::{Fertilities, LanguageFertility, Tokenize, measure};
pub use parity::{Difference, Parity, Seen};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the crate `tokenizers`, which is in the key of what it has a part in.
pub const TOKENIZERS: &str = "0.23.2";

/// Size of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Tokens of the model, without any that it adds.
    pub tokens: u64,
    /// Unicode scalar values.
    pub characters: u64,
    /// Bytes in UTF-8.
    pub bytes: u64,
}

/// The passages of one language to one model, by their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passages(BTreeMap<String, Size>);

/// What they come to. Counts, so that the artifact holds no rounded number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fertility {
    /// Number of passages.
    pub passages: u64,
    /// Tokens of all text.
    pub tokens: u64,
    /// Unicode scalar values of all text, at least 1.
    pub characters: u64,
    /// Bytes of all text in UTF-8.
    pub bytes: u64,
}

/// Tokens beside another language's, of the passages that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Premium {
    /// Number of passages that both have.
    pub passages: u64,
    /// Tokens of these.
    pub tokens: u64,
    /// Tokens of these in the reference, at least 1.
    pub reference_tokens: u64,
}

impl Fertility {
    /// Tokens a passage, the mean.
    #[must_use]
    pub fn per_passage(&self) -> f64 {
        self.tokens as f64 / self.passages as f64
    }

    /// Tokens a character, of all text.
    #[must_use]
    pub fn per_character(&self) -> f64 {
        self.tokens as f64 / self.characters as f64
    }

    /// Tokens a byte, of all text.
    #[must_use]
    pub fn per_byte(&self) -> f64 {
        self.tokens as f64 / self.bytes as f64
    }
}

impl Premium {
    /// Tokens divided by the reference's.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.tokens as f64 / self.reference_tokens as f64
    }
}

impl Passages {
    /// Adds a passage; one that is there already stays as it is.
    pub fn add(&mut self, key: &str, text: &str, tokens: usize) {
        let size = Size { tokens: tokens as u64, characters: text.chars().count() as u64, bytes: text.len() as u64 };
        self.0.entry(key.to_owned()).or_insert(size);
    }

    /// Whether that passage is there.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Fertility over all passages; `None` without any text.
    #[must_use]
    pub fn fertility(&self) -> Option<Fertility> {
        let Size { tokens, characters, bytes } = total(self.0.values());
        (characters > 0).then_some(Fertility { passages: self.0.len() as u64, tokens, characters, bytes })
    }

    /// Premium over another language; `None` where they share no passage.
    #[must_use]
    pub fn premium_over(&self, reference: &Self) -> Option<Premium> {
        let pairs: Vec<(Size, Size)> =
            self.0.iter().filter_map(|(key, &size)| Some((size, *reference.0.get(key)?))).collect();
        let tokens = total(pairs.iter().map(|(size, _)| size)).tokens;
        let reference_tokens = total(pairs.iter().map(|(_, size)| size)).tokens;
        (reference_tokens > 0).then_some(Premium { passages: pairs.len() as u64, tokens, reference_tokens })
    }
}

fn total<'a>(sizes: impl Iterator<Item = &'a Size>) -> Size {
    sizes.fold(Size::default(), |sum, size| Size {
        tokens: sum.tokens + size.tokens,
        characters: sum.characters + size.characters,
        bytes: sum.bytes + size.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages(texts: &[(&str, &str, usize)]) -> Passages {
        let mut passages = Passages::default();
        texts.iter().for_each(|(key, text, tokens)| passages.add(key, text, *tokens));
        passages
    }

    #[test]
    fn tokens_are_counted_by_passage_character_and_byte() {
        let hebrew = passages(&[("a", "שלום", 6), ("b", "לא", 2), ("a", "again", 99)]);
        let fertility = hebrew.fertility().expect("there is text");
        assert_eq!(fertility, Fertility { passages: 2, tokens: 8, characters: 6, bytes: 12 });
        let rates = (fertility.per_passage(), fertility.per_character(), fertility.per_byte());
        assert_eq!(rates, (4.0, 8.0 / 6.0, 8.0 / 12.0));
        assert_eq!(passages(&[]).fertility(), None);
        assert_eq!(passages(&[("a", "", 0)]).fertility(), None);
    }

    #[test]
    fn the_premium_is_of_parallel_passages_only() {
        let english = passages(&[("a", "peace", 1), ("b", "no", 1), ("d", "alone", 50)]);
        let hebrew = passages(&[("a", "שלום", 6), ("b", "לא", 2), ("c", "לבד", 70)]);
        let premium = hebrew.premium_over(&english).expect("parallel passages");
        assert_eq!((premium, premium.ratio()), (Premium { passages: 2, tokens: 8, reference_tokens: 2 }, 4.0));
        assert_eq!(english.premium_over(&english).map(|premium| (premium.ratio(), premium.passages)), Some((1.0, 3)));
        assert_eq!(hebrew.premium_over(&passages(&[])), None);
    }
}
