//! `[adapters.NAME]`: what is trained here, or was made elsewhere.

use super::data::{check_languages, check_part, named};
use super::families::{self, Family};
use super::{Context, blanks, languages, origin};
use crate::spec::grammar::ORIGIN;
use crate::spec::tree::{Node, Table, Value};
use crate::spec::{
    Adapter, AdapterOrigin, Data, FileRef, LanguageGroup, Lora, Optimizer, Schedule, Spec, TrainOn, Training,
};

const MODEL: &str = "{model}";
const SEED: &str = "{seed}";

/// Keys that only an adapter has that is trained here.
const TRAINING: [&str; 4] = ["lora", "optimizer", "batch_examples", "epochs"];

pub(super) fn resolve(
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Vec<Adapter> {
    let adapters = cx.root.sorted("adapters").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let train_on = table.table("train_on").and_then(|table| train_on(table, data, groups, families, cx));
        let seeds = table.get("seeds").map(|node| seeds(node, cx)).unwrap_or_default();
        let origin = match table.get("file") {
            Some(file) => AdapterOrigin::File(made(file, table, cx)?),
            None => {
                without_file(table, cx);
                AdapterOrigin::Trained(Training {
                    train_on: train_on?,
                    lora: lora(table.table("lora")?, cx)?,
                    optimizer: optimizer(table.table("optimizer")?)?,
                    batch_examples: table.integer("batch_examples")?,
                    epochs: table.integer("epochs")?,
                })
            }
        };
        Some(Adapter { name: entry.key.clone(), origin, seeds })
    });
    adapters.collect()
}

/// What adapters are trained on and how.
pub(super) fn trainings(spec: &Spec) -> impl Iterator<Item = &Training> {
    spec.adapters.iter().filter_map(Adapter::training)
}

/// Reports what says more of a file that is not named.
fn without_file(table: &Table, cx: &mut Context<'_>) {
    for (key, node) in ORIGIN.iter().filter_map(|key| Some((key.name, table.get(key.name)?))) {
        cx.faults
            .at(node.place, format!("`{key}` without `file`"))
            .label("of what file?")
            .help("add `file`, an adapter that was made elsewhere, or leave this out");
    }
}

/// An adapter that was made elsewhere.
fn made(node: &Node, table: &Table, cx: &mut Context<'_>) -> Option<FileRef> {
    // Beside `train_on` the others may be defaults.
    let training = match table.get("train_on") {
        Some(train_on) => vec![("train_on", train_on)],
        None => TRAINING.into_iter().filter_map(|key| Some((key, table.get(key)?))).collect(),
    };
    for (key, other) in training {
        cx.faults
            .at(other.place, format!("`{key}` and `file` exclude each other"))
            .label("of an adapter that is trained here")
            .also(node.place, "an adapter that was made elsewhere")
            .help(format!("leave out `{key}`, or `file`"));
    }
    let file = origin::file(table, "file", cx)?;
    let help = "the path of an adapter knows `{model}`, the model's name, and `{seed}`, one of `seeds`";
    blanks::check(table, "file", &[MODEL, SEED], help, cx);
    let has = |blank: &str| file.source.filled(blank, "") != file.source;
    if has("model") || has("seed") {
        blanks::not_of_one(table, "several adapters", cx);
    }
    match (has("seed"), table.get("seeds")) {
        (true, None) => {
            cx.faults
                .at(node.place, format!("`{SEED}` in `file`, and no `seeds`"))
                .label("which seeds?")
                .help("add `seeds`, the list of those that there are files for");
        }
        (false, Some(seeds)) if table.get("train_on").is_none() => {
            cx.faults
                .at(seeds.place, format!("`seeds`, but no `{SEED}` in `file`"))
                .label("would be one adapter each")
                .help(format!("write `{SEED}` where the path has the seed, or leave them out"));
        }
        _ => {}
    }
    Some(file)
}

fn train_on(
    table: &Table,
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Option<TrainOn> {
    let languages = table.get("languages").map(|node| (node, languages::codes(node, groups, cx)));
    let mode = table.word("mode").and_then(|mode| families::one(mode, families, cx));
    let rows = table.word("data").and_then(|word| named(word, data, cx));
    let part = table.word("part");
    if let (Some(rows), Some(part)) = (rows, part) {
        check_part(part, rows, cx);
    }
    let (node, languages) = languages?;
    nonempty(node, &languages, cx);
    if let Some(rows) = rows {
        check_languages(&languages, rows, cx);
    }
    Some(TrainOn { data: rows?.name.clone(), part: part?.text.to_owned(), languages, mode: mode? })
}

/// Reports an empty list of languages.
pub(super) fn nonempty(node: &Node, languages: &[String], cx: &mut Context<'_>) {
    if languages.is_empty() && node.items().is_empty() {
        cx.faults.at(node.place, "no languages").label("empty").help("name a language group or codes");
    }
}

fn seeds(node: &Node, cx: &mut Context<'_>) -> Vec<u64> {
    let mut seeds = Vec::new();
    for item in node.items() {
        let Value::Integer(seed) = item.value else { continue };
        let Ok(seed) = u64::try_from(seed) else { continue };
        if seeds.contains(&seed) {
            cx.faults
                .at(item.place, format!("seed {seed} is listed twice"))
                .label("would train the same adapter again");
        }
        seeds.push(seed);
    }
    seeds
}

fn lora(table: &Table, cx: &mut Context<'_>) -> Option<Lora> {
    let rank: u32 = table.integer("rank")?;
    let targets = table.texts("targets");
    if let (Some(node), true) = (table.get("targets"), targets.is_empty()) {
        cx.faults.at(node.place, "`lora.targets` is empty").label("nothing to train").help("write `\"all-linear\"`");
    }
    Some(Lora {
        rank,
        alpha: table.number("alpha").unwrap_or(f64::from(rank)),
        targets,
        train_experts: table.word("experts")?.text == "train",
    })
}

fn optimizer(table: &Table) -> Option<Optimizer> {
    Some(Optimizer {
        lr: table.number("lr")?,
        schedule: Schedule::named(table.word("schedule")?.text)?,
        weight_decay: table.number("weight_decay")?,
    })
}
