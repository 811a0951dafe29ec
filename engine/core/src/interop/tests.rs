use super::*;
use crate::answers::{Answer, Ended};
use crate::asked::{Asked, Rows};
use crate::extract::Outcome;
use crate::spec::{
    AnswersFormat, Data, Fields, FileRef, Format, Generate, Mode, Normalize, Prompt, Rules, Score, Source,
};
use serde_json::{Value, json};

/// A study of two options, as the tests bend it.
struct Study {
    data: Data,
    prompt: Prompt,
    mode: Mode,
    rows: String,
}

/// Three questions: two on one passage, and one that is worded as another is.
const ROWS: &str = r#"{"link": "p/1", "number": 1, "text": "It rained.", "question": "What fell?", "a": "Rain", "b": "Snowflakes", "answer": "1"}
{"link": "p/1", "number": 2, "text": "It rained.", "question": "When?", "a": "Now", "b": "Then", "answer": "2"}
{"link": "p|2", "number": 1, "text": "It snowed.", "question": "What fell?", "a": "Rain", "b": "Snowflakes", "answer": "2"}
"#;

impl Study {
    fn new() -> Self {
        let text = |text: &str| text.to_owned();
        let source = Source::Local { path: text("rows.jsonl") };
        Self {
            data: Data {
                name: text("quiz"),
                file: FileRef { source, sha256: None, size: None },
                format: Format::Jsonl,
                key: vec![text("link"), text("number")],
                group: vec![text("link")],
                fields: Fields {
                    passage: Some(text("text")),
                    question: text("question"),
                    options: vec![text("a"), text("b")],
                    answer: text("answer"),
                },
                split: None,
            },
            prompt: Prompt {
                system: None,
                body: text("{{ passage }} {{ question }}"),
                labels: vec![text("A"), text("B")],
                delimiter: text(" "),
                words: Default::default(),
            },
            mode: Mode {
                generate: Generate { max_tokens: 16, stop: vec![text("\n")], extract: Rules::Xlt },
                ..Mode::named("direct")
            },
            rows: text(ROWS),
        }
    }

    fn scored(score: Score) -> Self {
        let mut study = Self::new();
        study.mode.score = score;
        study
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            data: &self.data,
            language: "eng_Latn",
            part: "all",
            limit: None,
            prompt: &self.prompt,
            mode: &self.mode,
        }
    }

    fn rows(&self, limit: Option<u64>) -> Rows {
        Rows::read(self.rows.as_bytes(), Asked { limit, ..self.asked() }).expect("good rows")
    }

    fn import(&self, format: AnswersFormat, lines: &[Value]) -> Result<Vec<Answer>, ImportErrors> {
        import("api.jsonl", text(lines).as_bytes(), format, &self.rows(None), self.asked())
    }

    /// What is said of the answers to the first question, the others being answered well.
    #[track_caller]
    fn refuses(&self, row: Value, words: &str) {
        let rest = [json!({"key": "p/1|2", "prediction": 1}), json!({"key": r"p\|2|1", "prediction": 1})];
        let error = self.import(AnswersFormat::Jsonl, &[&[row][..], &rest].concat()).expect_err("a bad row");
        assert!(error.to_string().contains(words), "{error}");
    }
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn predictions(answers: &[Answer]) -> Vec<(&str, Option<usize>)> {
    answers.iter().map(|answer| (answer.key.as_str(), answer.prediction)).collect()
}

#[test]
fn rows_with_keys_are_matched_in_any_order() {
    let lines = [
        json!({"key": ["p|2", 1], "prediction": "B", "model": "whatever"}),
        json!({"key": "p/1|2", "prediction": null}),
        json!({"key": ["p/1", "1"], "logprobs": [-0.5, -1.5]}),
    ];
    let study = Study::new();
    let answers = study.import(AnswersFormat::Jsonl, &lines).expect("good answers");
    assert_eq!(predictions(&answers), [("p/1|1", Some(0)), ("p/1|2", None), (r"p\|2|1", Some(1))]);
    assert_eq!(answers.iter().map(Answer::correct).collect::<Vec<_>>(), [true, false, true]);
    let mass = answers[0].answer_mass.expect("of likelihoods");
    assert!((mass - ((-0.5f64).exp() + (-1.5f64).exp())).abs() < 1e-12);
    assert_eq!((answers[1].answer_mass, &answers[2].generated), (None, &None));
    let written = crate::answers::write(&answers);
    assert_eq!(crate::answers::write(&crate::answers::read(&written).expect("an artifact")), written);
}

#[test]
fn texts_are_read_by_the_rules_of_the_mode() {
    for score in [Score::Labels, Score::Generate] {
        let lines = [
            json!({"key": "p/1|1", "text": "The answer is A."}),
            json!({"key": "p/1|2", "text": "Well, let me", "truncated": true}),
            json!({"key": r"p\|2|1", "text": "I cannot help with that."}),
        ];
        let answers = Study::scored(score).import(AnswersFormat::Jsonl, &lines).expect("good answers");
        let generated = |at: usize| answers[at].generated.as_ref().expect("a text");
        assert_eq!(predictions(&answers).iter().map(|(_, at)| *at).collect::<Vec<_>>(), [Some(0), None, None]);
        assert_eq!(generated(1).extraction.outcome, Outcome::Truncated);
        assert_eq!((generated(1).written.ended, generated(1).written.tokens), (Ended::Budget, 0));
        assert_eq!(generated(2).extraction.outcome, Outcome::Refused);
    }
}

#[test]
fn likelihoods_of_texts_are_normalized_but_not_by_tokens() {
    // By the sum -3 is likelier, by bytes -4 is: "Snowflakes" has ten, "Rain" four.
    let lines = [
        json!({"key": "p/1|1", "logprobs": [-3.0, -4.0]}),
        json!({"key": "p/1|2", "prediction": "A"}),
        json!({"key": r"p\|2|1", "text": "B"}),
    ];
    let mut study = Study::scored(Score::Texts);
    let by = |study: &Study| study.import(AnswersFormat::Jsonl, &lines).map(|answers| answers[0].prediction);
    assert_eq!(by(&study), Ok(Some(1)));
    study.mode.normalize = Normalize::Sum;
    assert_eq!(by(&study), Ok(Some(0)));
    study.mode.normalize = Normalize::Token;
    let error = by(&study).expect_err("no tokens").to_string();
    assert!(error.contains("mode `direct` divides likelihoods by tokens"), "{error}");
    study.mode.normalize = Normalize::Byte;
    let contradiction = "the prediction is `A`, but by `logprobs` the likeliest is `B` with `normalize = \"byte\"`";
    study.refuses(json!({"key": "p/1|1", "logprobs": [-3.0, -4.0], "prediction": "A"}), contradiction);
}

#[test]
fn what_is_wrong_with_a_row_is_said_with_what_to_do() {
    let study = Study::new();
    let with = |field: &str, value: Value| {
        let mut row = json!({"key": "p/1|1"});
        row[field] = value;
        row
    };
    study.refuses(json!([1]), "line 1: a list where a JSON object is expected");
    study.refuses(json!({"id": "p/1|1", "prediction": 1}), "there is no field `key`; the row has `id`, `prediction`");
    study.refuses(json!({"key": true, "prediction": 1}), "`key` is true or false; an item's key is a text");
    study.refuses(json!({"key": "p/1|3", "prediction": 1}), "has the key `p/1|3`; did you mean `p/1|1`?");
    study.refuses(with("predction", json!(1)), "item `p/1|1` has no answer: the row has `key`, `predction`");
    study.refuses(with("prediction", json!("C")), "the prediction \"C\" is none of the labels `A`, `B`; write a label");
    study.refuses(with("prediction", json!("2")), "the prediction \"2\" is none of the labels");
    study.refuses(with("prediction", json!(0)), "the prediction 0 is none of the labels");
    study.refuses(with("prediction", json!(3)), "the prediction 3 is none of the labels");
    study.refuses(with("logprobs", json!([-1.0])), "has 1 log-probabilities, but there are 2 labels");
    study.refuses(with("logprobs", json!([-1.0, 0.5])), "0.5 is no log-probability");
    study.refuses(with("logprobs", json!([-1.0, null])), "null is no log-probability");
    study.refuses(with("logprobs", json!([-0.1, -0.1])), "come to 1.810 in all, more than 1");
    study.refuses(with("logprobs", json!("-1")), "`logprobs` is a text, but must be a list of numbers");
    study.refuses(with("text", json!(1)), "`text` is a number, but must be a text");
    study.refuses(json!({"key": "p/1|1", "text": "A", "prediction": 1}), "has both `text` and `prediction`");
    study
        .refuses(json!({"key": "p/1|1", "prediction": 2, "logprobs": [-1.0, -2.0]}), "the likeliest is `A`; leave out");
    Study::scored(Score::Generate).refuses(with("logprobs", json!([-1.0, -2.0])), "a model writes its answer");
    let mut numbered = Study::new();
    numbered.prompt.labels = vec!["0".to_owned(), "1".to_owned()];
    numbered.refuses(with("prediction", json!(1)), "the prediction 1 is a label and also the number of the label `0`");
}

#[test]
fn a_file_is_taken_over_whole_or_not_at_all() {
    let study = Study::new();
    let said = |lines: &[Value]| study.import(AnswersFormat::Jsonl, lines).expect_err("bad answers").to_string();
    let error = said(&[json!({"key": "p/1|1", "prediction": 1}), json!({"key": "p/1|1", "prediction": 1})]);
    assert_eq!(
        error,
        "api.jsonl: 2 problems, so no answer was used\n  \
         line 2: item `p/1|1` is answered in line 1 already; remove one of the rows\n  \
         2 of the 3 items have no answer: `p/1|2`, `p\\|2|1`; add their answers, or ask fewer items with `evaluate.limit` or \
         `evaluate.part`"
    );
    assert!(said(&[]).contains("the file has no answers"));
    let bytes = |bytes: &[u8]| {
        let error = import("api.jsonl", bytes, AnswersFormat::Jsonl, &study.rows(None), study.asked());
        error.expect_err("no answers").to_string()
    };
    assert!(bytes(b"\xff").contains("not UTF-8"));
    assert!(bytes(b"{\"key\": ").contains("line 1: not valid JSON at column"));
}

#[test]
fn answers_to_items_that_are_not_asked_are_passed_over() {
    let study = Study::new();
    let lines = text(&[json!({"key": "p/1|2", "prediction": 1}), json!({"key": "p/1|1", "prediction": 2})]);
    let taken = |limit| import("api.jsonl", lines.as_bytes(), AnswersFormat::Jsonl, &study.rows(limit), study.asked());
    assert_eq!(predictions(&taken(Some(1)).expect("one answer")), [("p/1|1", Some(1))]);
    assert!(taken(None).is_err());
}

/// A sample as the harness writes it, of the row of that number.
fn sample(row: usize, resps: Value) -> Value {
    let doc: Value = serde_json::from_str(ROWS.lines().nth(row).expect("a row")).expect("JSON");
    json!({"doc_id": 99, "doc": doc, "target": "0", "arguments": {}, "resps": resps, "filter": "none", "acc": 1.0})
}

fn pairs(logprobs: [&str; 2]) -> Value {
    json!([[[logprobs[0], "True"]], [[logprobs[1], "False"]]])
}

#[test]
fn samples_of_the_harness_are_matched_by_what_was_asked() {
    let study = Study::new();
    let mut lines = [2, 0, 1].map(|row| sample(row, pairs(["-0.25", "-2.0"])));
    let read = |lines: &[Value]| study.import(AnswersFormat::LmEval, lines);
    let answers = read(&lines).expect("good samples");
    assert_eq!(predictions(&answers), [("p/1|1", Some(0)), ("p/1|2", Some(0)), (r"p\|2|1", Some(0))]);
    assert_eq!(answers[0].logprobs, [-0.25, -2.0]);
    // Without the fields of the key the texts tell the item.
    lines.iter_mut().for_each(|line| drop(line["doc"].as_object_mut().expect("a doc").remove("number")));
    assert_eq!(read(&lines), Ok(answers));
    lines[0]["doc"].as_object_mut().expect("a doc").remove("text");
    let error = read(&lines).expect_err("two questions alike").to_string();
    assert!(error.contains("line 1: 2 items of the data ask \"What fell?\"; only a `doc` with the fields"), "{error}");
}

#[test]
fn a_sample_of_another_question_is_refused() {
    let study = Study::new();
    let said = |change: fn(&mut Value)| {
        let mut lines = [0, 1, 2].map(|row| sample(row, pairs(["-0.25", "-2.0"])));
        change(&mut lines[0]);
        study.import(AnswersFormat::LmEval, &lines).expect_err("a bad sample").to_string()
    };
    let check = |change, words: &str| assert!(said(change).contains(words), "{}", said(change));
    check(|line| line["doc"]["a"] = "Hail".into(), "item `p/1|1`: `a` is \"Hail\" in `doc`, but \"Rain\" in the data");
    check(|line| line["doc"]["answer"] = 2.into(), "`answer` is \"2\" in `doc`, but \"1\" in the data");
    check(|line| line["doc"]["question"] = "Who?".into(), "`question` is \"Who?\" in `doc`");
    check(|line| line["doc"] = json!({"query": "?"}), "but `query`; name these fields in the spec's `[data]`");
    check(|line| line["doc"] = json!({"question": "Who?"}), "no item of the data asks \"Who?\"");
    check(|line| drop(line.as_object_mut().expect("a line").remove("doc")), "line 1: there is no `doc`");
    check(|line| line["resps"] = json!([["a", "b"]]), "`resps` hold several answers to one request");
    check(|line| line["resps"] = json!([]), "`resps` are empty");
    check(|line| line["resps"] = json!([["a"], ["b"]]), "`resps` hold neither pairs nor one text");
    check(|line| line["resps"] = json!([[["-inf", "False"]]]), "\"-inf\" is no log-probability");
    check(|line| line["resps"] = json!([[["-1.0", "False"]]]), "has 1 log-probabilities, but there are 2 labels");
}

#[test]
fn a_sample_for_each_filter_is_one_answer() {
    let study = Study::scored(Score::Generate);
    let mut lines: Vec<Value> = [0, 0, 1, 2].map(|row| sample(row, json!([["The answer is B."]]))).into();
    let error = study.import(AnswersFormat::LmEval, &lines).expect_err("twice").to_string();
    assert!(error.contains("line 2: item `p/1|1` is answered in line 1 already"), "{error}");
    lines[1]["filter"] = "flexible-extract".into();
    let answers = study.import(AnswersFormat::LmEval, &lines).expect("one answer each");
    assert_eq!((answers.len(), answers[0].prediction), (3, Some(1)));
}

#[test]
fn what_is_written_for_the_harness_is_read_again() {
    for score in [Score::Labels, Score::Texts, Score::Generate] {
        let mut study = Study::scored(score);
        study.mode.normalize = Normalize::Character;
        let resps = |row| match score {
            Score::Generate => sample(row, json!([["The answer is B."]])),
            Score::Labels | Score::Texts => sample(row, pairs(["-0.25", "-2.0"])),
        };
        let answers = study.import(AnswersFormat::LmEval, &[0, 1, 2].map(resps)).expect("good samples");
        let rows = study.rows(None);
        let written = samples(&answers, &rows, study.asked()).expect("items of the data");
        let again = import("x", written.as_bytes(), AnswersFormat::LmEval, &rows, study.asked());
        assert_eq!(again, Ok(answers), "{written}");
    }
}

#[test]
fn a_sample_is_pinned() {
    let mut study = Study::new();
    let line = json!({"key": "p/1|1", "logprobs": [-0.25, -2.0]});
    let all = [line, json!({"key": "p/1|2", "prediction": 1}), json!({"key": r"p\|2|1", "prediction": 1})];
    let mut answers = study.import(AnswersFormat::Jsonl, &all).expect("good answers");
    let rows = study.rows(None);
    let first = |study: &Study, answers: &[Answer]| {
        let written = samples(answers, &rows, study.asked()).expect("items of the data");
        written.lines().next().expect("a line").to_owned()
    };
    let doc = r#"{"link":"p/1","number":"1","text":"It rained.","question":"What fell?","a":"Rain","b":"Snowflakes","answer":1}"#;
    let imported = format!(
        r#"{{"doc_id":0,"doc":{doc},"target":"0","arguments":{{}},"resps":[[["-0.25",null]],[["-2.0",null]]],"filtered_resps":[["-0.25",null],["-2.0",null]],"filter":"none","metrics":["acc"],"acc":1.0}}"#
    );
    assert_eq!(first(&study, &answers), imported);
    // Of a model that was asked here the prompt is known, and its likeliest token.
    (answers[0].argmax_token, answers[0].argmax_text, answers[0].n_tokens) = (5, " A".to_owned(), 9);
    let asked = imported
        .replace("{},\"resps\"", r#"{"gen_args_0":{"arg_0":"It rained. What fell?","arg_1":" A"},"gen_args_1":{"arg_0":"It rained. What fell?","arg_1":" B"}},"resps""#)
        .replace("\"-0.25\",null", "\"-0.25\",\"True\"")
        .replace("\"-2.0\",null", "\"-2.0\",\"False\"");
    assert_eq!(first(&study, &answers), asked);
    study.prompt.labels.swap(0, 1);
    answers[0].key.push('!');
    assert_eq!(samples(&answers, &rows, study.asked()), Err("the data have no item `p/1|1!`".to_owned()));
}

#[test]
fn by_texts_a_sample_has_both_accuracies() {
    let study = Study::scored(Score::Texts);
    // The first question's answer is its first option: likelier by the sum, not by characters.
    let lines = [0, 1, 2].map(|row| sample(row, pairs(["-3.0", "-4.0"])));
    let answers = study.import(AnswersFormat::LmEval, &lines).expect("good samples");
    let written = samples(&answers, &study.rows(None), study.asked()).expect("items of the data");
    let line: Value = serde_json::from_str(written.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&line["acc"], &line["acc_norm"]), (&json!(1.0), &json!(0.0)));
    assert_eq!(line["metrics"], json!(["acc", "acc_norm"]));
}

proptest::proptest! {
    #[test]
    fn importing_never_panics(row in "[\\PC\\n]*", key in ".*", value in ".*", score in 0..3usize) {
        let study = Study::scored([Score::Labels, Score::Texts, Score::Generate][score]);
        let rows = study.rows(None);
        for format in [AnswersFormat::Jsonl, AnswersFormat::LmEval] {
            let _ = import("x", row.as_bytes(), format, &rows, study.asked());
            let parsed: Value = serde_json::from_str(&value).unwrap_or_else(|_| value.clone().into());
            let row = json!({"key": key, "text": value, "doc": {"question": key, "link": value}, "resps": parsed});
            let _ = import("x", row.to_string().as_bytes(), format, &rows, study.asked());
        }
    }
}
