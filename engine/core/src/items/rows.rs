//! The rows of a file, whatever the format.

use super::fault::{Fault, Place};
use super::row::{Row, kind};
use super::table;
use crate::spec::{Data, Format};
use serde_json::Value;

/// A row and where it stands, or what is wrong there.
pub(super) type Found = (Place, Result<Row, Fault>);

/// Every row of a file. What makes rows impossible to tell apart comes in their place, as one fault.
pub(super) fn rows<'a>(text: &'a str, data: &Data) -> Box<dyn Iterator<Item = Found> + 'a> {
    match data.format {
        _ if text.trim().is_empty() => Box::new(std::iter::empty()),
        Format::Jsonl => Box::new(lines(text)),
        Format::Json => match list(text) {
            Ok(list) => Box::new(list.into_iter().enumerate().map(element)),
            Err((place, fault)) => Box::new(std::iter::once((place, Err(fault)))),
        },
        // Parquet is no text: whoever reads it does not come here.
        Format::Parquet => Box::new(std::iter::empty()),
        Format::Csv | Format::Tsv => match table::Header::read(text, data) {
            Ok(header) => Box::new(header.rows()),
            Err((place, fault)) => Box::new(std::iter::once((place, Err(fault)))),
        },
    }
}

/// One JSON object a line; blank lines are passed over.
fn lines(text: &str) -> impl Iterator<Item = Found> {
    let lines = text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| (Place::Line(index + 1), parse(line)))
}

fn parse(line: &str) -> Result<Row, Fault> {
    const WANTED: &str = "every line must be one JSON object; for a file that is one list write `format = \"json\"`";
    match serde_json::from_str(line) {
        Ok(value) => object(value, WANTED),
        Err(error) => Err(Fault::NotJson { column: error.column(), why: words(&error), wanted: WANTED }),
    }
}

fn element((index, value): (usize, Value)) -> Found {
    (Place::Row(index + 1), object(value, "every element of the list must be one object"))
}

fn object(value: Value, wanted: &'static str) -> Result<Row, Fault> {
    match value {
        Value::Object(fields) => Ok(Row::json(fields)),
        other => Err(Fault::NotAnObject { found: kind(&other), wanted }),
    }
}

/// A list, by itself or as the only one in an object.
fn list(text: &str) -> Result<Vec<Value>, (Place, Fault)> {
    let found = match serde_json::from_str(text) {
        Ok(Value::Array(list)) => return Ok(list),
        Ok(Value::Object(fields)) => {
            let (mut lists, mut names) = (Vec::new(), Vec::new());
            for (name, value) in fields {
                if let Value::Array(list) = value {
                    lists.push(list);
                    names.push(name);
                }
            }
            match lists.pop() {
                Some(list) if lists.is_empty() => return Ok(list),
                Some(_) => format!("an object with several lists, `{}`,", names.join("`, `")),
                None => "an object without a list".to_owned(),
            }
        }
        Ok(other) => kind(&other).to_owned(),
        Err(error) => {
            const WANTED: &str =
                "the file must be one list of objects; for one object a line write `format = \"jsonl\"`";
            let why = words(&error);
            let fault = if error.is_eof() {
                Fault::CutShort { why }
            } else {
                Fault::NotJson { column: error.column(), why, wanted: WANTED }
            };
            return Err((Place::Line(error.line()), fault));
        }
    };
    Err((Place::File, Fault::NotAList { found }))
}

/// The parser's words, without the place.
fn words(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}
