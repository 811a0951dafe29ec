//! Quantizes the tiny model; and refuses what is no model, pointless, or a loss.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xlt_llama::tiny::TinyModel;
use xlt_llama::{
    Backend, Context, ContextOptions, LlamaError, LoadOptions, Model, QuantizeOptions, file_type_name, quantize,
    quantizes_to,
};

/// A folder with a model in it and room for others.
struct Space {
    folder: TempDir,
    input: PathBuf,
}

impl Space {
    fn new() -> Self {
        Self::of(&TinyModel::default().bytes())
    }

    fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("model.gguf");
        std::fs::write(&input, bytes).unwrap();
        Self { folder, input }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Quantizes the model to a file of the type's name.
    fn quantize(&self, to: &str) -> Result<PathBuf, LlamaError> {
        self.quantize_with(&self.path(to), &QuantizeOptions { to, requantize: false, threads: 1 })
    }

    fn quantize_with(&self, output: &Path, options: &QuantizeOptions<'_>) -> Result<PathBuf, LlamaError> {
        quantize(&Backend::silent().unwrap(), &self.input, output, options, &mut |_, _| {})?;
        Ok(output.to_owned())
    }

    /// What quantizing says that fails and leaves nothing behind.
    #[track_caller]
    fn refused(&self, to: &str) -> LlamaError {
        let output = self.path("output");
        let error = self.quantize_with(&output, &QuantizeOptions { to, requantize: false, threads: 1 }).unwrap_err();
        assert!(!output.exists(), "{error}");
        error
    }
}

fn logits(path: &Path) -> Vec<f32> {
    let model = Model::load(&Backend::silent().unwrap(), path, &LoadOptions::default()).unwrap();
    let tokens = model.tokenize("Which of the following is true?", true).unwrap();
    let options = ContextOptions { n_ctx: 256, n_batch: 64, ..ContextOptions::default() };
    Context::new(&model, &options).unwrap().logits_after(&tokens).unwrap().to_vec()
}

#[test]
fn quantized_model_is_smaller_and_answers_nearly_the_same() {
    let space = Space::new();
    let whole = std::fs::metadata(&space.input).unwrap().len();
    let expected = logits(&space.input);
    let size: f32 = expected.iter().map(|logit| logit.abs()).sum();
    for (to, shrinks, close) in [("Q8_0", 2, 0.1), ("Q4_0", 3, 1.0), ("F16", 1, 0.01), ("BF16", 1, 0.1)] {
        let output = space.quantize(to).unwrap();
        assert!(std::fs::metadata(&output).unwrap().len() < whole / shrinks, "{to}");
        assert_eq!(file_type_name(&output).unwrap(), Some(to));
        let difference: f32 = expected.iter().zip(logits(&output)).map(|(one, other)| (one - other).abs()).sum();
        assert!(difference > 0.0 && difference < close * size, "{to}: {difference} of {size}");
    }
}

#[test]
fn threads_do_not_change_the_bytes() {
    let space = Space::new();
    for to in ["Q8_0", "Q4_K_M", "IQ4_NL"] {
        let files = [1, 2, 3].map(|threads| {
            let options = QuantizeOptions { to, requantize: false, threads };
            std::fs::read(space.quantize_with(&space.path(&format!("{to}-{threads}")), &options).unwrap()).unwrap()
        });
        assert!(files[0] == files[1] && files[0] == files[2], "{to}");
    }
}

#[test]
fn progress_counts_up_to_the_number_of_tensors() {
    let space = Space::new();
    let mut heard = Vec::new();
    let backend = Backend::silent().unwrap();
    let options = QuantizeOptions { to: "Q8_0", requantize: false, threads: 2 };
    quantize(&backend, &space.input, &space.path("q"), &options, &mut |done, total| heard.push((done, total))).unwrap();
    // Two layers of nine tensors, the embedding, the output and its norm.
    assert_eq!(heard, (1..=21).map(|done| (done, 21)).collect::<Vec<_>>());
}

#[test]
fn every_type_is_made_or_refused_with_a_reason() {
    let space = Space::new();
    let mut made = 0;
    for to in quantizes_to().filter(|to| *to != "F32") {
        match space.quantize(to) {
            Ok(output) => {
                assert_eq!(file_type_name(&output).unwrap(), Some(to));
                made += 1;
            }
            Err(LlamaError::Quantize { log, .. }) => assert!(!log.is_empty() && !space.path(to).exists(), "{to}"),
            Err(error) => panic!("{to}: {error}"),
        }
    }
    assert!(made > 20, "{made}");
}

#[test]
fn same_type_is_pointless() {
    let error = Space::new().refused("F32");
    assert!(matches!(error, LlamaError::Pointless { to: "F32", .. }), "{error}");
    assert!(error.to_string().contains("leave out `quantize`"), "{error}");
}

#[test]
fn quantized_model_is_quantized_again_on_request_only() {
    let space = Space::new();
    let space = Space::of(&std::fs::read(space.quantize("Q8_0").unwrap()).unwrap());
    let error = space.refused("Q4_0");
    assert!(matches!(error, LlamaError::AlreadyQuantized { from: Some("Q8_0"), .. }), "{error}");
    assert!(error.to_string().contains("`requantize = true`"), "{error}");
    let options = QuantizeOptions { to: "Q4_0", requantize: true, threads: 1 };
    let output = space.quantize_with(&space.path("again"), &options).unwrap();
    assert_eq!(file_type_name(&output).unwrap(), Some("Q4_0"));
}

#[test]
fn further_part_that_is_quantized_counts() {
    let space = Space::new();
    let quantized = space.quantize("Q8_0").unwrap();
    // The first part holds the vocabulary alone. Behind the number of keys stands one more: `split.count = 2`, a u16.
    let mut first = TinyModel { weights: false, ..TinyModel::default() }.bytes();
    first[16] += 1;
    first.splice(24..24, *b"\x0b\0\0\0\0\0\0\0split.count\x02\0\0\0\x02\0");
    let input = space.path("m-00001-of-00002.gguf");
    std::fs::write(&input, first).unwrap();
    std::fs::rename(quantized, space.path("m-00002-of-00002.gguf")).unwrap();
    let error = Space { input, ..space }.refused("Q4_0");
    assert!(matches!(error, LlamaError::AlreadyQuantized { .. }), "{error}");
}

#[test]
fn half_precision_is_not_quantized() {
    for half in ["F16", "BF16"] {
        let space = Space::new();
        let space = Space::of(&std::fs::read(space.quantize(half).unwrap()).unwrap());
        assert!(space.quantize("Q8_0").is_ok(), "{half}");
    }
}

#[test]
fn unknown_type_is_named_with_those_there_are() {
    for unknown in ["q8_0", "Q9_0", "NVFP4", ""] {
        let error = Space::new().refused(unknown);
        assert!(matches!(&error, LlamaError::UnknownType { to } if to == unknown), "{error}");
        assert!(error.to_string().contains("Q4_K_M, "), "{error}");
    }
}

#[test]
fn no_threads_are_refused() {
    let space = Space::new();
    let options = QuantizeOptions { to: "Q8_0", requantize: false, threads: 0 };
    let error = space.quantize_with(&space.path("output"), &options).unwrap_err();
    assert!(matches!(error, LlamaError::Zero { option: "threads" }), "{error}");
}

#[test]
fn what_is_no_whole_model_is_refused() {
    let bytes = TinyModel::default().bytes();
    let error = Space::of(&bytes[..bytes.len() - 1]).refused("Q8_0");
    assert!(matches!(error, LlamaError::Truncated { .. }), "{error}");
    let error = Space::of(b"<!DOCTYPE html>").refused("Q8_0");
    assert!(matches!(error, LlamaError::NotGguf { .. }), "{error}");
    let error = Space::of(&TinyModel { weights: false, ..TinyModel::default() }.bytes()).refused("Q8_0");
    assert!(matches!(error, LlamaError::VocabularyOnly { .. }), "{error}");
}

#[test]
fn weights_that_are_no_numbers_leave_nothing_behind() {
    let error = Space::of(&TinyModel { nan: true, ..TinyModel::default() }.bytes()).refused("Q8_0");
    let LlamaError::Quantize { to: "Q8_0", log, .. } = &error else { panic!("{error}") };
    assert!(log.iter().any(|line| line.contains("output.weight")), "{log:?}");
}

#[test]
fn nothing_is_written_over() {
    let space = Space::new();
    let before = std::fs::read(&space.input).unwrap();
    let options = QuantizeOptions { to: "Q8_0", requantize: false, threads: 1 };
    for output in [space.input.clone(), space.path("none/model.gguf")] {
        let error = space.quantize_with(&output, &options).unwrap_err();
        assert!(matches!(&error, LlamaError::Unwritable { path, .. } if *path == output), "{error}");
    }
    assert!(std::fs::read(&space.input).unwrap() == before);
}

#[test]
fn progress_that_panics_leaves_nothing_behind() {
    let space = Space::new();
    let output = space.path("output");
    let options = QuantizeOptions { to: "Q8_0", requantize: false, threads: 1 };
    let ended = std::panic::catch_unwind(|| {
        quantize(&Backend::silent().unwrap(), &space.input, &output, &options, &mut |_, _| panic!("enough"))
    });
    assert!(ended.is_err() && !output.exists());
}

#[test]
fn type_of_a_file_that_names_none() {
    let mut bytes = TinyModel::default().bytes();
    let at = bytes.windows(9).position(|window| window == b"file_type").unwrap();
    bytes[at..at + 9].copy_from_slice(b"file_typo");
    let space = Space::of(&bytes);
    assert_eq!(file_type_name(&space.input).unwrap(), None);
    assert!(space.quantize("Q8_0").is_ok());
}
