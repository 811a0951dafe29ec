//! What command stages make for a study and what they read of it: for every model and seed there is one instance.

use super::stages::output::{STAGE, output};
use super::{Context, MODEL};
use crate::spec::suggest::{listed, suggest};
use crate::spec::text::Place;
use crate::spec::tree::Table;
use crate::spec::{Adapter, CommandInput, CommandStage, MODEL_AXIS, Model, SEED_AXIS, Spec, StageOutput};
use std::collections::{BTreeMap, BTreeSet};

/// By model, the stage that trains an adapter for it.
pub(super) fn trained_by(table: &Table, cx: &mut Context<'_>) -> BTreeMap<String, StageOutput> {
    let mut stages = BTreeMap::new();
    for entry in table.table("trained_by").into_iter().flat_map(|table| &table.entries) {
        let Some(word) = entry.node.word() else { continue };
        let known = cx.known(MODEL, entry.name());
        if !word.text.starts_with(STAGE) {
            cx.faults.at(word.place, format!("`{}` is not a stage", word.text)).label("trained by what?").help(
                format!(
                    "write `{STAGE}NAME`, a command stage that makes the adapter; one that is there already is a `file`"
                ),
            );
            continue;
        }
        if let Some(output) = output(word, None, cx).filter(|_| known) {
            stages.insert(entry.key.clone(), output);
        }
    }
    stages
}

/// Checks that whatever is made by a stage, or read of a training, is there for its model and seed.
pub(super) fn fit(spec: &Spec, cx: &mut Context<'_>) {
    spec.models.iter().for_each(|model| model_file(model, spec, cx));
    spec.adapters.iter().for_each(|adapter| elsewhere(adapter, spec, cx));
    for stage in &spec.stages {
        for (input, from) in &stage.inputs {
            if let CommandInput::Training(adapter) = from {
                training(stage, input, adapter, spec, cx);
            }
        }
    }
}

fn stage<'s>(spec: &'s Spec, name: &str) -> Option<&'s CommandStage> {
    spec.stages.iter().find(|stage| stage.name == name)
}

/// Where a value of an entry of a table of the spec stands.
fn place(cx: &Context<'_>, path: [&str; 4]) -> Option<Place> {
    let [table, name, key, inner] = path;
    let node = cx.root.table(table)?.table(name)?.get(key)?;
    if inner.is_empty() { Some(node.place) } else { Some(node.table()?.get(inner)?.place) }
}

fn model_file(model: &Model, spec: &Spec, cx: &mut Context<'_>) {
    let Some(maker) = model.file.made().and_then(|made| stage(spec, &made.stage)) else { return };
    let Some(place) = place(cx, ["models", &model.name, "file", ""]) else { return };
    one_instance(maker, &[(MODEL_AXIS, vec![model.name.clone()])], place, cx);
}

/// An adapter of which some are trained by programs: each of them has its instance, which reads what is to be learned.
fn elsewhere(adapter: &Adapter, spec: &Spec, cx: &mut Context<'_>) {
    let seeds: Vec<String> = adapter.seeds.iter().map(u64::to_string).collect();
    // Of one that is a file that has been reported.
    for (name, made) in adapter.trained_by.iter().filter(|_| adapter.training().is_some()) {
        let Some(place) = place(cx, ["adapters", &adapter.name, "trained_by", name]) else { continue };
        let Some(model) = spec.models.iter().find(|model| model.name == *name) else { continue };
        if model.answers.is_some() {
            cx.faults
                .at(place, format!("model `{name}` is not asked here"))
                .label("its answers were given elsewhere")
                .help("an adapter is for a model whose `file` is there");
            continue;
        }
        let Some(maker) = stage(spec, &made.stage) else { continue };
        one_instance(maker, &[(MODEL_AXIS, vec![name.clone()]), (SEED_AXIS, seeds.clone())], place, cx);
        if seeds.len() > 1 && !maker.matrix.contains_key(SEED_AXIS) {
            cx.faults
                .at(
                    place,
                    format!(
                        "stage `{}` makes one adapter, and `{}` has {} seeds",
                        maker.name,
                        adapter.name,
                        seeds.len()
                    ),
                )
                .label("all seeds would be the same adapter")
                .help(format!("add `{SEED_AXIS} = [{}]` to `stages.{}.matrix`", seeds.join(", "), maker.name));
        }
        if !reads(&made.stage, &adapter.name, spec) {
            cx.faults
                .at(place, format!("stage `{}` does not read what `{}` is to learn", made.stage, adapter.name))
                .label("trained on what?")
                .help(format!("add an input `training = \"training:{}\"` to `stages.{}`", adapter.name, made.stage));
        }
    }
}

/// Whether a stage reads an adapter's training, itself or by way of others.
fn reads(name: &str, adapter: &str, spec: &Spec) -> bool {
    let (mut open, mut seen) = (vec![name], BTreeSet::new());
    while let Some(name) = open.pop() {
        let Some(stage) = stage(spec, name).filter(|_| seen.insert(name)) else { continue };
        for input in stage.inputs.values() {
            match input {
                CommandInput::Training(of) if of == adapter => return true,
                CommandInput::Stage { stage, .. } => open.push(stage),
                CommandInput::Training(_) | CommandInput::File(_) | CommandInput::Remote(_) => {}
            }
        }
    }
    false
}

/// Of a stage one instance is meant for each of the values: it runs for them, and along no other axis more than once.
fn one_instance(stage: &CommandStage, wanted: &[(&str, Vec<String>)], place: Place, cx: &mut Context<'_>) {
    for (axis, values) in &stage.matrix {
        let known: Vec<&str> = values.iter().map(String::as_str).collect();
        let Some((_, wanted)) = wanted.iter().find(|(name, _)| name == axis) else {
            if known.len() > 1 {
                cx.faults
                    .at(place, format!("stage `{}` runs several times, for each {axis}", stage.name))
                    .label("which of them?")
                    .help(format!("only along `{MODEL_AXIS}`, and for adapters `{SEED_AXIS}`, is it clear which is meant: make several stages of it"));
            }
            continue;
        };
        for value in wanted.iter().filter(|value| !values.contains(value)) {
            let near = suggest(value, &format!("on its axis `{axis}`"), &known);
            cx.faults
                .at(place, format!("stage `{}` does not run for {axis} `{value}`", stage.name))
                .label("nothing is made for it")
                .help(format!("add `{value}` to `stages.{}.matrix.{axis}`; {near}", stage.name));
        }
    }
}

/// An input `training:ADAPTER`: of which models and seeds is said by the axes.
fn training(stage: &CommandStage, input: &str, adapter: &str, spec: &Spec, cx: &mut Context<'_>) {
    let Some(place) = place(cx, ["stages", &stage.name, "inputs", input]) else { return };
    let Some(adapter) = spec.adapters.iter().find(|other| other.name == adapter) else { return };
    if adapter.training().is_none() {
        cx.faults
            .at(place, format!("adapter `{}` is a file", adapter.name))
            .label("what it learned from is not known")
            .help("name an adapter with `train_on`");
        return;
    }
    if spec.prompt.is_none() {
        cx.faults
            .at(place, "`training:` without `[prompt]`")
            .label("how are its rows shown?")
            .help("add `[prompt]`: rows are learned as they are asked");
    }
    let asked: Vec<&str> =
        spec.models.iter().filter(|model| model.answers.is_none()).map(|model| model.name.as_str()).collect();
    match stage.matrix.get(MODEL_AXIS) {
        None => {
            cx.faults
                .at(place, format!("stage `{}` reads a training and has no axis `{MODEL_AXIS}`", stage.name))
                .label("rows are written for a model's vocabulary and chat format")
                .help(format!("add `matrix = {{ {MODEL_AXIS} = [...] }}` with some of {}", listed(&asked)));
        }
        Some(values) => {
            for value in values.iter().filter(|value| !asked.contains(&value.as_str())) {
                cx.faults
                    .at(
                        place,
                        format!("stage `{}` runs for `{value}`, which is no model that is asked here", stage.name),
                    )
                    .label("a training for what?")
                    .help(suggest(value, "models", &asked));
            }
        }
    }
    let seeds: Vec<String> = adapter.seeds.iter().map(u64::to_string).collect();
    match stage.matrix.get(SEED_AXIS) {
        None if seeds.len() > 1 => {
            cx.faults
                .at(
                    place,
                    format!(
                        "`{}` has {} seeds, and stage `{}` has no axis `{SEED_AXIS}`",
                        adapter.name,
                        seeds.len(),
                        stage.name
                    ),
                )
                .label("each has an order of its own")
                .help(format!("add `{SEED_AXIS} = [{}]` to its `matrix`", seeds.join(", ")));
        }
        None => {}
        Some(values) => {
            for value in values.iter().filter(|value| !seeds.contains(value)) {
                cx.faults
                    .at(
                        place,
                        format!(
                            "stage `{}` runs for seed `{value}`, which `{}` does not have",
                            stage.name, adapter.name
                        ),
                    )
                    .label("a training with which seed?")
                    .help(format!("its `seeds` are {}", seeds.join(", ")));
            }
        }
    }
}
