//! `[stages.NAME]`: programs with declared inputs, outputs and parameters.

mod collisions;
pub(super) mod output;
mod paths;
mod pattern;
mod scope;
mod wiring;

use std::collections::BTreeMap;

use super::Context;
use super::limits::memory;
use crate::spec::text::Word;
use crate::spec::tree::{Entry, Table};
use crate::spec::{CommandStage, Model};
use scope::Scope;

/// A matrix with more instances than this is a slip; it would not fit into memory as a plan.
const MOST_INSTANCES: usize = 1_000_000;

pub(super) fn resolve(models: &[Model], cx: &mut Context<'_>) -> Vec<CommandStage> {
    let entries = cx.root.sorted("stages");
    let stages: Vec<_> = entries.iter().filter_map(|entry| stage(entry, cx)).collect();
    wiring::check(&stages, models, cx);
    for (entry, stage) in entries.iter().filter_map(|entry| Some((entry, find(&stages, &entry.key)?))) {
        if let Some(table) = entry.node.table() {
            paths::check(table, stage, cx);
        }
    }
    collisions::between_exports(&stages, cx);
    stages
}

fn find<'s>(stages: &'s [CommandStage], name: &str) -> Option<&'s CommandStage> {
    stages.iter().find(|stage| stage.name == name)
}

fn stage(entry: &Entry, cx: &mut Context<'_>) -> Option<CommandStage> {
    let table = entry.node.table()?;
    let program = table.word("program").map(|word| program(word, cx));
    let memory = memory(table, cx);
    let (axes, matrix) = matrix(table, cx);
    let params = table.table("params").map(scalars).unwrap_or_default();
    scope::check_names(table, cx);
    let scope = Scope::of(table);
    let args: Vec<Word<'_>> = table.get("args").map(|node| node.words().collect()).unwrap_or_default();
    args.iter().for_each(|word| scope.check_all(*word, cx));
    texts(table, "env").for_each(|(_, word)| scope.check_all(word, cx));
    ["outputs", "export"]
        .iter()
        .flat_map(|key| texts(table, key))
        .for_each(|(_, word)| scope.check_values(word, "in a path", cx));
    let inputs = texts(table, "inputs")
        .filter_map(|(name, word)| Some((name.to_owned(), wiring::input(word, &entry.key, &scope, cx)?)));
    let inputs = inputs.collect();
    Some(CommandStage {
        name: entry.key.clone(),
        program: program?,
        args: args.iter().map(|word| word.text.to_owned()).collect(),
        inputs,
        outputs: owned(table, "outputs"),
        params,
        matrix,
        axes,
        export: owned(table, "export"),
        env: owned(table, "env"),
        cores: table.integer("cores")?,
        memory: memory?,
        gpus: table.integer("gpus")?,
    })
}

/// The strings in the table at `key`, by name.
fn texts<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = (&'t str, Word<'t>)> {
    let entries = table.table(key).map(|table| table.entries.as_slice()).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.node.word()?)))
}

fn owned(table: &Table, key: &str) -> BTreeMap<String, String> {
    texts(table, key).map(|(name, word)| (name.to_owned(), word.text.to_owned())).collect()
}

fn scalars(table: &Table) -> BTreeMap<String, String> {
    table.entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.node.scalar()?))).collect()
}

fn program(word: Word<'_>, cx: &mut Context<'_>) -> String {
    if word.text.trim().is_empty() {
        cx.faults.at(word.place, "`program` is empty").label("nothing to run");
    }
    if !word.text.contains('/') {
        return word.text.to_owned();
    }
    // Of a spec in the current folder nothing is left to join to; without a slash it would be looked for on PATH.
    let path = cx.texts.join(word.place, word.text);
    if path.contains('/') { path } else { format!("./{path}") }
}

/// The axes in the order written, and their values.
fn matrix(table: &Table, cx: &mut Context<'_>) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
    let Some(node) = table.get("matrix") else { return Default::default() };
    let Some(matrix) = node.table() else { return Default::default() };
    let mut axes = Vec::new();
    let mut all = BTreeMap::new();
    for entry in &matrix.entries {
        axes.push(entry.key.clone());
        all.insert(entry.key.clone(), values(entry, cx));
    }
    let instances = all.values().try_fold(1_usize, |product, values: &Vec<_>| product.checked_mul(values.len()));
    if instances.is_none_or(|instances| instances > MOST_INSTANCES) {
        cx.faults
            .at(node.place, format!("the matrix has more than {MOST_INSTANCES} combinations"))
            .label("the product of these lists")
            .help("cut it into several stages, or let the program loop over one of the axes");
    }
    (axes, all)
}

fn values(axis: &Entry, cx: &mut Context<'_>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut values = Vec::new();
    for node in axis.node.items() {
        let Some(value) = node.scalar() else { continue };
        if let Some(first) = seen.insert(value.clone(), node.place) {
            cx.faults
                .at(node.place, format!("`{value}` is listed twice on axis `{}`", axis.key))
                .label("again")
                .also(first, "first here");
        } else {
            values.push(value);
        }
    }
    values
}
