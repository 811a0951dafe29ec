//! Questions on one passage are decoded together, and killed evaluations go on: always the same bytes.

use super::support::{Space, set};
use super::{ENGLISH, FRENCH, passage_rows, study};
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A study of passages on a quantized model, on which the composition of a batch shows in the digits.
fn passages() -> Space {
    let space = study();
    space.edit("spec.toml", r#"file = "tiny.gguf""#, r#"file = "tiny.gguf", quantize = "Q4_0""#);
    space.edit("spec.toml", "key = \"id\"", "key = \"id\"\ngroup = \"text_id\"");
    space.edit("spec.toml", "context = 512", "context = 512\nunit = 200");
    for language in ["eng_Latn", "fra_Latn"] {
        space.write(&format!("{language}.jsonl"), passage_rows(0..12, 3));
    }
    space
}

fn answers(space: &Space, stage: &str) -> String {
    let answers = space.ask(&["items", stage, "--json"]).stdout;
    assert_eq!(answers.lines().count(), 36);
    answers
}

#[test]
fn a_passage_is_read_once_for_all_its_questions() {
    let space = passages();
    let outcome = space.run();
    assert_eq!(outcome.code, 0);
    let finished = outcome.events.iter().find(|event| event["stage"] == ENGLISH && event["event"] == "stage_finished");
    let tokens = |key: &str| finished.unwrap()[key].as_u64().unwrap();
    let (asked, decoded) = (tokens("tokens_asked"), tokens("tokens_decoded"));
    let prompts: u64 = answers(&space, ENGLISH)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["n_tokens"].as_u64().unwrap())
        .sum();
    assert_eq!(asked, prompts);
    assert!(decoded * 10 < asked * 6, "{decoded} of {asked} tokens");
}

#[test]
fn neither_threads_nor_the_order_of_rows_nor_company_change_a_byte() {
    let (one, other) = (passages(), passages());
    other.write("eng_Latn.jsonl", passage_rows((0..12).rev(), 3));
    other.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
    one.run_with(&["--jobs", "1"]);
    other.run_with(&["--jobs", "2"]);
    assert_eq!(answers(&one, ENGLISH), answers(&other, ENGLISH));
}

#[test]
fn the_size_of_a_unit_belongs_to_the_recipe() {
    let space = passages();
    space.run();
    space.edit("spec.toml", "unit = 200", "unit = 400");
    let ran = space.run().ran;
    assert!(ran.is_superset(&set([ENGLISH, FRENCH])), "{ran:?}");
}

/// The journal of the evaluation that is under way.
fn journal(space: &Space) -> Option<String> {
    let keys = fs::read_dir(space.cache("partial")).ok()?.flatten();
    keys.filter_map(|key| fs::read_to_string(key.path().join("answers.journal")).ok()).max_by_key(String::len)
}

#[test]
fn a_killed_evaluation_goes_on_where_it_was_and_ends_with_the_same_bytes() {
    let many = || {
        let space = passages();
        space.write("eng_Latn.jsonl", passage_rows(0..400, 3));
        space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
        space
    };
    let unbroken = many();
    unbroken.run();
    let killed = many();
    let mut done = 0;
    for _ in 0..3 {
        let mut engine = killed.xlt(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        loop {
            let units = journal(&killed).map_or(0, |text| text.lines().count());
            if units > done + 2 || begun.elapsed() > Duration::from_secs(60) {
                done = units;
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        engine.kill().unwrap();
        engine.wait().unwrap();
    }
    assert!(done > 6, "it was killed while it answered: {done}");
    let outcome = killed.run();
    let first = outcome.events.iter().find(|event| event["event"] == "progress" && event["stage"] == ENGLISH).unwrap();
    assert!(first["done"].as_u64().unwrap() > 0, "it begins with what was done: {first}");
    let read = |space: &Space| space.ask(&["items", ENGLISH, "--json"]).stdout;
    assert_eq!(read(&killed).lines().count(), 1200);
    assert!(read(&killed) == read(&unbroken), "an unbroken run has the same bytes");
}

#[test]
fn a_group_longer_than_a_unit_is_cut_by_questions() {
    let space = passages();
    space.run();
    let together = answers(&space, ENGLISH);
    space.edit("spec.toml", "unit = 200", "unit = 20");
    let outcome = space.run();
    let finished = outcome.events.iter().find(|event| event["stage"] == ENGLISH && event["event"] == "stage_finished");
    let decoded = finished.unwrap()["tokens_decoded"].as_u64().unwrap();
    let alone = answers(&space, ENGLISH);
    let prompts = |answers: &str| -> Vec<(Value, u64)> {
        let items = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        items.map(|item| (item["key"].clone(), item["n_tokens"].as_u64().unwrap())).collect()
    };
    assert_eq!(prompts(&together), prompts(&alone), "no prompt is cut");
    let asked: u64 = prompts(&alone).iter().map(|(_, tokens)| tokens).sum();
    assert!(decoded * 10 > asked * 7, "each question decodes its passage again: {decoded} of {asked}");
}
