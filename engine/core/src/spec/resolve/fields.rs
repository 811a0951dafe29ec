//! `[data.NAME.fields]`: which field holds what, and what templates may call it.

use super::adapters::trainings;
use super::families::Family;
use super::{Context, template, uses};
use crate::spec::suggest::listed;
use crate::spec::text::Word;
use crate::spec::tree::{Node, Table};
use crate::spec::{AnswerAs, Data, Fields, Spec};
use std::collections::BTreeMap;

pub(super) fn resolve(table: &Table, cx: &mut Context<'_>) -> Option<Fields> {
    let options = table.get("options").map(|node| (node, options(node, cx)));
    if let Some(node) = table.get("choices") {
        choices(node, cx);
        if let Some((options, _)) = &options {
            cx.faults
                .at(node.place, "`choices` and `options` exclude each other")
                .label("the same options for every row")
                .also(options.place, "options of each row")
                .help("keep `options` if rows have their own, else `choices`");
        }
    }
    Some(Fields {
        passage: table.text("passage"),
        question: table.text("question")?,
        options: options.map(|(_, fields)| fields).unwrap_or_default(),
        choices: table.texts("choices"),
        answer: table.text("answer")?,
        answer_as: AnswerAs::named(table.word("answer_as")?.text)?,
        extra: table.table("extra").map(|table| extra(table, cx)).unwrap_or_default(),
    })
}

fn options(node: &Node, cx: &mut Context<'_>) -> Vec<String> {
    let words: Vec<Word<'_>> = node.words().collect();
    for (at, word) in words.iter().enumerate() {
        if words[..at].iter().any(|first| first.text == word.text) {
            cx.faults.at(word.place, format!("field `{}` is two options", word.text)).label("again");
        }
    }
    if words.is_empty() || words.len() > 10 {
        cx.faults
            .at(node.place, "a question has two to ten options")
            .label(format!("{} fields", words.len()))
            .help("name a field for each option, or one field that holds a list");
    }
    words.iter().map(|word| word.text.to_owned()).collect()
}

fn choices(node: &Node, cx: &mut Context<'_>) {
    let words: Vec<Word<'_>> = node.words().collect();
    for (at, word) in words.iter().enumerate() {
        if word.text.trim().is_empty() {
            cx.faults.at(word.place, "an empty choice").label("cannot be shown or scored");
        } else if let Some(first) = words[..at].iter().find(|first| first.text == word.text) {
            cx.faults
                .at(word.place, format!("`{}` is two choices", word.text))
                .label("again")
                .also(first.place, "first here");
        }
    }
}

fn extra(table: &Table, cx: &mut Context<'_>) -> BTreeMap<String, String> {
    let taken = |name: &str| template::VARIABLES.contains(&name) || template::OF_OPTION.contains(&name);
    for entry in table.entries.iter().filter(|entry| taken(&entry.key)) {
        cx.faults
            .at(entry.key_place, format!("templates know another `{}`", entry.key))
            .label("taken")
            .help("give it another name; the field may be called as it likes");
    }
    table.entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.node.word()?.text.to_owned()))).collect()
}

/// The names that some data set adds to those that every template knows.
pub(super) fn variables(data: &[Data]) -> Vec<String> {
    let mut names: Vec<String> = data.iter().flat_map(|data| data.fields.extra.keys().cloned()).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether every data set has what the templates show that show its questions.
pub(super) fn fit(spec: &Spec, families: &[Family], cx: &mut Context<'_>) {
    for data in used(spec) {
        for word in uses::templates(data, spec, families, cx.root) {
            for name in template::variables(word.text) {
                // What no data set has is told as unknown.
                if cx.variables.contains(&name) && !data.fields.extra.contains_key(&name) {
                    let range = template::use_of(&name, word.text).unwrap_or(0..word.text.len());
                    let place = cx.texts.inside(word.place, word.text, range);
                    cx.faults
                        .at(place, format!("`data.{}` has no `{name}`", data.name))
                        .label("not in these data")
                        .help(add(data, &[&name]));
                }
            }
        }
    }
}

/// The data sets whose questions are shown.
pub(super) fn used(spec: &Spec) -> impl Iterator<Item = &Data> {
    let named = |data: &&Data| {
        spec.evaluate.iter().any(|evaluate| evaluate.data == data.name)
            || trainings(spec).any(|training| training.train_on.data == data.name)
    };
    spec.data.iter().filter(named)
}

/// What to do where data lack further fields.
pub(super) fn add(data: &Data, names: &[&str]) -> String {
    format!("add {} to `[data.{}.fields.extra]`, the field that holds it", listed(names), data.name)
}
