//! How far scores depend on what is decoded beside an item: what a probe reports is what other runs would answer.

use super::support::{Space, children, set};
use super::{ENGLISH, FRENCH, passage_rows, study};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};
use xlt_core::key::Digest;

const ENGLISH_PROBE: &str = "probe/tiny/base/eng_Latn/direct";
const FRENCH_PROBE: &str = "probe/tiny/base/fra_Latn/direct";

/// A study of passages; nothing is probed yet. Unquantized, the tiny model shows its company in the digits of every answer.
fn passages() -> Space {
    let space = study();
    space.edit("spec.toml", "key = \"id\"", "key = \"id\"\ngroup = \"text_id\"");
    space.edit("spec.toml", "context = 512", "context = 512\nunit = 200");
    for language in ["eng_Latn", "fra_Latn"] {
        space.write(&format!("{language}.jsonl"), passage_rows(0..12, 3));
    }
    space
}

/// The study with so many items probed.
fn probed(items: usize) -> Space {
    let space = passages();
    probe(&space, items);
    space
}

fn probe(space: &Space, items: usize) {
    space.edit("spec.toml", "unit = 200", &format!("unit = 200\nprobe = {items}"));
}

fn results(space: &Space) -> Value {
    serde_json::from_str(&space.read("spec.results/results.json")).unwrap()
}

/// Log-likelihoods and prediction of each item of the English cell, by key.
fn answers(space: &Space) -> BTreeMap<String, (Vec<f64>, Value)> {
    assert_eq!(space.run().code, 0);
    let answer = |line: &str| {
        let item: Value = serde_json::from_str(line).unwrap();
        let logprobs = item["logprobs"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        (item["key"].as_str().unwrap().to_owned(), (logprobs, item["prediction"].clone()))
    };
    space.ask(&["items", ENGLISH, "--json"]).stdout.lines().map(answer).collect()
}

/// As many items as are probed, by the hashes of their keys.
fn sampled<'a>(keys: impl Iterator<Item = &'a String>, items: usize) -> BTreeSet<String> {
    let mut keys: Vec<(Digest, &String)> = keys.map(|key| (Digest::of(key.as_bytes()), key)).collect();
    keys.sort();
    keys.into_iter().take(items).map(|(_, key)| key.clone()).collect()
}

/// As answers are written.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap()
}

/// Each is what a study answers that is cut into such units from the beginning.
#[test]
fn differences_and_flips_are_those_between_runs_with_other_units() {
    for score in ["labels", "texts"] {
        let ways = [("alone", "unit = 1"), ("answered", "unit = 200"), ("doubled", "unit = 400")].map(|(way, unit)| {
            let space = passages();
            space.edit("spec.toml", "unit = 200", unit);
            space.edit("spec.toml", "[modes.direct]", &format!("[modes.direct]\nscore = \"{score}\""));
            if way == "alone" {
                // Nor are its passages read for others.
                space.edit("spec.toml", "\ngroup = \"text_id\"", "");
            }
            (way, answers(&space))
        });
        let sample = sampled(ways[0].1.keys(), 10);
        let (mut greatest, mut place) = (0.0, Value::Null);
        for key in &sample {
            for option in 0..2 {
                for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                    let [(one, a), (other, b)] = [&ways[one], &ways[other]];
                    let difference = twelve_digits((a[key].0[option] - b[key].0[option]).abs());
                    if difference > greatest {
                        let label = (option + 1).to_string();
                        (greatest, place) =
                            (difference, json!({ "key": key, "option": label, "between": [one, other] }));
                    }
                }
            }
        }
        let flipped: Vec<&String> =
            sample.iter().filter(|key| ways.iter().any(|(_, way)| way[*key].1 != ways[0].1[*key].1)).collect();
        let space = probed(10);
        space.edit("spec.toml", "[modes.direct]", &format!("[modes.direct]\nscore = \"{score}\""));
        assert!(space.run().ran.is_superset(&set([ENGLISH_PROBE, FRENCH_PROBE])));
        let found = &results(&space)["probe"][0];
        assert_eq!((&found["language"], &found["items"]), (&json!("eng_Latn"), &json!(10)));
        assert!(greatest > 0.0, "{score}: the company shows");
        assert_eq!(found["greatest_difference"], json!(greatest), "{score}");
        assert_eq!((&found["where"], &found["flipped"]), (&place, &json!(flipped)));
        assert_eq!(found["flips_per_100"], json!(10.0 * flipped.len() as f64));
        let text = space.read("spec.results/results.md");
        assert!(text.contains("\n## Noise floor\n") && text.contains(&format!("| 10 | {greatest:.1e} | ")), "{text}");
    }
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_what_is_found() {
    let both = || {
        let space = probed(7);
        space.edit("spec.toml", "[evaluate]", "[analyze]\nfertility = \"eng_Latn\"\n[evaluate]");
        space
    };
    let (one, other) = (both(), both());
    other.write("eng_Latn.jsonl", passage_rows((0..12).rev(), 3));
    one.run_with(&["--jobs", "1"]);
    other.run_with(&["--jobs", "2"]);
    let cells = ["probe", "fertility"].map(|key| results(&one)[key].as_array().unwrap().len());
    assert_eq!(cells, [2, 2]);
    assert_eq!(one.read("spec.results/results.json"), other.read("spec.results/results.json"));
}

#[test]
fn who_does_not_probe_has_the_bytes_as_before() {
    let space = passages();
    space.run();
    let files = || {
        ["results.md", "results.csv", "results.json", "report.html"]
            .map(|file| space.read(&format!("spec.results/{file}")))
    };
    let before = files();
    assert!(!before.concat().contains("Greatest difference (nats)") && results(&space).get("probe").is_none());
    probe(&space, 0);
    space.run().expect_ran([""; 0]);
    space.edit("spec.toml", "probe = 0", "probe = 5");
    assert_eq!(space.run().ran, set([ENGLISH_PROBE, FRENCH_PROBE, "analyze"]), "the answers are there");
    let mut probed = results(&space);
    assert!(probed.as_object_mut().unwrap().remove("probe").is_some());
    assert_eq!(probed, serde_json::from_str::<Value>(&before[2]).unwrap(), "nothing else is in it");
    space.edit("spec.toml", "probe = 5", "probe = 0");
    space.run();
    assert_eq!(files(), before);
}

#[test]
fn a_rerun_probes_what_has_changed_and_no_more() {
    let space = probed(5);
    space.run();
    assert_eq!(space.run().ran, set::<&str>([]));
    space.edit("spec.toml", "probe = 5", "probe = 6");
    assert_eq!(space.run().ran, set([ENGLISH_PROBE, FRENCH_PROBE, "analyze"]));
    space.edit("fra_Latn.jsonl", "Passage 3 tells", "Passage 3 told");
    assert_eq!(space.run().ran, set(["download/data/rows/fra_Latn", FRENCH, FRENCH_PROBE, "analyze"]));
}

#[test]
fn of_few_items_all_are_probed() {
    let space = probed(1000);
    let outcome = space.run();
    assert_eq!(results(&space)["probe"][0]["items"], 36);
    let finished = |event: &&Value| event["event"] == "stage_finished" && event["stage"] == ENGLISH_PROBE;
    let asked = outcome.events.iter().find(finished).unwrap()["tokens_asked"].as_u64().unwrap();
    let items = space.ask(&["items", ENGLISH, "--json"]).stdout;
    let prompts = items.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n_tokens"].as_u64().unwrap());
    assert_eq!(asked, 2 * prompts.sum::<u64>(), "each is asked alone and in larger units");
}

#[test]
fn the_command_runs_what_probes_need_and_prints_a_table() {
    let space = passages();
    let written = "[modes.free]\nscore = \"generate\"\nmax_tokens = 4\n[conditions]";
    space.edit("spec.toml", "[conditions]", written);
    space.edit("spec.toml", "modes = [\"direct\"]", "modes = [\"direct\", \"free\"]");
    let answer = space.ask(&["probe", "--items", "4"]);
    answer.expect_code(0).expect_prints("Greatest difference (nats)").expect_prints("Flips of 100");
    let rows: Vec<Vec<&str>> = answer.stdout.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(
        [&rows[0][..5], &rows[1][..5]],
        [["tiny", "base", "eng_Latn", "direct", "4"], ["tiny", "base", "fra_Latn", "direct", "4"]]
    );
    let verdict = |word: &str| space.plan_with(&["--set", "evaluate.probe=4"]).verdict(word);
    assert!(verdict("cached").is_superset(&set([ENGLISH, FRENCH, ENGLISH_PROBE, FRENCH_PROBE])));
    let texts = ["evaluate/tiny/base/eng_Latn/free", "evaluate/tiny/base/fra_Latn/free"];
    assert_eq!(verdict("run"), set(texts), "no text was written");
    assert!(!space.has("spec.results"), "nothing was analyzed");

    let lines = space.ask(&["probe", "--items", "4", "--json"]);
    let lines: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    space.edit("spec.toml", "unit = 200", "unit = 200\nprobe = 4");
    assert!(space.run().ran.is_disjoint(&set([ENGLISH_PROBE, FRENCH_PROBE])), "what the command found is there");
    assert_eq!(results(&space)["probe"], Value::from(lines));
    let by_spec = space.ask(&["probe"]);
    assert_eq!(by_spec.stdout, answer.stdout, "as many as the spec has it");
    let usual = space.ask(&["probe", "--set", "evaluate.probe=0"]);
    assert_eq!(usual.stdout.lines().filter(|row| row.contains(" 20 ")).count(), 2, "{usual:?}");
}

#[test]
fn what_cannot_be_probed_is_said() {
    let space = study();
    space.edit("spec.toml", "[modes.direct]", "[modes.direct]\nscore = \"generate\"");
    space.ask(&["probe"]).expect_code(2).expect_says("no cell of the spec can be probed");
    space.ask(&["probe", "--items", "0"]).expect_code(2).expect_says("--items");
    let space = probed(2);
    space.write("fra_Latn.jsonl", "no row");
    let answer = space.ask(&["probe"]);
    answer.expect_code(1).expect_says("fra_Latn").expect_prints("eng_Latn");
    assert!(!answer.stdout.contains("fra_Latn"), "{answer:?}");
    space.write("spec.toml", "name = \"bare\"\n");
    space.ask(&["probe"]).expect_code(2);
}

/// What the probe that is under way has finished alone.
fn journal(space: &Space) -> usize {
    let keys = children(&space.cache("partial"));
    let journals = keys.iter().filter_map(|key| fs::read_to_string(key.join("alone/answers.journal")).ok());
    journals.map(|text| text.lines().count()).max().unwrap_or(0)
}

/// A number that grows no more: a worker lives a little longer than its engine.
fn settled(number: impl Fn() -> usize) -> usize {
    let mut last = number();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        match number() {
            now if now == last => return now,
            now => last = now,
        }
    }
}

#[test]
fn a_killed_probe_goes_on_where_it_was_and_finds_the_same() {
    let many = || {
        let space = probed(1000);
        space.write("eng_Latn.jsonl", passage_rows(0..400, 3));
        space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, r#"target = ["eng_Latn"]"#);
        space
    };
    let (unbroken, killed) = (many(), many());
    unbroken.run();
    let mut engine = killed.xlt(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while journal(&killed) < 10 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    engine.kill().unwrap();
    engine.wait().unwrap();
    let done = settled(|| journal(&killed)) - 1;
    let outcome = killed.run();
    assert_eq!(outcome.ran, set([ENGLISH_PROBE, "analyze"]));
    let progress = outcome.events.iter().find(|event| event["event"] == "progress" && event["stage"] == ENGLISH_PROBE);
    let progress = ["done", "total"].map(|key| progress.unwrap()[key].as_u64().unwrap());
    assert_eq!(progress, [done as u64, 1000], "it begins with what was done");
    assert!(results(&killed)["probe"] == results(&unbroken)["probe"]);
}
