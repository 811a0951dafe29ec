//! Exact prompts: what a model read, token for token, as the text of its tokens.
//!
//! The prompts of an evaluation differ in what the items say and in little else. So they are kept as one form, which names the
//! places of an item's texts, and the prompts that the form does not give as they are, by key. Nothing is kept on trust: a
//! form is believed for an item only if the item, put into it, gives the prompt that was made of its tokens.
//!
//! Knows nothing of templates and tokenizers: it is told what the prompts are.

mod form;
#[cfg(test)]
mod tests;

pub use form::{filled, form, sentinel};

use crate::items::Item;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The prompts of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {
    /// The labels that are shown, in the order of the options.
    pub labels: Vec<String>,
    /// What an item is put into; empty where no form was found.
    pub form: Vec<Piece>,
    /// What leads from reasoning to the answer slot; `None` where nothing is written before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// Prompts that the form does not give, by key of the item.
    pub whole: BTreeMap<String, Vec<Piece>>,
}

/// A piece of a prompt, or of a form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// Text of ordinary tokens; bytes that are no UTF-8 replaced.
    Text(String),
    /// Text of special tokens, which data never becomes.
    Special(String),
    /// A text of the item. Only forms have it.
    Place(Place),
}

/// A text that an item has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Its key.
    Key,
    /// Its passage.
    Passage,
    /// Its question.
    Question,
    /// The option with that index.
    Option(usize),
    /// A further field, by the name that templates know it by.
    Extra(String),
}

/// What follows a text that a model wrote before it answers, up to the answer slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// Where the model ended it in its own channel.
    pub after_end: Vec<Piece>,
    /// Where it ended otherwise.
    pub after_cut: Vec<Piece>,
}

/// Prompts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; the artifact is damaged or of another version: evaluate again")]
pub struct BadPrompts(String);

impl Exact {
    /// Of prompts as they were asked. `marked`: a [`sentinel`] and its prompt; without it all prompts are kept whole.
    #[must_use]
    pub fn new<'a>(
        labels: Vec<String>,
        marked: Option<(&Item, Vec<Piece>)>,
        lead: Option<Lead>,
        prompts: impl IntoIterator<Item = (&'a Item, Vec<Piece>)>,
    ) -> Self {
        let form = marked.map(|(sentinel, prompt)| form(prompt, sentinel)).unwrap_or_default();
        let other = |(item, prompt): (&Item, Vec<Piece>)| {
            let prompt = joined(prompt);
            (filled(&form, item).as_ref() != Some(&prompt)).then(|| (item.key.clone(), prompt))
        };
        let whole: BTreeMap<String, Vec<Piece>> = prompts.into_iter().filter_map(other).collect();
        Self { labels, form, lead, whole }
    }

    /// The prompt of an item; `None` where it was not among the prompts and the form cannot take it.
    #[must_use]
    pub fn prompt(&self, item: &Item) -> Option<Vec<Piece>> {
        self.whole.get(&item.key).cloned().or_else(|| filled(&self.form, item))
    }

    /// As the artifact holds it: one line of JSON. The same prompts are the same bytes.
    #[must_use]
    pub fn write(&self) -> String {
        // Strings, numbers and lists and maps of them always serialize.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Reads what [`Exact::write`] wrote.
    ///
    /// # Errors
    /// [`BadPrompts`] where it is something else.
    pub fn read(text: &str) -> Result<Self, BadPrompts> {
        serde_json::from_str(text).map_err(|error| BadPrompts(error.to_string()))
    }
}

/// The same, with neighbours of one kind as one piece and without empty ones.
fn joined(pieces: impl IntoIterator<Item = Piece>) -> Vec<Piece> {
    let mut whole: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (whole.last_mut(), piece) {
            (_, Piece::Text(text) | Piece::Special(text)) if text.is_empty() => {}
            (Some(Piece::Text(before)), Piece::Text(text)) | (Some(Piece::Special(before)), Piece::Special(text)) => {
                before.push_str(&text);
            }
            (_, piece) => whole.push(piece),
        }
    }
    whole
}
