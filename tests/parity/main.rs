//! The answer slot of an instruct model against transformers: SmolLM2 in 32 bits, in its own chat format.
//!
//! The model comes through the package index, as for `make demo`, and stays in the target folder with what is made of it; the
//! answers are computed each time. What transformers says is in `slot.jsonl`, and how it was asked in `reference.py`.
#![cfg(feature = "llama")]
#![expect(clippy::print_stderr, reason = "what was measured is worth reading")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

#[path = "../support/mod.rs"]
mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Answer, Outcome, children};

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parity/slot.toml");
const EXPECTED: &str = include_str!("slot.jsonl");
const LABELS: [&str; 4] = ["1", "2", "3", "4"];
const TOLERANCE: f64 = 1e-3;

#[test]
fn the_slot_of_smollm2_is_that_of_transformers() {
    forget_answers();
    let run = Outcome::of(xlt(&["run", SPEC, "--locked", "--json"]), Vec::new());
    assert!(run.code == 0, "{}{}", failures(&run), run.stderr);
    for language in ["eng_Latn", "arb_Arab"] {
        let stage = format!("evaluate/smollm2/base/{language}/direct");
        assert!(run.ran.contains(&stage), "{stage} is not computed anew: {:?}", run.ran);
        let expected = lines(EXPECTED).into_iter().filter(|item| item["language"] == language).collect();
        let answers = lines(&xlt(&["items", SPEC, &stage, "--json"]).expect_code(0).stdout);
        let greatest = compare(language, &answers, expected);
        eprintln!("{language}: the greatest difference to transformers is {greatest:.1e}");
    }
}

/// The greatest difference of two log-probabilities.
fn compare(language: &str, answers: &[Value], mut expected: Vec<Value>) -> f64 {
    expected.sort_by(|a, b| a["key"].as_str().cmp(&b["key"].as_str()));
    let keys = |items: &[Value]| items.iter().map(|item| item["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(answers), keys(&expected), "{language}: items asked");
    assert_eq!(answers.len(), 8, "{language}: items asked");
    let mut greatest = 0.0_f64;
    for (answer, item) in answers.iter().zip(&expected) {
        let named = format!("{language} {}", item["key"]);
        assert_eq!(answer["n_tokens"], item["n_tokens"], "{named}: tokens of the prompt");
        let (found, wanted) = (log_probabilities(answer), log_probabilities(item));
        assert_eq!(answer["prediction"], LABELS[likeliest(wanted)], "{named}: prediction");
        for ((label, found), wanted) in LABELS.iter().zip(found).zip(wanted) {
            let difference = (found - wanted).abs();
            assert!(difference <= TOLERANCE, "{named}, label {label}: {found}, and {wanted} in transformers");
            greatest = greatest.max(difference);
        }
    }
    greatest
}

fn log_probabilities(item: &Value) -> [f64; 4] {
    serde_json::from_value(item["logprobs"].clone()).unwrap()
}

fn likeliest(values: [f64; 4]) -> usize {
    (0..4).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The binary in the environment of this test, which may say how the package index is reached.
fn xlt(args: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xlt"));
    command.args(args).stdin(Stdio::null()).env("XLT_CACHE", kept("cache")).env("XLT_STATE", kept("state"));
    Answer::of(&command.output().unwrap())
}

/// What stays from one test to the next.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("parity").join(name)
}

/// Removes the records of answers, so that this binary's are compared and not an earlier one's.
fn forget_answers() {
    for record in children(&kept("cache/records/v1")).iter().flat_map(|shard| children(shard)) {
        if fs::read_to_string(&record).unwrap().contains(r#""stage":"evaluate/"#) {
            fs::remove_file(record).unwrap();
        }
    }
    // The ledger knows them too; without it the records are read again.
    if kept("state").exists() {
        fs::remove_dir_all(kept("state")).unwrap();
    }
}

/// Which stages failed, and why.
fn failures(run: &Outcome) -> String {
    run.failed.iter().map(|stage| format!("{stage}: {}\n", run.message(stage))).collect()
}
