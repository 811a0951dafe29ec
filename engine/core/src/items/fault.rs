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
    /// The first of them, each kind of problem once, in the order of the rows.
    pub problems: Vec<Problem>,
}

/// Where something stands in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere in particular.
    File,
    /// A line, from 1; of a row that takes several, the first.
    Line(usize),
    /// An element of a JSON list, or a row of Parquet, from 1.
    Row(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// One problem, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The first place that has it.
    pub place: Place,
    /// How many further places have the very same.
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
    #[error("not UTF-8; convert the file to UTF-8")]
    NotUtf8,
    /// UTF-16, by its first two bytes.
    #[error("the file is UTF-16; convert it to UTF-8: `iconv -f UTF-16 -t UTF-8`")]
    Utf16,
    /// No JSON.
    #[error("not valid JSON at column {column}: {why}; {wanted}")]
    NotJson {
        /// Position in the line, from 1.
        column: usize,
        /// The parser's words.
        why: String,
        /// What the format asks for.
        wanted: &'static str,
    },
    /// JSON that stops before its end.
    #[error(
        "the file ends before its JSON does ({why}); check that the download or the script that wrote it was complete"
    )]
    CutShort {
        /// The parser's words.
        why: String,
    },
    /// JSON, but not one list.
    #[error(
        "the file holds {found} where one list of rows is expected; write a JSON list of objects, or an object in which one field alone is a list"
    )]
    NotAList {
        /// What it holds.
        found: String,
    },
    /// JSON, but no object.
    #[error("{found} where a JSON object is expected; {wanted}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
        /// What the format asks for.
        wanted: &'static str,
    },
    /// Bytes that are no Parquet.
    #[error("the file is not Parquet, which begins with `PAR1`; say with `format` how its rows are written")]
    NotParquet,
    /// Parquet whose end, where everything is listed, is missing.
    #[error(
        "the file begins as Parquet, but does not end so; check that the download or the script that wrote it was complete"
    )]
    ParquetCut,
    /// Parquet that cannot be read.
    #[error("the file cannot be read as Parquet ({why}); check that the program that wrote it was not interrupted")]
    BadParquet {
        /// The reader's words.
        why: String,
    },
    /// A column is packed in a way that is not unpacked.
    #[error(
        "column `{field}` is packed by {codec}, and only snappy and zstd are unpacked; write the file anew with `compression = \"zstd\"`"
    )]
    Packed {
        /// The column.
        field: String,
        /// How it is packed.
        codec: String,
    },
    /// A column's type is not one that JSON has.
    #[error("column `{field}` holds {found}, which is neither a text nor a number; write it as a text")]
    ColumnType {
        /// The column.
        field: String,
        /// What it holds.
        found: String,
    },
    /// The first line of a table names no column that the spec names.
    #[error(
        "none of the fields that the spec names is a column of this line (`{found}`); the file must begin with a line of column names, with {separator} between them"
    )]
    NoHeader {
        /// What the line holds, joined.
        found: String,
        /// What separates columns.
        separator: &'static str,
    },
    /// Two columns have one name.
    #[error("two columns are called `{column}`; rename or remove one of them")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A row has more or fewer values than there are columns.
    #[error("the row has {found} values, but the first line names {wanted} columns; {help}")]
    Columns {
        /// Number of values.
        found: usize,
        /// Number of columns.
        wanted: usize,
        /// What the format asks for.
        help: &'static str,
    },
    /// A quoted value has no end.
    #[error("the double quote that opens value {number} is never closed; close it, or write a quote inside as two")]
    OpenQuote {
        /// Number of the value in the row, from 1.
        number: usize,
    },
    /// A quote stands where none can be.
    #[error(
        "a double quote inside value {number}; put the whole value in double quotes and write each quote inside as two"
    )]
    StrayQuote {
        /// Number of the value in the row, from 1.
        number: usize,
    },
    /// A text of a TSV file is in quotes, as programs write it that quote.
    #[error(
        "field `{field}` is a text in double quotes, and programs differ on whether they belong to a text in TSV; write `quotes = \"csv\"` under `[data]` if they do not, `\"plain\"` if they do"
    )]
    Quoted {
        /// The field.
        field: String,
    },
    /// A column is asked to hold a list.
    #[error(
        "column `{field}` holds a text, since a table has no lists; name two to ten columns, one for each option, as `options` in the spec"
    )]
    NoLists {
        /// The field.
        field: String,
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
    #[error(
        "field `{field}` holds {found}, but must hold {wanted}; correct the row, or say with `answer_as` how the data write it: `number` from 1, `index` from 0, `letter`, `text`"
    )]
    Answer {
        /// The field.
        field: String,
        /// What it holds, as JSON.
        found: String,
        /// What it must hold.
        wanted: String,
    },
    /// The gold answer is the text of two options.
    #[error(
        "field `{field}` holds `{found}`, which is the text of two options; make the options differ, or remove the row"
    )]
    TwoAnswers {
        /// The field.
        field: String,
        /// What it holds.
        found: String,
    },
    /// There are more or fewer options than labels.
    #[error(
        "the item has {found} options, but the prompt has {labels} labels; make the options of `[data]` and the `labels` of `[prompt]` equally many"
    )]
    OptionCount {
        /// Number of options.
        found: usize,
        /// Number of labels.
        labels: usize,
    },
    /// Two rows are the same question.
    #[error(
        "the key `{key}` stands in {first} already; remove one of the rows, or add a field to `key` that tells them apart"
    )]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands first.
        first: Place,
    },
}

impl ItemErrors {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), count: 0, problems: Vec::new() }
    }

    pub(super) fn add(&mut self, place: Place, fault: Fault) {
        self.count += 1;
        let room = self.problems.len() < SHOWN;
        match self.problems.iter_mut().find(|problem| problem.fault == fault) {
            Some(same) => same.more += 1,
            None if room => self.problems.push(Problem { place, more: 0, fault }),
            None => {}
        }
    }
}

impl fmt::Display for ItemErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 { "problem" } else { "problems" };
        write!(f, "{}: {} {noun}, so no row was used", self.file, self.count)?;
        for Problem { place, more, fault } in &self.problems {
            match (place, more) {
                (Place::File, _) => write!(f, "\n  {fault}")?,
                (place, 0) => write!(f, "\n  {place}: {fault}")?,
                (place, more) => write!(f, "\n  {place} and {more} more: {fault}")?,
            }
        }
        match self.count - self.problems.iter().map(|problem| 1 + problem.more).sum::<usize>() {
            0 => Ok(()),
            rest => write!(f, "\n  and {rest} other problems"),
        }
    }
}

impl std::error::Error for ItemErrors {}
