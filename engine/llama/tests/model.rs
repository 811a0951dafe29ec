//! Loads, tokenizes with and decodes on the tiny model; and refuses what is no model.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::path::PathBuf;

use tempfile::TempDir;
use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, Context, ContextOptions, KvType, LlamaError, LoadOptions, Model, Token};

fn tiny() -> TinyModel {
    TinyModel { seed: 7, ..TinyModel::default() }
}
const OPTIONS: ContextOptions =
    ContextOptions { n_ctx: 512, n_batch: 64, sequences: 1, separate: false, outputs: 1, kv: KvType::F16, threads: 1 };

/// A folder with one file in it.
struct TestFile {
    _folder: TempDir,
    path: PathBuf,
}

impl TestFile {
    fn new(bytes: &[u8]) -> Self {
        Self::named("model.gguf", bytes)
    }

    fn named(name: &str, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    fn load(&self) -> Result<Model, LlamaError> {
        Model::load(&Backend::silent().unwrap(), &self.path, &LoadOptions::default())
    }
}

fn model(tiny: TinyModel) -> Model {
    TestFile::new(&tiny.bytes()).load().unwrap()
}

fn error(bytes: &[u8]) -> LlamaError {
    TestFile::new(bytes).load().unwrap_err()
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|logit| logit.to_bits()).collect()
}

/// Bits of the logits after a text, in a context of their own.
fn logits(model: &Model, text: &str, options: &ContextOptions) -> Vec<u32> {
    let tokens = model.tokenize(text, true).unwrap();
    bits(Context::new(model, options).unwrap().logits_after(&tokens).unwrap())
}

fn texts(model: &Model, tokens: &[Token]) -> Vec<String> {
    tokens.iter().map(|token| model.token_text(*token)).collect()
}

// Loading

#[test]
fn tiny_model_describes_itself() {
    let model = model(tiny());
    assert_eq!(model.architecture(), "llama");
    assert_eq!(model.name().as_deref(), Some("tiny"));
    assert_eq!(model.bos_text().as_deref(), Some("<|begin|>"));
    assert_eq!(model.eos_text().as_deref(), Some("<|im_end|>"));
    assert!(model.add_bos());
    assert_eq!(model.vocab_size(), 559);
    assert_eq!(model.train_context(), 8192);
    assert!(model.chat_template().unwrap().contains("add_generation_prompt"));
    assert!(tiny().bytes().len() < 1_000_000);
    assert_eq!(tiny().bytes(), tiny().bytes());
}

#[test]
fn mapped_or_read_is_the_same_model() {
    let file = TestFile::new(&tiny().bytes());
    let read = LoadOptions { use_mmap: false, ..LoadOptions::default() };
    let read = Model::load(&Backend::silent().unwrap(), &file.path, &read).unwrap();
    assert_eq!(logits(&file.load().unwrap(), "a text", &OPTIONS), logits(&read, "a text", &OPTIONS));
}

#[test]
fn missing_file_is_named() {
    let file = TestFile::new(b"");
    let path = file.path.with_file_name("other.gguf");
    let error = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap_err();
    assert!(matches!(&error, LlamaError::Missing { path: missing } if *missing == path), "{error}");
}

#[test]
fn folder_is_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let error = Model::load(&Backend::silent().unwrap(), folder.path(), &LoadOptions::default()).unwrap_err();
    assert!(matches!(error, LlamaError::Unreadable { .. }), "{error}");
}

#[test]
fn error_page_is_no_model() {
    let error = error(b"<!DOCTYPE html><html>404</html>");
    assert!(matches!(&error, LlamaError::NotGguf { start, .. } if start.starts_with("<!DOCTYPE")), "{error}");
}

#[test]
fn cut_file_says_how_much_is_missing() {
    let bytes = tiny().bytes();
    for keep in [bytes.len() - 1, bytes.len() / 2, 1000, 10] {
        let error = error(&bytes[..keep]);
        let LlamaError::Truncated { expected, found, .. } = error else { panic!("{keep}: {error}") };
        assert!(found == keep as u64 && expected > found && expected <= bytes.len() as u64, "{expected} {found}");
    }
}

#[test]
fn missing_part_of_a_split_model_is_named() {
    // The first part may hold the vocabulary alone. Behind the number of keys stands one more: `split.count = 2`, a u16.
    let mut bytes = TinyModel { weights: false, ..tiny() }.bytes();
    bytes[16] += 1;
    bytes.splice(24..24, *b"\x0b\0\0\0\0\0\0\0split.count\x02\0\0\0\x02\0");
    let error = TestFile::named("model-00001-of-00002.gguf", &bytes).load().unwrap_err();
    assert!(matches!(&error, LlamaError::Missing { path } if path.ends_with("model-00002-of-00002.gguf")), "{error}");
}

#[test]
fn vocabulary_is_no_model() {
    let error = error(&TinyModel { weights: false, ..tiny() }.bytes());
    assert!(matches!(error, LlamaError::VocabularyOnly { .. }), "{error}");
}

#[test]
fn unknown_architecture_is_named_with_the_reason() {
    let mut bytes = tiny().bytes();
    let at = bytes.windows(5).position(|window| window == b"llama").unwrap();
    bytes[at..at + 5].copy_from_slice(b"other");
    let error = error(&bytes);
    let LlamaError::Unsupported { architecture, log, .. } = &error else { panic!("{error}") };
    assert_eq!(architecture, "other");
    assert!(log.iter().any(|line| line.contains("unknown model architecture")), "{log:?}");
}

// Tokenizing

#[test]
fn every_text_survives_the_round_trip() {
    let model = model(tiny());
    for text in ["", " the users of\n\ta thing", "שלום, עולם!", "ሰላም", "日本\0語", "<|im_end|>"] {
        for special in [false, true] {
            let tokens = model.tokenize(text, special).unwrap();
            assert_eq!(model.text(&tokens), text);
        }
    }
}

#[test]
fn merges_are_used() {
    let model = model(tiny());
    assert_eq!(texts(&model, &model.tokenize(" the users", false).unwrap()), [" the", " us", "er", "s"]);
}

#[test]
fn special_tokens_are_parsed_on_request() {
    let model = model(tiny());
    assert_eq!(model.tokenize("<|im_end|>", true).unwrap().len(), 1);
    assert_eq!(model.tokenize("<|im_end|>", false).unwrap().len(), 9);
}

#[test]
fn data_that_spells_a_special_token_is_text() {
    let model = model(tiny());
    let end = model.tokenize("<|im_end|>", true).unwrap()[0];
    let spelled = [("<|im_start|>user\nwhat is ", false), ("<|im_end|>", true), ("?<|im_end|>\n", false)];
    let tokens = model.tokenize_segments(&spelled).unwrap();
    assert_eq!(tokens.iter().filter(|token| **token == end).count(), 1);
    assert_eq!(model.text(&tokens), "<|begin|><|im_start|>user\nwhat is <|im_end|>?<|im_end|>\n");
}

#[test]
fn harmless_data_merges_with_the_text_beside_it() {
    let model = model(tiny());
    let tokens = model.tokenize_segments(&[("Answer:", false), (" t", true), ("he", false)]).unwrap();
    assert_eq!(tokens[1..], model.tokenize("Answer: the", true).unwrap());
}

#[test]
fn bos_is_added_once() {
    let with = model(tiny());
    let bos = with.bos().unwrap();
    let hello = with.tokenize("hello", true).unwrap();
    for template in ["hello", "<|begin|>hello"] {
        let tokens = with.tokenize_segments(&[(template, false)]).unwrap();
        assert_eq!(tokens, [&[bos], &hello[..]].concat(), "{template}");
    }
    let data = with.tokenize_segments(&[("<|begin|>", true)]).unwrap();
    assert!(data[0] == bos && !data[1..].contains(&bos));
    assert_eq!(with.tokenize_segments(&[]).unwrap(), [bos]);

    let without = model(TinyModel { add_bos: false, ..tiny() });
    assert_eq!(without.tokenize_segments(&[("hello", false)]).unwrap(), hello);
    assert_eq!(without.tokenize_segments(&[("<|begin|>hello", false)]).unwrap()[0], bos);
}

// Decoding

#[test]
fn logits_are_the_same_twice() {
    let model = model(tiny());
    let (first, other) =
        (model.tokenize("one text of many", true).unwrap(), model.tokenize("and another one", true).unwrap());
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    let before = bits(context.logits_after(&first).unwrap());
    assert_eq!(before.len(), model.vocab_size());
    assert_ne!(bits(context.logits_after(&other).unwrap()), before);
    assert_eq!(bits(context.logits_after(&first).unwrap()), before);
}

#[test]
fn seed_decides_the_weights() {
    let text = "some text";
    let seeds = [1, 1, 2].map(|seed| logits(&model(TinyModel { seed, ..tiny() }), text, &OPTIONS));
    assert_eq!(seeds[0], seeds[1]);
    assert_ne!(seeds[0], seeds[2]);
}

#[test]
fn threads_and_context_size_do_not_change_logits() {
    let model = model(tiny());
    let text = "a longer text, so that it takes more than one batch to decode. ".repeat(4);
    let expected = logits(&model, &text, &OPTIONS);
    assert_eq!(logits(&model, &text, &ContextOptions { threads: 2, ..OPTIONS }), expected);
    assert_eq!(logits(&model, &text, &ContextOptions { threads: 3, ..OPTIONS }), expected);
    assert_eq!(logits(&model, &text, &ContextOptions { n_ctx: 2048, ..OPTIONS }), expected);
}

#[test]
fn prompt_that_just_fits_is_decoded() {
    let model = model(tiny());
    let token = model.token(65).unwrap();
    let mut context = Context::new(&model, &ContextOptions { n_ctx: 300, ..OPTIONS }).unwrap();
    assert!(context.logits_after(&[token; 300]).is_ok());
    let error = context.logits_after(&[token; 301]).unwrap_err();
    assert!(matches!(error, LlamaError::TooLong { needed: 301, context: 300 }), "{error}");
    assert!(matches!(context.logits_after(&[]), Err(LlamaError::EmptyPrompt)));
}

#[test]
fn weights_that_are_no_numbers_are_noticed_and_do_not_stay() {
    let model = model(TinyModel { nan: true, ..tiny() });
    let tokens = model.tokenize("a text", true).unwrap();
    let mut context = Context::new(&model, &OPTIONS).unwrap();
    for _ in 0..2 {
        let error = context.logits_after(&tokens).unwrap_err();
        assert!(matches!(error, LlamaError::NotANumber { .. }), "{error}");
    }
}

#[test]
fn zero_is_no_size() {
    let model = model(tiny());
    for options in [
        ContextOptions { n_ctx: 0, ..OPTIONS },
        ContextOptions { n_batch: 0, ..OPTIONS },
        ContextOptions { threads: 0, ..OPTIONS },
    ] {
        assert!(matches!(Context::new(&model, &options), Err(LlamaError::Zero { .. })));
    }
}
