//! An adapter of PEFT's, imported and attached, computes what PEFT computes: the tiny model's logits against transformers'.
//!
//! What transformers and PEFT say is in `logits.json`, and how they were asked in `reference.py`; no Python is needed here.
#![cfg(feature = "llama")]
#![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]

#[path = "../support/mod.rs"]
mod support;

use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::Space;
use xlt_core::peft::{PeftAdapter, PeftTensor};
use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, Context, ContextOptions, KvType, LoadOptions, Model, merge, read_lora};

const EXPECTED: &str = include_str!("logits.json");
const TOLERANCE: f32 = 1e-4;
const RANK: usize = 3;
const CONFIG: &str = r#"{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 3, "lora_alpha": 6, "bias": "none"}"#;

#[derive(serde::Deserialize)]
struct Expected {
    tokens: Vec<usize>,
    plain: Vec<f32>,
    adapted: Vec<f32>,
}

/// The matrices that `reference.py` makes, in PEFT's names and order: numbers by their place among all.
fn adapter(vocabulary: usize) -> PeftAdapter {
    let layer = [
        ("self_attn.q_proj", 64, 64),
        ("self_attn.k_proj", 32, 64),
        ("self_attn.v_proj", 32, 64),
        ("self_attn.o_proj", 64, 64),
        ("mlp.gate_proj", 128, 64),
        ("mlp.up_proj", 128, 64),
        ("mlp.down_proj", 64, 128),
    ];
    let modules = (0..2)
        .flat_map(|number| layer.map(|(name, rows, columns)| (format!("model.layers.{number}.{name}"), rows, columns)));
    let mut shapes = BTreeMap::new();
    for (name, outputs, inputs) in modules.chain([("lm_head".to_owned(), vocabulary, 64)]) {
        shapes.insert(format!("base_model.model.{name}.lora_A.weight"), [RANK, inputs]);
        shapes.insert(format!("base_model.model.{name}.lora_B.weight"), [outputs, RANK]);
    }
    let mut at = 0_u32;
    let mut number = || {
        let number = f64::from(at.wrapping_mul(2_654_435_761)) / 2.0_f64.powi(32) - 0.5;
        at += 1;
        number as f32
    };
    let tensors = shapes.into_iter().map(|(name, [rows, columns])| {
        let values = (0..rows * columns).map(|_| number()).collect();
        (name, PeftTensor { shape: vec![rows, columns], values })
    });
    PeftAdapter { tensors: tensors.collect(), config: serde_json::from_value(json!({})).unwrap() }
}

fn logits(model: &Path, adapter: Option<&Path>, tokens: &[usize]) -> Vec<f32> {
    let mut model = Model::load(&Backend::silent().unwrap(), model, &LoadOptions::default()).unwrap();
    if let Some(adapter) = adapter {
        model.attach(adapter).unwrap();
    }
    let tokens: Vec<_> = tokens.iter().map(|token| model.token(u32::try_from(*token).unwrap()).unwrap()).collect();
    let options = ContextOptions {
        n_ctx: 64,
        n_batch: 64,
        sequences: 1,
        separate: false,
        outputs: 1,
        kv: KvType::F32,
        threads: 1,
    };
    Context::new(&model, &options).unwrap().logits_after(&tokens).unwrap().to_vec()
}

#[track_caller]
fn expect_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let greatest = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(greatest < TOLERANCE, "the greatest difference to transformers is {greatest:.1e}");
}

#[test]
fn an_imported_adapter_computes_what_peft_computes() {
    let expected: Expected = serde_json::from_str(EXPECTED).unwrap();
    let space = Space::new();
    let (model, adapted, merged) = (space.path("model.gguf"), space.path("adapter.gguf"), space.path("merged.gguf"));
    let bytes = TinyModel::default().bytes();
    fs::write(&model, &bytes).unwrap();
    leave_for_the_reference(&bytes);
    space.write("peft/adapter_config.json", CONFIG);
    space.write("peft/adapter_model.safetensors", adapter(expected.plain.len()).weights_bytes().unwrap());
    let import = ["adapter", "import", "peft", "--base", "model.gguf", "--to", "adapter.gguf"];
    space.ask(&import).expect_code(0);
    expect_near(&logits(&model, None, &expected.tokens), &expected.plain);
    expect_near(&logits(&model, Some(&adapted), &expected.tokens), &expected.adapted);
    merge(&model, &read_lora(&adapted).unwrap(), &merged, 2).unwrap();
    expect_near(&logits(&merged, None, &expected.tokens), &expected.adapted);
}

/// `reference.py` reads the model where this puts it.
fn leave_for_the_reference(model: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peft");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("model.gguf"), model).unwrap();
}
