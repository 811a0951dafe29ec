//! What can be wrong with a file of answers, and the report of it.

use std::fmt;

/// How many problems a report shows; the rest is counted.
const SHOWN: usize = 20;

/// Everything that is wrong with one file of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportErrors {
    /// Name of the file.
    pub file: String,
    /// How many problems there are in all.
    pub count: usize,
    /// The first of them, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// One problem, and the line on which it stands, from 1; `None`: it is the whole file's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file holds no row.
    #[error("the file has no answers; check that what wrote it was complete")]
    NoRows,
    /// Bytes that are no UTF-8.
    #[error("not UTF-8; convert the file to UTF-8")]
    NotUtf8,
    /// What is scored of an option cannot be told.
    #[error("{0}")]
    Continuation(String),
    /// No JSON.
    #[error("not valid JSON at column {column}: {why}; every line must be one JSON object")]
    NotJson {
        /// Position in the line, from 1.
        column: usize,
        /// The parser's words.
        why: String,
    },
    /// JSON, but no object.
    #[error("{0} where a JSON object is expected; every line must be one")]
    NotAnObject(&'static str),
    /// A row of `jsonl` without a key.
    #[error(
        "there is no field `key`; the row has {present}: give each row the key of its item, or, if these are samples of \
         lm-evaluation-harness, write `answers_format = \"lm-eval\"`"
    )]
    NoKey {
        /// What the row has instead.
        present: String,
    },
    /// A key that cannot be one.
    #[error(
        "`key` is {0}; an item's key is a text or a whole number, or a list of them, one for each field of the data's `key`"
    )]
    BadKey(&'static str),
    /// A key that no item has.
    #[error(
        "no item of the data has the key `{key}`{near}; check that the answers are of this data and language (`xlt items` \
         shows keys)"
    )]
    UnknownKey {
        /// The key.
        key: String,
        /// What may be meant.
        near: String,
    },
    /// A row of `lm-eval` that is no sample.
    #[error(
        "there is no `doc`, in which lm-evaluation-harness (`--log_samples`) writes the item; for rows with a `key` write \
         `answers_format = \"jsonl\"`"
    )]
    NoDoc,
    /// A `doc` of which no field is the data's.
    #[error(
        "`doc` has neither the fields of the data's key ({key}) nor its question ({question}), but {present}; name these \
         fields in the spec's `[data]`, or write the answers as `jsonl` with keys"
    )]
    OtherFields {
        /// Fields of the key.
        key: String,
        /// Field of the question.
        question: String,
        /// What the `doc` has.
        present: String,
    },
    /// A question that no item asks.
    #[error(
        "no item of the data asks {question:?} on that passage; check that the answers are of this data and language"
    )]
    UnknownQuestion {
        /// How it begins.
        question: String,
    },
    /// A question that several items ask.
    #[error(
        "{count} items of the data ask {question:?}; only a `doc` with the fields of the data's key ({key}) tells them apart"
    )]
    SeveralItems {
        /// How many.
        count: usize,
        /// How it begins.
        question: String,
        /// Fields of the key.
        key: String,
    },
    /// The model was shown something else than the data have.
    #[error(
        "item `{item}`: `{field}` is {doc:?} in `doc`, but {data:?} in the data; the model was asked something else: take the \
         data that it was asked, or ask it again"
    )]
    Differs {
        /// Key of the item.
        item: String,
        /// The field.
        field: String,
        /// How it begins in the answers.
        doc: String,
        /// How it begins in the data.
        data: String,
    },
    /// Two rows answer one item.
    #[error("item `{item}` is answered in line {first} already; remove one of the rows")]
    Twice {
        /// Key of the item.
        item: String,
        /// The line of the first.
        first: usize,
    },
    /// Items that nobody answers.
    #[error(
        "{missing} of the {asked} items have no answer: {first}; add their answers, or ask fewer items with \
         `evaluate.limit` or `evaluate.part`"
    )]
    Missing {
        /// How many.
        missing: usize,
        /// How many are asked.
        asked: usize,
        /// The first keys.
        first: String,
    },
    /// A row without any answer.
    #[error(
        "item `{item}` has no answer: the row has {present}; give it `prediction` (a label, its number from 1, or `null`), \
         `logprobs` (one for each label) or `text`"
    )]
    NoAnswer {
        /// Key of the item.
        item: String,
        /// What the row has.
        present: String,
    },
    /// A row with two answers.
    #[error("item `{item}` has both `text` and `{other}`; keep what the model said")]
    TwoAnswers {
        /// Key of the item.
        item: String,
        /// The field beside the text.
        other: &'static str,
    },
    /// A field holds something of another type.
    #[error("item `{item}`: `{field}` is {found}, but must be {wanted}; correct the row")]
    WrongType {
        /// Key of the item.
        item: String,
        /// The field.
        field: &'static str,
        /// What it holds.
        found: &'static str,
        /// What it must hold.
        wanted: &'static str,
    },
    /// A prediction that is no label.
    #[error(
        "item `{item}`: the prediction {found} is none of the labels {labels}; write a label, its number from 1 without \
         quotes, or `null` where the model chose none"
    )]
    NotALabel {
        /// Key of the item.
        item: String,
        /// What stands there, as JSON.
        found: String,
        /// The labels.
        labels: String,
    },
    /// A number that is one label and counts to another.
    #[error(
        "item `{item}`: the prediction {number} is a label and also the number of the label `{counted}`; write the label in \
         quotes"
    )]
    Ambiguous {
        /// Key of the item.
        item: String,
        /// The number.
        number: u64,
        /// The label that it counts to.
        counted: String,
    },
    /// More or fewer likelihoods than labels.
    #[error(
        "item `{item}` has {found} log-probabilities, but there are {labels} labels; give one for each, in the order of the \
         options"
    )]
    Count {
        /// Key of the item.
        item: String,
        /// How many there are.
        found: usize,
        /// How many labels.
        labels: usize,
    },
    /// A number that is no logarithm of a probability.
    #[error(
        "item `{item}`: {found} is no log-probability; natural logarithms of probabilities are finite and at most 0"
    )]
    NotALogprob {
        /// Key of the item.
        item: String,
        /// What stands there, as JSON.
        found: String,
    },
    /// Probabilities that are none.
    #[error(
        "item `{item}`: the probabilities of its labels come to {total} in all, more than 1; `logprobs` are natural \
         logarithms of them"
    )]
    MoreThanCertain {
        /// Key of the item.
        item: String,
        /// Their sum, with three decimals.
        total: String,
    },
    /// A prediction against its own likelihoods.
    #[error(
        "item `{item}`: the prediction is `{prediction}`, but by `logprobs` the likeliest is `{likeliest}`{by}; leave out one \
         of the two"
    )]
    Contradiction {
        /// Key of the item.
        item: String,
        /// The label predicted.
        prediction: String,
        /// The likeliest label.
        likeliest: String,
        /// By which normalization, in words.
        by: String,
    },
    /// Tokens are not known.
    #[error(
        "item `{item}`: mode `{mode}` divides likelihoods by tokens, and those of a model elsewhere are not known; write \
         `normalize = \"byte\"`, `\"character\"` or `\"sum\"`"
    )]
    ByTokens {
        /// Key of the item.
        item: String,
        /// The mode.
        mode: String,
    },
    /// Likelihoods where texts are expected.
    #[error(
        "item `{item}` has log-probabilities, but in mode `{mode}` a model writes its answer (`score = \"generate\"`); give \
         `text` or `prediction`, or import into a mode with `score = \"labels\"` or `\"texts\"`"
    )]
    NotWritten {
        /// Key of the item.
        item: String,
        /// The mode.
        mode: String,
    },
    /// A sample whose answers cannot be read.
    #[error(
        "item `{item}`: `resps` {found}; a sample of a multiple-choice task has a pair (log-likelihood, is greedy) for each \
         option, one of a generating task has one text"
    )]
    Resps {
        /// Key of the item.
        item: String,
        /// What is there.
        found: String,
    },
}

impl ImportErrors {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), count: 0, problems: Vec::new() }
    }

    pub(super) fn add(&mut self, line: Option<usize>, fault: Fault) {
        self.count += 1;
        if self.problems.len() < SHOWN {
            self.problems.push(Problem { line, fault });
        }
    }
}

impl fmt::Display for ImportErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 { "problem" } else { "problems" };
        write!(f, "{}: {} {noun}, so no answer was used", self.file, self.count)?;
        for Problem { line, fault } in &self.problems {
            match line {
                Some(line) => write!(f, "\n  line {line}: {fault}")?,
                None => write!(f, "\n  {fault}")?,
            }
        }
        match self.count - self.problems.len() {
            0 => Ok(()),
            rest => write!(f, "\n  and {rest} other problems"),
        }
    }
}

impl std::error::Error for ImportErrors {}
