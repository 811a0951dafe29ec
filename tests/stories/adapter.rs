//! `xlt adapter`: adapters looked into, compared, and brought from and to PEFT.
#![cfg(feature = "llama")]

use crate::support::Space;
use serde_json::{Value, json};
use std::fs;
use xlt_llama::tiny::{TinyAdapter, TinyModel};

/// A tiny model, and an adapter for it.
fn space() -> Space {
    let space = Space::new();
    TinyModel::default().write(&space.path("model.gguf")).unwrap();
    TinyAdapter::default().write(&space.path("adapter.gguf")).unwrap();
    space
}

/// The same, and the adapter in PEFT's form.
fn exported() -> Space {
    let space = space();
    space.ask(&EXPORT).expect_code(0);
    space
}

const EXPORT: [&str; 9] =
    ["adapter", "export", "adapter.gguf", "--base", "model.gguf", "--to", "peft", "--base-name", "org/tiny"];
const IMPORT: [&str; 7] = ["adapter", "import", "peft", "--base", "model.gguf", "--to", "back.gguf"];

fn config(space: &Space) -> Value {
    serde_json::from_str(&space.read("peft/adapter_config.json")).unwrap()
}

#[test]
fn what_an_adapter_changes() {
    let space = space();
    let answer = space.ask(&["adapter", "show", "adapter.gguf"]);
    answer.expect_code(0).expect_prints("llama, alpha 2, rank 4, 15 tensors changed by");
    let row = answer.stdout.lines().find(|line| line.contains("blk.*.attn_k.weight")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[..7], ["blk.*.attn_k.weight", "0-1", "32", "x", "64", "4", "768"]);
    let answer = space.ask(&["adapter", "show", "adapter.gguf", "--json"]);
    let all: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((&all["ranks"], &all["kinds"].as_array().unwrap().len()), (&json!([4]), &8));
    assert_eq!(all["kinds"][7]["name"], "output.weight");
    assert_eq!(all["kinds"][1]["shapes"], json!([{ "experts": 1, "rank": 4, "inputs": 64, "outputs": 32 }]));
    assert!((cells[7].parse::<f64>().unwrap() - all["kinds"][1]["norm"].as_f64().unwrap()).abs() < 1e-4);
}

#[test]
fn to_peft_and_back_is_the_same_adapter() {
    let space = space();
    let answer = space.ask(&EXPORT);
    answer.expect_code(0).expect_prints("15 tensors became 15 modules of PEFT in peft");
    let config = config(&space);
    assert_eq!((&config["r"], &config["lora_alpha"], &config["peft_type"]), (&json!(4), &json!(2), &json!("LORA")));
    assert_eq!(config["base_model_name_or_path"], "org/tiny");
    let answer = space.ask(&IMPORT);
    answer.expect_code(0).expect_prints("15 modules of PEFT became 15 tensors in back.gguf");
    let answer = space.ask(&["adapter", "diff", "adapter.gguf", "back.gguf", "--json"]);
    let difference: Value = serde_json::from_str(&answer.stdout).unwrap();
    for kind in difference["kinds"].as_array().unwrap() {
        assert_eq!((&kind["relative"], &kind["cosine"]), (&json!(0.0), &json!(1.0)), "{kind}");
    }
    assert_eq!((difference["only_first"].clone(), difference["only_second"].clone()), (json!([]), json!([])));
    let again = ["adapter", "export", "back.gguf", "--base", "model.gguf", "--to", "again"];
    space.ask(&again).expect_code(0).expect_says("give it with `--base-name ORG/REPO`");
    let weights = |folder: &str| fs::read(space.path(folder).join("adapter_model.safetensors")).unwrap();
    assert!(weights("peft") == weights("again"));
}

#[test]
fn two_adapters_side_by_side() {
    let space = space();
    TinyAdapter { seed: 1, vector: Some("output_norm.weight"), ..TinyAdapter::default() }
        .write(&space.path("other.gguf"))
        .unwrap();
    let answer = space.ask(&["adapter", "diff", "adapter.gguf", "other.gguf"]);
    answer.expect_code(0).expect_prints("only other.gguf changes 1 tensor:\n  output_norm.weight\n");
    let row = answer.stdout.lines().find(|line| line.contains("blk.*.attn_q.weight")).unwrap();
    let numbers: Vec<f64> = row.split_whitespace().skip(2).map(|cell| cell.parse().unwrap()).collect();
    let [first, second, difference, cosine] = numbers[..] else { panic!("{row}") };
    // The law of cosines, to the digits that are printed.
    let expected = (first * first + second * second - 2.0 * first * second * cosine).sqrt() / first;
    assert!((difference - expected).abs() < 1e-3 && cosine.abs() < 0.2 && difference > 1.0, "{row}");
    space.ask(&["adapter", "diff", "other.gguf", "adapter.gguf"]).expect_prints("only other.gguf changes 1 tensor");
}

#[test]
fn nothing_is_written_over() {
    let space = exported();
    space.ask(&EXPORT).expect_code(2).expect_says("peft/adapter_model.safetensors cannot be written: File exists");
    space.ask(&IMPORT).expect_code(0);
    space
        .ask(&IMPORT)
        .expect_code(2)
        .expect_says("back.gguf cannot be written (File exists")
        .expect_says("name a new file");
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let space = exported();
    let weights = fs::read(space.path("peft/adapter_model.safetensors")).unwrap();
    // Names stand in the file as they are.
    let replace = |bytes: &[u8], from: &str, to: &str| {
        let mut bytes = bytes.to_vec();
        assert_eq!(from.len(), to.len());
        while let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        bytes
    };
    let other = replace(&weights, "layers.1.self_attn.v_proj", "layers.7.self_attn.v_proj");
    let other = replace(&other, "layers.1.self_attn.q_proj", "layers.1.self_attn.x_proj");
    space.write("peft/adapter_model.safetensors", other);
    let answer = space.ask(&IMPORT);
    answer
        .expect_code(2)
        .expect_says("peft cannot be brought to model.gguf:\n")
        .expect_says(
            "`model.layers.7.self_attn.v_proj` cannot be placed: the model has no tensor `blk.7.attn_v.weight`",
        )
        .expect_says(
            "`model.layers.1.self_attn.x_proj` cannot be placed: no module of this architecture has this name",
        );
    assert!(!space.has("back.gguf"));
    TinyAdapter { architecture: "qwen3", ..TinyAdapter::default() }.write(&space.path("adapter.gguf")).unwrap();
    space.remove("peft");
    space.ask(&EXPORT).expect_code(2).expect_says("for the architecture `qwen3` and the model is of `llama`");
    assert!(!space.has("peft"));
}

#[test]
fn what_gguf_cannot_hold_is_refused() {
    let space = exported();
    space.edit("peft/adapter_config.json", "\"bias\": \"none\"", "\"bias\": \"all\", \"use_dora\": true");
    let answer = space.ask(&IMPORT);
    answer.expect_code(2).expect_says("`use_dora` is true, which has no place").expect_says("`bias` is \"all\"");
}

#[test]
fn what_is_no_adapter_is_refused_in_words() {
    let space = exported();
    let show = |name: &str| space.ask(&["adapter", "show", name]);
    show("model.gguf")
        .expect_code(2)
        .expect_says("model.gguf is not a sound LoRA adapter: its key `general.type` is missing");
    show("nothing.gguf").expect_code(2).expect_says("nothing.gguf does not exist");
    show("peft/adapter_config.json").expect_code(2).expect_says("is not a GGUF file");
    let norm = TinyAdapter { vector: Some("output_norm.weight"), ..TinyAdapter::default() };
    norm.write(&space.path("norm.gguf")).unwrap();
    let export = ["adapter", "export", "norm.gguf", "--base", "model.gguf", "--to", "norm"];
    space.ask(&export).expect_code(2).expect_says("`output_norm.weight` cannot be placed");
    space.write("peft/adapter_config.json", "{");
    space.ask(&IMPORT).expect_code(2).expect_says("adapter_config.json cannot be read: EOF while parsing");
    space.remove("peft/adapter_config.json");
    space.ask(&IMPORT).expect_code(2).expect_says("name a folder that PEFT's `save_pretrained` made");
    space.write("peft/adapter_config.json", "{}");
    space.remove("peft/adapter_model.safetensors");
    space.write("peft/adapter_model.bin", "");
    space.ask(&IMPORT).expect_code(2).expect_says("save it with `safe_serialization=True`");
}
