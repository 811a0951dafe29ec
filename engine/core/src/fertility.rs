//! Fertility: how many tokens a model needs for a text, by language.
//!
//! Ács 2019 and Rust et al. 2021 count tokens a word; words are no unit that Amharic, Japanese and French share, so here it is
//! tokens a passage, a character and a byte. The *premium* over a reference language is that of Petrov et al. 2023: tokens
//! in the language divided by tokens in the reference, on parallel texts.

use std::collections::BTreeMap;

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

/// What they come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fertility {
    /// Number of passages.
    pub passages: usize,
    /// Tokens a passage, the mean.
    pub per_passage: f64,
    /// Tokens a character, of all text.
    pub per_character: f64,
    /// Tokens a byte, of all text.
    pub per_byte: f64,
}

/// Tokens beside another language's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Premium {
    /// Tokens divided by the reference's, of all parallel text.
    pub ratio: f64,
    /// Number of passages that both have.
    pub passages: usize,
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
        let sum = total(self.0.values());
        (sum.bytes > 0).then(|| Fertility {
            passages: self.0.len(),
            per_passage: sum.tokens as f64 / self.0.len() as f64,
            per_character: sum.tokens as f64 / sum.characters as f64,
            per_byte: sum.tokens as f64 / sum.bytes as f64,
        })
    }

    /// Premium over another language; `None` where they share no passage.
    #[must_use]
    pub fn premium_over(&self, reference: &Self) -> Option<Premium> {
        let pairs: Vec<(Size, Size)> =
            self.0.iter().filter_map(|(key, &size)| Some((size, *reference.0.get(key)?))).collect();
        let tokens = total(pairs.iter().map(|(size, _)| size)).tokens;
        let of_reference = total(pairs.iter().map(|(_, size)| size)).tokens;
        (of_reference > 0).then(|| Premium { ratio: tokens as f64 / of_reference as f64, passages: pairs.len() })
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
        assert_eq!(
            fertility,
            Fertility { passages: 2, per_passage: 4.0, per_character: 8.0 / 6.0, per_byte: 8.0 / 12.0 }
        );
        assert_eq!(passages(&[]).fertility(), None);
        assert_eq!(passages(&[("a", "", 0)]).fertility(), None);
    }

    #[test]
    fn the_premium_is_of_parallel_passages_only() {
        let english = passages(&[("a", "peace", 1), ("b", "no", 1), ("d", "alone", 50)]);
        let hebrew = passages(&[("a", "שלום", 6), ("b", "לא", 2), ("c", "לבד", 70)]);
        assert_eq!(hebrew.premium_over(&english), Some(Premium { ratio: 4.0, passages: 2 }));
        assert_eq!(english.premium_over(&english), Some(Premium { ratio: 1.0, passages: 3 }));
        assert_eq!(hebrew.premium_over(&passages(&[])), None);
    }
}
