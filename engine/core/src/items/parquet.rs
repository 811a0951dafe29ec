//! Parquet: the rows as JSON would have them, of the columns that the spec names and no others.
//!
//! Reads from bytes in memory. The crate panics on some damaged files; that is caught, and told as what it is.

use super::fault::{Fault, Place};
use super::row::Row;
use super::rows::Found;
use super::table;
use crate::panics::caught;
use crate::spec::{Data, ROW};
use ::parquet::basic::{Compression, ConvertedType, LogicalType, Type as Physical};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::reader::FileReader as _;
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::record::Field;
use ::parquet::record::reader::RowIter;
use ::parquet::schema::types::{Type, TypePtr};
use bytes::Bytes;
use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;

/// Rows of the largest file that is read. A few bytes can stand for any number of the same rows.
const MOST_ROWS: usize = 10_000_000;
/// Bytes that all values of a file may have together once they are unpacked, and that a file may say its columns have.
const MOST_BYTES: usize = 1 << 30;
/// At both ends of every file.
const MAGIC: &[u8] = b"PAR1";

/// Every row of a file. What makes it impossible to read them comes in their place.
pub(super) fn rows(bytes: &[u8], data: &Data) -> Box<dyn Iterator<Item = Found>> {
    match open(bytes, data) {
        Ok(rows) => Box::new(Rows { rows: Some(rows), number: 0, bytes: 0 }),
        Err(faults) => Box::new(faults.into_iter().map(|fault| (Place::File, Err(fault)))),
    }
}

/// Rows up to the first that cannot be read: from there on nothing is where it should be.
struct Rows {
    rows: Option<RowIter<'static>>,
    number: usize,
    /// Of the values so far.
    bytes: usize,
}

impl Rows {
    /// Counts a row; an error once there are more than a file can sensibly have.
    fn count(&mut self, row: &Map<String, Value>) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(row.values().map(size).sum());
        let too_much = |what: String| Err(Fault::BadParquet { why: format!("it unpacks to more than {what}") });
        match (self.number > MOST_ROWS, self.bytes > MOST_BYTES) {
            (true, _) => too_much(format!("{MOST_ROWS} rows")),
            (_, true) => too_much(format!("{} MiB", MOST_BYTES >> 20)),
            _ => Ok(()),
        }
    }
}

/// Bytes of a value's texts, and a few for every part.
fn size(value: &Value) -> usize {
    const PART: usize = 16;
    PART + match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

impl Iterator for Rows {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        let rows = self.rows.as_mut()?;
        self.number += 1;
        let row = caught(|| rows.next()).map_err(bad).and_then(|row| row.transpose().map_err(|error| why(&error)));
        let row = row.transpose()?.map(|row| row.into_columns().into_iter().map(named).collect::<Map<_, _>>());
        let found = row.and_then(|row| self.count(&row).map(|()| Row::json(row)));
        if found.is_err() {
            self.rows = None;
        }
        Some((Place::Row(self.number), found))
    }
}

/// The rows of the columns that the spec names, if each is there and of a kind that is read.
fn open(bytes: &[u8], data: &Data) -> Result<RowIter<'static>, Vec<Fault>> {
    ends(bytes).map_err(|fault| vec![fault])?;
    let opened = caught(|| SerializedFileReader::new(Bytes::copy_from_slice(bytes)));
    let reader =
        opened.map_err(bad).and_then(|opened| opened.map_err(|error| why(&error))).map_err(|fault| vec![fault])?;
    let columns = columns(reader.metadata(), data)?;
    let rows = caught(|| {
        let name = reader.metadata().file_metadata().schema().name().to_owned();
        let projection = Type::group_type_builder(&name).with_fields(columns).build()?;
        RowIter::from_file_into(Box::new(reader)).project(Some(projection))
    });
    rows.map_err(bad).and_then(|rows| rows.map_err(|error| why(&error))).map_err(|fault| vec![fault])
}

/// Tells a file of another kind, or half of one, from one that is damaged inside.
fn ends(bytes: &[u8]) -> Result<(), Fault> {
    match (bytes.starts_with(MAGIC), bytes.len() > 2 * MAGIC.len() && bytes.ends_with(MAGIC)) {
        _ if bytes.is_empty() => Err(Fault::NoRows),
        (false, _) => Err(Fault::NotParquet),
        (true, false) => Err(Fault::ParquetCut),
        (true, true) => Ok(()),
    }
}

/// The columns that the spec names, in the order of the file.
fn columns(metadata: &ParquetMetaData, data: &Data) -> Result<Vec<TypePtr>, Vec<Fault>> {
    let all = metadata.file_metadata().schema().get_fields();
    let wanted: BTreeSet<&str> = table::wanted(data).map(String::as_str).filter(|field| *field != ROW).collect();
    let present = || all.iter().map(|column| column.name()).collect::<Vec<_>>().join("`, `");
    let mut faults = Vec::new();
    for field in &wanted {
        let mut named = all.iter().filter(|column| column.name() == *field);
        let field = (*field).to_owned();
        match (named.next(), named.next()) {
            (None, _) => faults.push(Fault::Missing { field, present: present() }),
            (Some(_), Some(_)) => faults.push(Fault::DuplicateColumn { column: field }),
            (Some(column), None) => {
                faults.extend(unread(column).map(|found| Fault::ColumnType { field: field.clone(), found }));
                faults.extend(packed(metadata, &field).map(|codec| Fault::Packed { field, codec }));
            }
        }
    }
    let columns = all.iter().filter(|column| wanted.contains(column.name())).cloned().collect();
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

/// What a column holds, if JSON has nothing like it.
fn unread(column: &Type) -> Option<String> {
    if column.is_group() {
        return column.get_fields().iter().find_map(|inner| unread(inner));
    }
    let info = column.get_basic_info();
    match (column.get_physical_type(), info.converted_type()) {
        _ if matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(_) | LogicalType::Time(_))) => {
            Some("a time".to_owned())
        }
        (Physical::BYTE_ARRAY, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON)
        | (Physical::BOOLEAN | Physical::FLOAT | Physical::DOUBLE, _)
        | (Physical::INT32 | Physical::INT64, ConvertedType::NONE)
        | (
            Physical::INT32,
            ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32,
        )
        | (Physical::INT64, ConvertedType::INT_64 | ConvertedType::UINT_64) => None,
        (_, ConvertedType::DATE) => Some("a date".to_owned()),
        (_, ConvertedType::DECIMAL) => Some("a decimal number of fixed length".to_owned()),
        (Physical::INT96, _) | (Physical::INT32 | Physical::INT64, _) => Some("a time".to_owned()),
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, _) => Some("bytes".to_owned()),
    }
}

/// How a column is packed, if it cannot be unpacked.
fn packed(metadata: &ParquetMetaData, field: &str) -> Option<String> {
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let mut of_field = chunks.filter(|chunk| chunk.column_path().parts().first().is_some_and(|name| name == field));
    of_field.find_map(|chunk| match chunk.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => None,
        other => Some(other.to_string().split('(').next().unwrap_or_default().to_lowercase()),
    })
}

fn named((name, field): (String, Field)) -> (String, Value) {
    (name, value(field))
}

/// A value as JSON would have it. A number that JSON does not have (infinite, none) is `null`.
fn value(field: Field) -> Value {
    let real = |number: f64| Number::from_f64(number).map_or(Value::Null, Value::Number);
    match field {
        Field::Null => Value::Null,
        Field::Bool(yes) => yes.into(),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) => number.into(),
        Field::Long(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float16(number) => real(number.into()),
        Field::Float(number) => real(number.into()),
        Field::Double(number) => real(number),
        Field::Str(text) => text.into(),
        Field::Group(row) => row.into_columns().into_iter().map(named).collect::<Map<_, _>>().into(),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::MapInternal(map) => map.entries().iter().cloned().map(|(key, held)| named((text(key), held))).collect(),
        // `unread` has refused them.
        Field::Decimal(_) | Field::Bytes(_) | Field::Date(_) => Value::Null,
        Field::TimeMillis(_) | Field::TimeMicros(_) | Field::TimestampMillis(_) | Field::TimestampMicros(_) => {
            Value::Null
        }
    }
}

/// A key of a map.
fn text(field: Field) -> String {
    match field {
        Field::Str(text) => text,
        other => other.to_string(),
    }
}

fn bad(panic: String) -> Fault {
    Fault::BadParquet { why: panic }
}

fn why(error: &ParquetError) -> Fault {
    let words = error.to_string();
    let words = words.strip_prefix("Parquet error: ").unwrap_or(&words);
    Fault::BadParquet { why: words.chars().take(SHOWN).collect() }
}

/// How many characters of a reader's words are shown.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_unpacks_without_end_is_given_up() {
        let of = |bytes: usize| Map::from_iter([("question".to_owned(), Value::from("x".repeat(bytes)))]);
        let told = |rows: &mut Rows, row: &Map<String, Value>| rows.count(row).map_err(|fault| fault.to_string());
        let mut rows = Rows { rows: None, number: 1, bytes: 0 };
        let row = of(1 << 20);
        let fine = (0..1023).all(|_| told(&mut rows, &row).is_ok());
        assert!(fine && told(&mut rows, &row).is_err_and(|why| why.contains("it unpacks to more than 1024 MiB")));
        let mut rows = Rows { rows: None, number: MOST_ROWS, bytes: 0 };
        assert_eq!(told(&mut rows, &of(1)), Ok(()));
        rows.number += 1;
        assert!(told(&mut rows, &of(1)).is_err_and(|why| why.contains("it unpacks to more than 10000000 rows")));
    }
}
