//! What tests that use the tiny model rely on.

use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, Context, ContextOptions, LoadOptions, Model, file_type_name};

#[test]
fn file_is_small_and_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    TinyModel::default().write(&path).unwrap();
    let written = std::fs::read(&path).unwrap();
    assert!(written == TinyModel::default().bytes() && written == TinyModel::default().bytes());
    assert!(written.len() < 1_000_000, "{}", written.len());
    assert_eq!(file_type_name(&path).unwrap(), Some("F32"));
}

#[test]
fn every_script_takes_fewer_tokens_than_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    TinyModel::default().write(&path).unwrap();
    let model = Model::load(&Backend::silent().unwrap(), &path, &LoadOptions::default()).unwrap();
    for (text, at_most) in [
        (" Which of the following statements is true?", 24),
        (" Quelle est la bonne réponse à la question ?", 28),
        (" ما هو الجواب الصحيح على السؤال؟", 30),
        (" מהי התשובה הנכונה לשאלה?", 25),
        (" ትክክለኛው መልስ የትኛው ነው?", 28),
    ] {
        let tokens = model.tokenize(text, false).unwrap();
        assert_eq!(model.text(&tokens), text);
        assert!(tokens.len() <= at_most, "{} tokens for {} bytes: {text}", tokens.len(), text.len());
    }
}

#[test]
fn a_model_in_two_files_is_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.gguf");
    TinyModel::default().write(&whole).unwrap();
    let names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
    for (name, bytes) in names.iter().zip(TinyModel::default().shards()) {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let logits = |path: &std::path::Path| {
        let model = Model::load(&Backend::silent().unwrap(), path, &LoadOptions::default()).unwrap();
        let tokens = model.tokenize("a text", true).unwrap();
        Context::new(&model, &ContextOptions::default()).unwrap().logits_after(&tokens).unwrap().to_vec()
    };
    assert_eq!(logits(&whole), logits(&folder.path().join(names[0])));
}
