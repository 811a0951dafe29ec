//! What runs, what does not, and that the bytes are the same.

use super::support::set;
use super::{ENGLISH, FRENCH, row, study};
use serde_json::Value;
use xlt_llama::tiny::TinyModel;

const DOWNLOADS: [&str; 3] = ["download/model/tiny", "download/data/rows/eng_Latn", "download/data/rows/fra_Latn"];

#[test]
fn rows_and_a_model_become_answers_and_results() {
    let space = study();
    let first = space.run();
    assert_eq!((first.code, first.ran), (0, set(DOWNLOADS.into_iter().chain([ENGLISH, FRENCH, "analyze"]))));
    for file in [
        "results.md",
        "results.csv",
        "results.json",
        "report.html",
        "results.tex",
        "gains.csv",
        "claims.csv",
        "gains.svg",
    ] {
        assert!(space.has(&format!("spec.results/{file}")), "{file}");
    }
    space.ask(&["results"]).expect_code(0).expect_prints("English");
    let items = space.ask(&["items", ENGLISH, "--json"]);
    let items: Vec<Value> = items.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(items.len(), 4);
    for item in &items {
        let logprobs: Vec<f64> =
            item["logprobs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        let mass: f64 = logprobs.iter().map(|logprob| logprob.exp()).sum();
        assert!((mass - item["answer_mass"].as_f64().unwrap()).abs() < 1e-9, "{item}");
        let best = if logprobs[0] >= logprobs[1] { "1" } else { "2" };
        assert_eq!((&item["prediction"], &item["correct"]), (&Value::from(best), &Value::from(item["answer"] == best)));
    }
    assert_eq!(space.run().ran, set::<&str>([]));
}

#[test]
fn an_edited_prompt_reruns_evaluations_and_analysis_only() {
    let space = study();
    space.run();
    space.edit("spec.toml", "Answer with 1 or 2.", "Say 1 or 2.");
    let outcome = space.run();
    assert_eq!(outcome.ran, set([ENGLISH, FRENCH, "analyze"]));
    space.edit("spec.toml", "Say 1 or 2.", "Answer with 1 or 2.");
    assert_eq!(space.run().ran, set::<&str>([]));
}

#[test]
fn an_edited_row_reruns_its_language_only() {
    let space = study();
    space.run();
    space.edit("fra_Latn.jsonl", "number 3", "numéro 3");
    assert_eq!(space.run().ran, set(["download/data/rows/fra_Latn", FRENCH, "analyze"]));
}

#[test]
fn rows_in_another_order_and_other_threads_give_the_same_answers() {
    let (one, other) = (study(), study());
    let lines: Vec<String> = other.read("eng_Latn.jsonl").lines().rev().map(|line| format!("{line}\n")).collect();
    other.write("eng_Latn.jsonl", lines.concat());
    one.run_with(&["--jobs", "1"]);
    other.run_with(&["--jobs", "2"]);
    let answers = |space: &super::Space| space.ask(&["items", ENGLISH, "--json"]).stdout;
    assert!(!answers(&one).is_empty());
    assert_eq!(answers(&one), answers(&other));
    assert_eq!(one.read("spec.results/results.json"), other.read("spec.results/results.json"));
}

#[test]
fn data_that_spells_a_control_token_stays_text() {
    let space = study();
    space.write("eng_Latn.jsonl", row("1", "a<|im_end|>b", "1"));
    space.run();
    let tokens = |space: &super::Space| -> u64 {
        let item: Value = serde_json::from_str(space.ask(&["items", ENGLISH, "--json"]).stdout.trim()).unwrap();
        item["n_tokens"].as_u64().unwrap()
    };
    let spelled = tokens(&space);
    space.write("eng_Latn.jsonl", row("1", "ab", "1"));
    space.run();
    // As a control token it would be one token; as text it is at least three.
    assert!(spelled >= tokens(&space) + 3, "{spelled}");
}

#[test]
fn a_model_in_several_files_or_pieces_is_the_same_model() {
    let whole = study();
    whole.run();
    let answers = |space: &super::Space| space.ask(&["items", ENGLISH, "--json"]).stdout;

    let split = study();
    let shards = TinyModel::default().shards();
    for (number, bytes) in (1..).zip(&shards) {
        split.write(&format!("m-0000{number}-of-00002.gguf"), bytes);
    }
    split.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "m-00001-of-00002.gguf""#);
    assert_eq!(split.run().code, 0);
    assert_eq!(answers(&split), answers(&whole), "llama-gguf-split's files, found by the first one's name");
    split.write("m-00002-of-00002.gguf", [&shards[1][..], b"\0"].concat());
    assert!(split.plan().verdict("run").contains("download/model/tiny"), "every file of it counts");

    let joined = study();
    let bytes = TinyModel::default().bytes();
    joined.write("one", &bytes[..1000]);
    joined.write("two", &bytes[1000..]);
    joined.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = ["one", "two"]"#);
    assert_eq!(joined.run().code, 0);
    assert_eq!(answers(&joined), answers(&whole), "pieces are joined to one file");
}

#[test]
fn a_quantized_model_is_made_once_and_told_apart_from_its_source() {
    let space = study();
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", quantize = "Q8_0""#);
    let first = space.run();
    assert!(first.ran.contains("quantize/tiny"), "{:?}", first.ran);
    space.edit("fra_Latn.jsonl", "number 3", "numéro 3");
    assert!(!space.run().ran.contains("quantize/tiny"));
    space.edit("spec.toml", "Q8_0", "F32");
    let pointless = space.run();
    pointless.expect_message("quantize/tiny", "F32 already").expect_message("quantize/tiny", "leave out `quantize`");
}

#[test]
fn a_slot_of_the_model_changes_its_evaluations() {
    let space = study();
    space.run();
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", slot = "Answer:\n""#);
    assert_eq!(space.run().ran, set([ENGLISH, FRENCH, "analyze"]));
}

#[test]
fn a_space_that_the_vocabulary_puts_before_every_label_belongs_to_the_prompt() {
    let space = study();
    TinyModel { sentence_piece: true, ..TinyModel::default() }.write(&space.path("tiny.gguf")).unwrap();
    let tokens = |space: &super::Space| {
        assert_eq!(space.run().code, 0);
        let items = space.ask(&["items", ENGLISH, "--json"]).stdout;
        serde_json::from_str::<Value>(items.lines().next().unwrap()).unwrap()["n_tokens"].as_u64().unwrap()
    };
    space.edit("spec.toml", r#"labels = ["1", "2"]"#, r##"labels = ["#", "@"]"##);
    let at_line = tokens(&space);
    space.edit("spec.toml", r#"file = "tiny.gguf""#, "file = \"tiny.gguf\", slot = \"<|im_end|>\"");
    assert_eq!(tokens(&space), at_line + 2, "the special token, and the space behind it");
}
