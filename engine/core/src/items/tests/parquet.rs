//! Parquet says what the same rows say in JSON; of damaged and odd files it is told what is wrong.

use super::*;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// The values of a column of one row group.
enum Column<'a> {
    Texts(&'a [Option<&'a str>]),
    Lists(&'a [&'a [&'a str]]),
    Whole(&'a [i64]),
    Real(&'a [f64]),
    Yes(&'a [bool]),
}

impl Column<'_> {
    fn write(&self, group: &mut SerializedRowGroupWriter<'_, Vec<u8>>) {
        let mut writer = group.next_column().expect("a column").expect("one more column");
        let bytes = |text: &str| ByteArray::from(text.as_bytes().to_vec());
        let written = match self {
            Column::Texts(texts) => {
                let there: Vec<ByteArray> = texts.iter().flatten().map(|text| bytes(text)).collect();
                let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
                writer.typed::<ByteArrayType>().write_batch(&there, Some(&levels), None)
            }
            Column::Lists(lists) => {
                let all: Vec<ByteArray> = lists.iter().copied().flatten().map(|text| bytes(text)).collect();
                let repeated: Vec<i16> =
                    lists.iter().flat_map(|list| (0..list.len()).map(|at| i16::from(at > 0))).collect();
                writer.typed::<ByteArrayType>().write_batch(&all, Some(&vec![1; all.len()]), Some(&repeated))
            }
            Column::Whole(numbers) => writer.typed::<Int64Type>().write_batch(numbers, None, None),
            Column::Real(numbers) => writer.typed::<DoubleType>().write_batch(numbers, None, None),
            Column::Yes(values) => writer.typed::<BoolType>().write_batch(values, None, None),
        };
        written.expect("in memory");
        writer.close().expect("in memory");
    }
}

/// A file with these columns and row groups.
fn file(schema: &str, compression: Compression, groups: &[&[Column<'_>]]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message rows {{ {schema} }}")).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("in memory");
    for columns in groups {
        let mut group = writer.next_row_group().expect("in memory");
        columns.iter().for_each(|column| column.write(&mut group));
        group.close().expect("in memory");
    }
    writer.into_inner().expect("in memory")
}

const SCHEMA: &str = "optional binary link (UTF8); required int64 number; optional binary passage (UTF8);
    optional binary question (UTF8); required group options (LIST) { repeated group list { required binary element (UTF8); } }
    required int64 answer;";

/// Two row groups with a row and two.
fn quiz(compression: Compression) -> Vec<u8> {
    let first = [
        Column::Texts(&[Some("p")]),
        Column::Whole(&[1]),
        Column::Texts(&[Some("A, b; c.")]),
        Column::Texts(&[Some("\"Who\"\nis it?")]),
        Column::Lists(&[&[" one ", "e\u{301}"]]),
        Column::Whole(&[2]),
    ];
    let second = [
        Column::Texts(&[Some("p"), Some("ש'ל \"x")]),
        Column::Whole(&[2, 1]),
        Column::Texts(&[Some("P"), Some("\t")].map(|text| text.map(|text| if text == "\t" { "Q\tR" } else { text }))),
        Column::Texts(&[Some("Ü?"), Some("Q")]),
        Column::Lists(&[&["a|b", "\\"], &["yes", "no"]]),
        Column::Whole(&[1, 2]),
    ];
    file(SCHEMA, compression, &[&first, &second])
}

const LINES: &str = r#"{"link": "p", "number": 1, "passage": "A, b; c.", "question": "\"Who\"\nis it?", "options": [" one ", "é"], "answer": 2}
{"link": "p", "number": 2, "passage": "P", "question": "Ü?", "options": ["a|b", "\\"], "answer": 1}
{"link": "ש'ל \"x", "number": 1, "passage": "Q\tR", "question": "Q", "options": ["yes", "no"], "answer": 2}"#;

fn listed() -> Data {
    let mut data = data();
    data.fields.options = vec!["options".to_owned()];
    data
}

fn parsed(bytes: &[u8], data: Data) -> Result<Vec<Item>, ItemErrors> {
    read("x", bytes, &Data { format: Format::Parquet, ..data }, "l", 2)
}

/// The report, without its first line and indentation.
fn told(bytes: &[u8], data: Data) -> String {
    let report = parsed(bytes, data).expect_err("a broken file").to_string();
    report.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn rows_are_the_items_that_they_are_in_json() {
    let expected = read("x", LINES.as_bytes(), &listed(), "l", 2).expect("good rows");
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
        assert_eq!(parsed(&quiz(compression), listed()), Ok(expected.clone()), "{compression}");
    }
}

#[test]
fn what_is_wrong_with_a_row_is_told_as_in_json() {
    let schema = "optional binary link (UTF8); required double number; required boolean passage; optional binary question (UTF8);
        required group a { required binary x (UTF8); } optional binary b (UTF8); required int64 answer;";
    let columns = [
        Column::Texts(&[None, Some("p")]),
        Column::Real(&[1.5, 2.0]),
        Column::Yes(&[true, false]),
        Column::Texts(&[Some(" "), Some("Q")]),
        Column::Texts(&[Some("x"), Some("y")]),
        Column::Texts(&[Some("x"), Some("y")]),
        Column::Whole(&[1, -3]),
    ];
    // The group's own level is the column's: it is required, and so is the text in it.
    let bytes = file(&schema.replace("required binary x", "optional binary x"), Compression::SNAPPY, &[&columns]);
    let json = r#"[
        {"link": null, "number": 1.5, "passage": true, "question": " ", "a": {"x": "x"}, "b": "x", "answer": 1},
        {"link": "p", "number": 2.0, "passage": false, "question": "Q", "a": {"x": "y"}, "b": "y", "answer": -3}]"#;
    let expected = read("x", json.as_bytes(), &Data { format: Format::Json, ..data() }, "l", 2).expect_err("bad rows");
    assert_eq!(parsed(&bytes, data()), Err(expected));
}

#[test]
fn a_column_that_is_not_there_is_told_once_with_all_that_are() {
    let bytes = quiz(Compression::SNAPPY);
    assert_eq!(
        told(&bytes, data()),
        "there is no field `a`; the row has `link`, `number`, `passage`, `question`, `options`, `answer`: name one of these in \
         the spec's `[data]`, or add the field\n\
         there is no field `b`; the row has `link`, `number`, `passage`, `question`, `options`, `answer`: name one of these in \
         the spec's `[data]`, or add the field"
    );
}

#[test]
fn columns_that_the_spec_does_not_name_may_hold_anything() {
    let schema = format!("{SCHEMA} optional binary picture; required int64 day (TIMESTAMP_MICROS);");
    let row: [Column<'_>; 8] = [
        Column::Texts(&[Some("p")]),
        Column::Whole(&[1]),
        Column::Texts(&[Some("P")]),
        Column::Texts(&[Some("Q")]),
        Column::Lists(&[&["yes", "no"]]),
        Column::Whole(&[2]),
        Column::Texts(&[Some("\u{0}")]),
        Column::Whole(&[1]),
    ];
    let bytes = file(&schema, Compression::SNAPPY, &[&row]);
    assert_eq!(parsed(&bytes, listed()).map(|items| items.len()), Ok(1));
    let asks = |field: &str| {
        let mut data = listed();
        data.fields.extra.insert("more".to_owned(), field.to_owned());
        told(&bytes, data)
    };
    let neither = "which is neither a text nor a number; write it as a text";
    assert_eq!(asks("picture"), format!("column `picture` holds bytes, {neither}"));
    assert_eq!(asks("day"), format!("column `day` holds a time, {neither}"));
}

#[test]
fn what_is_no_parquet_or_half_of_it_is_told() {
    let bytes = quiz(Compression::SNAPPY);
    let html = told(b"<html>please log in</html>", listed());
    assert_eq!(html, "the file is not Parquet, which begins with `PAR1`; say with `format` how its rows are written");
    for end in [4, 100, bytes.len() - 1] {
        let cut = told(&bytes[..end], listed());
        assert!(cut.starts_with("the file begins as Parquet, but does not end so; check that the download"), "{cut}");
    }
    assert!(told(b"", listed()).starts_with("the file has no rows"));
    let empty = file(SCHEMA, Compression::SNAPPY, &[]);
    assert!(told(&empty, listed()).starts_with("the file has no rows"));
    let text = told(LINES.as_bytes(), listed());
    assert!(text.starts_with("the file is not Parquet"), "{text}");
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    for compression in [Compression::UNCOMPRESSED, Compression::ZSTD(ZstdLevel::default())] {
        let bytes = quiz(compression);
        // All bytes, and three bits of each, take ten seconds.
        for at in (4..bytes.len() - 4).step_by(13) {
            let mut damaged = bytes.clone();
            damaged[at] ^= if at % 2 == 0 { 0x01 } else { 0xff };
            // Some bytes say nothing that is read, and in text one letter is as good as another.
            let _ = parsed(&damaged, listed());
        }
        let mut damaged = bytes.clone();
        let footer = bytes.len() - 8;
        damaged[footer..footer + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        let words = told(&damaged, listed());
        assert!(words.starts_with("the file cannot be read as Parquet ("), "{words}");
    }
}
