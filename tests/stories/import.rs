//! Answers that a model gave elsewhere join the analysis: nothing is asked here, so no llama.cpp is needed.

use crate::support::{Answer, Space, set};
use serde_json::{Value, json};

const SPEC: &str = r#"
name = "elsewhere"

[models]
api = { answers = "api/{language}.{mode}.jsonl" }

[languages]
target = ["heb_Hebr", "fra_Latn"]

[data.quiz]
file   = "quiz/{language}.jsonl"
key    = ["link", "number"]
fields = { passage = "passage", question = "question", options = ["a", "b"], answer = "answer" }

[prompt]
body      = "{{ passage }} {{ question }}\n{{ options_block }}"
labels    = ["A", "B"]
delimiter = " "

[modes.direct]

[modes.texts]
score = "texts"

[conditions]
base = { modes = ["direct"] }

[evaluate]
data      = "quiz"
languages = "target"
"#;

const DIRECT: &str = "import/api/base/heb_Hebr/direct";

/// The study: four questions a language, and the answer A to each, which two times is right.
fn study() -> Space {
    let space = Space::with_spec(SPEC);
    for language in ["heb_Hebr", "fra_Latn"] {
        write(&space, &format!("quiz/{language}.jsonl"), (1..=4).map(|number| row(language, number)));
        let lines = (1..=4).map(|number| json!({"key": key(number), "prediction": "A"}));
        write(&space, &format!("api/{language}.direct.jsonl"), lines);
    }
    space
}

fn row(language: &str, number: u64) -> Value {
    json!({
        "link": "https://example.org/p", "number": number, "passage": format!("{language} passage"),
        "question": format!("Question {number}?"), "a": "yes", "b": "certainly not", "answer": (2 - number % 2).to_string(),
    })
}

fn key(number: u64) -> String {
    format!("https://example.org/p|{number}")
}

fn write(space: &Space, path: &str, lines: impl Iterator<Item = Value>) {
    space.write(path, lines.map(|line| format!("{line}\n")).collect::<String>());
}

/// The results, by language: correct answers of all.
fn scores(space: &Space) -> Vec<(String, u64, u64)> {
    let results: Value = serde_json::from_str(&space.read("spec.results/results.json")).unwrap();
    let score = |cell: &Value| {
        let number = |field: &str| cell[field].as_u64().unwrap();
        (cell["language"].as_str().unwrap().to_owned(), number("correct"), number("n"))
    };
    results["cells"].as_array().unwrap().iter().map(score).collect()
}

/// What a run does without programs: the space's `run_with` compares with the programs started.
fn run(space: &Space) -> crate::support::Outcome {
    crate::support::Outcome::of(space.ask(&["run", "spec.toml", "--json"]), Vec::new())
}

fn items(space: &Space, more: &[&str]) -> Answer {
    let answer = space.ask(&[&["items", "spec.toml", DIRECT], more].concat());
    answer.expect_code(0);
    answer
}

#[test]
fn answers_from_elsewhere_join_the_analysis() {
    let space = study();
    space
        .ask(&["check"])
        .expect_code(0)
        .expect_prints("api: its answers are imported from api/{language}.{mode}.jsonl (jsonl)");
    let plan = space.plan();
    let mut kinds: Vec<&str> = plan.stages().iter().map(|stage| stage["kind"].as_str().unwrap()).collect();
    kinds.dedup();
    assert_eq!(kinds, ["download", "import", "download", "import", "analyze"]);
    assert!(plan.verdict("run").contains("download/answers/api/heb_Hebr/direct"), "{plan:#?}");
    let outcome = run(&space);
    assert_eq!((outcome.code, outcome.exported), (0, 8), "{outcome:#?}");
    assert_eq!(scores(&space), [("fra_Latn".to_owned(), 2, 4), ("heb_Hebr".to_owned(), 2, 4)]);
    items(&space, &[]).expect_prints("2 of 4 right");
    let line: Value = serde_json::from_str(items(&space, &["--json"]).stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&line["prediction"], &line["argmax"], &line["n_tokens"]), (&json!("A"), &Value::Null, &Value::Null));
    assert_eq!(run(&space).ran, set([""; 0]));
}

#[test]
fn a_change_of_one_answer_imports_that_file_again() {
    let space = study();
    run(&space);
    space.edit("api/heb_Hebr.direct.jsonl", "|2\",\"prediction\":\"A\"", "|2\",\"prediction\":2");
    assert_eq!(run(&space).ran, set(["download/answers/api/heb_Hebr/direct", DIRECT, "analyze"]));
    assert_eq!(scores(&space)[1], ("heb_Hebr".to_owned(), 3, 4));
    // The same answers in another order are the same artifact: nothing after it runs.
    let text = space.read("api/heb_Hebr.direct.jsonl");
    space.write("api/heb_Hebr.direct.jsonl", text.lines().rev().map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(run(&space).ran, set(["download/answers/api/heb_Hebr/direct", DIRECT]));
    // What the model is shown here is nothing to one that was asked elsewhere; how its texts are read is.
    space.edit("spec.toml", "{{ passage }} {{ question }}", "{{ question }} {{ passage }}");
    assert_eq!(run(&space).ran, set([""; 0]));
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nextract = \"belebele\"");
    assert_eq!(run(&space).ran, set(["import/api/base/fra_Latn/direct", DIRECT]));
}

#[test]
fn samples_go_out_to_the_harness_and_come_in_again() {
    let space = study();
    let answers = (1..=4).map(|number| json!({"key": key(number), "logprobs": [-0.25, -2.5]}));
    write(&space, "api/heb_Hebr.direct.jsonl", answers);
    run(&space);
    let samples = items(&space, &["--format", "lm-eval"]).stdout;
    let line: Value = serde_json::from_str(samples.lines().next().unwrap()).unwrap();
    assert_eq!((&line["target"], &line["acc"]), (&json!("0"), &json!(1.0)));
    assert_eq!(line["filtered_resps"], json!([["-0.25", null], ["-2.5", null]]));
    assert_eq!((&line["doc"]["question"], &line["doc"]["number"]), (&json!("Question 1?"), &json!("1")));
    let before = items(&space, &["--json"]).stdout;
    space.write("api/heb_Hebr.direct.jsonl", samples);
    space.edit("spec.toml", "[evaluate]", "[profiles.one]\nonly = { languages = [\"heb_Hebr\"] }\n[evaluate]");
    space.edit("spec.toml", "{mode}.jsonl\"", "{mode}.jsonl\", answers_format = \"lm-eval\"");
    space.ask(&["run", "--profile", "one"]).expect_code(0);
    assert_eq!(items(&space, &["--json", "--profile", "one"]).stdout, before);
}

#[test]
fn samples_of_texts_have_their_accuracy_by_each_length() {
    let space = study();
    space.edit("spec.toml", "[\"direct\"]", "[\"texts\"]");
    space.edit("spec.toml", "{mode}.jsonl\"", "{mode}.jsonl\", answers_format = \"lm-eval\"");
    for language in ["heb_Hebr", "fra_Latn"] {
        // As lm-evaluation-harness writes them: everything as text, row numbers of its own.
        let sample = |number: u64| {
            json!({
                "doc_id": 17 * number, "doc": row(language, number), "target": "0",
                "arguments": {"gen_args_0": {"arg_0": "?", "arg_1": " yes"}},
                "resps": [[["-3.0", "False"]], [["-4.0", "False"]]],
                "filtered_resps": [["-3.0", "False"], ["-4.0", "False"]],
                "filter": "none", "metrics": ["acc", "acc_norm"], "acc": 1.0, "acc_norm": 0.0,
            })
        };
        write(&space, &format!("api/{language}.texts.jsonl"), (1..=4).rev().map(sample));
    }
    let outcome = run(&space);
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let results: Value = serde_json::from_str(&space.read("spec.results/results.json")).unwrap();
    // By bytes, which is what the mode asks for, the second option is likelier; by the sum the first.
    assert_eq!(scores(&space)[0], ("fra_Latn".to_owned(), 2, 4), "{results:#}");
    let shown = space.ask(&["items", "spec.toml", "import/api/base/fra_Latn/texts", "--json"]).stdout;
    assert!(shown.lines().all(|line| line.contains("\"prediction\":\"B\"")), "{shown}");
}

#[test]
fn bad_answers_are_refused_with_file_line_item_and_remedy() {
    let space = study();
    let says = |text: &str, words: &str| {
        space.write("api/heb_Hebr.direct.jsonl", text);
        let outcome = run(&space);
        outcome.expect_failed([DIRECT], ["analyze"]).expect_message(DIRECT, words);
        assert!(outcome.message(DIRECT).starts_with("api/heb_Hebr.direct.jsonl: "), "{outcome:#?}");
    };
    let good = space.read("api/heb_Hebr.direct.jsonl");
    let second = |from: &str, to: &str| {
        let lines = good.lines().enumerate().map(|(at, line)| match at {
            1 => line.replace(from, to) + "\n",
            _ => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    let item = "https://example.org/p|2";
    says("", "the file has no answers; check that what wrote it was complete");
    says(&second("|2", "|9"), "line 2: no item of the data has the key `https://example.org/p|9`; did you mean");
    says(
        &second("|2", "|9"),
        &format!("1 of the 4 items have no answer: `{item}`; add their answers, or ask fewer items"),
    );
    says(&second("|2", "|1"), "line 2: item `https://example.org/p|1` is answered in line 1 already; remove one");
    says(
        &second("\"A\"", "\"C\""),
        &format!("line 2: item `{item}`: the prediction \"C\" is none of the labels `A`, `B`"),
    );
    says(
        &second("\"prediction\":\"A\"", "\"logprobs\":[-1]"),
        "has 1 log-probabilities, but there are 2 labels; give one",
    );
    says(&second("\"prediction\"", "\"said\""), "has no answer: the row has `key`, `said`; give it `prediction`");
    says(&second("}", ""), "line 2: not valid JSON at column");
    says(
        &good.replace("key", "doc"),
        "if these are samples of lm-evaluation-harness, write `answers_format = \"lm-eval\"`",
    );
    space.write("quiz/heb_Hebr.jsonl", "{}\n");
    let outcome = run(&space);
    outcome.expect_message(DIRECT, "quiz/heb_Hebr.jsonl: 7 problems, so no row was used");
    space.remove("api/heb_Hebr.direct.jsonl");
    space
        .ask(&["plan"])
        .expect_code(2)
        .expect_says("api/heb_Hebr.direct.jsonl, which cannot be read: there is no such file");
}

#[test]
fn what_a_model_elsewhere_saw_cannot_be_shown() {
    let space = study();
    let answer = space.ask(&["show", "spec.toml", "1"]);
    // Without llama.cpp there is no `show` at all.
    answer.expect_code(2).expect_says(if cfg!(feature = "llama") {
        "the answers of `api` are imported, so what it saw is not known here; `xlt items` shows what it said"
    } else {
        "built without llama.cpp"
    });
}
