//! Keys of answers that were given elsewhere.

use crate::key;
use crate::study;
use std::collections::BTreeMap;
use xlt_core::spec::{AnswersFormat, Format, Normalize, Rules, Score, Source, Spec};

const IMPORT: &str = "import/m/base/heb_Hebr/direct";

/// The study, with answers in place of the model, under a condition without an adapter.
pub(super) fn spec() -> Spec {
    let mut spec = study::spec();
    spec.models[0].answers = Some(AnswersFormat::Jsonl);
    study::file(&mut spec).source = Source::Local { path: "api/{language}.{mode}.jsonl".to_owned() };
    "base".clone_into(&mut spec.conditions[0].name);
    "direct".clone_into(&mut spec.modes[0].name);
    spec.conditions[0].adapter = None;
    spec.conditions[0].modes = vec!["direct".to_owned()];
    spec
}

#[track_caller]
fn check(same: bool, change: impl FnOnce(&mut Spec)) {
    let mut changed = spec();
    change(&mut changed);
    let ((before, old), (after, new)) = (key(&spec(), "llama", IMPORT), key(&changed, "llama", IMPORT));
    assert_eq!(before == after, same, "{old}\n{new}");
    assert_eq!(old == new, same, "the text and the key disagree:\n{old}\n{new}");
}

#[test]
fn whatever_can_change_imported_answers_changes_the_key() {
    let differs = |change: fn(&mut Spec)| check(false, change);
    differs(|spec| spec.models[0].answers = Some(AnswersFormat::LmEval));
    differs(|spec| spec.data[0].key.swap(0, 1));
    differs(|spec| spec.data[0].group.clear());
    differs(|spec| spec.data[0].format = Format::Json);
    differs(|spec| spec.data[0].fields.passage = None);
    differs(|spec| spec.data[0].fields.question.push('!'));
    differs(|spec| spec.data[0].fields.options.swap(0, 1));
    differs(|spec| spec.data[0].fields.answer.push('!'));
    differs(|spec| spec.data[0].split = None);
    differs(|spec| spec.evaluate.as_mut().expect("it has one").part.push('!'));
    differs(|spec| spec.evaluate.as_mut().expect("it has one").limit = None);
    differs(|spec| spec.prompt.as_mut().expect("it has one").labels.swap(0, 1));
    differs(|spec| spec.modes[0].score = Score::Texts);
    let continued = |continuation: Option<&str>| {
        let mut spec = spec();
        spec.modes[0].score = Score::Texts;
        spec.prompt.as_mut().expect("it has one").continuation = continuation.map(str::to_owned);
        key(&spec, "llama", IMPORT).0
    };
    assert_ne!(continued(None), continued(Some("{{ option }}.")), "its length is what likelihoods are divided by");
    let said = |continuation: Option<&str>, word: &str| {
        let mut spec = spec();
        spec.modes[0].score = Score::Texts;
        let prompt = spec.prompt.as_mut().expect("it has one");
        prompt.continuation = continuation.map(str::to_owned);
        let words = BTreeMap::from([("so".to_owned(), word.to_owned())]);
        prompt.words.insert("heb_Hebr".to_owned(), words);
        key(&spec, "llama", IMPORT).0
    };
    let continuation = Some("{{ words.so }} {{ option }}");
    assert_ne!(said(continuation, "a"), said(continuation, "b"));
    assert_eq!(said(None, "a"), said(None, "b"), "what was shown is not known");
    differs(|spec| spec.modes[0].generate.extract = Rules::Inspect);
}

#[test]
fn what_only_a_model_here_would_see_does_not() {
    let same = |change: fn(&mut Spec)| check(true, change);
    same(|spec| spec.name.push('!'));
    same(|spec| spec.prompt.as_mut().expect("it has one").body.push('!'));
    same(|spec| spec.prompt.as_mut().expect("it has one").system = None);
    same(|spec| spec.modes[0].instruction = None);
    same(|spec| spec.modes[0].reason = None);
    same(|spec| spec.modes[0].normalize = Normalize::Sum);
    same(|spec| spec.modes[0].generate.max_tokens = 1);
    same(|spec| spec.evaluate.as_mut().expect("it has one").unit = 1);
    same(|spec| spec.evaluate.as_mut().expect("it has one").slots = 1);
    assert_eq!(key(&spec(), "llama", IMPORT), key(&spec(), "another llama", IMPORT));
}

#[test]
fn by_texts_the_normalization_counts() {
    let of = |normalize| {
        let mut spec = spec();
        (spec.modes[0].score, spec.modes[0].normalize) = (Score::Texts, normalize);
        key(&spec, "llama", IMPORT)
    };
    assert_ne!(of(Normalize::Byte), of(Normalize::Sum));
}

#[test]
fn an_import_is_pinned() {
    let (import, manifest) = key(&spec(), "llama", IMPORT);
    assert_eq!(import, "f343869b56e902b418d75244ecb86cf80bbc075a1bf56231b54f8adf637496e7", "{manifest}");
}
