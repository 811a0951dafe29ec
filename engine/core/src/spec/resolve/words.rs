//! `[prompt.words.CODE]`: texts of the prompt in several languages, and the language in which a mode takes them.

use super::Context;
use super::families::{Point, USUAL_WORDS};
use super::languages::unknown;
use crate::spec::languages::name_of;
use crate::spec::suggest::listed;
use crate::spec::tree::{Entry, Table};
use crate::spec::{Mode, Spec, Speech};
use std::collections::{BTreeMap, BTreeSet};

const OWN: &str = "own";

/// The table by language and name.
pub(super) fn resolve(cx: &mut Context<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let Some(prompt) = cx.root.table("prompt") else { return BTreeMap::new() };
    let entries = prompt.sorted("words");
    let names = names(&entries);
    for entry in &entries {
        if name_of(&entry.key).is_none() {
            unknown(entry.name(), &[], cx);
        }
        lacking(entry, &names, cx);
    }
    let texts = |table: &Table| {
        let text = |entry: &Entry| Some((entry.key.clone(), entry.node.word()?.text.to_owned()));
        table.entries.iter().filter_map(text).collect()
    };
    entries.iter().filter_map(|entry| Some((entry.key.clone(), texts(entry.node.table()?)))).collect()
}

/// Names of the words, in whatever language.
pub(super) fn known(cx: &Context<'_>) -> Vec<String> {
    let entries = cx.root.table("prompt").map(|prompt| prompt.sorted("words")).unwrap_or_default();
    names(&entries).into_iter().map(str::to_owned).collect()
}

/// The languages in which a mode takes the words.
pub(super) fn axis(table: &Table, cx: &mut Context<'_>) -> Vec<Point<Speech>> {
    let Some(node) = table.get("words") else { return vec![Point::new(OWN, USUAL_WORDS)] };
    let mut points = Vec::new();
    for word in node.words() {
        if word.text == OWN {
            points.push(Point::new(OWN, Speech::Own));
            continue;
        }
        let codes = cx.root.table("prompt").map(|prompt| prompt.names("words")).unwrap_or_default();
        if codes.contains(&word.text) {
            points.push(Point::new(word.text, Speech::Of(word.text.to_owned())));
        } else {
            let there = if codes.is_empty() {
                "there are none yet".to_owned()
            } else {
                format!("there are {}", listed(&codes))
            };
            cx.faults
                .at(word.place, format!("the prompt has no words in `{}`", word.text))
                .label("not in `[prompt.words]`")
                .help(format!("add `[prompt.words.{}]`; {there}; `own` is the question's language", word.text));
        }
    }
    points
}

/// Where words are there, a mode that takes the question's language finds them in every language of its questions.
pub(super) fn fit(spec: &Spec, cx: &mut Context<'_>) {
    let Some(prompt) = spec.prompt.as_ref().filter(|prompt| !prompt.words.is_empty()) else { return };
    let own = |mode: &Mode| mode.words == Speech::Own;
    let evaluated = spec.evaluate.iter().flat_map(|evaluate| &evaluate.languages);
    let trained = spec.adapters.iter().flat_map(|adapter| &adapter.train_on.languages);
    let asked: BTreeSet<&String> = evaluated.chain(trained).collect();
    let missing: Vec<&str> =
        asked.into_iter().filter(|code| !prompt.words.contains_key(*code)).map(String::as_str).collect();
    if let (Some(mode), [first, ..]) = (spec.modes.iter().find(|mode| own(mode)), &missing[..])
        && let Some(node) = cx.root.table("prompt").and_then(|prompt| prompt.get("words"))
    {
        cx.faults
            .at(
                node.place,
                format!("the prompt has no words in {}, in which mode `{}` asks", listed(&missing), mode.name),
            )
            .label("not in every language of the study")
            .help(format!("add `[prompt.words.{first}]`, or give the mode `words = \"CODE\"`, one language for all"));
    }
}

fn names<'e>(entries: &[&'e Entry]) -> BTreeSet<&'e str> {
    let tables = entries.iter().filter_map(|entry| entry.node.table());
    tables.flat_map(|table| table.entries.iter().map(|entry| entry.key.as_str())).collect()
}

/// A word of other languages that one does not have.
fn lacking(entry: &Entry, names: &BTreeSet<&str>, cx: &mut Context<'_>) {
    let Some(table) = entry.node.table() else { return };
    let missing: Vec<&str> = names.iter().copied().filter(|name| table.get(name).is_none()).collect();
    if !missing.is_empty() {
        cx.faults
            .at(entry.name().place, format!("`prompt.words.{}` lacks {}", entry.key, listed(&missing)))
            .label("has not all words")
            .help("another language has them; give each language the same words");
    }
}
