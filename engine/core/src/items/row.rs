//! One row: a JSON object whose fields are asked for by name and by what they must hold.

use super::fault::Fault;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

/// One row of a data file.
pub(super) struct Row(Map<String, Value>);

impl Row {
    /// The JSON object on one line.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Fault> {
        let line = std::str::from_utf8(line).map_err(|error| Fault::NotUtf8 { byte: error.valid_up_to() + 1 })?;
        match serde_json::from_str(line) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => Err(Fault::NotAnObject { found: kind(&other) }),
            Err(error) => {
                let message = error.to_string();
                let why = message.split(" at line ").next().unwrap_or_default().to_owned();
                Err(Fault::NotJson { column: error.column(), why })
            }
        }
    }

    /// A text that is not blank.
    pub(super) fn text(&self, field: &str) -> Result<String, Fault> {
        text(field, self.value(field)?)
    }

    /// Part of a key: a text that is not blank, or a whole number.
    pub(super) fn id(&self, field: &str) -> Result<String, Fault> {
        match self.value(field)? {
            Value::Number(number) if number.is_u64() || number.is_i64() => Ok(number.to_string()),
            Value::String(written) => not_blank(field, written),
            other => Err(wrong_type(field, "a text or a whole number", other)),
        }
    }

    /// The options: one field each, or one field that holds them all as a list.
    pub(super) fn options(&self, fields: &[String], labels: usize) -> Result<Vec<String>, Vec<Fault>> {
        let results: Vec<_> = match fields {
            [field] => match self.value(field).map_err(|fault| vec![fault])? {
                Value::Array(list) => {
                    list.iter().enumerate().map(|(index, value)| text(&format!("{field}[{index}]"), value)).collect()
                }
                other => return Err(vec![wrong_type(field, "a list of texts", other)]),
            },
            fields => fields.iter().map(|field| self.text(field)).collect(),
        };
        let count = results.len();
        let (mut options, mut faults) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(option) => options.push(option),
                Err(fault) => faults.push(fault),
            }
        }
        if count != labels {
            faults.push(Fault::OptionCount { found: count, labels });
        }
        if faults.is_empty() { Ok(options) } else { Err(faults) }
    }

    /// The gold answer, written 1-based as a number or as a text (`3` or `"3"`), as an index from 0.
    pub(super) fn answer(&self, field: &str, options: usize) -> Result<usize, Fault> {
        let value = self.value(field)?;
        let number = match value {
            Value::Number(number) => number.as_u64(),
            Value::String(written) => written.trim().parse().ok(),
            other => return Err(wrong_type(field, "a number", other)),
        };
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) if (1..=options).contains(&number) => Ok(number - 1),
            _ => Err(Fault::Answer { field: field.to_owned(), found: value.to_string(), options }),
        }
    }

    fn value(&self, field: &str) -> Result<&Value, Fault> {
        self.0.get(field).ok_or_else(|| Fault::Missing {
            field: field.to_owned(),
            present: self.0.keys().cloned().collect::<Vec<_>>().join("`, `"),
        })
    }
}

fn text(field: &str, value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(written) => not_blank(field, written),
        other => Err(wrong_type(field, "a text", other)),
    }
}

fn not_blank(field: &str, written: &str) -> Result<String, Fault> {
    if written.trim().is_empty() {
        return Err(Fault::Empty { field: field.to_owned() });
    }
    Ok(written.nfc().collect())
}

fn wrong_type(field: &str, wanted: &'static str, found: &Value) -> Fault {
    Fault::WrongType { field: field.to_owned(), wanted, found: kind(found) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
