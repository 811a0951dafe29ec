use super::*;
use proptest::prelude::*;

fn answer() -> Answer {
    Answer {
        key: "p|1".to_owned(),
        group: "p".to_owned(),
        language: "heb_Hebr".to_owned(),
        prediction: Some(1),
        predicted_label: Some("2".to_owned()),
        gold: 0,
        gold_label: "1".to_owned(),
        logprobs: vec![-1.25, -0.1],
        texts: None,
        answer_mass: Some(0.5),
        argmax_token: 17,
        argmax_text: "\"\n".to_owned(),
        n_tokens: 812,
        reasoning: None,
        generated: None,
        orders: Vec::new(),
    }
}

/// The same item under the protocol `texts`.
fn by_text() -> Answer {
    let texts = vec![length(2, 9, 5), length(1, 3, 3)];
    Answer { texts: Some(texts), answer_mass: None, logprobs: vec![-6.0, -4.0], ..answer() }
}

fn length(tokens: u32, bytes: u32, characters: u32) -> TextLength {
    TextLength { tokens, bytes, characters }
}

const LINE: &str = r#"{"key":"p|1","group":"p","language":"heb_Hebr","prediction":{"index":1,"label":"2"},"gold":{"index":0,"label":"1"},"correct":false,"logprobs":[-1.25,-0.1],"answer_mass":0.5,"argmax":{"id":17,"text":"\"\n"},"n_tokens":812}"#;

#[test]
fn a_line_is_pinned() {
    assert_eq!(write(&[answer(), answer()]), format!("{LINE}\n{LINE}\n"));
    assert_eq!(read(&format!("{LINE}\n")), Ok(vec![answer()]));
    assert_eq!(read(""), Ok(Vec::new()));
}

const TEXTS: &str = r#"{"key":"p|1","group":"p","language":"heb_Hebr","prediction":{"index":1,"label":"2"},"gold":{"index":0,"label":"1"},"correct":false,"logprobs":[-6.0,-4.0],"texts":[{"tokens":2,"bytes":9,"characters":5},{"tokens":1,"bytes":3,"characters":3}],"argmax":{"id":17,"text":"\"\n"},"n_tokens":812}"#;

#[test]
fn a_line_of_texts_is_pinned() {
    assert_eq!(write(&[by_text()]), format!("{TEXTS}\n"));
    assert_eq!(read(TEXTS), Ok(vec![by_text()]));
    assert_eq!(read(&format!("{LINE}\n{TEXTS}")), Ok(vec![answer(), by_text()]));
}

const IMPORTED: &str = r#"{"key":"p|1","group":"p","language":"heb_Hebr","prediction":{"index":1,"label":"2"},"gold":{"index":0,"label":"1"},"correct":false,"logprobs":[]}"#;

#[test]
fn a_line_of_an_imported_answer_holds_what_is_known() {
    let nothing = Answer { argmax_token: NOT_KNOWN, argmax_text: String::new(), n_tokens: 0, ..answer() };
    let bare = Answer { logprobs: Vec::new(), answer_mass: None, ..nothing.clone() };
    assert_eq!(write(std::slice::from_ref(&bare)), format!("{IMPORTED}\n"));
    assert_eq!(read(IMPORTED), Ok(vec![bare]));
    let texts = vec![length(0, 9, 5), length(0, 3, 3)];
    let texts = Answer { texts: Some(texts), answer_mass: None, ..nothing };
    assert_eq!(read(&write(std::slice::from_ref(&texts))), Ok(vec![texts.clone()]));
    assert_eq!((texts.prediction_by(Normalize::Token), texts.prediction_by(Normalize::Sum)), (None, Some(1)));
}

#[test]
fn a_text_is_chosen_by_what_its_likelihood_is_divided_by() {
    let by = |answer: &Answer| {
        [Normalize::Sum, Normalize::Token, Normalize::Byte, Normalize::Character].map(|by| answer.prediction_by(by))
    };
    // -6 and -4; -3 and -4; -0.67 and -1.33; -1.2 and -1.33.
    assert_eq!(by(&by_text()), [Some(1), Some(0), Some(0), Some(0)]);
    assert_eq!(by(&answer()), [None; 4]);
    let ties = Answer { logprobs: vec![-2.0; 3], texts: Some(vec![length(1, 1, 1); 3]), ..by_text() };
    assert_eq!(by(&ties), [Some(0); 4]);
    assert_eq!(likeliest(&[], &[], Normalize::Sum), None);
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
    assert!(why(&LINE.replace("0.5", "null")).contains("null"));
    let neither = "it has none of `texts`, `answer_mass` and `generated`";
    assert_eq!(why(&LINE.replace("\"answer_mass\":0.5,", "")), neither);
    let both = "it has both `texts` and `answer_mass`";
    assert_eq!(why(&TEXTS.replace("\"argmax\"", "\"answer_mass\":0.5,\"argmax\"")), both);
    assert!(why(&TEXTS.replace("\"argmax\"", "\"answer_mass\":null,\"argmax\"")).contains("null"));
    let fewer = TEXTS.replace("{\"tokens\":2,\"bytes\":9,\"characters\":5},", "");
    assert_eq!(why(&fewer), "`texts` and `logprobs` differ in number");
    assert_eq!(why(&TEXTS.replace("\"bytes\":3", "\"bytes\":0")), "a text is empty");
    assert!(why(&TEXTS.replace("\"bytes\":3", "\"bytes\":-3")).contains("-3"));
    assert_eq!(why(&TEXTS.replace("\"tokens\":1", "\"tokens\":0")), "a text is empty");
    let half = "it has one of `argmax` and `n_tokens` without the other";
    assert_eq!(why(&LINE.replace(",\"n_tokens\":812", "")), half);
}

#[test]
fn a_number_that_json_cannot_hold_is_refused_on_reading() {
    let mut bad = answer();
    bad.answer_mass = Some(f64::NAN);
    assert!(read(&write(&[bad])).is_err());
    let mut bad = by_text();
    bad.logprobs[0] = f64::NEG_INFINITY;
    assert!(read(&write(&[bad])).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_again(
        key in ".*", text in ".*", logprobs in proptest::collection::vec(-1e4f64..0.0, 2..10), mass in 0f64..=1.0, id: i32,
        lengths in proptest::collection::vec((1u32.., 1u32.., 1u32..), 10), by_text: bool,
    ) {
        let texts = || lengths.iter().take(logprobs.len()).map(|&(a, b, c)| length(a, b, c)).collect();
        let (texts, answer_mass) = if by_text { (Some(texts()), None) } else { (None, Some(mass)) };
        let answer = Answer { key, argmax_text: text, logprobs, texts, answer_mass, argmax_token: id, ..answer() };
        let written = write(&[answer]);
        prop_assert_eq!(written.matches('\n').count(), 1);
        let read = read(&written).expect("our own line");
        prop_assert_eq!(write(&read), written);
    }

    #[test]
    fn reading_never_panics(text in ".*") {
        let _ = read(&text);
    }
}
