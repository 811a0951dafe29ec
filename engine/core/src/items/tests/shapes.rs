//! What data may look like beyond fields of options and a number: how the answer is written, fixed options, further fields,
//! rows without an identifier, tables that quote.

use super::*;
use crate::spec::{AnswerAs, Format, Quotes};

fn with(change: impl FnOnce(&mut Data)) -> Data {
    let mut data = data();
    change(&mut data);
    data
}

fn gold(data: &Data, written: &str) -> Result<usize, String> {
    let row = GOOD.replace("\"2\"", written);
    let read = read("x", row.as_bytes(), data, "l", 2);
    read.map(|items| items[0].answer).map_err(|errors| errors.problems[0].fault.to_string())
}

#[track_caller]
fn refused(data: &Data, written: &str, words: &str) {
    let told = gold(data, written).expect_err(written);
    assert!(told.contains(words), "{told}");
}

#[test]
fn an_answer_may_count_from_zero() {
    let data = with(|data| data.fields.answer_as = AnswerAs::Index);
    for (written, at) in [("0", 0), ("1", 1), ("\"0\"", 0), ("\" 1\"", 1)] {
        assert_eq!(gold(&data, written), Ok(at), "{written}");
    }
    for written in ["2", "-1", "0.5", "\"B\""] {
        refused(
            &data,
            written,
            &format!("`answer` holds {written}, but must hold the index of the right option, from 0 to 1;"),
        );
    }
}

#[test]
fn an_answer_may_be_a_letter() {
    let data = with(|data| data.fields.answer_as = AnswerAs::Letter);
    for (written, at) in [("\"A\"", 0), ("\"B\"", 1), ("\" B \"", 1)] {
        assert_eq!(gold(&data, written), Ok(at), "{written}");
    }
    for written in ["\"C\"", "\"a\"", "\"1\"", "\"AB\"", "\"Б\""] {
        refused(
            &data,
            written,
            &format!("holds {written}, but must hold the letter of the right option, from A to B;"),
        );
    }
    refused(&data, "1", "holds a number, but must hold a text");
}

#[test]
fn an_answer_may_be_the_text_of_an_option() {
    let data = with(|data| data.fields.answer_as = AnswerAs::Text);
    assert_eq!((gold(&data, "\"no\""), gold(&data, "\" yes\"")), (Ok(1), Ok(0)));
    refused(&data, "\"No\"", "holds \"No\", but must hold the text of an option, one of `yes`, `no`;");
    refused(&data, "2", "holds a number, but must hold a text");
    let composed = GOOD.replace("\"yes\"", "\"e\\u0301\"").replace("\"2\"", "\"é\"");
    assert_eq!(read("x", composed.as_bytes(), &data, "l", 2).expect("good")[0].answer, 0);
    let twice = GOOD.replace("\"yes\"", "\"no\"").replace("\"2\"", "\"no\"");
    let fault = read("x", twice.as_bytes(), &data, "l", 2).expect_err("two").problems.remove(0).fault;
    assert_eq!(fault, Fault::TwoAnswers { field: "answer".to_owned(), found: "no".to_owned() });
}

#[test]
fn where_options_are_bad_the_answer_is_not_blamed_for_naming_none() {
    let data = with(|data| data.fields.answer_as = AnswerAs::Text);
    let row = GOOD.replace("\"no\"", "7").replace("\"2\"", "\"seven\"");
    let errors = read("x", row.as_bytes(), &data, "l", 2).expect_err("a bad option");
    assert_eq!(errors.count, 1, "{errors}");
}

#[test]
fn options_may_be_the_same_for_every_row() {
    let data = with(|data| {
        data.fields.options.clear();
        data.fields.choices = vec!["wahr".to_owned(), "fu\u{308}r".to_owned()];
        data.fields.answer_as = AnswerAs::Text;
    });
    let row = r#"{"link": "p", "number": 1, "passage": "P", "question": "Q", "answer": "für"}"#;
    let item = &read("x", row.as_bytes(), &data, "l", 2).expect("good")[0];
    assert_eq!((item.options.as_slice(), item.answer), (["wahr".to_owned(), "für".to_owned()].as_slice(), 1));
    let fault = read("x", row.as_bytes(), &data, "l", 3).expect_err("three labels").problems.remove(0).fault;
    assert_eq!(fault, Fault::OptionCount { found: 2, labels: 3 });
}

#[test]
fn further_fields_are_read_under_their_names() {
    let data = with(|data| {
        data.fields.extra = [("of", "subject"), ("year", "year")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    });
    let row = GOOD.replace("\"answer\"", "\"subject\": \"law\", \"year\": 2024, \"answer\"");
    let extra = &read("x", row.as_bytes(), &data, "l", 2).expect("good")[0].extra;
    assert_eq!((extra["of"].as_str(), extra["year"].as_str()), ("law", "2024"));
    let missing = row.replace("\"subject\": \"law\", ", "");
    let fault = read("x", missing.as_bytes(), &data, "l", 2).expect_err("no subject").problems.remove(0).fault;
    assert!(matches!(&fault, Fault::Missing { field, .. } if field == "subject"), "{fault}");
}

#[test]
fn a_row_may_be_known_by_its_number() {
    let data = with(|data| (data.key, data.group) = (vec![ROW.to_owned()], Vec::new()));
    let keys = |text: &str, data: &Data| -> Vec<String> {
        read("x", text.as_bytes(), data, "l", 2).expect("good").into_iter().map(|item| item.key).collect()
    };
    assert_eq!(keys(&format!("\n{GOOD}\n\n{GOOD}\n"), &data), ["1", "2"], "rows, not lines");
    let table = Data { format: Format::Csv, ..data.clone() };
    assert_eq!(keys("passage,question,a,b,answer\nP,Q,y,n,1\nP,Q,y,n,2\n", &table), ["1", "2"]);
    let bad = format!("{GOOD}\n{}\n{GOOD}", GOOD.replace("\"2\"", "9"));
    assert_eq!(read("x", bad.as_bytes(), &data, "l", 2).expect_err("bad").problems[0].place, Place::Line(2));
}

#[test]
fn tsv_quotes_where_the_spec_says_so() {
    let text = "link\tnumber\tpassage\tquestion\ta\tb\tanswer\np\t1\tP\t\"\"\"Who\"\", he said\"\tyes\tno\t2\n";
    let question = |quotes, text: &str| {
        let data = with(|data| (data.format, data.quotes) = (Format::Tsv, quotes));
        read("x", text.as_bytes(), &data, "l", 2).map(|items| items[0].question.clone())
    };
    assert_eq!(question(Some(Quotes::Csv), text).as_deref(), Ok("\"Who\", he said"));
    assert_eq!(question(Some(Quotes::Plain), text).as_deref(), Ok("\"\"\"Who\"\", he said\""));
    assert!(question(None, text).is_err());
    let broken = question(Some(Quotes::Csv), &text.replace("\"\"\"Who", "5\" Who")).expect_err("a stray quote");
    assert!(matches!(broken.problems[0].fault, Fault::StrayQuote { .. }), "{broken}");
}
