//! The formats of data: that they say the same, and what is told of each when it is broken.

use super::*;
use crate::spec::Format;
use serde_json::{Value, json};

const HEADER: &str = "link,number,passage,question,a,b,answer\n";

fn parsed(text: &str, format: Format) -> Result<Vec<Item>, ItemErrors> {
    read("x", text.as_bytes(), &Data { format, ..data() }, "l", 2)
}

/// The report, without its first line and indentation.
fn told(text: &str, format: Format) -> String {
    let report = parsed(text, format).expect_err("a broken file").to_string();
    report.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(text: &str, format: Format, expected: &str) {
    assert_eq!(told(text, format), expected);
}

fn csv_told(rows: &str) -> String {
    told(&format!("{HEADER}{rows}"), Format::Csv)
}

/// One set of rows in every format. Texts with tabs, line breaks or quotes about them are not for TSV.
fn written(rows: &[Vec<String>], format: Format) -> String {
    let names: Vec<&str> = HEADER.trim_end().split(',').collect();
    let objects = rows
        .iter()
        .map(|row| Value::Object(names.iter().map(|&n| n.to_owned()).zip(row.iter().map(|v| json!(v))).collect()));
    match format {
        Format::Jsonl => objects.map(|row| format!("{row}\n")).collect(),
        Format::Json => serde_json::to_string_pretty(&Value::Array(objects.collect())).expect("JSON"),
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&names).expect("in memory");
            rows.iter().for_each(|row| writer.write_record(row).expect("in memory"));
            String::from_utf8(writer.into_inner().expect("in memory")).expect("UTF-8")
        }
        Format::Parquet => unreachable!("it is no text"),
        Format::Tsv => {
            let header = names.join("\t");
            std::iter::once(header).chain(rows.iter().map(|row| row.join("\t"))).map(|line| line + "\r\n").collect()
        }
    }
}

fn row(texts: [&str; 7]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn every_format_gives_the_same_items() {
    let rows = [
        row(["p", "1", "A, b; c.", "\"Who\" is it?", " one ", "e\u{301}", "2"]),
        row(["p", "2", "ש'ל \"x", "Ü?", "a|b", "\\", " 1 "]),
    ];
    let expected = parsed(&written(&rows, Format::Jsonl), Format::Jsonl).expect("good rows");
    assert_eq!((expected.len(), expected[0].options[1].as_str()), (2, "é"));
    for format in [Format::Json, Format::Csv, Format::Tsv] {
        assert_eq!(parsed(&written(&rows, format), format), Ok(expected.clone()), "{format:?}");
        let marked = format!("\u{feff}{}", written(&rows, format));
        assert_eq!(parsed(&marked, format), Ok(expected.clone()), "{format:?} with a byte order mark");
    }
}

#[test]
fn numbers_and_texts_make_the_same_item() {
    let number = GOOD.replace("\"2\"", "2");
    let csv = format!("{HEADER}p,1,P,Q,yes,no,2\n");
    assert_eq!(parsed(&csv, Format::Csv), parsed(&format!("[{number}]"), Format::Json));
}

#[test]
fn rows_may_be_the_only_list_of_an_object() {
    let items = parsed(&format!("[{GOOD}]"), Format::Json);
    assert_eq!(parsed(&format!(r#"{{"version": "1.0", "about": {{}}, "rows": [{GOOD}]}}"#), Format::Json), items);
    check(
        r#"{"train": [], "test": []}"#,
        Format::Json,
        "the file holds an object with several lists, `train`, `test`, where one list of rows is expected; write a JSON \
         list of objects, or an object in which one field alone is a list",
    );
    let told = told(GOOD, Format::Json);
    assert!(told.starts_with("the file holds an object without a list where one list of rows is expected"), "{told}");
}

#[test]
fn rows_of_a_list_are_counted() {
    let bad = GOOD.replace("number\": 1", "number\": 2").replace("\"2\"", "\"C\"");
    check(
        &format!("[\n{GOOD},\n\n{bad}, 7,\n{GOOD}]"),
        Format::Json,
        "row 2: field `answer` holds \"C\", but must hold the number of the right option, from 1 to 2; correct the row, or say \
         with `answer_as` how the data write it: `number` from 1, `index` from 0, `letter`, `text`\n\
         row 3: a number where a JSON object is expected; every element of the list must be one object\n\
         row 4: the key `p|1` stands in row 1 already; remove one of the rows, or add a field to `key` that tells them apart",
    );
}

#[test]
fn json_that_is_cut_or_is_really_jsonl_is_told() {
    check(
        &format!("[\n{GOOD},\n{}", &GOOD[..40]),
        Format::Json,
        "line 3: the file ends before its JSON does (EOF while parsing a string); check that the download or the script \
         that wrote it was complete",
    );
    check(
        &format!("{GOOD}\n{GOOD}\n"),
        Format::Json,
        "line 2: not valid JSON at column 1: trailing characters; the file must be one list of objects; for one object a \
         line write `format = \"jsonl\"`",
    );
    let told = told(&format!("[\n{GOOD}\n]"), Format::Jsonl);
    assert!(told.contains("line 1: not valid JSON") && told.contains("write `format = \"json\"`"), "{told}");
}

#[test]
fn a_row_without_an_option_is_told_in_each_format() {
    let row = r#"{"link": "p", "number": 1, "passage": "P", "question": "Q", "a": "yes", "answer": "2"}"#;
    let missing = "there is no field `b`; the row has `link`, `number`, `passage`, `question`, `a`, `answer`: name one of \
                   these in the spec's `[data]`, or add the field";
    check(row, Format::Jsonl, &format!("line 1: {missing}"));
    check(&format!("[{row}]"), Format::Json, &format!("row 1: {missing}"));
    check("link,number,passage,question,a,answer\np,1,P,Q,yes,2\n", Format::Csv, &format!("line 2: {missing}"));
    assert_eq!(csv_told("p,1,P,Q,yes,,2"), "line 2: field `b` is empty; fill it in or remove the row");
}

#[test]
fn a_row_of_a_table_is_known_by_the_line_on_which_it_begins() {
    let rows = "p,1,\"two\nlines\",Q,yes,no,2\r\n\n\"p\",2,\"a\r\nb\n\nc\",Q,yes,no,5\np,1,P,Q,yes,no,1";
    assert_eq!(
        csv_told(rows),
        "line 5: field `answer` holds \"5\", but must hold the number of the right option, from 1 to 2; correct the row, or say \
         with `answer_as` how the data write it: `number` from 1, `index` from 0, `letter`, `text`\n\
         line 9: the key `p|1` stands in line 2 already; remove one of the rows, or add a field to `key` that tells them \
         apart"
    );
}

#[test]
fn a_row_with_too_few_or_too_many_values_is_told() {
    assert_eq!(
        csv_told("p,1,P,Q,yes,2\np,2,P,Q, who?,yes,no,2\n"),
        "line 2: the row has 6 values, but the first line names 7 columns; a text with a comma or a line break in it goes \
         in double quotes\n\
         line 3: the row has 8 values, but the first line names 7 columns; a text with a comma or a line break in it goes \
         in double quotes"
    );
    let text = format!("{}p\t1\tP\tQ\tyes\tno\n", HEADER.replace(',', "\t"));
    check(
        &text,
        Format::Tsv,
        "line 2: the row has 6 values, but the first line names 7 columns; a text with a tab or a line break in it cannot \
         stand in TSV: save the file as CSV",
    );
}

#[test]
fn a_quote_out_of_place_is_told_and_reading_goes_on() {
    assert_eq!(
        csv_told(
            "p,1,P,5\" wide,yes,no,2\np,2,\"P \"x\" y\",Q,yes,no,2\np,3,P,Q,yes,no,7\np,4,P,\"Q,yes,no,2\np,5,P,Q,yes,no,2"
        ),
        "line 2: a double quote inside value 4; put the whole value in double quotes and write each quote inside as two\n\
         line 3: a double quote inside value 3; put the whole value in double quotes and write each quote inside as two\n\
         line 4: field `answer` holds \"7\", but must hold the number of the right option, from 1 to 2; correct the row, or say \
         with `answer_as` how the data write it: `number` from 1, `index` from 0, `letter`, `text`\n\
         line 5: the double quote that opens value 4 is never closed; close it, or write a quote inside as two"
    );
}

#[test]
fn in_tsv_a_quote_is_a_quote_unless_it_may_be_quoting() {
    let text = |question: &str| format!("{}p\t1\tP\t{question}\tyes\tno\t2\n", HEADER.replace(',', "\t"));
    for question in ["5\" wide", "\"Yes\" or \"no\"?", "\""] {
        assert_eq!(parsed(&text(question), Format::Tsv).expect(question)[0].question, question);
    }
    for question in ["\"Who?\"", "\"\"\"Who\"\" is it?\""] {
        check(
            &text(question),
            Format::Tsv,
            "line 2: field `question` is a text in double quotes, and programs differ on whether they belong to a text in \
             TSV; write `quotes = \"csv\"` under `[data]` if they do not, `\"plain\"` if they do",
        );
    }
}

#[test]
fn a_table_begins_with_column_names() {
    check(
        "p;1;P;Q;yes;no;2\np;2;P;Q;yes;no;2",
        Format::Csv,
        "line 1: none of the fields that the spec names is a column of this line (`p;1;P;Q;yes;no;2`); the file must begin \
         with a line of column names, with commas between them",
    );
    check("a,b,,a,\n1,2,3,4,5", Format::Csv, "line 1: two columns are called `a`; rename or remove one of them");
    let index = format!(",{}0,p,1,P,Q,yes,no,2\n", HEADER);
    assert_eq!(parsed(&index, Format::Csv).map(|items| items.len()), Ok(1), "a column without a name is passed over");
    check(
        "\"a,b\np,1",
        Format::Csv,
        "line 1: the double quote that opens value 1 is never closed; close it, or write a quote inside as two",
    );
}

#[test]
fn a_table_has_no_lists() {
    let mut data = Data { format: Format::Csv, ..data() };
    data.fields.options = vec!["a".to_owned()];
    let text = format!("{HEADER}p,1,P,Q,\"['yes', 'no']\",no,2");
    let fault = read("x", text.as_bytes(), &data, "l", 2).expect_err("no list").problems.remove(0).fault;
    assert_eq!(
        fault.to_string(),
        "column `a` holds a text, since a table has no lists; name two to ten columns, one for each option, as `options` \
         in the spec"
    );
}

#[test]
fn a_file_without_rows_is_told_in_each_format() {
    let expected = "the file has no rows; check that the download or the script that wrote it was complete";
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Tsv] {
        check("", format, expected);
        check("\u{feff} \r\n", format, expected);
    }
    check("[]", Format::Json, expected);
    check(HEADER, Format::Csv, expected);
}

#[test]
fn utf16_is_known_by_its_mark() {
    let errors = read("x", b"\xff\xfe[\0]\0", &Data { format: Format::Json, ..data() }, "l", 2).expect_err("UTF-16");
    assert_eq!(errors.problems, [Problem { place: Place::File, more: 0, fault: Fault::Utf16 }]);
}

/// Anything that is slower than its length would take minutes here.
#[test]
fn large_files_take_time_by_their_length() {
    let rows: Vec<_> = (0..5_000).map(|n| row(["p", &n.to_string(), "\"P\", he said", "Q", "y", "n", "2"])).collect();
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Tsv] {
        assert_eq!(parsed(&written(&rows, format), format).map(|items| items.len()), Ok(rows.len()));
    }
    let quotes = "\"\n,".repeat(50_000);
    assert!(parsed(&format!("{HEADER}{quotes}"), Format::Csv).is_err());
    assert!(parsed(&"{\n".repeat(50_000), Format::Jsonl).is_err());
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Jsonl), Just(Format::Json), Just(Format::Csv), Just(Format::Tsv)]
}

proptest! {
    #[test]
    fn nothing_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), format in format()) {
        let _ = read("x", &bytes, &Data { format, ..data() }, "l", 2).map_err(|errors| errors.to_string());
    }

    #[test]
    fn nothing_panics_on_odd_tables(text in "[a-b,\t\"\r\né]{0,60}", format in format()) {
        let _ = parsed(&format!("{HEADER}{text}"), format).map_err(|errors| errors.to_string());
    }

    #[test]
    fn what_another_program_writes_as_csv_reads_as_what_json_says(
        texts in proptest::collection::vec(proptest::collection::vec("[a-c,;\t\"\r\né ]{0,6}x", 4), 1..6)
    ) {
        let rows: Vec<Vec<String>> = texts.iter().enumerate().map(|(number, texts)| {
            let [passage, question, a, b] = &texts[..] else { unreachable!("four texts") };
            row(["p", &number.to_string(), passage, question, a, b, "1"])
        }).collect();
        let expected = parsed(&written(&rows, Format::Jsonl), Format::Jsonl);
        prop_assert!(expected.is_ok());
        prop_assert_eq!(&parsed(&written(&rows, Format::Json), Format::Json), &expected);
        prop_assert_eq!(&parsed(&written(&rows, Format::Csv), Format::Csv), &expected);
    }
}
