//! CSV and TSV: a line of column names, and under it rows with a value for each.

use super::fault::{Fault, Place};
use super::records::Records;
use super::row::Row;
use super::rows::Found;
use crate::spec::{Data, Format, Quotes, Split};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many characters of a line that is no header are shown.
const SHOWN: usize = 80;

/// The column names, and the records that follow.
pub(super) struct Header<'a> {
    format: Format,
    quotes: Option<Quotes>,
    columns: Vec<String>,
    records: Records<'a>,
}

impl<'a> Header<'a> {
    /// The first record, as column names. A name that is empty names nothing, so several columns may have none.
    pub(super) fn read(text: &'a str, data: &Data) -> Result<Self, (Place, Fault)> {
        let mut records = Records::new(text, data.format, data.quotes);
        let Some((line, columns)) = records.next() else { return Err((Place::File, Fault::NoRows)) };
        let at = |fault| (Place::Line(line), fault);
        let columns = columns.map_err(at)?;
        if !wanted(data).any(|field| columns.contains(field)) {
            let found = columns.join("`, `").chars().take(SHOWN).collect();
            return Err(at(Fault::NoHeader { found, separator: separator(data.format) }));
        }
        let mut seen = BTreeSet::new();
        match columns.iter().find(|&name| !name.is_empty() && !seen.insert(name)) {
            Some(twice) => Err(at(Fault::DuplicateColumn { column: twice.clone() })),
            None => Ok(Self { format: data.format, quotes: data.quotes, columns, records }),
        }
    }

    /// The records as rows.
    pub(super) fn rows(self) -> impl Iterator<Item = Found> {
        let Self { format, quotes, columns, records } = self;
        let row = move |values| row(&columns, values, format, quotes);
        records.map(move |(line, values)| (Place::Line(line), values.and_then(&row)))
    }
}

fn row(columns: &[String], values: Vec<String>, format: Format, quotes: Option<Quotes>) -> Result<Row, Fault> {
    if values.len() != columns.len() {
        return Err(Fault::Columns { found: values.len(), wanted: columns.len(), help: help(format) });
    }
    let named = columns.iter().zip(values).filter(|(name, _)| !name.is_empty());
    let fields: Map<_, _> = named.map(|(name, value)| (name.clone(), Value::String(value))).collect();
    Ok(Row::table(fields, format, quotes))
}

/// Every field that the spec names.
pub(super) fn wanted(data: &Data) -> impl Iterator<Item = &String> {
    let fields = &data.fields;
    let part = match &data.split {
        Some(Split::Field { field }) => Some(field),
        Some(Split::Drawn { .. }) | None => None,
    };
    let lists = [&data.key, &data.group, &fields.options];
    let texts = [&fields.question, &fields.answer].into_iter().chain(&fields.passage).chain(fields.extra.values());
    lists.into_iter().flatten().chain(texts).chain(part)
}

fn separator(format: Format) -> &'static str {
    if format == Format::Tsv { "tabs" } else { "commas" }
}

fn help(format: Format) -> &'static str {
    match format {
        Format::Tsv => "a text with a tab or a line break in it cannot stand in TSV: save the file as CSV",
        _ => "a text with a comma or a line break in it goes in double quotes",
    }
}
