//! The gold answer of a row, in whichever way the data write it.

use super::fault::Fault;
use super::row::{Row, not_blank, wrong_type};
use crate::spec::AnswerAs;
use serde_json::Value;

/// Characters of a value that a message shows.
const SHOWN: usize = 60;

impl Row {
    /// The index of the option that `field` says is right. `options` are the row's; `Err` with how many there should be where
    /// the row has no good ones.
    pub(super) fn answer(
        &self,
        field: &str,
        form: AnswerAs,
        options: Result<&[String], usize>,
    ) -> Result<Option<usize>, Fault> {
        let count = options.map_or_else(|count| count, <[String]>::len);
        let value = self.value(field)?;
        let found = match (form, value) {
            (AnswerAs::Number | AnswerAs::Index, Value::Number(number)) => {
                number.as_u64().and_then(|at| from(at, form))
            }
            (AnswerAs::Number | AnswerAs::Index, Value::String(written)) => {
                written.trim().parse().ok().and_then(|at| from(at, form))
            }
            (AnswerAs::Letter, Value::String(written)) => letter(written.trim()),
            (AnswerAs::Text, Value::String(written)) => {
                let Ok(options) = options else { return Ok(None) };
                named(field, written, options)?
            }
            (AnswerAs::Number | AnswerAs::Index, other) => return Err(wrong_type(field, "a number", other)),
            (AnswerAs::Letter | AnswerAs::Text, other) => return Err(wrong_type(field, "a text", other)),
        };
        match found.filter(|&at| at < count) {
            Some(at) => Ok(Some(at)),
            None => Err(Fault::Answer {
                field: field.to_owned(),
                found: shown(value),
                wanted: wanted(form, count, options),
            }),
        }
    }
}

/// An option by its number.
fn from(number: u64, form: AnswerAs) -> Option<usize> {
    let first = u64::from(form == AnswerAs::Number);
    usize::try_from(number.checked_sub(first)?).ok()
}

/// An option by its capital letter.
fn letter(written: &str) -> Option<usize> {
    match written.as_bytes() {
        [letter @ b'A'..=b'Z'] => Some(usize::from(letter - b'A')),
        _ => None,
    }
}

/// An option by its text; but for white space at the ends, texts are compared as they are.
fn named(field: &str, written: &str, options: &[String]) -> Result<Option<usize>, Fault> {
    let written = not_blank(field, written)?;
    let mut hits = options.iter().enumerate().filter(|(_, option)| option.trim() == written.trim());
    match (hits.next(), hits.next()) {
        (Some(_), Some(_)) => Err(Fault::TwoAnswers { field: field.to_owned(), found: start(&written) }),
        (hit, _) => Ok(hit.map(|(at, _)| at)),
    }
}

fn wanted(form: AnswerAs, count: usize, options: Result<&[String], usize>) -> String {
    let last = count.saturating_sub(1);
    match form {
        AnswerAs::Number => format!("the number of the right option, from 1 to {count}"),
        AnswerAs::Index => format!("the index of the right option, from 0 to {last}"),
        AnswerAs::Letter => {
            let last = u8::try_from(last).map_or('Z', |last| char::from(b'A'.saturating_add(last)));
            format!("the letter of the right option, from A to {last}")
        }
        AnswerAs::Text => {
            let options: Vec<String> = options.unwrap_or_default().iter().map(|option| start(option)).collect();
            format!("the text of an option, one of `{}`", options.join("`, `"))
        }
    }
}

fn shown(value: &Value) -> String {
    start(&value.to_string())
}

fn start(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
