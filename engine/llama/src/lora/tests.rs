use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::tiny::{TinyAdapter, TinyModel};

/// A folder, and a place for an adapter in it.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.path("file.gguf");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, bytes: &[u8]) -> Result<Lora, LlamaError> {
        read_lora(&self.file(bytes))
    }

    /// What is wrong with a file.
    fn faults(&self, bytes: &[u8]) -> Vec<String> {
        match self.read(bytes) {
            Err(LlamaError::NotLora { faults, .. }) => faults,
            other => panic!("{other:?}"),
        }
    }

    /// What is wrong with an adapter that is to be written; nothing is written then.
    fn refused(&self, lora: &Lora) -> Vec<String> {
        match write_lora(lora, &self.path("new.gguf")) {
            Err(LlamaError::NotLora { faults, .. }) => {
                assert!(!self.path("new.gguf").exists());
                faults
            }
            other => panic!("{other:?}"),
        }
    }

    fn written(&self, lora: &Lora, name: &str) -> Vec<u8> {
        write_lora(lora, &self.path(name)).unwrap();
        std::fs::read(self.path(name)).unwrap()
    }
}

/// A header with alpha 8 and tensors, in F32 and full of ones.
fn adapter(tensors: &[(&str, &[usize])]) -> Writer {
    let mut writer = Writer::new();
    writer.text("general.type", "adapter");
    writer.text("general.architecture", "llama");
    writer.text("adapter.type", "lora");
    writer.real("adapter.lora.alpha", 8.0);
    tensors.iter().for_each(|(name, shape)| writer.tensor(name, shape, std::iter::repeat(1.0)));
    writer
}

fn pair(tensor: &str, shape: PairShape) -> Pair {
    let PairShape { experts, rank, inputs, outputs } = shape;
    let numbers = |count: usize, from: f32| (0..count).map(|at| from + at as f32).collect();
    Pair {
        tensor: tensor.to_owned(),
        shape,
        a: numbers(experts * rank * inputs, 0.5),
        b: numbers(experts * rank * outputs, -9.0),
    }
}

fn lora(pairs: Vec<Pair>) -> Lora {
    Lora { architecture: "qwen3moe".to_owned(), alpha: 3.0, pairs }
}

const SMALL: PairShape = PairShape { experts: 1, rank: 2, inputs: 3, outputs: 5 };

#[test]
fn what_is_read_and_written_again_is_the_same_file() {
    let bench = Bench::new();
    let bytes = TinyAdapter { rank: 3, ..TinyAdapter::default() }.bytes();
    let lora = bench.read(&bytes).unwrap();
    assert_eq!((lora.architecture.as_str(), lora.alpha, lora.pairs.len()), ("llama", 1.5, 15));
    assert_eq!(lora.pairs[1].tensor, "blk.0.attn_k.weight");
    assert_eq!(lora.pairs[1].shape, PairShape { experts: 1, rank: 3, inputs: 64, outputs: 32 });
    let again = bench.written(&lora, "again.gguf");
    assert!(again.starts_with(&bytes), "all but zeros behind the last tensor");
}

#[test]
fn experts_and_embeddings_come_back() {
    let bench = Bench::new();
    let lora = lora(vec![
        pair("blk.0.ffn_down_exps.weight", PairShape { experts: 4, ..SMALL }),
        pair("token_embd.weight", SMALL),
        pair("blk.1.ffn_up.weight", PairShape { rank: 1, ..SMALL }),
    ]);
    let bytes = bench.written(&lora, "one.gguf");
    assert_eq!(bench.written(&lora, "two.gguf"), bytes);
    assert_eq!(read_lora(&bench.path("one.gguf")).unwrap(), lora);
    let file = GgufFile::open(&bench.path("one.gguf")).unwrap();
    let shapes: Vec<_> = file.tensors().into_iter().map(|tensor| tensor.shape).collect();
    assert_eq!(shapes[..2], [[3, 2, 4, 1], [2, 5, 4, 1]]);
    assert_eq!(shapes[2..4], [[2, 5, 1, 1], [2, 3, 1, 1]], "A has a row for each token, B one for each number");
}

#[test]
fn halves_in_fewer_bits_are_read() {
    let bench = Bench::new();
    for kind in [sys::GGML_TYPE_F16, sys::GGML_TYPE_BF16, sys::GGML_TYPE_Q8_0] {
        let mut writer = adapter(&[]);
        let (a, b) = ([0.5_f32; 32 * 32], [-2.0; 32 * 4]);
        writer.announce("output.weight.lora_a", &[32, 32], kind);
        writer.announce("output.weight.lora_b", &[32, 4], kind);
        let mut bytes = writer.header();
        bytes.extend(values::from_f32(kind, &a, 32).unwrap());
        bytes.extend(values::from_f32(kind, &b, 32).unwrap());
        let lora = bench.read(&bytes).unwrap();
        let near = |values: &[f32], to: &[f32]| {
            values.len() == to.len() && values.iter().zip(to).all(|(value, to)| (value - to).abs() < 0.01)
        };
        assert!(near(&lora.pairs[0].a, &a) && near(&lora.pairs[0].b, &b), "type {kind}");
    }
}

#[test]
fn without_alpha_the_change_is_taken_as_it_is() {
    let bench = Bench::new();
    let sizes: [(&str, &[usize]); 4] =
        [("x.lora_a", &[3, 2]), ("x.lora_b", &[2, 5]), ("y.lora_a", &[3, 4]), ("y.lora_b", &[4, 5])];
    let mut writer = adapter(&sizes[..2]);
    writer.real("adapter.lora.alpha", 0.0);
    assert_eq!(bench.read(&writer.into_bytes()).unwrap().alpha, 2.0);
    let mut writer = adapter(&sizes);
    writer.remove("adapter.lora.alpha");
    assert!(bench.faults(&writer.into_bytes())[0].contains("pairs of several ranks and no `adapter.lora.alpha`"));
    let mut writer = adapter(&sizes);
    writer.number("adapter.lora.alpha", 8);
    assert!(bench.faults(&writer.into_bytes())[0].contains("is no F32"));
}

#[test]
fn everything_that_is_wrong_with_a_file_is_said_at_once() {
    let mut writer = adapter(&[
        ("lonely.lora_b", &[2, 5]),
        ("single.lora_a", &[3, 2]),
        ("norm.weight", &[3]),
        ("unfit.lora_a", &[3, 2]),
        ("unfit.lora_b", &[4, 5]),
        ("uneven.lora_a", &[3, 2, 7]),
        ("uneven.lora_b", &[2, 5, 8]),
    ]);
    writer.text("adapter.type", "control_vector");
    writer.flag("adapter.alora.invocation_tokens", true);
    writer.announce("numbers.lora_a", &[3, 2], sys::GGML_TYPE_I32);
    writer.announce("numbers.lora_b", &[2, 5], sys::GGML_TYPE_F32);
    let mut bytes = writer.into_bytes();
    bytes.extend([0; 256]);
    let faults = Bench::new().faults(&bytes);
    let expected = [
        "its key `adapter.type` is \"control_vector\" and must be \"lora\"",
        "it is an activated LoRA",
        "tensor `norm.weight` is neither `.lora_a` nor `.lora_b`",
        "`lonely.lora_b` has no `lonely.lora_a`",
        "`single.lora_a` has no `single.lora_b`",
        "`unfit` are of shape [3, 2] and [4, 5], which do not fit",
        "`uneven` are of shape [3, 2, 7] and [2, 5, 8]",
        "`numbers.lora_a` is of type I32, which holds no weights",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn files_of_another_kind_are_refused() {
    let bench = Bench::new();
    assert!(bench.faults(&TinyModel::default().bytes())[0].contains("its key `general.type` is missing"));
    assert!(bench.faults(&adapter(&[]).into_bytes())[0].contains("it changes no tensor"));
    assert!(matches!(bench.read(b"<!DOCTYPE html>"), Err(LlamaError::NotGguf { .. })));
    let whole = TinyAdapter::default().bytes();
    assert!(matches!(bench.read(&whole[..whole.len() - 4]), Err(LlamaError::Truncated { .. })));
    assert!(matches!(read_lora(&bench.path("nothing")), Err(LlamaError::Missing { .. })));
}

#[test]
fn numbers_that_are_none_are_refused_on_both_ways() {
    let bench = Bench::new();
    let mut bytes = TinyAdapter::default().bytes();
    *bytes.last_chunk_mut().unwrap() = f32::NAN.to_le_bytes();
    assert!(bench.faults(&bytes)[0].starts_with("`output.weight` has NaN in B"));
    let mut lora = lora(vec![pair("output.weight", SMALL)]);
    lora.pairs[0].a[0] = f32::INFINITY;
    assert!(bench.refused(&lora)[0].starts_with("`output.weight` has inf in A"));
}

#[test]
fn what_ggml_could_not_write_is_refused() {
    let bench = Bench::new();
    let long = "x".repeat(LONGEST_TENSOR_NAME - A.len());
    let mut lora = lora(vec![
        pair(&long, SMALL),
        pair(&format!("{long}x"), SMALL),
        pair("nul\0", SMALL),
        pair(EMBEDDINGS, PairShape { experts: 2, ..SMALL }),
    ]);
    lora.architecture = String::new();
    assert_eq!(bench.refused(&lora).len(), 4);
    lora.architecture = "llama".to_owned();
    lora.pairs.truncate(1);
    bench.written(&lora, "new.gguf");
    assert_eq!(read_lora(&bench.path("new.gguf")).unwrap(), lora);
    assert!(matches!(write_lora(&lora, &bench.path("new.gguf")), Err(LlamaError::Unwritable { .. })));
}
