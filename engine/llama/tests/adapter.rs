//! Attaches adapters to the tiny model; and refuses those that would not do what they learned.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::path::PathBuf;

use tempfile::TempDir;
use xlt_llama::tiny::{TinyAdapter, TinyModel};
use xlt_llama::{
    Backend, Context, ContextOptions, KvType, LlamaError, LoadOptions, Model, Piece, Token, read_lora, write_lora,
};

const TEXT: &str = "What is the answer? 1, 2, 3 or 4";
const OPTIONS: ContextOptions =
    ContextOptions { n_ctx: 128, n_batch: 64, sequences: 4, separate: false, outputs: 4, kv: KvType::F32, threads: 1 };

/// A folder with a model in it, and adapters.
struct Bench {
    folder: TempDir,
    model: Model,
}

impl Bench {
    fn new(model: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, model).unwrap();
        let model = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap();
        Self { folder, model }
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("adapter.gguf");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn attach(&mut self, adapter: &TinyAdapter) {
        let path = self.file(&adapter.bytes());
        self.model.attach(&path).unwrap();
    }

    /// What is wrong with an adapter of these bytes; nothing is attached then.
    fn refusal(&mut self, bytes: &[u8]) -> LlamaError {
        let before = self.logits();
        let path = self.file(bytes);
        let error = self.model.attach(&path).unwrap_err();
        assert_eq!(self.logits(), before);
        error
    }

    fn tokens(&self) -> Vec<Token> {
        self.model.tokenize(TEXT, true).unwrap()
    }

    fn logits(&self) -> Vec<f32> {
        Context::new(&self.model, &OPTIONS).unwrap().logits_after(&self.tokens()).unwrap().to_vec()
    }
}

fn tiny() -> Bench {
    Bench::new(&TinyModel::default().bytes())
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

#[test]
fn an_attached_adapter_computes_what_merged_weights_compute() {
    let adapter = TinyAdapter { seed: 3, ..TinyAdapter::default() };
    let merged = Bench::new(&adapter.merged(&TinyModel::default())).logits();
    let mut bench = tiny();
    let plain = bench.logits();
    bench.attach(&adapter);
    assert!(furthest(&bench.logits(), &merged) < 1e-4, "{}", furthest(&bench.logits(), &merged));
    assert!(furthest(&plain, &merged) > 0.1);
}

#[test]
fn an_adapter_that_was_read_and_written_computes_the_same() {
    let adapter = TinyAdapter { seed: 3, ..TinyAdapter::default() };
    let mut bench = tiny();
    bench.attach(&adapter);
    let (logits, path) = (bench.logits(), bench.folder.path().join("written.gguf"));
    let mut lora = read_lora(&bench.file(&adapter.bytes())).unwrap();
    write_lora(&lora, &path).unwrap();
    bench.model.attach(&path).unwrap();
    assert_eq!(bench.logits(), logits);
    lora.alpha *= 2.0;
    std::fs::remove_file(&path).unwrap();
    write_lora(&lora, &path).unwrap();
    bench.model.attach(&path).unwrap();
    assert!(furthest(&bench.logits(), &logits) > 0.1);
}

#[test]
fn a_model_without_its_adapter_is_what_it_was() {
    let mut bench = tiny();
    let plain = bench.logits();
    bench.attach(&TinyAdapter::default());
    let first = bench.logits();
    bench.attach(&TinyAdapter { seed: 1, ..TinyAdapter::default() });
    let second = bench.logits();
    bench.attach(&TinyAdapter::default());
    assert_eq!(bench.logits(), first);
    assert!(furthest(&first, &second) > 0.1);
    bench.model.detach();
    assert_eq!(bench.logits(), plain);
}

#[test]
fn sequences_side_by_side_are_computed_with_the_adapter_too() {
    let mut bench = tiny();
    bench.attach(&TinyAdapter::default());
    let (tokens, alone) = (bench.tokens(), bench.logits());
    let mut context = Context::new(&bench.model, &OPTIONS).unwrap();
    let pieces = [0, 1, 2].map(|sequence| Piece { sequence, tokens: &tokens, quiet: tokens.len() - 1 });
    for row in context.decode(&pieces).unwrap() {
        assert!(furthest(row, &alone) < 1e-4);
    }
}

#[test]
fn what_llama_cpp_would_ignore_is_refused() {
    let adapter = TinyAdapter { vector: Some("blk.1.ffn_norm.weight"), ..TinyAdapter::default() };
    let error = tiny().refusal(&adapter.bytes());
    let LlamaError::AdapterUnused { unused, of, architecture, .. } = &error else { panic!("{error}") };
    assert_eq!(*unused, ["blk.1.ffn_norm.weight.lora_a", "blk.1.ffn_norm.weight.lora_b"]);
    assert_eq!((*of, architecture.as_str()), (2 * (2 * 7 + 1 + 1), "llama"));
    assert!(error.to_string().contains("leaves out 2 of the 32 tensors"), "{error}");
}

#[test]
fn what_is_no_adapter_for_the_model_is_refused_in_words() {
    let mut bench = tiny();
    let says = |error: LlamaError, what: &str| assert!(error.to_string().contains(what), "{error}");
    says(bench.refusal(&TinyModel::default().bytes()), "expect general.type to be 'adapter'");
    says(
        bench.refusal(&TinyAdapter { architecture: "qwen3", ..TinyAdapter::default() }.bytes()),
        "model arch and LoRA arch mismatch",
    );
    says(bench.refusal(b"<!DOCTYPE html>"), "is not a GGUF file");
    let whole = TinyAdapter::default().bytes();
    says(bench.refusal(&whole[..whole.len() - 4]), "is cut");
    let elsewhere = bench.folder.path().join("nothing.gguf");
    says(bench.model.attach(&elsewhere).unwrap_err(), "does not exist");
}
