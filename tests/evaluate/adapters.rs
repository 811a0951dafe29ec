//! Adapters that were made elsewhere: attached for their condition's cells, on the base that stays loaded.

use super::reasoning::{both_modes, items};
use super::support::Space;
use super::{ENGLISH, passage_rows, study};
use std::fs;
use xlt_llama::tiny::{TinyAdapter, TinyModel};

const TUNED: &str = "evaluate/tiny/tuned/eng_Latn/direct";

/// The study with a second condition, whose adapter lies in `lora/MODEL.gguf`.
fn with_adapter(space: Space) -> Space {
    let adapter = "[adapters.lora]\nfile = \"lora/{model}.gguf\"\n";
    space.edit("spec.toml", "[conditions]", &format!("{adapter}[conditions]\ntuned = {{ adapter = \"lora\" }}"));
    write(&space, "lora/tiny.gguf", &TinyAdapter::default());
    space
}

fn write(space: &Space, name: &str, adapter: &TinyAdapter) {
    space.write(name, adapter.bytes());
}

/// How often a model's file was read.
pub(super) fn loads(space: &Space) -> usize {
    let folders = fs::read_dir(space.cache("logs")).unwrap().flatten();
    let logs = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    logs.filter(|log| fs::read_to_string(log.path()).unwrap().contains("loaded meta data")).count()
}

#[test]
fn a_tuned_condition_is_answered_as_by_merged_weights_and_the_base_as_without_it() {
    let (plain, tuned, merged) = (study(), with_adapter(study()), study());
    merged.write("tiny.gguf", TinyAdapter::default().merged(&TinyModel::default()));
    assert!([&plain, &tuned, &merged].iter().all(|space| space.run().code == 0));
    assert_eq!(items(&tuned, ENGLISH), items(&plain, ENGLISH));
    let mut furthest: f64 = 0.0;
    for ((tuned, merged), base) in
        items(&tuned, TUNED).iter().zip(&items(&merged, ENGLISH)).zip(&items(&plain, ENGLISH))
    {
        for label in 0..2 {
            let [tuned, merged, base] = [tuned, merged, base].map(|item| item["logprobs"][label].as_f64().unwrap());
            assert!((tuned - merged).abs() < 2e-3, "{tuned} {merged}");
            furthest = furthest.max((base - merged).abs());
        }
    }
    assert!(furthest > 0.1, "{furthest}");
}

#[test]
fn a_model_is_loaded_once_for_all_that_it_is_asked() {
    let space = with_adapter(both_modes());
    for (name, seed) in [("two", 2), ("three", 3)] {
        TinyModel { seed, ..TinyModel::default() }.write(&space.path(format!("{name}.gguf"))).unwrap();
        write(&space, &format!("lora/{name}.gguf"), &TinyAdapter { seed, ..TinyAdapter::default() });
    }
    let languages = ["eng_Latn", "fra_Latn", "deu_Latn", "spa_Latn", "ita_Latn", "heb_Hebr", "arb_Arab", "amh_Ethi"];
    for (number, language) in languages.into_iter().enumerate() {
        space.write(&format!("{language}.jsonl"), passage_rows(number..number + 2, 1));
    }
    space.edit("spec.toml", r#"target = ["eng_Latn", "fra_Latn"]"#, &format!("target = {languages:?}"));
    space.edit(
        "spec.toml",
        r#", quantize = "Q4_0" }"#,
        " }\ntwo = { file = \"two.gguf\" }\nthree = { file = \"three.gguf\" }",
    );
    space.edit("spec.toml", r#"{ adapter = "lora" }"#, r#"{ adapter = "lora", modes = ["direct", "cot"] }"#);
    space.edit("spec.toml", "slots = 3", "slots = 3\nprobe = 2");
    let outcome = space.run();
    assert_eq!(outcome.code, 0);
    assert_eq!((outcome.stages_named("evaluate/"), outcome.stages_named("probe/")), (3 * 2 * 8 * 2, 3 * 2 * 8));
    assert_eq!(loads(&space), 3);
}

#[test]
fn another_adapter_is_asked_anew_and_the_base_is_not() {
    let space = with_adapter(both_modes());
    assert_eq!(space.run().code, 0);
    write(&space, "lora/tiny.gguf", &TinyAdapter { seed: 9, ..TinyAdapter::default() });
    let outcome = space.run();
    assert_eq!((outcome.code, outcome.stages_named("evaluate/")), (0, 2), "{:?}", outcome.events);
}

#[test]
fn every_seed_has_an_adapter_and_cells_of_its_own() {
    let space = with_adapter(study());
    space.edit("spec.toml", "{model}.gguf\"", "{seed}.gguf\"\nseeds = [4, 5]");
    for seed in [4, 5] {
        write(&space, &format!("lora/{seed}.gguf"), &TinyAdapter { seed, ..TinyAdapter::default() });
    }
    assert_eq!(space.run().code, 0);
    let [four, five] = [4, 5].map(|seed| items(&space, &format!("evaluate/tiny/tuned/seed{seed}/eng_Latn/direct")));
    assert_eq!((four.len(), five.len()), (4, 4));
    assert_ne!(four[0]["logprobs"], five[0]["logprobs"]);
    space.write("lora/5.gguf", "no adapter");
    space.ask(&["run"]).expect_code(1).expect_says("adapter `lora`, seed 5, on model `tiny`: ");
}

#[test]
fn an_adapter_that_would_not_do_what_it_learned_is_refused_by_name() {
    let refusals: [(Vec<u8>, &str); 4] = [
        (TinyAdapter { architecture: "gemma3", ..TinyAdapter::default() }.bytes(), "model arch and LoRA arch mismatch"),
        (
            TinyAdapter { vector: Some("output_norm.weight"), ..TinyAdapter::default() }.bytes(),
            "leaves out 2 of the 32 tensors",
        ),
        (TinyModel::default().bytes(), "expect general.type to be 'adapter'"),
        (b"PK safetensors".to_vec(), "the adapter's file is not a GGUF file"),
    ];
    let space = with_adapter(study());
    for (bytes, what) in refusals {
        space.write("lora/tiny.gguf", bytes);
        space.ask(&["run"]).expect_code(1).expect_says("adapter `lora` on model `tiny`: ").expect_says(what);
        assert_eq!(items(&space, ENGLISH).len(), 4, "the base is asked all the same");
    }
}
