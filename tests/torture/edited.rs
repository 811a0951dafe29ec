//! An input that is edited while a run is under way: what comes out is of one version.

use crate::chance::Chance;
use crate::engine::Engine;
use crate::real::{self, SPEC, outcome};
use crate::study::results;
use crate::support::Space;
use crate::tally::{Tally, rounds, seed};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use xlt_llama::tiny::TinyModel;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Two words of one length, everywhere in the rows.
const WORDS: [&str; 2] = ["tea", "ale"];

/// The study with its model and rows beside the spec.
pub(crate) fn space() -> Space {
    let space = Space::with_spec(
        &SPEC.replace("hf:org/tiny/m-*.gguf", "tiny.gguf").replace("hf:datasets/org/rows/{language}", "{language}"),
    );
    TinyModel::default().write(&space.path("tiny.gguf")).unwrap();
    space.write("eng_Latn.jsonl", real::rows(WORDS[0], 0));
    space.write("fra_Latn.jsonl", real::rows("thé", 0));
    space
}

pub(crate) fn command(space: &Space) -> Command {
    space.xlt(&["run", "spec.toml", "--json", "--jobs", "2"])
}

/// The results with this word, and how long they took.
fn unbroken(word: &str) -> (Files, Duration) {
    let space = space();
    space.write("eng_Latn.jsonl", real::rows(word, 0));
    let begun = Instant::now();
    let outcome = outcome(command(&space));
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    (results(&space.path("")), begun.elapsed())
}

#[test]
fn an_input_edited_during_a_run_gives_results_of_one_version() {
    let (rounds, seed) = (rounds(25), seed());
    let [(before, whole), (after, _)] = WORDS.map(unbroken);
    assert!(before != after);
    let mut tally = Tally::default();
    for seed in seed..seed + rounds {
        tally.round();
        let (mut chance, what) = (Chance::new(seed), format!("seed {seed}"));
        let space = space();
        let engine = Engine::of(command(&space));
        std::thread::sleep(Duration::from_micros(chance.below(whole.as_micros() as u64)));
        let edited = real::rows(WORDS[1], 0);
        // As editors do it, or in place.
        if chance.below(2) == 0 {
            space.write("new", edited);
            fs::rename(space.path("new"), space.path("eng_Latn.jsonl")).unwrap();
        } else {
            space.write("eng_Latn.jsonl", edited);
        }
        let first = engine.end();
        let told = first.events.iter().all(|event| {
            event["event"] != "stage_failed" || event["message"].as_str().is_some_and(|text| text.contains("change"))
        });
        tally.refused((first.code > 1 || !told).then(|| format!("{what}: {first:#?}")));
        let found = results(&space.path(""));
        let whole = if first.code == 0 { [&before, &after].contains(&&found) } else { found.is_empty() };
        tally.wrong((!whole).then(|| format!("{what}: results of neither version")));

        let second = outcome(command(&space));
        tally.refused((second.code != 0).then(|| format!("{what}: {second:#?}")));
        tally.wrong((results(&space.path("")) != after).then(|| format!("{what}: the edit was not seen")));
        let third = outcome(command(&space));
        tally.refused((!third.ran.is_empty()).then(|| format!("{what}: {third:#?}")));
    }
    tally.end("an input is edited during a run");
}
