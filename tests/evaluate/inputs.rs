//! What cannot be evaluated is named with place, cause and remedy; nothing half-made is kept.

use super::support::set;
use super::{ENGLISH, row, study};
use xlt_llama::tiny::TinyModel;

/// Runs a spoilt study: the English evaluation fails and says all of this, the French one is done, and the run ends with 1.
#[track_caller]
fn refused(space: &super::Space, says: &[&str]) {
    let outcome = space.run();
    let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    for text in says {
        assert!(messages.contains(text), "it does not say {text:?}: {messages}");
    }
    assert_eq!((outcome.code, outcome.failed, outcome.skipped), (1, set([ENGLISH]), set(["analyze"])));
}

#[test]
fn a_row_without_an_option() {
    let space = study();
    space.edit(
        "eng_Latn.jsonl",
        r#""id": "3", "text": "tea number 3", "question": "which?", "a": "one", "b": "two""#,
        r#""id": "3", "text": "tea number 3", "question": "which?", "a": "one""#,
    );
    refused(&space, &["eng_Latn.jsonl", "line 3", "b"]);
}

#[test]
fn an_answer_beyond_the_options() {
    let space = study();
    space.write("eng_Latn.jsonl", [row("1", "x", "1"), row("2", "y", "5")].join("\n"));
    refused(&space, &["eng_Latn.jsonl", "line 2", "answer", "5"]);
}

#[test]
fn two_rows_with_one_key() {
    let space = study();
    space.write("eng_Latn.jsonl", [row("1", "x", "1"), row("2", "y", "1"), row("1", "z", "1")].join("\n"));
    refused(&space, &["eng_Latn.jsonl", "line 3", "line 1"]);
}

#[test]
fn two_rows_with_one_prompt() {
    let space = study();
    space.write("eng_Latn.jsonl", [row("1", "x", "1"), row("2", "x", "2")].join("\n"));
    refused(&space, &["items `1` and `2`", "same prompt"]);
}

#[test]
fn a_prompt_longer_than_the_context() {
    let space = study();
    space.write("eng_Latn.jsonl", [row("short", "x", "1"), row("long", &"x ".repeat(2000), "1")].join("\n"));
    refused(&space, &["item long", "512", "evaluate.context"]);
}

#[test]
fn a_template_with_an_unknown_variable() {
    let space = study();
    space.edit("spec.toml", "{{ question }}", "{{ qestion }}");
    let answer = space.ask(&["run", "spec.toml"]);
    answer.expect_code(2).expect_says("qestion").expect_says("question");
}

/// Runs a study whose model is like this: both evaluations fail and say this.
#[track_caller]
fn model_refused(space: &super::Space, says: &str) {
    let outcome = space.run();
    let messages: Vec<&str> = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!((outcome.code, messages.len()), (1, 2), "{messages:?}");
    assert!(messages.iter().all(|message| message.contains("model `tiny`") && message.contains(says)), "{messages:?}");
}

#[test]
fn a_chat_template_that_cannot_be_used() {
    let of_template = [
        ("", "has no chat template in its GGUF; set `chat = \"none\"`"),
        ("{{ raise_exception('roles must alternate') }}", "refuses the prompt: roles must alternate"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}",
            "does not come to an end",
        ),
        ("{{ messages[0]['role'] }}", "leaves out the user message; use another GGUF"),
    ];
    for (chat_template, says) in of_template {
        let space = study();
        TinyModel { chat_template, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
        model_refused(&space, says);
    }
}

#[test]
fn a_slot_of_another_models_control_tokens() {
    let space = study();
    space.edit("spec.toml", "tiny.gguf\" }", "tiny.gguf\", slot = \"<|im_start|>final<|message|>\" }");
    model_refused(&space, "spells `<|message|>`, which is no token of model `tiny`");
}

#[test]
fn labels_that_begin_alike() {
    let space = study();
    space.edit("spec.toml", r#"labels = ["1", "2"]"#, r#"labels = ["xa", "xb"]"#);
    let outcome = space.run();
    let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(outcome.code, 1, "{messages}");
    assert!(messages.contains("xa") && messages.contains("xb"), "{messages}");
}

#[test]
fn a_prompt_longer_than_the_model_was_trained_on() {
    let space = study();
    space.edit("spec.toml", "context = 512", "");
    space.write("eng_Latn.jsonl", [row("short", "x", "1"), row("long", &"x ".repeat(9000), "1")].join("\n"));
    refused(&space, &["item long", "8192", "evaluate.context"]);
}

#[test]
fn a_model_that_answers_with_no_number() {
    let space = study();
    TinyModel { nan: true, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.failed.len()), (1, 2));
    outcome.expect_message(ENGLISH, "not a number").expect_message(ENGLISH, "items 1, 2, 3, 4");
}

#[test]
fn labels_of_which_one_is_split_at_the_slot() {
    let space = study();
    TinyModel { sentence_piece: true, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    // Behind a special token this vocabulary puts a space, which is a part of `▁the` and stands alone before `#`.
    space.edit("spec.toml", r#"file = "tiny.gguf""#, "file = \"tiny.gguf\", slot = \"<|im_end|>\"");
    space.edit("spec.toml", r#"labels = ["1", "2"]"#, r##"labels = ["the", "#"]"##);
    space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
    refused(&space, &["label `#` is split", "mere space", "slot"]);
}

#[test]
fn a_slot_that_merges_with_the_labels() {
    let space = study();
    // The vocabulary has a token for a space with the digit after it.
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", slot = "Answer: ""#);
    let outcome = space.run();
    let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert!(messages.contains("\"1\" merges with the end of the prompt") && messages.contains("`slot`"), "{messages}");
    assert_eq!((outcome.code, outcome.failed.len()), (1, 2));
}

/// Runs a study whose model file is spoilt: both evaluations fail and say this.
#[track_caller]
fn bad_model(bytes: &[u8], says: &[&str]) {
    let space = study();
    space.write("tiny.gguf", bytes);
    let outcome = space.run();
    let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!((outcome.code, outcome.failed.len()), (1, 2), "{messages}");
    for text in says {
        assert!(messages.contains(text), "it does not say {text:?}: {messages}");
    }
    // A good file in its place is all it takes.
    TinyModel::default().write(&space.path("tiny.gguf")).unwrap();
    assert_eq!(space.run().code, 0);
}

#[test]
fn a_model_file_that_is_no_gguf() {
    bad_model(b"<html>not found</html>", &["`tiny`", "GGUF"]);
}

#[test]
fn a_model_file_that_is_cut() {
    let whole = TinyModel::default().bytes();
    bad_model(&whole[..whole.len() - 1000], &["`tiny`", "cut"]);
}

#[test]
fn a_model_file_that_is_a_vocabulary_only() {
    bad_model(&TinyModel { weights: false, ..TinyModel::default() }.bytes(), &["`tiny`", "vocabulary"]);
}

#[test]
fn a_part_that_the_data_does_not_have() {
    let space = study();
    space.edit("spec.toml", "key = \"id\"", "key = \"id\"\nsplit = { field = \"part\" }");
    space.edit("spec.toml", "context = 512", "context = 512\npart = \"test\"");
    let outcome = space.run();
    let messages: String = outcome.events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(outcome.code, 1, "{messages}");
    for words in ["eng_Latn.jsonl", "no field `part`", "line 1"] {
        assert!(messages.contains(words), "{words}: {messages}");
    }
}
