//! `[modes]`: each is written once, and with lists of formats, of languages of the prompt or of slots it is several.

use super::formats::{self, AS_PROMPT, PromptFormat};
use super::{Context, MODE, prompts, words};
use crate::spec::text::Word;
use crate::spec::tree::{Entry, Table};
use crate::spec::{Mode, Slot, Speech};
use std::collections::BTreeMap;

/// A mode as written.
pub(super) struct Family {
    pub(super) name: String,
    /// What it comes to: the mode itself, or with a list one for each combination.
    pub(super) modes: Vec<Mode>,
    /// The format of each that has one, by the mode's name.
    formats: BTreeMap<String, String>,
}

impl Family {
    /// The format in which one of its modes is.
    pub(super) fn format(&self, mode: &str) -> Option<&str> {
        self.formats.get(mode).map(String::as_str)
    }
}

/// One value on an axis, and the word for it in a mode's name.
pub(super) struct Point<T> {
    word: String,
    value: T,
}

/// Every mode as written, by name, with what it comes to.
pub(super) fn resolve(cx: &mut Context<'_>) -> Vec<Family> {
    let formats = formats::resolve(cx);
    let entries = cx.root.sorted("modes").into_iter();
    let families: Vec<Family> = entries.filter_map(|entry| family(entry, &formats, cx)).collect();
    taken_names(&families, cx);
    families
}

/// Every mode by name.
pub(super) fn all(families: &[Family]) -> Vec<Mode> {
    let mut modes: Vec<Mode> = families.iter().flat_map(|family| family.modes.iter().cloned()).collect();
    modes.sort_by(|a, b| a.name.cmp(&b.name));
    modes
}

/// Names of the modes that a word means: a mode as written, all of it; or one that it comes to. An unknown one is reported.
pub(super) fn named(word: Word<'_>, families: &[Family], cx: &mut Context<'_>) -> Vec<String> {
    let every = || families.iter().flat_map(|family| &family.modes);
    if let Some(family) = families.iter().find(|family| family.name == word.text) {
        return family.modes.iter().map(|mode| mode.name.clone()).collect();
    }
    if every().any(|mode| mode.name == word.text) {
        return vec![word.text.to_owned()];
    }
    cx.known(MODE, word);
    Vec::new()
}

/// The one mode that a word means. Reported where it means none or several.
pub(super) fn one(word: Word<'_>, families: &[Family], cx: &mut Context<'_>) -> Option<String> {
    let names = named(word, families, cx);
    if names.len() > 1 {
        let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        cx.faults
            .at(word.place, format!("mode `{}` is {} modes", word.text, names.len()))
            .label("has to be one")
            .help(format!("name one of {}", list.join(", ")));
        return None;
    }
    names.into_iter().next()
}

fn family(entry: &Entry, formats: &[PromptFormat], cx: &mut Context<'_>) -> Option<Family> {
    let table = entry.node.table()?;
    let mode = prompts::mode(entry, table, cx)?;
    let (formats, spoken, slots) = (format_axis(table, formats, cx), words::axis(table, cx), slot_axis(table));
    let (formats, spoken) = (distinct("format", table, formats, cx), distinct("words", table, spoken, cx));
    let slots = distinct("slot", table, slots, cx);
    let (mut modes, mut shown_in) = (Vec::new(), BTreeMap::new());
    for format in &formats {
        for speech in &spoken {
            for slot in &slots {
                let words = [named_if(&formats, format), named_if(&spoken, speech), named_if(&slots, slot)];
                let mut name = mode.name.clone();
                for word in words.into_iter().flatten() {
                    name.push('.');
                    name.push_str(word);
                }
                let one = Mode { name, words: speech.value.clone(), slot: slot.value.clone(), ..mode.clone() };
                modes.push(match format.value {
                    Some(laid) => {
                        shown_in.insert(one.name.clone(), format.word.clone());
                        laid.laid_over(one)
                    }
                    None => one,
                });
            }
        }
    }
    Some(Family { name: mode.name, modes, formats: shown_in })
}

/// Where an axis has one value, a name need not tell it.
fn named_if<'p, T>(axis: &[Point<T>], point: &'p Point<T>) -> Option<&'p str> {
    (axis.len() > 1).then_some(&point.word)
}

fn format_axis<'f>(
    table: &Table,
    formats: &'f [PromptFormat],
    cx: &mut Context<'_>,
) -> Vec<Point<Option<&'f PromptFormat>>> {
    let Some(node) = table.get("format") else { return vec![Point { word: AS_PROMPT.to_owned(), value: None }] };
    let point = |word: Word<'_>| match word.text {
        AS_PROMPT => Some(Point { word: AS_PROMPT.to_owned(), value: None }),
        name => {
            let found = formats::named(word, formats, cx)?;
            Some(Point { word: name.to_owned(), value: Some(found) })
        }
    };
    node.words().filter_map(point).collect()
}

fn slot_axis(table: &Table) -> Vec<Point<Option<Slot>>> {
    let Some(node) = table.get("slot") else { return vec![Point { word: String::new(), value: None }] };
    let point = |(at, word): (usize, Word<'_>)| match word.text {
        "final" => Point { word: "final".to_owned(), value: Some(Slot::Final) },
        "bare" => Point { word: "bare".to_owned(), value: Some(Slot::Bare) },
        text => Point { word: format!("slot{}", at + 1), value: Some(Slot::Text(text.to_owned())) },
    };
    node.words().enumerate().map(point).collect()
}

/// The axis without repetitions, which are reported; so is an empty one.
fn distinct<T>(key: &str, table: &Table, axis: Vec<Point<T>>, cx: &mut Context<'_>) -> Vec<Point<T>> {
    let Some(node) = table.get(key) else { return axis };
    if node.items().is_empty() {
        cx.faults.at(node.place, format!("`{key}` is empty")).label("the mode is asked in no way").help("leave it out");
    }
    let words: Vec<Word<'_>> = node.words().collect();
    for (at, word) in words.iter().enumerate() {
        if let Some(first) = words[..at].iter().find(|first| first.text == word.text) {
            cx.faults
                .at(word.place, format!("`{}` is listed twice", word.text))
                .label("again")
                .also(first.place, "first here");
        }
    }
    axis
}

/// What a mode comes to may have the name of another that is written.
fn taken_names(families: &[Family], cx: &mut Context<'_>) {
    for family in families.iter().filter(|family| family.modes.len() > 1) {
        for mode in &family.modes {
            let entries = cx.root.sorted("modes");
            if let Some(other) = entries.into_iter().find(|entry| entry.key == mode.name) {
                cx.faults
                    .at(
                        other.name().place,
                        format!("`{}` is one of the modes that `{}` comes to", mode.name, family.name),
                    )
                    .label("the name is taken")
                    .help("give it another name");
            }
        }
    }
}

/// Language of the prompt's words where the mode does not say.
pub(super) const USUAL_WORDS: Speech = Speech::Own;

impl<T> Point<T> {
    pub(super) fn new(word: &str, value: T) -> Self {
        Self { word: word.to_owned(), value }
    }
}
