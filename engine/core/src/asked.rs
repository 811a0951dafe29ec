//! What is asked: which items of which data, and how their answers become predictions.

use crate::items::{self, Item, called};
use crate::spec::{Data, Mode, Prompt};
use crate::split;

/// What an evaluation asks, whoever answers.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How to read the data.
    pub data: &'a Data,
    /// Language code.
    pub language: &'a str,
    /// Part of the data.
    pub part: &'a str,
    /// Items of the part, at most.
    pub limit: Option<u64>,
    /// What all modes show.
    pub prompt: &'a Prompt,
    /// The mode.
    pub mode: &'a Mode,
}

/// The items of a data file.
#[derive(Debug)]
pub struct Rows {
    /// All of them.
    pub all: Vec<Item>,
    /// Those that are asked, sorted by key.
    pub asked: Vec<Item>,
}

impl Asked<'_> {
    /// The same of all items, whatever their part.
    #[must_use]
    pub fn of_all(self) -> Self {
        Self { part: split::ALL, limit: None, ..self }
    }
}

impl Rows {
    /// The items of a data file in the language, and which of them are asked.
    ///
    /// # Errors
    /// A sentence: rows that are no items, a part that is not there.
    pub fn read(bytes: &[u8], asked: Asked<'_>) -> Result<Self, String> {
        let Asked { data, language, part, limit, prompt, .. } = asked;
        let name = called(&data.file.source.in_language(language));
        let all = items::read(&name, bytes, data, language, prompt.labels.len()).map_err(|error| error.to_string())?;
        let asked = split::select(all.clone(), data, part, limit).map_err(|error| error.to_string())?;
        Ok(Self { all, asked })
    }
}
