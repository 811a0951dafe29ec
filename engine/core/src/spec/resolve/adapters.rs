//! `[adapters.NAME]`.

use super::data::{check_languages, check_part, named};
use super::families::{self, Family};
use super::{Context, languages};
use crate::spec::tree::{Node, Table, Value};
use crate::spec::{Adapter, Data, LanguageGroup, Lora, Optimizer, Schedule, TrainOn};

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
        Some(Adapter {
            name: entry.key.clone(),
            train_on: train_on?,
            lora: lora(table.table("lora")?, cx)?,
            optimizer: optimizer(table.table("optimizer")?)?,
            batch_examples: table.integer("batch_examples")?,
            epochs: table.integer("epochs")?,
            seeds,
        })
    });
    adapters.collect()
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
