//! One row: fields that are asked for by name and by what they must hold.

use super::fault::Fault;
use crate::spec::Format;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

/// One row of a data file.
pub(super) struct Row {
    fields: Map<String, Value>,
    format: Format,
}

impl Row {
    /// A JSON object.
    pub(super) fn json(fields: Map<String, Value>) -> Self {
        Self { fields, format: Format::Json }
    }

    /// Texts under column names.
    pub(super) fn table(fields: Map<String, Value>, format: Format) -> Self {
        Self { fields, format }
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
                _ if matches!(self.format, Format::Csv | Format::Tsv) => {
                    return Err(vec![Fault::NoLists { field: field.clone() }]);
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
        let value = self.fields.get(field).ok_or_else(|| Fault::Missing {
            field: field.to_owned(),
            present: self.fields.keys().cloned().collect::<Vec<_>>().join("`, `"),
        })?;
        match value {
            Value::String(text) if self.format == Format::Tsv && is_quoted(text) => {
                Err(Fault::Quoted { field: field.to_owned() })
            }
            value => Ok(value),
        }
    }
}

/// Whether a program that quotes may have written the text: then it is unknown whether the quotes belong to it.
fn is_quoted(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.replace("\"\"", "").contains('"'))
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

/// What a value is, in a sentence.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
