//! What tests that use the tiny model rely on.

use xlt_llama::tiny::TinyModel;
use xlt_llama::{Backend, LoadOptions, Model, file_type_name};

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
