use super::*;
use proptest::prelude::*;

fn answer() -> Answer {
    Answer {
        key: "p|1".to_owned(),
        group: "p".to_owned(),
        language: "heb_Hebr".to_owned(),
        prediction: 1,
        predicted_label: "2".to_owned(),
        gold: 0,
        gold_label: "1".to_owned(),
        logprobs: vec![-1.25, -0.1],
        answer_mass: 0.5,
        argmax_token: 17,
        argmax_text: "\"\n".to_owned(),
        n_tokens: 812,
    }
}

const LINE: &str = r#"{"key":"p|1","group":"p","language":"heb_Hebr","prediction":{"index":1,"label":"2"},"gold":{"index":0,"label":"1"},"correct":false,"logprobs":[-1.25,-0.1],"answer_mass":0.5,"argmax":{"id":17,"text":"\"\n"},"n_tokens":812}"#;

#[test]
fn a_line_is_pinned() {
    assert_eq!(write(&[answer(), answer()]), format!("{LINE}\n{LINE}\n"));
    assert_eq!(read(&format!("{LINE}\n")), Ok(vec![answer()]));
    assert_eq!(read(""), Ok(Vec::new()));
}

#[test]
fn twelve_digits_are_written() {
    assert_eq!(twelve_digits(-0.123_456_789_012_345_6), -0.123_456_789_012);
    assert_eq!(twelve_digits(1.0 - f64::EPSILON), 1.0);
    assert_eq!(twelve_digits(0.0), 0.0);
}

#[test]
fn damage_is_told_with_its_line() {
    let why = |line: &str| {
        let error = read(&format!("{LINE}\n{line}")).expect_err("a bad line");
        assert_eq!(error.line, 2);
        error.why
    };
    assert!(why(&LINE[..40]).contains("EOF"));
    assert!(why("\n").contains("EOF"));
    assert!(why(&LINE.replace("\"key\"", "\"kee\"")).contains("unknown field"));
    assert!(why(&LINE.replace("-1.25", "null")).contains("null"));
    assert_eq!(why(&LINE.replace("false", "true")), "`correct` contradicts the prediction");
    assert_eq!(why(&LINE.replace("\"index\":1", "\"index\":2")), "an index is beyond the labels");
    assert_eq!(why(&LINE.replace("\"index\":0", "\"index\":9")), "an index is beyond the labels");
    assert_eq!(why(&LINE.replace("0.5", "1.5")), "`answer_mass` is not a probability");
}

#[test]
fn a_number_that_json_cannot_hold_is_refused_on_reading() {
    let mut bad = answer();
    bad.answer_mass = f64::NAN;
    assert!(read(&write(&[bad])).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_again(
        key in ".*", text in ".*", logprobs in proptest::collection::vec(-1e4f64..0.0, 2..10), mass in 0f64..=1.0, id: i32,
    ) {
        let written = write(&[Answer { key, argmax_text: text, logprobs, answer_mass: mass, argmax_token: id, ..answer() }]);
        prop_assert_eq!(written.matches('\n').count(), 1);
        let read = read(&written).expect("our own line");
        prop_assert_eq!(write(&read), written);
    }

    #[test]
    fn reading_never_panics(text in ".*") {
        let _ = read(&text);
    }
}
