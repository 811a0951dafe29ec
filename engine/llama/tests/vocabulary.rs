//! A vocabulary without weights makes the tokens that the model makes.
#![expect(clippy::unwrap_used, reason = "a test stops where something goes wrong")]

use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, LlamaError, LoadOptions, Model, Vocabulary};

const TEXTS: [&str; 5] = ["the house", " the  house\n", "<|im_end|>", "שלום, ሰላም 12", ""];

fn written(files: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    let first = folder.path().join(files[0].0);
    (folder, first)
}

#[test]
fn it_tokenizes_as_its_model_does() {
    let backend = Backend::silent().unwrap();
    for sentence_piece in [false, true] {
        let tiny = TinyModel { sentence_piece, ..TinyModel::default() };
        let (_folder, path) = written(&[("model.gguf", &tiny.bytes())]);
        let model = Model::load(&backend, &path, &LoadOptions::default()).unwrap();
        let vocabulary = Vocabulary::load(&backend, &path).unwrap();
        for text in TEXTS {
            let tokens = vocabulary.tokenize(text, false).unwrap();
            assert_eq!(tokens, model.tokenize(text, false).unwrap(), "{text:?}");
            for token in tokens {
                assert_eq!(vocabulary.text(token), model.token_text(token));
                assert_eq!(vocabulary.token(token.id()), Some(token));
            }
        }
        // A text ends at its first NUL in C, and llama.cpp has a word for those without any.
        let tokens: Vec<String> = tiny.tokens().iter().map(|token| token.replace('\0', "[EMPTY_257]")).collect();
        let of_vocabulary = (0..).map_while(|id| vocabulary.written(vocabulary.token(id)?)).collect::<Vec<_>>();
        assert_eq!(of_vocabulary, tokens);
        assert_eq!(vocabulary.token(tokens.len() as u32), None);
    }
}

#[test]
fn a_file_of_a_vocabulary_alone_will_do() {
    let (_folder, path) =
        written(&[("vocabulary.gguf", &TinyModel { weights: false, ..TinyModel::default() }.bytes())]);
    let backend = Backend::silent().unwrap();
    assert!(matches!(Model::load(&backend, &path, &LoadOptions::default()), Err(LlamaError::VocabularyOnly { .. })));
    assert!(!Vocabulary::load(&backend, &path).unwrap().tokenize("the house", false).unwrap().is_empty());
}

#[test]
fn of_a_split_model_the_first_part_has_it() {
    let [first, second] = TinyModel::default().shards();
    let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
    let (_folder, path) = written(&[(names[0], &first), (names[1], &second)]);
    let backend = Backend::silent().unwrap();
    assert!(!Vocabulary::load(&backend, &path).unwrap().tokenize("the house", false).unwrap().is_empty());
    fs::write(path.with_file_name(names[1]), &second[..second.len() / 2]).unwrap();
    assert!(matches!(Vocabulary::load(&backend, &path), Err(LlamaError::Truncated { .. })));
}
