//! `[models]`: weights that are asked here, or answers that were given elsewhere.

use super::data::LANGUAGE;
use super::limits::memory;
use super::stages::output::{STAGE, output};
use super::{Context, blanks, origin, prompts};
use crate::spec::grammar::ORIGIN;
use crate::spec::text::Place;
use crate::spec::tree::{Entry, Table};
use crate::spec::{AnswersFormat, Chat, Condition, Evaluate, FileRef, Model, ModelFile, ModelResources, Source};
use std::collections::BTreeMap;

const MODE: &str = "{mode}";
const CONDITION: &str = "{condition}";

pub(super) fn resolve(conditions: &[Condition], evaluate: Option<&Evaluate>, cx: &mut Context<'_>) -> Vec<Model> {
    let usual = prompts::preset(cx).map_or(Chat::Model, |preset| preset.chat);
    let models = cx.root.sorted("models").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let answers = match table.get("answers") {
            Some(_) => Some(format(table)?),
            None => None,
        };
        let file = match answers {
            Some(_) => ModelFile::Given(given(entry, table, conditions, evaluate, cx)?),
            None => weights(table, cx)?,
        };
        let tokenizer = match (table.word("tokenizer"), answers) {
            (Some(word), None) => Some(origin::by_itself(word, "tokenizer", cx)?),
            _ => None,
        };
        Some(Model {
            name: entry.key.clone(),
            file,
            answers,
            quantize: table.text("quantize"),
            requantize: table.is_true("requantize"),
            slot: table.text("slot"),
            chat: table.word("chat").map_or(Some(usual), |word| Chat::named(word.text))?,
            resources: resources(table, cx),
            tokenizer,
        })
    });
    models.collect()
}

fn resources(table: &Table, cx: &mut Context<'_>) -> ModelResources {
    let Some(table) = table.table("resources") else { return ModelResources::default() };
    ModelResources { gpus: table.integer("gpus"), memory: memory(table, cx), cores: table.integer("cores") }
}

fn format(table: &Table) -> Option<AnswersFormat> {
    table.word("answers_format").map_or(Some(AnswersFormat::Jsonl), |word| AnswersFormat::named(word.text))
}

/// What is asked here.
fn weights(table: &Table, cx: &mut Context<'_>) -> Option<ModelFile> {
    if let Some(format) = table.get("answers_format") {
        cx.faults
            .at(format.place, "`answers_format` without `answers`")
            .label("format of what?")
            .help("add `answers`, the file in which the model's answers are, or leave this out");
    }
    match table.word("file").filter(|word| word.text.starts_with(STAGE)) {
        Some(word) => {
            not_published(table, cx);
            output(word, None, cx).map(ModelFile::Made)
        }
        None => origin::file(table, "file", cx).map(ModelFile::Given),
    }
}

/// Reports what is said of a published file where a stage makes it.
fn not_published(table: &Table, cx: &mut Context<'_>) {
    let file = table.get("file").map(|node| node.place);
    for (key, node) in ORIGIN.iter().filter_map(|key| Some((key.name, table.get(key.name)?))) {
        let fault = cx.faults.at(node.place, format!("`{key}` of a file that a stage makes"));
        fault.label("of a published file").help(format!("leave out `{key}`: the file is known by what makes it"));
        if let Some(file) = file {
            fault.also(file, "made by a stage");
        }
    }
}

/// The files of a model's answers.
fn given(
    entry: &Entry,
    table: &Table,
    conditions: &[Condition],
    evaluate: Option<&Evaluate>,
    cx: &mut Context<'_>,
) -> Option<FileRef> {
    let answers = table.get("answers")?;
    let asked = ["file", "quantize", "slot", "chat", "resources", "tokenizer"]
        .into_iter()
        .filter_map(|key| Some((key, table.get(key)?)));
    let requantize = table.get("requantize").filter(|_| table.is_true("requantize")).map(|node| ("requantize", node));
    for (key, node) in asked.chain(requantize) {
        cx.faults
            .at(node.place, format!("`{key}` and `answers` exclude each other"))
            .label("of a model that is asked here")
            .also(answers.place, "answers that were given elsewhere")
            .help(format!("leave out `{key}`, or `answers`"));
    }
    let file = origin::file(table, "answers", cx)?;
    let help = "the path of answers knows `{language}`, `{mode}` and `{condition}`, the names of a cell of the results";
    let sound = blanks::check(table, "answers", &[LANGUAGE, MODE, CONDITION], help, cx);
    if cell(&file.source, "", "", "") != file.source {
        blanks::not_of_one(table, "the files of several cells", cx);
    }
    if let Some(evaluate) = evaluate.filter(|_| sound) {
        one_file_each(entry, &file.source, conditions, evaluate, cx);
    }
    Some(file)
}

/// Every cell has answers of its own, and there is at least one. A condition with an adapter has none: what is trained here is
/// not asked elsewhere.
fn one_file_each(entry: &Entry, source: &Source, conditions: &[Condition], evaluate: &Evaluate, cx: &mut Context<'_>) {
    let Some(place) = entry.node.table().and_then(|table| Some(table.get("answers")?.place)) else { return };
    let plain = || conditions.iter().filter(|condition| condition.adapter.is_none());
    if plain().next().is_none() && !conditions.is_empty() {
        cx.faults
            .at(place, format!("no condition takes the answers of `{}`", entry.key))
            .label("every condition has an adapter")
            .help("adapters are trained and applied here; add a condition without `adapter`");
        return;
    }
    let modes = plain().flat_map(|condition| condition.modes.iter().map(move |mode| (condition.name.as_str(), mode)));
    let cells = modes.flat_map(|(condition, mode)| {
        evaluate.languages.iter().map(move |language| [condition, language.as_str(), mode.as_str()])
    });
    let mut seen: BTreeMap<Source, [&str; 3]> = BTreeMap::new();
    for names in cells {
        let [condition, language, mode] = names;
        if let Some(first) = seen.insert(cell(source, condition, language, mode), names)
            && first != names
        {
            shared(entry, place, first, names, cx);
            return;
        }
    }
}

fn shared(entry: &Entry, place: Place, first: [&str; 3], second: [&str; 3], cx: &mut Context<'_>) {
    let blanks = [(CONDITION, "the condition's name"), (LANGUAGE, "the language's code"), (MODE, "the mode's name")];
    let Some(at) = [1, 2, 0].into_iter().find(|&at| first[at] != second[at]) else { return };
    let (blank, what) = blanks[at];
    let (first, second) = (first.join("/"), second.join("/"));
    cx.faults
        .at(place, format!("the answers of `{}` are one file for {first} and {second}", entry.key))
        .label("both would get the same answers")
        .help(format!("write `{blank}` where the path has {what}"));
}

fn cell(source: &Source, condition: &str, language: &str, mode: &str) -> Source {
    source.in_language(language).filled("mode", mode).filled("condition", condition)
}
