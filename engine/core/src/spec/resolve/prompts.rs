//! `[prompt]` and `[modes]`.

use super::families::Family;
use super::languages::unknown;
use super::template::Scope;
use super::{Context, fields, template, uses, words};
use crate::spec::languages::name_of;
use crate::spec::preset::Preset;
use crate::spec::tree::{Entry, Table};
use crate::spec::{
    Channel, Data, Effort, Generate, Mode, Normalize, Prompt, Reason, Rules, Sampling, Score, Shots, Shown, Spec,
    Speech,
};

const LABELS: &[&str] = &["1", "2", "3", "4"];

/// Options where nothing tells their number.
const USUAL: usize = 4;

/// `[prompt]`.
pub(super) fn prompt(data: &[Data], cx: &mut Context<'_>) -> Option<Prompt> {
    let table = cx.root.table("prompt")?;
    labels(table, cx);
    table.word("system").into_iter().for_each(|word| template::check(word, Scope::Study, cx));
    let preset = preset(cx);
    match table.word("body") {
        Some(body) => template::check(body, Scope::Item, cx),
        // A preset that is not known has been reported.
        None if table.get("preset").is_some() => {}
        None => {
            let place = cx.root.get("prompt").map(|node| node.place)?;
            cx.faults
                .at(place, "missing key `body` in `prompt`")
                .label("has no `body`")
                .help("add `body`, a template of the user's message, or `preset`, another tool's prompt");
        }
    }
    table.word("continuation").into_iter().for_each(|word| template::check(word, Scope::Option, cx));
    Some(Prompt {
        words: words::resolve(cx),
        system: table.text("system"),
        body: table.text("body").or(preset.map(|preset| preset.body.to_owned()))?,
        continuation: table.text("continuation").or(preset.and_then(|preset| preset.continuation.map(str::to_owned))),
        labels: shown_labels(data, cx),
        delimiter: table.text("delimiter").unwrap_or_else(|| preset.map_or("", |preset| preset.delimiter).to_owned()),
    })
}

/// The prompt's labels: as written; else the preset's, else the usual ones.
pub(super) fn shown_labels(data: &[Data], cx: &Context<'_>) -> Vec<String> {
    match cx.root.table("prompt") {
        Some(table) if table.get("labels").is_some() => table.texts("labels"),
        _ => preset(cx).map_or_else(
            || LABELS.iter().map(|&label| label.to_owned()).collect(),
            |preset| preset.labels.of(options(data, cx)),
        ),
    }
}

/// How many options the questions have.
fn options(data: &[Data], cx: &Context<'_>) -> usize {
    let evaluated = cx.root.table("evaluate").and_then(|evaluate| evaluate.word("data"));
    let evaluated = evaluated.and_then(|word| data.iter().find(|data| data.name == word.text));
    evaluated.and_then(|data| data.fields.count()).unwrap_or(USUAL)
}

/// The preset that the prompt names.
pub(super) fn preset(cx: &Context<'_>) -> Option<&'static Preset> {
    Preset::named(cx.root.table("prompt")?.word("preset")?.text)
}

/// Labels can be shown and told apart.
pub(super) fn labels(table: &Table, cx: &mut Context<'_>) {
    let Some(node) = table.get("labels") else { return };
    let words: Vec<_> = node.words().collect();
    for (at, word) in words.iter().enumerate() {
        if word.text.trim().is_empty() {
            cx.faults.at(word.place, "an empty label").label("cannot be shown or scored");
        } else if let Some(first) = words[..at].iter().find(|first| first.text == word.text) {
            cx.faults
                .at(word.place, format!("label `{}` stands for two options", word.text))
                .label("again")
                .also(first.place, "first here");
        }
    }
}

/// `[modes.NAME]`, its axes aside.
pub(super) fn mode(entry: &Entry, table: &Table, cx: &mut Context<'_>) -> Option<Mode> {
    table.word("instruction").into_iter().for_each(|word| template::check(word, Scope::Item, cx));
    table.word("cue").into_iter().for_each(|word| template::check(word, Scope::Study, cx));
    Some(Mode {
        name: entry.key.clone(),
        instruction: table.text("instruction"),
        score: or_preset(table, "score", Score::named, Score::Labels, |preset| preset.score, cx)?,
        normalize: or_preset(table, "normalize", Normalize::named, Normalize::Byte, |preset| preset.normalize, cx)?,
        reason: table.table("reason").and_then(|table| reason(table, cx)),
        cue: table.text("cue"),
        slot: None,
        generate: Generate {
            max_tokens: table.integer("max_tokens")?,
            stop: table.texts("stop"),
            extract: or_preset(table, "extract", Rules::named, Rules::Xlt, |preset| preset.extract, cx)?,
        },
        shown: Shown::default(),
        words: Speech::Own,
        rotate: table.is_true("rotate"),
        shots: table.table("shots").and_then(|table| shots(table, cx)),
    })
}

/// A word of a mode; where it is not written, the preset's, else the usual one. `None` where it is none.
fn or_preset<T>(
    table: &Table,
    key: &str,
    named: fn(&str) -> Option<T>,
    usual: T,
    of_preset: fn(&Preset) -> T,
    cx: &Context<'_>,
) -> Option<T> {
    match table.get(key) {
        Some(node) => named(node.word()?.text),
        None => Some(preset(cx).map_or(usual, of_preset)),
    }
}

fn shots(table: &Table, cx: &mut Context<'_>) -> Option<Shots> {
    let word = table.word("language")?;
    let language = match word.text {
        "own" => Speech::Own,
        code if name_of(code).is_some() => Speech::Of(code.to_owned()),
        _ => {
            unknown(word, &[], cx);
            return None;
        }
    };
    Some(Shots { number: table.integer("number")?, part: table.text("part")?, language, seed: table.integer("seed")? })
}

fn reason(table: &Table, cx: &mut Context<'_>) -> Option<Reason> {
    Some(Reason {
        max_tokens: table.integer("max_tokens")?,
        channel: Channel::named(table.word("channel")?.text)?,
        effort: table.word("effort").and_then(|word| Effort::named(word.text)),
        sampling: sampling(table, cx)?,
        filler: table.text("filler"),
    })
}

fn sampling(table: &Table, cx: &mut Context<'_>) -> Option<Sampling> {
    let (temperature, top_p) = (table.number("temperature")?, table.number("top_p")?);
    if let Some(node) = table.get("top_p").filter(|_| top_p > 1.0) {
        cx.faults.at(node.place, "`top_p` is a probability").label("above 1").help("1.0 draws from all tokens");
    }
    if temperature == 0.0 {
        return Some(Sampling::Greedy);
    }
    Some(Sampling::Drawn { temperature, top_p, seed: table.integer("seed")? })
}

/// Whether the prompt fits the data that it is used with.
pub(super) fn fit(spec: &Spec, families: &[Family], cx: &mut Context<'_>) {
    let (Some(prompt), Some(table)) = (&spec.prompt, cx.root.table("prompt")) else { return };
    for data in fields::used(spec) {
        let options = data.fields.count();
        if let Some(options) = options.filter(|&options| options != prompt.labels.len() && uses::asked(data, spec)) {
            uneven(prompt, table, data, options, cx);
        }
        if data.fields.passage.is_none() && uses::by_body(data, spec) {
            no_passage(table, data, cx);
        }
    }
    for adapter in &spec.adapters {
        let Some(train_on) = adapter.training().map(|training| &training.train_on) else { continue };
        let mode = spec.modes.iter().find(|mode| train_on.mode() == Some(&mode.name));
        let data = spec.data.iter().find(|data| data.name == train_on.data);
        if let (Some(mode), Some(data)) = (mode, data) {
            learned(&adapter.name, mode, data, spec, families, cx);
        }
    }
}

/// A mode in which something is learned has a label for each option. Told where its format has them; else where the mode is named.
fn learned(adapter: &str, mode: &Mode, data: &Data, spec: &Spec, families: &[Family], cx: &mut Context<'_>) {
    let Some(prompt) = &spec.prompt else { return };
    if mode.shown.labels.is_none() && uses::asked(data, spec) {
        return; // Told of the prompt.
    }
    let labels = mode.shown.labels.as_ref().unwrap_or(&prompt.labels).len();
    let Some(options) = data.fields.count().filter(|&options| options != labels) else { return };
    let format = families.iter().find_map(|family| family.format(&mode.name));
    let of_format = |name| cx.root.table("formats")?.table(name)?.get("labels");
    let of_adapter = || cx.root.table("adapters")?.table(adapter)?.table("train_on")?.get("mode");
    let Some(node) = format.and_then(of_format).or_else(of_adapter) else { return };
    cx.faults
        .at(node.place, format!("{labels} labels for the {options} options of `data.{}`", data.name))
        .label(format!("adapter `{adapter}` learns from these data in mode `{}`", mode.name))
        .help("learn in a mode with a `format` of its own, whose `labels` are as many as the options");
}

/// Told where the labels are written; else at the preset that has them; else at the options.
fn uneven(prompt: &Prompt, table: &Table, data: &Data, wanted: usize, cx: &mut Context<'_>) {
    let fields = cx.root.table("data").and_then(|all| all.table(&data.name)?.table("fields"));
    let Some(options) = fields.and_then(|fields| fields.get("options").or(fields.get("choices"))) else {
        return;
    };
    let labels = &prompt.labels;
    let message = format!("{} labels for the {wanted} options of `data.{}`", labels.len(), data.name);
    let help = "give `prompt.labels` one label for each option";
    let shown = labels.join("`, `");
    match (table.get("labels"), table.get("preset")) {
        (Some(node), _) => cx.faults.at(node.place, message).label("not as many").help(help),
        (None, Some(node)) => cx
            .faults
            .at(node.place, message)
            .label(format!("has the labels `{shown}`"))
            .also(options.place, format!("{wanted} options"))
            .help("write `labels` beside the preset, one for each option"),
        (None, None) => {
            let label = format!("{wanted} options; the labels are `{shown}`, as none are written");
            cx.faults.at(options.place, message).label(label).help(help)
        }
    };
}

/// Told where the body uses the passage without asking for it; else at the preset whose body does.
fn no_passage(table: &Table, data: &Data, cx: &mut Context<'_>) {
    let message = format!("`data.{}` has no passage", data.name);
    let remedy = format!("add `passage` to `[data.{}.fields]`", data.name);
    if let Some(body) = table.word("body") {
        if let Some(range) = shown_passage(body.text) {
            cx.faults
                .at(cx.texts.inside(body.place, body.text, range), message)
                .label("would be empty")
                .help(format!("{remedy}, or take it out of the prompt"));
        }
    } else if let (Some(preset), Some(node)) = (preset(cx), table.get("preset"))
        && shown_passage(preset.body).is_some()
    {
        cx.faults
            .at(node.place, message)
            .label("shows the passage")
            .help(format!("{remedy}, or write a `body` beside the preset"));
    }
}

/// Where a template shows the passage without asking whether there is one.
pub(super) fn shown_passage(body: &str) -> Option<std::ops::Range<usize>> {
    template::use_of("passage", body).filter(|range| body[..range.start].rfind("{{") > body[..range.start].rfind("{%"))
}
