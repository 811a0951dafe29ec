//! What can be wrong with a data file, and the report of it.

use std::fmt;

/// How many different problems a report shows; the rest is counted.
const SHOWN: usize = 20;

/// Everything that is wrong with one data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemErrors {
    /// Name of the file.
    pub file: String,
    /// How many problems there are in all.
    pub count: usize,
    /// The first of them, each kind of problem once, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// One problem, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// First line that has it, from 1.
    pub line: usize,
    /// How many further lines have the very same.
    pub more: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file holds no row.
    #[error("the file has no rows; check that the download or the script that wrote it was complete")]
    NoRows,
    /// Bytes that are no UTF-8.
    #[error("not UTF-8 from byte {byte} of the line on; convert the file to UTF-8")]
    NotUtf8 {
        /// Position in the line, from 1.
        byte: usize,
    },
    /// No JSON.
    #[error("not valid JSON at column {column}: {why}; every line must be one JSON object")]
    NotJson {
        /// Position in the line, from 1.
        column: usize,
        /// The parser's words.
        why: String,
    },
    /// JSON, but no object.
    #[error("{found} where a JSON object is expected; every line must be one JSON object")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A field that the spec names is not there.
    #[error(
        "there is no field `{field}`; the row has `{present}`: name one of these in the spec's `[data]`, or add the field"
    )]
    Missing {
        /// The field.
        field: String,
        /// What the row has instead, joined.
        present: String,
    },
    /// A field holds something of another type.
    #[error(
        "field `{field}` holds {found}, but must hold {wanted}; correct the row, or name another field in the spec"
    )]
    WrongType {
        /// The field.
        field: String,
        /// What it must hold.
        wanted: &'static str,
        /// What it holds.
        found: &'static str,
    },
    /// A text is empty or blank.
    #[error("field `{field}` is empty; fill it in or remove the row")]
    Empty {
        /// The field.
        field: String,
    },
    /// The gold answer names no option.
    #[error("field `{field}` holds {found}, but the gold answer must be a number from 1 to {options}")]
    Answer {
        /// The field.
        field: String,
        /// What it holds, as JSON.
        found: String,
        /// Number of options.
        options: usize,
    },
    /// There are more or fewer options than labels.
    #[error(
        "the item has {found} options, but the prompt has {labels} labels; make `options` of `[data]` and `labels` of `[prompt]` equally long"
    )]
    OptionCount {
        /// Number of options.
        found: usize,
        /// Number of labels.
        labels: usize,
    },
    /// Two rows are the same question.
    #[error(
        "the key `{key}` stands in line {first} already; remove one of the rows, or add a field to `key` that tells them apart"
    )]
    DuplicateKey {
        /// The key.
        key: String,
        /// Line that has it first, from 1.
        first: usize,
    },
}

impl ItemErrors {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), count: 0, problems: Vec::new() }
    }

    pub(super) fn add(&mut self, line: usize, fault: Fault) {
        self.count += 1;
        let room = self.problems.len() < SHOWN;
        match self.problems.iter_mut().find(|problem| problem.fault == fault) {
            Some(same) => same.more += 1,
            None if room => self.problems.push(Problem { line, more: 0, fault }),
            None => {}
        }
    }
}

impl fmt::Display for ItemErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 { "problem" } else { "problems" };
        write!(f, "{}: {} {noun}, so no row was used", self.file, self.count)?;
        for Problem { line, more, fault } in &self.problems {
            match more {
                0 => write!(f, "\n  line {line}: {fault}")?,
                more => write!(f, "\n  line {line} and {more} more: {fault}")?,
            }
        }
        match self.count - self.problems.iter().map(|problem| 1 + problem.more).sum::<usize>() {
            0 => Ok(()),
            rest => write!(f, "\n  and {rest} other problems"),
        }
    }
}

impl std::error::Error for ItemErrors {}
