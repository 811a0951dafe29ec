//! Parity: whether two vocabularies make the same ids of the same texts.
//!
//! A GGUF's vocabulary is a conversion of the one that the model was trained with; where the two part, the model reads other
//! tokens than it was taught. Equal counts do not tell: ids are compared.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How the texts of one language fare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parity {
    /// Different texts that were compared.
    pub texts: u64,
    /// How many of them have other ids.
    pub differing: u64,
    /// The first of these, by the key of its item.
    pub first: Option<Difference>,
}

/// A text of which two vocabularies make different ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Key of the item that has it.
    pub key: String,
    /// Where in the item: `passage`, `question`, `option 1`.
    pub field: String,
    /// The first position at which the ids differ, from 0.
    pub position: usize,
    /// What the GGUF's vocabulary has there; `None`: its tokens end before.
    pub model: Option<Seen>,
    /// What the model's own tokenizer has there.
    pub tokenizer: Option<Seen>,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its number.
    pub id: u32,
    /// Its text; bytes that are no UTF-8 replaced.
    pub text: String,
}

/// The first position at which two texts of tokens differ; `None`: nowhere.
pub(super) fn position(one: &[u32], other: &[u32]) -> Option<usize> {
    let common = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    (common < one.len().max(other.len())).then_some(common)
}

/// `same ids`, or how many texts differ and the first of them.
impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first {
            None => f.write_str("same ids"),
            Some(first) => write!(f, "{} of {} texts differ, first: {first}", self.differing, self.texts),
        }
    }
}

/// Positions are from 1 here.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, field, position, model, tokenizer } = self;
        write!(f, "{field} of item {key}, token {}: {}", position + 1, seen(model.as_ref()))?;
        write!(f, " in the GGUF, {} in its tokenizer", seen(tokenizer.as_ref()))
    }
}

fn seen(token: Option<&Seen>) -> String {
    token.map_or_else(|| "none".to_owned(), |Seen { id, text }| format!("{id} {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_where_they_first_do_or_where_one_ends() {
        let check = |one: &[u32], other: &[u32], expected| {
            assert_eq!(position(one, other), expected);
            assert_eq!(position(other, one), expected);
        };
        check(&[1, 2, 3], &[1, 2, 3], None);
        check(&[], &[], None);
        check(&[1, 2, 3], &[1, 9, 3], Some(1));
        check(&[1, 2], &[1, 2, 3], Some(2));
        check(&[], &[7], Some(0));
    }

    #[test]
    fn it_reads_as_a_sentence() {
        let same = Parity { texts: 12, differing: 0, first: None };
        assert_eq!(same.to_string(), "same ids");
        let first = Difference {
            key: "p1|2".to_owned(),
            field: "option 3".to_owned(),
            position: 4,
            model: Some(Seen { id: 17, text: " a\n".to_owned() }),
            tokenizer: None,
        };
        let other = Parity { texts: 12, differing: 3, first: Some(first) };
        let expected = "3 of 12 texts differ, first: option 3 of item p1|2, token 5: 17 \" a\\n\" in the GGUF, none in its \
                        tokenizer";
        assert_eq!(other.to_string(), expected);
    }
}
