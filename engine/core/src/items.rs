//! Items: the rows of a data file as questions with options and a gold answer.
//!
//! Takes bytes and a name to call them by; never opens a file. A file is read whole or refused whole: every row must be
//! a valid item, and the problems of all rows come in one report.

mod fault;
mod gold;
mod parquet;
mod records;
mod row;
mod rows;
mod table;

pub use fault::{Fault, ItemErrors, Place, Problem};
pub(crate) use row::kind;

use crate::spec::{Data, Format, ROW, Source, Split};
use row::Row;
use std::borrow::Cow;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What identifies the question in every language: the key fields' texts joined by `|`. Inside a field `\` and `|`
    /// are written `\\` and `\|`, so that different fields never make the same key.
    pub key: String,
    /// What identifies its passage, joined in the same way; the key itself where the data has no `group`.
    pub group: String,
    /// Language code, e.g. `heb_Hebr`.
    pub language: String,
    /// Passage, for tasks that have one.
    pub passage: Option<String>,
    /// Question.
    pub question: String,
    /// The options, in the order shown.
    pub options: Vec<String>,
    /// Index of the gold answer in `options`, from 0.
    pub answer: usize,
    /// What further fields hold, by the name that templates know them by.
    pub extra: BTreeMap<String, String>,
    /// The part that the row itself names (`split = { field = ... }`); `None` for every other split.
    pub part: Option<String>,
}

/// Reads a file whose rows are written as `data.format` says; a byte order mark at its start is passed over.
///
/// `name` is what messages call the file, `n_labels` the number of labels that the prompt shows. All texts, keys
/// included, are normalized to NFC, so that two encodings of one text cannot become two items or two prompts.
///
/// # Errors
/// [`ItemErrors`] with the problems of all rows; then nothing is read.
pub fn read(name: &str, bytes: &[u8], data: &Data, language: &str, n_labels: usize) -> Result<Vec<Item>, ItemErrors> {
    let mut errors = ItemErrors::new(name);
    let text = if data.format == Format::Parquet { Cow::Borrowed("") } else { decode(bytes, &mut errors) };
    let rows = if data.format == Format::Parquet { parquet::rows(bytes, data) } else { rows::rows(&text, data) };
    let mut items = Vec::new();
    let mut seen = BTreeMap::new();
    for (number, (place, row)) in rows.enumerate() {
        match row.map_err(|fault| vec![fault]).and_then(|row| item(&row, number + 1, data, language, n_labels)) {
            Err(faults) => faults.into_iter().for_each(|fault| errors.add(place, fault)),
            Ok(item) => match seen.get(&item.key) {
                Some(&first) => errors.add(place, Fault::DuplicateKey { key: item.key, first }),
                None => {
                    seen.insert(item.key.clone(), place);
                    items.push(item);
                }
            },
        }
    }
    if items.is_empty() && errors.count == 0 {
        errors.add(Place::File, Fault::NoRows);
    }
    errors.problems.sort_by_key(|problem| problem.place);
    if errors.count == 0 { Ok(items) } else { Err(errors) }
}

/// What a message calls a file: its path where it is local, else its address.
#[must_use]
pub fn called(source: &Source) -> String {
    match source {
        Source::Local { path } => path.clone(),
        other => other.to_string(),
    }
}

/// The bytes as text. Where they are none, that is told, and a stand-in is read so that other problems are told too.
fn decode<'a>(bytes: &'a [u8], errors: &mut ItemErrors) -> Cow<'a, str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        errors.add(Place::File, Fault::Utf16);
        return Cow::Borrowed("");
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) {
        let lines = bytes.split(|&byte| byte == b'\n').enumerate();
        lines
            .filter(|(_, line)| std::str::from_utf8(line).is_err())
            .for_each(|(index, _)| errors.add(Place::Line(index + 1), Fault::NotUtf8));
    }
    text
}

/// One row as an item, or everything that is wrong with it.
fn item(row: &Row, number: usize, data: &Data, language: &str, n_labels: usize) -> Result<Item, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut keep = |result: Result<String, Fault>| result.map_err(|fault| faults.push(fault)).unwrap_or_default();
    let id = |field: &String| if field == ROW { Ok(number.to_string()) } else { row.id(field) };
    let key = join(data.key.iter().map(|field| keep(id(field))));
    let group = match data.group.as_slice() {
        [] => key.clone(),
        fields => join(fields.iter().map(|field| keep(id(field)))),
    };
    let passage = data.fields.passage.as_ref().map(|field| keep(row.text(field)));
    let question = keep(row.text(&data.fields.question));
    let part = match &data.split {
        Some(Split::Field { field }) => Some(keep(row.text(field))),
        Some(Split::Drawn { .. }) | None => None,
    };
    let extra = data.fields.extra.iter().map(|(name, field)| (name.clone(), keep(row.id(field)))).collect();
    let options = options(row, data, n_labels);
    let right = row.answer(
        &data.fields.answer,
        data.fields.answer_as,
        options.as_ref().map(Vec::as_slice).map_err(|_| n_labels),
    );
    match (options, right) {
        (Ok(options), Ok(Some(answer))) if faults.is_empty() => {
            Ok(Item { key, group, language: language.to_owned(), passage, question, options, answer, extra, part })
        }
        (options, right) => {
            faults.extend(options.err().into_iter().flatten());
            faults.extend(right.err());
            Err(faults)
        }
    }
}

/// The row's options, or those that all rows have.
fn options(row: &Row, data: &Data, n_labels: usize) -> Result<Vec<String>, Vec<Fault>> {
    match data.fields.choices.as_slice() {
        [] => row.options(&data.fields.options, n_labels),
        choices if choices.len() == n_labels => Ok(choices.iter().map(|choice| choice.nfc().collect()).collect()),
        choices => Err(vec![Fault::OptionCount { found: choices.len(), labels: n_labels }]),
    }
}

/// Texts joined by `|`, with `|` and `\` in them escaped: distinct lists of texts make distinct results.
pub(crate) fn join(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| text.replace('\\', "\\\\").replace('|', "\\|")).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests;
