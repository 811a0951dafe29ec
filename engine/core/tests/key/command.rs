//! Keys of command stages.

use crate::key;
use crate::world;
use std::collections::BTreeMap;
use xlt_core::spec::{CommandInput, CommandStage, Spec};

fn one(name: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value.to_owned())])
}

/// Two stages; the second has one of everything.
pub(super) fn spec() -> Spec {
    let train = CommandStage {
        program: "./bin/tool".to_owned(),
        args: vec!["{in.data}".to_owned(), "{lang}".to_owned(), "-o".to_owned(), "{out.model}".to_owned()],
        inputs: BTreeMap::from([
            ("data".to_owned(), CommandInput::Stage { stage: "fetch".to_owned(), output: "out".to_owned() }),
            ("list".to_owned(), CommandInput::File("lists/words.txt".to_owned())),
        ]),
        outputs: one("model", "model.bin"),
        params: one("rate", "0.1"),
        matrix: BTreeMap::from([("lang".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
        axes: vec!["lang".to_owned()],
        env: one("MODE", "fast"),
        ..world::command("train", &[])
    };
    world::commands(vec![world::command("fetch", &[]), train])
}

fn change(change: impl FnOnce(&mut CommandStage)) -> Spec {
    let mut spec = spec();
    change(&mut spec.stages[1]);
    spec
}

#[track_caller]
fn check(spec: &Spec, stage: &str, same: bool) {
    let (before, old) = key(&self::spec(), "llama", "train/a");
    let (after, new) = key(spec, "llama", stage);
    assert_eq!(before == after, same, "{old}\n{new}");
    assert_eq!(old == new, same, "the text and the key disagree:\n{old}\n{new}");
}

#[test]
fn whatever_can_change_the_bytes_changes_the_key() {
    check(&change(|stage| stage.program = "./bin/other".to_owned()), "train/a", false);
    check(&change(|stage| stage.program = "tool".to_owned()), "train/a", false);
    check(&change(|stage| stage.args[2] = "-O".to_owned()), "train/a", false);
    check(&change(|stage| stage.args[2..].iter_mut().for_each(|arg| arg.insert(0, ' '))), "train/a", false);
    check(&change(|stage| stage.args.swap(0, 1)), "train/a", false);
    check(&change(|stage| stage.params = one("rate", "0.2")), "train/a", false);
    check(&change(|stage| stage.params = one("pace", "0.1")), "train/a", false);
    check(&change(|stage| stage.env = one("MODE", "slow")), "train/a", false);
    check(&change(|stage| stage.env = BTreeMap::new()), "train/a", false);
    check(&change(|stage| stage.outputs = one("model", "model.gguf")), "train/a", false);
    check(&change(|stage| _ = stage.outputs.insert("log".to_owned(), "log".to_owned())), "train/a", false);
    check(&change(|stage| _ = stage.inputs.remove("list")), "train/a", false);
    let other_file = || CommandInput::File("lists/names.txt".to_owned());
    check(&change(|stage| _ = stage.inputs.insert("list".to_owned(), other_file())), "train/a", false);
    check(&spec(), "train/b", false);
}

#[test]
fn names_places_order_and_resources_do_not_change_the_key() {
    check(&change(|stage| stage.name = "teach".to_owned()), "teach/a", true);
    check(&change(|stage| stage.program = "/usr/bin/tool".to_owned()), "train/a", true);
    let moved = || CommandInput::File("elsewhere/words.txt".to_owned());
    check(&change(|stage| _ = stage.inputs.insert("list".to_owned(), moved())), "train/a", true);
    check(&change(|stage| (stage.cores, stage.memory, stage.gpus) = (7, 8, 9)), "train/a", true);
    check(&change(|stage| stage.export = one("model", "out/{lang}")), "train/a", true);
    check(&change(|stage| stage.matrix.values_mut().for_each(|values| values.reverse())), "train/a", true);
    let mut spec = spec();
    spec.stages.reverse();
    spec.name = "another study".to_owned();
    check(&spec, "train/a", true);
    let mut spec = self::spec();
    spec.stages[0].args.push("made the same bytes in another way".to_owned());
    check(&spec, "train/a", true);
    let (one, other) = (key(&self::spec(), "llama", "train/a"), key(&self::spec(), "another llama", "train/a"));
    assert_eq!(one, other, "a command does not compute with llama.cpp");
}
