mod formats;
mod parquet;
mod shapes;

use super::*;
use crate::spec::{AnswerAs, Fields, FileRef, Source, SplitBy};
use proptest::prelude::*;

pub(crate) fn data() -> Data {
    let text = |text: &str| text.to_owned();
    Data {
        name: text("demo"),
        file: FileRef { source: Source::Local { path: text("x.jsonl") }, sha256: None, size: None },
        codes: BTreeMap::new(),
        format: crate::spec::Format::Jsonl,
        quotes: None,
        key: vec![text("link"), text("number")],
        group: vec![text("link")],
        fields: Fields {
            passage: Some(text("passage")),
            question: text("question"),
            options: vec![text("a"), text("b")],
            choices: Vec::new(),
            answer: text("answer"),
            answer_as: AnswerAs::Number,
            extra: BTreeMap::new(),
        },
        split: None,
    }
}

const GOOD: &str =
    r#"{"link": "p", "number": 1, "passage": "P", "question": "Q", "a": "yes", "b": "no", "answer": "2"}"#;

fn read_rows(rows: &[&str]) -> Result<Vec<Item>, ItemErrors> {
    read("x.jsonl", rows.join("\n").as_bytes(), &data(), "eng_Latn", 2)
}

/// The faults of one row.
fn faults(row: &str) -> Vec<Fault> {
    let errors = read_rows(&[GOOD, row]).expect_err("a bad row");
    assert!(errors.problems.iter().all(|problem| problem.place == Place::Line(2)), "{errors}");
    errors.problems.into_iter().map(|problem| problem.fault).collect()
}

#[test]
fn a_row_becomes_an_item() {
    let items = read_rows(&[GOOD]).expect("a good row");
    let expected = Item {
        key: "p|1".to_owned(),
        group: "p".to_owned(),
        language: "eng_Latn".to_owned(),
        passage: Some("P".to_owned()),
        question: "Q".to_owned(),
        options: vec!["yes".to_owned(), "no".to_owned()],
        answer: 1,
        extra: BTreeMap::new(),
        part: None,
    };
    assert_eq!(items, [expected]);
}

#[test]
fn answers_count_from_one_as_number_or_text() {
    for (written, index) in [("1", 0), ("2", 1), ("\"1\"", 0), ("\" 2 \"", 1)] {
        let row = GOOD.replace("\"2\"", written);
        assert_eq!(read_rows(&[&row]).expect(written)[0].answer, index);
    }
    for written in ["0", "3", "-1", "1.5", "\"A\"", "\"\""] {
        let row = GOOD.replace("\"2\"", written).replace("number\": 1", "number\": 9");
        let wanted = "the number of the right option, from 1 to 2".to_owned();
        let expected = Fault::Answer { field: "answer".to_owned(), found: written.to_owned(), wanted };
        assert_eq!(faults(&row), [expected]);
    }
}

#[test]
fn texts_are_normalized() {
    let row = GOOD.replace("\"Q\"", "\"e\\u0301\"").replace("\"p\"", "\"o\\u0308\"").replace("yes", "a\\u030a");
    let item = &read_rows(&[&row]).expect("a good row")[0];
    assert_eq!((item.question.as_str(), item.key.as_str(), item.options[0].as_str()), ("é", "ö|1", "å"));
}

#[test]
fn keys_that_differ_by_composition_only_are_duplicates() {
    let rows = [GOOD.replace("\"p\"", "\"\\u00e9\""), GOOD.replace("\"p\"", "\"e\\u0301\"")];
    let errors = read_rows(&[&rows[0], "", &rows[1]]).expect_err("duplicates");
    let fault = Fault::DuplicateKey { key: "é|1".to_owned(), first: Place::Line(1) };
    assert_eq!(errors.problems, [Problem { place: Place::Line(3), more: 0, fault }]);
}

#[test]
fn empty_lines_carriage_returns_and_a_byte_order_mark_are_passed_over() {
    let text = format!("\u{feff}\r\n{GOOD}\r\n\r\n");
    assert_eq!(read("x", text.as_bytes(), &data(), "l", 2).map(|items| items.len()), Ok(1));
}

#[test]
fn options_may_be_one_list() {
    let mut data = data();
    data.fields.options = vec!["options".to_owned()];
    let row = GOOD.replace(r#""a": "yes", "b": "no""#, r#""options": ["yes", "no"]"#);
    assert_eq!(read("x", row.as_bytes(), &data, "l", 2).expect("good")[0].options, ["yes", "no"]);
    let fault =
        |row: &str, labels| read("x", row.as_bytes(), &data, "l", labels).expect_err("bad").problems.remove(0).fault;
    assert_eq!(fault(&row, 4), Fault::OptionCount { found: 2, labels: 4 });
    assert_eq!(fault(&row.replace("\"no\"", "\" \""), 2), Fault::Empty { field: "options[1]".to_owned() });
    assert_eq!(
        fault(&row.replace(r#"["yes", "no"]"#, "7"), 2),
        Fault::WrongType { field: "options".to_owned(), wanted: "a list of texts", found: "a number" }
    );
}

#[test]
fn without_group_fields_a_question_is_its_own_group() {
    let mut data = data();
    data.group.clear();
    assert_eq!(read("x", GOOD.as_bytes(), &data, "l", 2).expect("good")[0].group, "p|1");
}

#[test]
fn the_part_is_read_where_the_split_names_a_field() {
    let mut data = data();
    data.split = Some(Split::Field { field: "fold".to_owned() });
    let row = GOOD.replace("\"link\"", "\"fold\": \"dev\", \"link\"");
    assert_eq!(read("x", row.as_bytes(), &data, "l", 2).expect("good")[0].part.as_deref(), Some("dev"));
    let errors = read("x", GOOD.as_bytes(), &data, "l", 2).expect_err("no field `fold`");
    assert!(matches!(&errors.problems[0].fault, Fault::Missing { field, .. } if field == "fold"));
    data.split = Some(Split::Drawn { by: SplitBy::Question, train: 0, test: 1, seed: 0, allow_shared_passages: true });
    assert_eq!(read("x", GOOD.as_bytes(), &data, "l", 2).expect("good")[0].part, None);
}

#[test]
fn every_fault_of_a_row_is_told() {
    let row = r#"{"link": null, "number": 1.5, "question": "", "a": "x", "b": ["y"], "answer": 2}"#;
    let present = "link`, `number`, `question`, `a`, `b`, `answer".to_owned();
    let wrong = |field: &str, wanted, found| Fault::WrongType { field: field.to_owned(), wanted, found };
    let id = "a text or a whole number";
    assert_eq!(
        faults(row),
        [
            wrong("link", id, "null"),
            wrong("number", id, "a number"),
            Fault::Missing { field: "passage".to_owned(), present },
            Fault::Empty { field: "question".to_owned() },
            wrong("b", "a text", "a list"),
        ]
    );
}

#[test]
fn what_is_no_object_is_told() {
    let wanted = "every line must be one JSON object; for a file that is one list write `format = \"json\"`";
    assert_eq!(faults("[1]"), [Fault::NotAnObject { found: "a list", wanted }]);
    let why = "EOF while parsing an object".to_owned();
    assert_eq!(faults(r#"{"a": 1"#), [Fault::NotJson { column: 7, why, wanted }]);
}

#[test]
fn what_is_not_utf8_is_told_with_everything_else() {
    let bytes = [GOOD.as_bytes(), b"\n\xff\n", GOOD.replace("\"2\"", "9").as_bytes(), b"\n\"\xff\xff\""].concat();
    let errors = read("x", &bytes, &data(), "l", 2).expect_err("not UTF-8");
    let told: Vec<_> = errors.problems.iter().map(|problem| (problem.place, problem.more, &problem.fault)).collect();
    assert_eq!(told[0], (Place::Line(2), 1, &Fault::NotUtf8));
    assert!(told.iter().any(|(place, _, fault)| *place == Place::Line(3) && matches!(fault, Fault::Answer { .. })));
    assert!(told.is_sorted_by_key(|(place, ..)| place), "{errors}");
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n \n"] {
        let errors = read_rows(&[text]).expect_err("no rows");
        assert_eq!(errors.problems[0].fault, Fault::NoRows);
    }
}

#[test]
fn the_report_names_file_line_field_and_remedy_and_counts_the_rest() {
    let same = GOOD.replace("\"question\"", "\"query\"");
    let mut rows: Vec<String> = (2..30)
        .map(|number| GOOD.replace("1,", &format!("{number},")).replace("\"2\"", &format!("{number}0")))
        .collect();
    rows.insert(0, same.clone());
    rows.push(same);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let errors = read_rows(&rows).expect_err("bad rows");
    assert_eq!((errors.count, errors.problems.len()), (30, 20));
    let text = errors.to_string();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("x.jsonl: 30 problems, so no row was used"));
    assert_eq!(
        lines.next(),
        Some(
            "  line 1 and 1 more: there is no field `question`; the row has `link`, `number`, `passage`, `query`, `a`, \
             `b`, `answer`: name one of these in the spec's `[data]`, or add the field"
        )
    );
    assert_eq!(
        lines.next(),
        Some(
            "  line 2: field `answer` holds 20, but must hold the number of the right option, from 1 to 2; correct the row, \
             or say with `answer_as` how the data write it: `number` from 1, `index` from 0, `letter`, `text`"
        )
    );
    assert_eq!(lines.last(), Some("  and 9 other problems"));
}

#[test]
fn a_separator_in_a_key_field_separates_nothing() {
    let texts = |texts: [&str; 2]| join(texts.map(str::to_owned).into_iter());
    assert_eq!(texts(["a|b", "c\\"]), r"a\|b|c\\");
    assert_ne!(texts(["a|b", "c"]), texts(["a", "b|c"]));
    assert_ne!(texts(["a\\", "b"]), texts(["a", "\\b"]));
}

proptest! {
    #[test]
    fn different_key_fields_make_different_keys(
        a in proptest::collection::vec("[ab|\\\\]{0,4}", 2),
        b in proptest::collection::vec("[ab|\\\\]{0,4}", 2),
    ) {
        prop_assert_eq!(a == b, join(a.iter().cloned()) == join(b.iter().cloned()));
    }
}
