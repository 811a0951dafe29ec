//! `[prompt]` and `[modes]`.

use super::{Context, template};
use crate::spec::preset::Preset;
use crate::spec::tree::Table;
use crate::spec::{Channel, Mode, Normalize, Prompt, Reason, Score, Spec};

const LABELS: &[&str] = &["1", "2", "3", "4"];

/// `[prompt]`.
pub(super) fn prompt(cx: &mut Context<'_>) -> Option<Prompt> {
    let table = cx.root.table("prompt")?;
    labels(table, cx);
    let preset = preset(cx);
    match table.word("body") {
        Some(body) => template::check(body, cx),
        None if preset.is_some() => {}
        None => {
            let place = cx.root.get("prompt").map(|node| node.place)?;
            cx.faults
                .at(place, "missing key `body` in `prompt`")
                .label("has no `body`")
                .help("`body`: template of the user's message; or take a `preset`");
        }
    }
    let labels = match table.get("labels") {
        Some(_) => table.texts("labels"),
        None => preset.map_or(LABELS, |preset| preset.labels).iter().map(|&label| label.to_owned()).collect(),
    };
    Some(Prompt {
        system: table.text("system"),
        body: table.text("body").or(preset.map(|preset| preset.body.to_owned()))?,
        labels,
        delimiter: table.text("delimiter").unwrap_or_else(|| preset.map_or("", |preset| preset.delimiter).to_owned()),
    })
}

/// The preset that the prompt names.
pub(super) fn preset(cx: &Context<'_>) -> Option<&'static Preset> {
    Preset::named(cx.root.table("prompt")?.word("preset")?.text)
}

fn labels(table: &Table, cx: &mut Context<'_>) {
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

/// `[modes]`.
pub(super) fn modes(cx: &mut Context<'_>) -> Vec<Mode> {
    let modes = cx.root.sorted("modes").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        if let Some(instruction) = table.word("instruction") {
            template::check(instruction, cx);
        }
        Some(Mode {
            name: entry.key.clone(),
            instruction: table.text("instruction"),
            score: Score::named(table.word("score")?.text)?,
            normalize: Normalize::named(table.word("normalize")?.text)?,
            reason: table.table("reason").and_then(reason),
            cue: table.text("cue"),
        })
    });
    modes.collect()
}

fn reason(table: &Table) -> Option<Reason> {
    Some(Reason { max_tokens: table.integer("max_tokens")?, channel: Channel::named(table.word("channel")?.text)? })
}

/// Whether the prompt fits the data that it is used with.
pub(super) fn fit(spec: &Spec, cx: &mut Context<'_>) {
    let (Some(prompt), Some(table)) = (&spec.prompt, cx.root.table("prompt")) else { return };
    let evaluated = spec.evaluate.iter().map(|evaluate| &evaluate.data);
    let trained = spec.adapters.iter().map(|adapter| &adapter.train_on.data);
    let used: Vec<_> = evaluated.chain(trained).collect();
    for data in spec.data.iter().filter(|data| used.contains(&&data.name)) {
        let options = data.fields.options.len();
        if let (Some(node), true) = (table.get("labels"), options > 1 && options != prompt.labels.len()) {
            cx.faults
                .at(
                    node.place,
                    format!("{} labels for the {options} options of `data.{}`", prompt.labels.len(), data.name),
                )
                .label("not as many")
                .help("give `prompt.labels` one label for each option");
        }
        if let (Some(body), None) = (table.word("body"), &data.fields.passage)
            && let Some(range) = template::use_of("passage", body.text)
            && body.text[..range.start].rfind("{{") > body.text[..range.start].rfind("{%")
        {
            cx.faults
                .at(cx.texts.inside(body.place, body.text, range), format!("`data.{}` has no passage", data.name))
                .label("would be empty")
                .help(format!("add `passage` to `[data.{}.fields]`, or take it out of the prompt", data.name));
        }
    }
}
