//! What one row of a file of answers says: a label, likelihoods, or a text.

use super::doc::quoted;
use super::fault::Fault;
use crate::items::kind;
use serde_json::{Map, Value};

/// A model's answer to an item, before it is read by the rules of a mode.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// Index of a label; `None`: the model chose none.
    Prediction(Option<usize>),
    /// Log-likelihoods in the order of the labels, and the index of the label that is said to be predicted.
    Likelihoods(Vec<f64>, Option<usize>),
    /// What it wrote, and whether it was cut off.
    Text(String, bool),
}

/// A row of `jsonl`.
pub(super) fn of_row(row: &Map<String, Value>, item: &str, labels: &[String]) -> Result<Reply, Fault> {
    let prediction = || row.get("prediction").map(|value| label(value, item, labels)).transpose();
    if let Some(text) = row.get("text") {
        if let Some(other) = ["prediction", "logprobs"].into_iter().find(|field| row.contains_key(*field)) {
            return Err(Fault::TwoAnswers { item: item.to_owned(), other });
        }
        let Value::String(text) = text else { return Err(wrong(item, "text", text, "a text")) };
        let truncated = match row.get("truncated") {
            None => false,
            Some(Value::Bool(truncated)) => *truncated,
            Some(other) => return Err(wrong(item, "truncated", other, "true or false")),
        };
        return Ok(Reply::Text(text.clone(), truncated));
    }
    match (row.get("logprobs"), prediction()?) {
        (Some(Value::Array(list)), prediction) => {
            let logprobs = list.iter().map(|value| logprob(value, item)).collect::<Result<_, _>>()?;
            Ok(Reply::Likelihoods(logprobs, prediction.flatten()))
        }
        (Some(other), _) => Err(wrong(item, "logprobs", other, "a list of numbers")),
        (None, Some(prediction)) => Ok(Reply::Prediction(prediction)),
        (None, None) => Err(Fault::NoAnswer { item: item.to_owned(), present: quoted(row.keys()) }),
    }
}

/// A sample of lm-evaluation-harness: what the model said, before the harness's filters.
pub(super) fn of_sample(sample: &Map<String, Value>, item: &str) -> Result<Reply, Fault> {
    let bad = |found: &str| Fault::Resps { item: item.to_owned(), found: found.to_owned() };
    let Some(Value::Array(resps)) = sample.get("resps") else { return Err(bad("are not there as a list")) };
    let once = |resp: &Value| match resp.as_array().map(Vec::as_slice) {
        Some([once]) => Ok(once.clone()),
        Some([]) => Err(bad("hold nothing for a request")),
        Some(_) => Err(bad("hold several answers to one request (`repeats`)")),
        None => Err(bad("hold no list for a request")),
    };
    let resps: Vec<Value> = resps.iter().map(once).collect::<Result<_, _>>()?;
    match resps.as_slice() {
        [] => Err(bad("are empty")),
        [Value::String(text)] => Ok(Reply::Text(text.clone(), false)),
        resps => {
            let likelihood = |resp: &Value| match resp.as_array().and_then(|pair| pair.first()) {
                Some(value) => logprob(value, item),
                None => Err(bad("hold neither pairs nor one text")),
            };
            Ok(Reply::Likelihoods(resps.iter().map(likelihood).collect::<Result<_, _>>()?, None))
        }
    }
}

/// A text is a label, a number counts labels from 1, `null` is none.
fn label(value: &Value, item: &str, labels: &[String]) -> Result<Option<usize>, Fault> {
    let named = |text: &str| labels.iter().position(|label| label == text);
    let found = match value {
        Value::Null => return Ok(None),
        Value::String(text) => named(text.trim()),
        Value::Number(number) => {
            let counted = number.as_u64().and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
            let counted = counted.filter(|&index| index < labels.len());
            if let (Some(counted), Some(number), Some(named)) = (counted, number.as_u64(), named(&number.to_string()))
                && counted != named
            {
                return Err(Fault::Ambiguous { item: item.to_owned(), number, counted: labels[counted].clone() });
            }
            counted
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let none = || Fault::NotALabel { item: item.to_owned(), found: value.to_string(), labels: quoted(labels) };
    found.map(Some).ok_or_else(none)
}

/// A number, which the harness writes as a text.
fn logprob(value: &Value, item: &str) -> Result<f64, Fault> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    // A model's own rounding may leave a certain answer a little above 0.
    let number = number.filter(|number| number.is_finite() && *number <= 1e-3).map(|number| number.min(0.0));
    number.ok_or_else(|| Fault::NotALogprob { item: item.to_owned(), found: value.to_string() })
}

fn wrong(item: &str, field: &'static str, found: &Value, wanted: &'static str) -> Fault {
    Fault::WrongType { item: item.to_owned(), field, found: kind(found), wanted }
}
