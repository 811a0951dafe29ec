//! Answers that were given elsewhere, as answers of this study: each row is matched with its item and read by the mode's rules.
//!
//! A file is taken over whole or not at all: all that is wrong with it comes in one report. Nothing is matched by the order
//! of rows; another program may have shuffled, filtered or limited them.

use super::doc::{Finder, plain};
use super::fault::{Fault, ImportErrors};
use super::reply::{self, Reply};
use crate::answers::{Answer, Ended, Generated, TextLength, Written, likeliest};
use crate::asked::{Asked, Rows};
use crate::extract::{Choices, extract};
use crate::items::{Item, join, kind};
use crate::spec::{AnswersFormat, Normalize, Score};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Items without an answer that a report names.
const NAMED: usize = 5;
/// What the probabilities of labels may come to beyond 1, by rounding.
const SLACK: f64 = 1e-3;

/// The answers in a file, sorted by key as the items are. Answers to items of the data that are not asked are passed over.
///
/// # Errors
/// [`ImportErrors`] with everything that is wrong; then nothing is taken over.
pub fn import(
    name: &str,
    bytes: &[u8],
    format: AnswersFormat,
    rows: &Rows,
    asked: Asked<'_>,
) -> Result<Vec<Answer>, ImportErrors> {
    let mut errors = ImportErrors::new(name);
    let Ok(text) = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) else {
        errors.add(None, Fault::NotUtf8);
        return Err(errors);
    };
    let reader = Reader { format, asked, finder: Finder::new(&rows.all, asked.data) };
    let mut seen: BTreeMap<&str, First> = rows.asked.iter().map(|item| (item.key.as_str(), First::default())).collect();
    let mut lines = 0;
    for (index, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        lines += 1;
        let found = object(line).and_then(|row| Ok((reader.item(&row)?, row)));
        let answer = found.and_then(|(item, row)| match seen.get_mut(item.key.as_str()) {
            Some(first) => first.take(index + 1, item, row, &reader),
            None => Ok(()),
        });
        if let Err(fault) = answer {
            errors.add(Some(index + 1), fault);
        }
    }
    let missing: Vec<&str> = seen.iter().filter(|(_, first)| first.line == 0).map(|(key, _)| *key).collect();
    match (lines, missing.len()) {
        (0, _) => errors.add(None, Fault::NoRows),
        (_, 0) => {}
        (_, count) => errors.add(None, Fault::Missing { missing: count, asked: seen.len(), first: named(&missing) }),
    }
    if errors.count > 0 {
        return Err(errors);
    }
    Ok(seen.into_values().filter_map(|first| first.answer).collect())
}

/// The first row that answers an item.
#[derive(Default)]
struct First {
    /// Its line, from 1; 0: there is none yet.
    line: usize,
    row: Map<String, Value>,
    answer: Option<Answer>,
}

impl First {
    fn take(&mut self, line: usize, item: &Item, row: Map<String, Value>, reader: &Reader<'_>) -> Result<(), Fault> {
        if self.line > 0 {
            let again = reader.format == AnswersFormat::LmEval && another_filter(&self.row, &row);
            let twice = || Fault::Twice { item: item.key.clone(), first: self.line };
            return again.then_some(()).ok_or_else(twice);
        }
        self.line = line;
        self.answer = Some(reader.answer(&row, item)?);
        self.row = row;
        Ok(())
    }
}

/// The harness writes a sample for each of a task's filters, with the same responses.
fn another_filter(first: &Map<String, Value>, second: &Map<String, Value>) -> bool {
    first.get("resps") == second.get("resps") && first.get("filter") != second.get("filter")
}

fn object(line: &str) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_str(line) {
        Ok(Value::Object(row)) => Ok(row),
        Ok(other) => Err(Fault::NotAnObject(kind(&other))),
        Err(error) => {
            let why = error.to_string().split(" at line ").next().unwrap_or_default().to_owned();
            Err(Fault::NotJson { column: error.column(), why })
        }
    }
}

fn named(keys: &[&str]) -> String {
    let shown = super::doc::quoted(&keys[..keys.len().min(NAMED)]);
    match keys.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

struct Reader<'a> {
    format: AnswersFormat,
    asked: Asked<'a>,
    finder: Finder<'a>,
}

impl<'a> Reader<'a> {
    /// The item that a row answers.
    fn item(&self, row: &Map<String, Value>) -> Result<&'a Item, Fault> {
        match self.format {
            AnswersFormat::Jsonl => {
                let key = row.get("key").ok_or_else(|| Fault::NoKey { present: super::doc::quoted(row.keys()) })?;
                self.finder.key(&whole(key).ok_or(Fault::BadKey(kind(key)))?)
            }
            AnswersFormat::LmEval => match row.get("doc") {
                Some(Value::Object(doc)) => self.finder.doc(doc),
                Some(_) | None => Err(Fault::NoDoc),
            },
        }
    }

    fn answer(&self, row: &Map<String, Value>, item: &Item) -> Result<Answer, Fault> {
        let reply = match self.format {
            AnswersFormat::Jsonl => reply::of_row(row, &item.key, &self.asked.prompt.labels)?,
            AnswersFormat::LmEval => reply::of_sample(row, &item.key)?,
        };
        match reply {
            Reply::Prediction(prediction) => Ok(self.predicted(item, prediction)),
            Reply::Text(text, truncated) => Ok(self.read(item, text, truncated)),
            Reply::Likelihoods(logprobs, prediction) => self.compare(item, logprobs, prediction),
        }
    }

    /// A text, read by the mode's rules.
    fn read(&self, item: &Item, text: String, truncated: bool) -> Answer {
        let choices = Choices { labels: &self.asked.prompt.labels, options: &item.options };
        let extraction = extract(&text, &choices, truncated, self.asked.mode.generate.extract);
        let ended = if truncated { Ended::Budget } else { Ended::Model };
        let written = Written { text, tokens: 0, ended };
        let answer = self.predicted(item, extraction.option);
        Answer { generated: Some(Generated { written, extraction }), ..answer }
    }

    fn predicted(&self, item: &Item, prediction: Option<usize>) -> Answer {
        Answer::predicted(item, &self.asked.prompt.labels, prediction)
    }

    fn compare(&self, item: &Item, logprobs: Vec<f64>, said: Option<usize>) -> Result<Answer, Fault> {
        let (mode, labels) = (self.asked.mode, &self.asked.prompt.labels);
        if logprobs.len() != labels.len() {
            return Err(Fault::Count { item: item.key.clone(), found: logprobs.len(), labels: labels.len() });
        }
        let lengths = lengths(&item.options);
        let (normalize, texts) = match mode.score {
            Score::Generate => return Err(Fault::NotWritten { item: item.key.clone(), mode: mode.name.clone() }),
            Score::Texts => (mode.normalize, true),
            Score::Labels => (Normalize::Sum, false),
        };
        let total: f64 = logprobs.iter().map(|logprob| logprob.exp()).sum();
        if !texts && total > 1.0 + SLACK {
            return Err(Fault::MoreThanCertain { item: item.key.clone(), total: format!("{total:.3}") });
        }
        let best = likeliest(&logprobs, &lengths, normalize)
            .ok_or_else(|| Fault::ByTokens { item: item.key.clone(), mode: mode.name.clone() })?;
        let score = |option: usize| logprobs[option] / lengths[option].divisor(normalize);
        if let Some(said) = said.filter(|&said| score(said) < score(best)) {
            let by = if texts { format!(" with `normalize = \"{}\"`", normalize.word()) } else { String::new() };
            let (prediction, likeliest) = (labels[said].clone(), labels[best].clone());
            return Err(Fault::Contradiction { item: item.key.clone(), prediction, likeliest, by });
        }
        Ok(Answer {
            logprobs,
            answer_mass: (!texts).then(|| total.min(1.0)),
            texts: texts.then_some(lengths),
            ..self.predicted(item, Some(said.unwrap_or(best)))
        })
    }
}

/// A key as items have it: whole, or as the parts of one.
fn whole(key: &Value) -> Option<String> {
    match key {
        Value::Array(parts) if !parts.is_empty() => {
            let parts: Option<Vec<String>> = parts.iter().map(plain).collect();
            Some(join(parts?.into_iter()))
        }
        key => plain(key),
    }
}

fn lengths(options: &[String]) -> Vec<TextLength> {
    let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let length =
        |text: &String| TextLength { tokens: 0, bytes: fit(text.len()), characters: fit(text.chars().count()) };
    options.iter().map(length).collect()
}
