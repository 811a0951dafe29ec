//! What a model saw and said for one question.

use super::support::{Answer, Space, flip_bit};
use super::{ENGLISH, row, study};
use serde_json::Value;

const OTHER_PROMPT: [&str; 2] = ["--set", "modes.direct.instruction=\"Say a number.\""];
const ONLY_ENGLISH: [&str; 2] = ["--language", "eng_Latn"];

fn show(space: &Space, args: &[&str]) -> Answer {
    space.ask(&[&["show"], args].concat())
}

/// What is shown of one item of the English stage.
fn json(space: &Space, item: &str) -> Value {
    let answer = show(space, &[&[item, "--json"][..], &ONLY_ENGLISH].concat());
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// The English stage's answer to an item.
fn answered(space: &Space, key: &str) -> Value {
    let items = space.ask(&["items", ENGLISH, "--json"]).stdout;
    items.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|item| item["key"] == key).unwrap()
}

fn texts(tokens: &Value) -> Vec<&str> {
    tokens.as_array().unwrap().iter().map(|token| token["text"].as_str().unwrap()).collect()
}

/// A study whose keys are of two fields.
fn two_fields() -> Space {
    let space = study();
    space.edit("spec.toml", "key = \"id\"", "key = [\"passage\", \"id\"]");
    for language in ["eng_Latn", "fra_Latn"] {
        let rows = [("p01", 1), ("p01", 2), ("p07", 1), ("p10", 1)].map(|(passage, id)| {
            format!(
                "{{\"passage\": \"{passage}\", \"id\": {id}, \"text\": \"{passage} {id}\", \"question\": \"who of {passage}?\", \
                 \"a\": \"x\", \"b\": \"y\", \"answer\": 2}}\n"
            )
        });
        space.write(&format!("{language}.jsonl"), rows.concat());
    }
    space
}

#[test]
fn before_a_run_and_after() {
    let space = study();
    show(&space, &["2"]).expect_code(2).expect_says("download/model/tiny has not been run").expect_says("`xlt run`");
    space.run();
    let shown = show(&space, &["2"]);
    shown.expect_code(0).expect_prints(ENGLISH).expect_prints("evaluate/tiny/base/fra_Latn/direct");
    shown
        .expect_prints("tea number 2")
        .expect_prints("thé number 2")
        .expect_prints("<|im_start|>assistant\n⟦answer⟧\n");
    shown.expect_prints("cached").expect_prints("answer mass").expect_prints("likeliest");
    assert!(shown.stderr.is_empty(), "what llama.cpp logs is not printed: {shown:?}");
    let answer = answered(&space, "2");
    shown.expect_prints(&format!("{} tokens", answer["n_tokens"]));
    for logprob in answer["logprobs"].as_array().unwrap() {
        shown.expect_prints(&format!("{:.2}", logprob.as_f64().unwrap()));
    }
    let asked_otherwise = show(&space, &[&["2"][..], &OTHER_PROMPT].concat());
    asked_otherwise.expect_code(0).expect_prints("not run yet").expect_prints("Say a number.").expect_prints("gold");
    assert!(!asked_otherwise.stdout.contains("log-prob"), "{asked_otherwise:?}");
}

#[test]
fn what_was_predicted_and_what_is_right() {
    let space = study();
    space.run();
    let answer = answered(&space, "3");
    let shown = show(&space, &[&["3"][..], &ONLY_ENGLISH].concat());
    let marks = |label: &str| {
        let line = shown.stdout.lines().find(|line| line.trim_start().starts_with(&format!("{label}  "))).unwrap();
        line.matches('●').count()
    };
    let expected = |label: &str| usize::from(answer["prediction"] == label) + usize::from(answer["answer"] == label);
    assert_eq!((marks("1"), marks("2")), (expected("1"), expected("2")), "{shown:?}");
    let shown = json(&space, "3");
    assert_eq!((&shown["prediction"]["label"], &shown["gold"]["label"]), (&answer["prediction"], &answer["answer"]));
    assert_eq!((&shown["answer_mass"], &shown["argmax"]["text"]), (&answer["answer_mass"], &answer["argmax"]));
    assert_eq!((&shown["correct"], &shown["status"]), (&answer["correct"], &"cached".into()));
    assert_eq!(shown["options"][1]["logprob"], answer["logprobs"][1]);
    assert_eq!(texts(&shown["options"][1]["tokens"]), ["2"]);
}

#[test]
fn the_prompt_is_its_tokens() {
    let space = study();
    space.run();
    let shown = json(&space, "1");
    let prompt = shown["prompt"].as_str().unwrap();
    assert!(
        prompt.starts_with("<|begin|><|im_start|>user\ntea number 1\nwhich?\n1. one\n2. two\n\nAnswer"),
        "{prompt:?}"
    );
    assert_eq!(texts(&shown["prompt_tokens"]).concat(), prompt);
    assert_eq!(shown["prompt_tokens"].as_array().unwrap().len() as u64, answered(&space, "1")["n_tokens"]);
    let lines = show(&space, &[&["1", "--tokens"][..], &ONLY_ENGLISH].concat()).stdout;
    let first: Vec<&str> = lines.lines().nth(3).unwrap().split_whitespace().collect();
    assert_eq!(first, ["0", &shown["prompt_tokens"][0]["id"].to_string(), "<|begin|>"]);
    assert!(lines.contains("\"\\n\"\n⟦answer⟧ 1\n"), "the last token is a line break, then come the labels: {lines}");
}

#[test]
fn a_part_of_a_key_is_enough_where_no_other_key_has_it() {
    let space = two_fields();
    space.run();
    for item in ["p07|1", "p07", "07", "p01|2", "p01/2", "P01 2"] {
        show(&space, &["spec.toml", item]).expect_code(0).expect_prints("⟦answer⟧");
    }
    show(&space, &["p07"]).expect_prints("p07|1 · ");
    let several = show(&space, &["spec.toml", "p01"]);
    several.expect_code(2).expect_says("`p01` is in 2 keys").expect_says("xlt show spec.toml p01/1  who of p01?");
    assert!(!several.stderr.contains("p07"), "{several:?}");
    let none = show(&space, &["spec.toml", "p11"]);
    none.expect_code(2).expect_says("none of the 4 keys").expect_says("xlt show spec.toml p10/1");
    show(&space, &["spec.toml"]).expect_code(2).expect_says("name one of 4 items").expect_says("p10/1");
}

#[test]
fn only_what_is_asked_for() {
    let space = study();
    space.run();
    let shown = show(&space, &[&["2"][..], &ONLY_ENGLISH, &["--model", "tiny", "--condition", "base"]].concat());
    shown.expect_code(0).expect_prints(ENGLISH);
    assert!(!shown.stdout.contains("fra_Latn"), "{shown:?}");
    show(&space, &["2", "--language", "eng_Lat"]).expect_code(2).expect_says("`eng_Lat`; did you mean `eng_Latn`?");
    show(&space, &["2", "--mode", "zzzzz"]).expect_code(2).expect_says("the mode `zzzzz`; there is `direct`");
    let both = ["2", "--language", "eng_Latn", "--language", "fra_Latn", "--json"];
    assert_eq!(show(&space, &both).stdout.lines().count(), 2);
}

#[test]
fn the_spec_may_stand_behind_what_is_asked_of_it() {
    let space = study();
    space.run();
    let [before, behind] = [["show", "spec.toml", "2"], ["show", "2", "spec.toml"]].map(|words| space.ask(&words));
    before.expect_code(0).expect_prints(ENGLISH);
    assert_eq!(before.stdout, behind.stdout);
    let [before, behind] =
        [["items", "spec.toml", ENGLISH], ["items", ENGLISH, "spec.toml"]].map(|words| space.ask(&words));
    before.expect_code(0);
    assert_eq!(before.stdout, behind.stdout);
    space.ask(&["items", "no.toml", ENGLISH]).expect_code(2).expect_says("cannot read `no.toml`");
}

#[test]
fn data_that_spells_a_special_token_is_shown_as_text() {
    let space = study();
    space.write("eng_Latn.jsonl", [row("1", "a<|im_end|>b", "1"), row("2", "ab", "1")].join("\n"));
    space.run();
    let specials = |shown: &Value| {
        let tokens = shown["prompt_tokens"].as_array().unwrap();
        tokens.iter().filter(|token| token["special"] == true).map(|token| token["id"].clone()).collect::<Vec<_>>()
    };
    let (spelled, plain) = (json(&space, "1"), json(&space, "2"));
    assert!(spelled["prompt"].as_str().unwrap().contains("a<|im_end|>b"), "{spelled}");
    assert!(!specials(&plain).is_empty());
    assert_eq!(specials(&spelled), specials(&plain), "the data adds no special token");
    let end = plain["prompt_tokens"].as_array().unwrap().iter().find(|token| token["text"] == "<|im_end|>").unwrap();
    let ends = |shown: &Value| {
        shown["prompt_tokens"].as_array().unwrap().iter().filter(|token| token["id"] == end["id"]).count()
    };
    assert_eq!(ends(&spelled), ends(&plain));
    let lines = show(&space, &[&["1", "--tokens"][..], &ONLY_ENGLISH].concat()).stdout;
    assert_eq!(lines.lines().filter(|line| line.ends_with("  <|im_end|>")).count(), ends(&plain), "{lines}");
}

#[test]
fn texts_are_shown_by_token_and_byte() {
    let space = study();
    space.edit("spec.toml", "instruction = \"Answer with 1 or 2.\"", "score = \"texts\"\nnormalize = \"byte\"");
    space.edit("spec.toml", "{{ options_block }}\"\"\"", "Answer:\"\"\"\ndelimiter = \" \"");
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", chat = "none""#);
    for language in ["eng_Latn", "fra_Latn"] {
        space.edit(&format!("{language}.jsonl"), r#""b": "two""#, r#""b": "the other one""#);
    }
    assert_eq!(space.run().code, 0);
    let shown = json(&space, "2");
    let option = &shown["options"][1];
    assert_eq!(texts(&option["tokens"]).concat(), " the other one");
    assert_eq!(option["tokens"].as_array().unwrap().len() as u64, option["length"]["tokens"]);
    assert_eq!(
        (&option["length"]["bytes"], &shown["normalize"], &shown["answer_mass"]),
        (&13.into(), &"byte".into(), &Value::Null)
    );
    let page = show(&space, &[&["2"][..], &ONLY_ENGLISH].concat());
    page.expect_prints("per token").expect_prints("per byte").expect_prints("Answer:⟦answer⟧");
    page.expect_prints("the highest log-probability per byte");
    let logprob = option["logprob"].as_f64().unwrap();
    page.expect_prints(&format!("{:.3}", logprob / 13.0));
    page.expect_prints(&format!("{:.3}", logprob / option["length"]["tokens"].as_f64().unwrap()));
}

#[test]
fn scripts_keep_their_order_and_control_characters_command_nothing() {
    let space = study();
    let text = r#"שלום\u001b[2J עולם"#;
    space.write("eng_Latn.jsonl", row("1", text, "1").replace("\"two\"", r#""שתיים\nשלוש""#));
    space.run();
    let page = show(&space, &[&["1"][..], &ONLY_ENGLISH].concat());
    page.expect_code(0).expect_prints("שלום\\u{1b}[2J עולם").expect_prints("2. שתיים\nשלוש");
    let option = page.stdout.lines().find(|line| line.ends_with("שתיים\\nשלוש"));
    assert!(option.is_some_and(|line| line.trim_start().starts_with("2 ")), "data stands last in its line: {page:?}");
    assert!(!page.stdout.contains('\u{1b}'), "{page:?}");
    assert!(json(&space, "1")["prompt"].as_str().unwrap().contains("שלום\u{1b}[2J עולם"), "JSON has it as it is");
}

#[test]
fn a_model_file_that_is_none() {
    let space = study();
    space.write("tiny.gguf", "<html>not found</html>");
    assert_eq!(space.run().code, 1);
    let page = show(&space, &["2"]);
    page.expect_code(2).expect_prints("not run yet").expect_prints("model `tiny`: ").expect_prints("GGUF");
    let shown = json(&space, "2");
    assert!(shown["problem"].as_str().unwrap().contains("GGUF") && shown["prompt"].is_null(), "{shown}");
}

#[test]
fn artifacts_that_are_damaged_or_gone() {
    let space = study();
    space.run();
    let (rows, model) = (space.read("eng_Latn.jsonl"), std::fs::read(space.path("tiny.gguf")).unwrap());
    let rows = space.object(rows);
    flip_bit(&rows);
    let shown = show(&space, &["2"]);
    shown.expect_code(0).expect_prints("fra_Latn").expect_says("download/data/rows/eng_Latn made is damaged");
    assert!(!shown.stdout.contains("eng_Latn"), "{shown:?}");
    std::fs::remove_file(space.object(model)).unwrap();
    show(&space, &["2"]).expect_code(2).expect_says("what download/model/tiny made is no longer in the cache");
}
