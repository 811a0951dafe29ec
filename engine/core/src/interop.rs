//! Other tools' files: what was answered here is written for them, what was answered elsewhere is taken over from them.
//!
//! Takes bytes and names to call them by; never opens a file.

mod doc;
mod fault;
mod import;
mod reply;
mod samples;

pub use fault::{Fault, ImportErrors, Problem};
pub use import::import;
pub use samples::samples;

use crate::items::{self, Item};
use crate::spec::{Data, Evaluate, Mode, Prompt, Source};
use crate::split;

/// What was asked: how rows are read, and how answers become predictions.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How to read the data.
    pub data: &'a Data,
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
    /// Those that an evaluation asks, sorted by key.
    pub asked: Vec<Item>,
}

impl Rows {
    /// The items of a data file in a language, and which of them an evaluation asks.
    ///
    /// # Errors
    /// A sentence: rows that are no items, a part that is not there.
    pub fn read(bytes: &[u8], asked: Asked<'_>, evaluate: &Evaluate, language: &str) -> Result<Self, String> {
        let Asked { data, prompt, .. } = asked;
        let name = called(&data.source_in(language));
        let all = items::read(&name, bytes, data, language, prompt.labels.len()).map_err(|error| error.to_string())?;
        let asked = split::select(all.clone(), data, &evaluate.part, evaluate.limit);
        Ok(Self { all, asked: asked.map_err(|error| error.to_string())? })
    }
}

/// What a message calls a file: its path where it is local, else its address.
#[must_use]
pub fn called(source: &Source) -> String {
    match source {
        Source::Local { path } => path.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
