//! What lies behind the numbers: the prompts that evaluations keep, and the report that shows them.

use super::reasoning::both_modes;
use super::support::Space;
use super::{ENGLISH, FRENCH, study};
use serde_json::Value;
use std::fs;
use xlt_core::exact::{Exact, Piece, Place};
use xlt_core::items::Item;

const COT: &str = "evaluate/tiny/base/eng_Latn/cot";

/// The digest of an output of a stage.
fn digest(space: &Space, stage: &str, output: &str) -> String {
    let record = fs::read_to_string(space.record(stage)).unwrap();
    let record: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    let outputs = record["outputs"].as_array().unwrap();
    let found = outputs.iter().find(|made| made["name"] == output).unwrap_or_else(|| panic!("no {output} of {stage}"));
    found["blake3"].as_str().unwrap().to_owned()
}

/// The prompts that a stage kept.
fn kept(space: &Space, stage: &str) -> Exact {
    let digest = digest(space, stage, "prompts");
    Exact::read(&fs::read_to_string(space.cache(format!("objects/{}/{digest}", &digest[..2]))).unwrap()).unwrap()
}

/// What `xlt show` prints of the English items of a mode, and the items themselves.
fn shown(space: &Space, mode: &str, keys: &[&str]) -> Vec<(Item, Value)> {
    let of = |key: &&str| {
        let line = space.ask(&["show", key, "--json", "--language", "eng_Latn", "--mode", mode]).stdout;
        let shown: Value = serde_json::from_str(&line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let options = shown["options"].as_array().unwrap().iter().map(|option| text(&option["text"])).collect();
        let item = Item {
            key: text(&shown["key"]),
            group: text(&shown["group"]),
            language: "eng_Latn".to_owned(),
            passage: shown["passage"].as_str().map(str::to_owned),
            question: text(&shown["question"]),
            options,
            answer: 0,
            extra: Default::default(),
            part: None,
        };
        (item, shown)
    };
    keys.iter().map(of).collect()
}

/// The pieces of a prompt as `xlt show` prints its tokens.
fn pieces(shown: &Value) -> Vec<Piece> {
    let tokens = shown["prompt_tokens"].as_array().unwrap();
    let runs = tokens.chunk_by(|one, next| one["special"] == next["special"]);
    let piece = |run: &[Value]| {
        let text: String = run.iter().map(|token| token["text"].as_str().unwrap()).collect();
        if run[0]["special"] == true { Piece::Special(text) } else { Piece::Text(text) }
    };
    runs.map(piece).collect()
}

#[test]
fn the_prompts_that_are_kept_are_those_that_are_shown() {
    let space = both_modes();
    assert_eq!(space.run().code, 0);
    for (stage, mode) in [(ENGLISH, "direct"), (COT, "cot")] {
        let kept = kept(&space, stage);
        assert_eq!(kept.whole.len(), 0, "one form is enough");
        for place in [Place::Passage, Place::Question, Place::Option(0), Place::Option(1)] {
            assert!(kept.form.contains(&Piece::Place(place.clone())), "{place:?}: {:?}", kept.form);
        }
        assert_eq!(kept.labels, ["1", "2"]);
        for (item, shown) in shown(&space, mode, &["p000|0", "p003|2"]) {
            assert_eq!(kept.prompt(&item), Some(pieces(&shown)), "{shown}");
        }
    }
    assert_eq!(kept(&space, ENGLISH).lead, None);
    let lead = kept(&space, COT).lead.expect("it reasons");
    assert_eq!(lead.after_cut, [Piece::Text("\n\nAnswer:".to_owned())], "up to where the answer is scored");
}

#[test]
fn a_template_that_looks_into_texts_keeps_whole_what_it_makes_of_them() {
    let space = study();
    space.edit("spec.toml", "{{ passage }}", "{{ passage }}{% if \"3\" in passage %} (the third){% endif %}");
    assert_eq!(space.run().code, 0);
    let kept = kept(&space, ENGLISH);
    assert_eq!(kept.whole.keys().collect::<Vec<_>>(), ["3"]);
    for (item, shown) in shown(&space, "direct", &["2", "3"]) {
        assert_eq!(kept.prompt(&item), Some(pieces(&shown)), "{shown}");
    }
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_the_prompts_that_are_kept() {
    let (one, other) = (both_modes(), both_modes());
    let lines: Vec<String> = other.read("eng_Latn.jsonl").lines().rev().map(|line| format!("{line}\n")).collect();
    other.write("eng_Latn.jsonl", lines.concat());
    one.run_with(&["--jobs", "1"]);
    other.run_with(&["--jobs", "2"]);
    for stage in [ENGLISH, COT] {
        assert_eq!(digest(&one, stage, "prompts"), digest(&other, stage, "prompts"));
    }
}

#[test]
fn of_rotated_options_the_given_order_is_kept() {
    let space = study();
    space.edit(
        "spec.toml",
        "instruction = \"Answer with 1 or 2.\"",
        "instruction = \"Answer with 1 or 2.\"\nrotate = true",
    );
    assert_eq!(space.run().code, 0);
    let kept = kept(&space, ENGLISH);
    assert_eq!(kept.whole.len(), 0);
    let place = |option| kept.form.iter().position(|piece| *piece == Piece::Place(Place::Option(option)));
    assert!(place(0) < place(1) && place(0).is_some(), "{:?}", kept.form);
}

#[test]
fn the_report_shows_the_items_and_says_where_answers_come_from() {
    let space = study();
    space.run();
    let page = space.read("spec.results/report.html");
    for language in ["eng_Latn", "fra_Latn"] {
        assert_eq!(page.matches(&format!("data-language=\"{language}\"")).count(), 1);
    }
    let keys = space.plan().keys();
    for stage in [ENGLISH, FRENCH] {
        let (_, key) = keys.iter().find(|(name, _)| name == stage).expect("its key");
        let answers = digest(&space, stage, "answers");
        assert!(page.contains(key) && page.contains(&answers), "{stage}");
    }
    let record = fs::read_to_string(space.record(ENGLISH)).unwrap();
    let record: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    assert!(page.contains(&format!("<td class=\"text\">{}</td>", record["kernel_class"].as_str().unwrap())));
    let rows = digest(&space, "download/data/rows/eng_Latn", "file");
    assert!(page.contains(&rows), "what was read");
    assert!(!page.contains(&space.path("").display().to_string()), "a path of this machine");
}
