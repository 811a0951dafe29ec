//! Merges adapters into the tiny model's weights.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xlt_core::lora::Lora;
use xlt_llama::tiny::{TinyAdapter, TinyModel};
use xlt_llama::{
    Backend, Context, ContextOptions, KvType, LlamaError, LoadOptions, Model, QuantizeOptions, merge, quantize,
    read_lora,
};

const OPTIONS: ContextOptions =
    ContextOptions { n_ctx: 128, n_batch: 64, sequences: 4, separate: false, outputs: 4, kv: KvType::F32, threads: 1 };

/// A folder with a model and an adapter in it.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        TinyModel::default().write(&bench.path("base.gguf")).unwrap();
        TinyAdapter { seed: 3, ..TinyAdapter::default() }.write(&bench.path("adapter.gguf")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn lora(&self) -> Lora {
        read_lora(&self.path("adapter.gguf")).unwrap()
    }

    /// The base in another type.
    fn quantized(&self, to: &str) -> PathBuf {
        let (backend, path) = (Backend::silent().unwrap(), self.path(to));
        let options = QuantizeOptions { to, requantize: false, threads: 1 };
        quantize(&backend, &self.path("base.gguf"), &path, &options, &mut |_, _| {}).unwrap();
        path
    }

    fn merged(&self, base: &Path, lora: &Lora, threads: u32) -> PathBuf {
        let out = self.path(&format!("merged-{threads}.gguf"));
        let _ = fs::remove_file(&out);
        merge(base, lora, &out, threads).unwrap();
        out
    }

    fn faults(&self, base: &Path, lora: &Lora) -> Vec<String> {
        let out = self.path("none.gguf");
        match merge(base, lora, &out, 1) {
            Err(LlamaError::Merge { faults, .. }) if !out.exists() => faults,
            other => panic!("{other:?}"),
        }
    }
}

fn logits(model: &Path, adapter: Option<&Path>) -> Vec<f32> {
    let mut model = Model::load(&Backend::silent().unwrap(), model, &LoadOptions::default()).unwrap();
    if let Some(adapter) = adapter {
        model.attach(adapter).unwrap();
    }
    let tokens = model.tokenize("What is the answer? 1, 2, 3 or 4", true).unwrap();
    Context::new(&model, &OPTIONS).unwrap().logits_after(&tokens).unwrap().to_vec()
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

#[test]
fn merged_weights_compute_what_the_attached_adapter_computes() {
    let bench = Bench::new();
    let base = bench.path("base.gguf");
    let attached = logits(&base, Some(&bench.path("adapter.gguf")));
    let merged = logits(&bench.merged(&base, &bench.lora(), 1), None);
    assert!(furthest(&merged, &attached) < 1e-4, "{}", furthest(&merged, &attached));
    assert!(furthest(&merged, &logits(&base, None)) > 0.1);
}

#[test]
fn everything_but_the_changed_weights_stays_as_it_was() {
    let bench = Bench::new();
    let base = bench.path("base.gguf");
    let mut lora = bench.lora();
    lora.pairs.retain(|pair| pair.tensor == "blk.1.attn_k.weight");
    let (before, after) = (fs::read(&base).unwrap(), fs::read(bench.merged(&base, &lora, 1)).unwrap());
    assert_eq!(before.len(), after.len());
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    let (first, last) = (changed[0], *changed.last().unwrap());
    assert!(last - first < 64 * 32 * 4, "{first} to {last}");
    assert!(changed.len() > 64 * 32);
}

#[test]
fn weights_keep_their_type_and_threads_do_not_show() {
    let bench = Bench::new();
    let attached = logits(&bench.path("base.gguf"), Some(&bench.path("adapter.gguf")));
    for (kind, near) in [("F16", 0.01), ("BF16", 0.1), ("Q8_0", 0.1)] {
        let base = bench.quantized(kind);
        let merged = bench.merged(&base, &bench.lora(), 1);
        assert_eq!(fs::metadata(&merged).unwrap().len(), fs::metadata(&base).unwrap().len());
        let distance = furthest(&logits(&merged, None), &attached);
        assert!(distance < near, "{kind}: {distance}");
        let again = bench.merged(&base, &bench.lora(), 3);
        assert!(fs::read(&merged).unwrap() == fs::read(&again).unwrap());
    }
}

#[test]
fn a_split_model_becomes_one_file() {
    let bench = Bench::new();
    let names = ["split-00001-of-00002.gguf", "split-00002-of-00002.gguf"];
    for (name, bytes) in names.iter().zip(TinyModel::default().shards()) {
        fs::write(bench.path(name), bytes).unwrap();
    }
    let one = bench.merged(&bench.path("base.gguf"), &bench.lora(), 1);
    let other = bench.merged(&bench.path(names[0]), &bench.lora(), 2);
    assert_eq!(logits(&one, None), logits(&other, None));
    fs::rename(bench.path(names[0]), bench.path("renamed.gguf")).unwrap();
    let error = merge(&bench.path("renamed.gguf"), &bench.lora(), &bench.path("none.gguf"), 1).unwrap_err();
    assert!(error.to_string().contains("it is one of 2 parts"), "{error}");
}

#[test]
fn all_that_does_not_fit_the_model_is_named() {
    let bench = Bench::new();
    let base = bench.path("base.gguf");
    let mut lora = bench.lora();
    lora.architecture = "qwen3".to_owned();
    lora.pairs[0].tensor = "blk.0.attn_qkv.weight".to_owned();
    lora.pairs[1].tensor = "blk.1.ffn_up.weight".to_owned();
    lora.pairs.retain(|pair| !(pair.tensor == "blk.1.ffn_up.weight" && pair.shape.outputs == 128));
    let faults = bench.faults(&base, &lora);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].contains("for the architecture `qwen3` and the model is of `llama`"));
    assert!(faults[1].contains("`blk.0.attn_qkv.weight`: the model has no such tensor"));
    assert!(faults[2].contains("`blk.1.ffn_up.weight`: it is of shape [64, 128, 1] in the model"));
}

#[test]
fn what_a_type_cannot_hold_is_refused() {
    let bench = Bench::new();
    let mut lora = bench.lora();
    lora.alpha = 1e6;
    let faults = bench.faults(&bench.quantized("F16"), &lora);
    assert!(faults[0].contains("numbers that F16 cannot hold"), "{faults:?}");
    bench.merged(&bench.path("base.gguf"), &lora, 1);
}

#[test]
fn nothing_is_written_over() {
    let bench = Bench::new();
    let base = bench.path("base.gguf");
    let error = merge(&base, &bench.lora(), &base, 1).unwrap_err();
    assert!(matches!(error, LlamaError::Unwritable { .. }), "{error}");
    assert!(fs::read(&base).unwrap() == TinyModel::default().bytes());
}
