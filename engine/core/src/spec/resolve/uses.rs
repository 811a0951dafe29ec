//! Which templates show the questions of which data: those that are asked, and those that adapters learn from.
//!
//! What only training shows need not fit the questions that are asked, nor the other way round: the control of another task
//! has other fields, and as many labels as its own questions have options.

use super::adapters::trainings;
use super::families::Family;
use super::languages::of_examples;
use crate::spec::text::Word;
use crate::spec::tree::Table;
use crate::spec::{Data, Mode, Spec};
use std::collections::BTreeSet;

/// Whether a mode is learned in, and no condition asks in it.
pub(super) fn only_taught(mode: &Mode, spec: &Spec) -> bool {
    let asked = spec.conditions.iter().any(|condition| condition.modes.contains(&mode.name));
    !asked && trainings(spec).any(|training| training.train_on.mode() == Some(&mode.name))
}

/// Whether a data set's questions are asked.
pub(super) fn asked(data: &Data, spec: &Spec) -> bool {
    spec.evaluate.iter().any(|evaluate| evaluate.data == data.name)
}

/// Modes in which something is learned from a data set.
pub(super) fn taught<'s>(data: &Data, spec: &'s Spec) -> Vec<&'s Mode> {
    let here = trainings(spec).filter(|training| training.train_on.data == data.name);
    let names: Vec<&str> = here.filter_map(|training| training.train_on.mode()).collect();
    spec.modes.iter().filter(|mode| names.contains(&mode.name.as_str())).collect()
}

/// Whether a data set's questions are shown by the prompt's own body.
pub(super) fn by_body(data: &Data, spec: &Spec) -> bool {
    asked(data, spec) || taught(data, spec).iter().any(|mode| mode.shown.body.is_none())
}

/// Languages in which questions are shown by the prompt's own body: to be answered, to be learned from, as examples.
pub(super) fn languages_of_body(spec: &Spec) -> BTreeSet<&String> {
    let own = |name: &str| spec.modes.iter().any(|mode| mode.name == name && mode.shown.body.is_none());
    let taught = trainings(spec).filter(|training| training.train_on.mode().is_some_and(own));
    let evaluated = spec.evaluate.iter().flat_map(|evaluate| &evaluate.languages);
    let taught = taught.flat_map(|training| &training.train_on.languages);
    evaluated.chain(taught).chain(of_examples(&spec.modes)).collect()
}

/// Whether a data set's options are shown by the prompt's own continuation.
pub(super) fn by_continuation(data: &Data, spec: &Spec) -> bool {
    asked(data, spec) || taught(data, spec).iter().any(|mode| mode.shown.continuation.is_none())
}

/// The templates, as written, that show a data set's questions.
pub(super) fn templates<'r>(data: &Data, spec: &Spec, families: &[Family], root: &'r Table) -> Vec<Word<'r>> {
    let (asked, taught) = (asked(data, spec), taught(data, spec));
    let shows = |mode: &&Mode| asked && !only_taught(mode, spec) || taught.contains(mode);
    let prompt = root.table("prompt");
    let body = prompt.and_then(|prompt| prompt.word("body")).filter(|_| by_body(data, spec));
    let continuation = prompt.and_then(|prompt| prompt.word("continuation")).filter(|_| by_continuation(data, spec));
    let mut words: Vec<Word<'r>> = body.into_iter().chain(continuation).collect();
    for entry in root.sorted("modes") {
        let instruction = entry.node.table().and_then(|table| table.word("instruction"));
        let family = families.iter().find(|family| family.name == entry.key);
        // A format may have an instruction in its place.
        let written = |mode: &&Mode| instruction.is_some_and(|word| mode.instruction.as_deref() == Some(word.text));
        if family.is_some_and(|family| family.modes.iter().filter(written).any(|mode| shows(&mode))) {
            words.extend(instruction);
        }
    }
    for entry in root.sorted("formats") {
        let mut modes = in_format(&entry.key, families).peekable();
        let unused = asked && modes.peek().is_none();
        if let Some(table) = entry.node.table().filter(|_| unused || modes.any(|mode| shows(&mode))) {
            words.extend(["body", "continuation", "instruction"].into_iter().filter_map(|key| table.word(key)));
        }
    }
    for training in root.sorted("adapters").into_iter().filter_map(|entry| entry.node.table()?.table("train_on")) {
        if training.word("data").is_some_and(|word| word.text == data.name) {
            words.extend(training.word("text"));
        }
    }
    words
}

/// The modes in a format.
pub(super) fn in_format<'f>(format: &'f str, families: &'f [Family]) -> impl Iterator<Item = &'f Mode> {
    let modes = families.iter().flat_map(|family| family.modes.iter().map(move |mode| (family, mode)));
    modes.filter(move |(family, mode)| family.format(&mode.name) == Some(format)).map(|(_, mode)| mode)
}
