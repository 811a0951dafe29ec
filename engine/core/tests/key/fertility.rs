//! Keys of counting tokens.

use crate::key;
use crate::study;
use xlt_core::fertility::TOKENIZERS;
use xlt_core::spec::{Analyze, FileRef, Format, Source, Spec, SplitBy};

const FERTILITY: &str = "fertility/m";

/// The study, with a reference.
fn counted() -> Spec {
    let reference = Some("arb_Arab".to_owned());
    Spec { analyze: Some(Analyze { fertility: reference, ..Analyze::default() }), ..study::spec() }
}

/// The study, with a tokenizer beside the model.
fn compared() -> Spec {
    let mut spec = study::spec();
    let source = Source::Local { path: "tokenizer.json".to_owned() };
    spec.models[0].tokenizer = Some(FileRef { source, sha256: None, size: None });
    spec
}

#[track_caller]
fn check(spec: fn() -> Spec, same: bool, change: impl FnOnce(&mut Spec)) {
    let mut changed = spec();
    change(&mut changed);
    let ((before, old), (after, new)) = (key(&spec(), "llama", FERTILITY), key(&changed, "llama", FERTILITY));
    assert_eq!(before == after, same, "{old}\n{new}");
    assert_eq!(old == new, same, "the text and the key disagree:\n{old}\n{new}");
}

fn evaluated(spec: &mut Spec) -> &mut Vec<String> {
    &mut spec.evaluate.as_mut().expect("it has one").languages
}

#[test]
fn whatever_can_change_the_counts_changes_the_key() {
    for spec in [counted, compared] {
        let differs = |change: fn(&mut Spec)| check(spec, false, change);
        differs(|spec| spec.data[0].format = Format::Json);
        differs(|spec| spec.data[0].key.swap(0, 1));
        differs(|spec| spec.data[0].group.clear());
        differs(|spec| spec.data[0].fields.passage = None);
        differs(|spec| evaluated(spec).truncate(1));
        assert_ne!(key(&spec(), "llama", FERTILITY), key(&spec(), "another llama", FERTILITY));
    }
    check(counted, false, |spec| spec.analyze.as_mut().expect("it has one").fertility = Some("heb_Hebr".to_owned()));
    check(compared, false, |spec| spec.analyze = counted().analyze);
    check(counted, false, |spec| spec.models = compared().models);
}

#[test]
fn questions_count_where_there_are_no_passages_and_all_texts_where_ids_are_compared() {
    let question: fn(&mut Spec) = |spec| spec.data[0].fields.question.push('!');
    check(counted, true, question);
    check(compared, false, question);
    check(compared, false, |spec| spec.data[0].fields.options.swap(0, 1));
    let without = || {
        let mut spec = counted();
        spec.data[0].fields.passage = None;
        spec
    };
    check(without, false, question);
    check(without, true, |spec| spec.data[0].fields.options.swap(0, 1));
}

#[test]
fn what_is_neither_counted_nor_compared_does_not() {
    for spec in [counted, compared] {
        let same = |change: fn(&mut Spec)| check(spec, true, change);
        same(|spec| spec.name.push('!'));
        same(|spec| spec.models[0].quantize = None);
        same(|spec| spec.models[0].slot = None);
        same(|spec| spec.data[0].fields.answer.push('!'));
        same(|spec| spec.data[0].split = None);
        same(|spec| {
            if let Some(xlt_core::spec::Split::Drawn { by, .. }) = &mut spec.data[0].split {
                *by = SplitBy::Question;
            }
        });
        same(|spec| spec.evaluate.as_mut().expect("it has one").part.push('!'));
        same(|spec| spec.evaluate.as_mut().expect("it has one").limit = None);
        same(|spec| spec.prompt.as_mut().expect("it has one").body.push('!'));
        same(|spec| spec.prompt.as_mut().expect("it has one").labels.swap(0, 1));
        same(|spec| spec.modes[0].cue = None);
        same(|spec| evaluated(spec).swap(0, 1));
    }
    check(counted, true, |spec| spec.data[0].fields.options.swap(0, 1));
}

#[test]
fn the_version_of_tokenizers_is_in_the_key_of_what_it_has_a_part_in() {
    let line = format!("tokenizers = \"{TOKENIZERS}\"");
    assert!(key(&compared(), "llama", FERTILITY).1.contains(&line));
    assert!(!key(&counted(), "llama", FERTILITY).1.contains("tokenizers"));
}

#[test]
fn counting_is_pinned() {
    let both = Spec { analyze: counted().analyze, ..compared() };
    let (both, manifest) = key(&both, "llama", FERTILITY);
    assert_eq!(both, "584a8bf8f697b23135afcb4b69fb10c5c482e873ff6675d041d749c99dfba1d1", "{manifest}");
}

#[test]
fn a_study_that_does_not_ask_has_the_analysis_that_it_had() {
    let plain = key(&study::spec(), "llama", "analyze");
    assert!(!plain.1.contains("fertility"), "{}", plain.1);
    assert!(key(&counted(), "llama", "analyze").1.contains("input.fertility.m = "));
}
