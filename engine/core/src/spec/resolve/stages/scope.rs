//! What placeholders of a stage may name.

use crate::spec::placeholder::{Part, parse};
use crate::spec::resolve::Context;
use crate::spec::suggest::{listed, nearest};
use crate::spec::text::Word;
use crate::spec::tree::Table;

/// Names that a stage defines.
pub(super) struct Scope {
    /// Axes and parameters.
    values: Vec<String>,
    /// `in.NAME` and `out.NAME`.
    files: Vec<String>,
}

impl Scope {
    pub(super) fn of(table: &Table) -> Self {
        let names = |key| table.names(key).into_iter();
        let inputs = names("inputs").map(|name| format!("in.{name}"));
        let outputs = names("outputs").map(|name| format!("out.{name}"));
        Self {
            values: names("matrix").chain(names("params")).map(str::to_owned).collect(),
            files: inputs.chain(outputs).collect(),
        }
    }

    /// Checks a text in which every name may stand.
    pub(super) fn check_all(&self, word: Word<'_>, cx: &mut Context<'_>) {
        let known: Vec<&str> = self.values.iter().chain(&self.files).map(String::as_str).collect();
        check(word, &known, None, cx);
    }

    /// Checks a text in which only axes and parameters may stand; `whereabouts` completes "cannot stand …".
    pub(super) fn check_values(&self, word: Word<'_>, whereabouts: &str, cx: &mut Context<'_>) {
        let known: Vec<&str> = self.values.iter().map(String::as_str).collect();
        check(word, &known, Some((&self.files, whereabouts)), cx);
    }
}

fn check(word: Word<'_>, known: &[&str], elsewhere: Option<(&[String], &str)>, cx: &mut Context<'_>) {
    let parts = match parse(word.text) {
        Ok(parts) => parts,
        Err(lone) => {
            cx.faults
                .at(cx.texts.inside(word.place, word.text, lone.at..lone.at + 1), "a brace without its other half")
                .label("lone")
                .help("write `{{` or `}}` for a brace that stands for itself");
            return;
        }
    };
    for part in parts {
        let Part::Name(name, range) = part else { continue };
        if known.contains(&name) {
            continue;
        }
        let place = cx.texts.inside(word.place, word.text, range.start - 1..range.end + 1);
        if let Some((files, whereabouts)) = elsewhere
            && files.iter().any(|file| file == name)
        {
            cx.faults
                .at(place, format!("`{{{name}}}` cannot stand {whereabouts}"))
                .label("only in `args` and `env`")
                .help("axes and parameters can stand here");
            continue;
        }
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None if known.is_empty() => "this stage has no axes and parameters; `{{` and `}}` are braces".to_owned(),
            None => format!("this stage knows {}; `{{{{` and `}}}}` are braces", listed(known)),
        };
        cx.faults.at(place, format!("unknown placeholder `{{{name}}}`")).label("not filled in").help(help);
    }
}

/// A placeholder has one meaning.
pub(super) fn check_names(table: &Table, cx: &mut Context<'_>) {
    let entries = |key| table.table(key).map(|table| table.entries.as_slice()).unwrap_or_default();
    for param in entries("params") {
        if let Some(axis) = entries("matrix").iter().find(|axis| axis.key == param.key) {
            cx.faults
                .at(param.key_place, format!("`{}` is an axis and a parameter", param.key))
                .label("a parameter")
                .also(axis.key_place, "an axis")
                .help(format!("give one of them another name: `{{{}}}` has one meaning", param.key));
        }
    }
    for entry in entries("params").iter().chain(entries("matrix")) {
        if entry.key.starts_with("in.") || entry.key.starts_with("out.") {
            cx.faults
                .at(entry.key_place, format!("`{}` reads as a file of the stage", entry.key))
                .label("taken")
                .help("`in.` and `out.` are for inputs and outputs");
        }
    }
}
