//! `[adapters.NAME]`: what is trained here, or was made elsewhere.

use super::families::Family;
use super::{Context, blanks, made, origin, training};
use crate::spec::grammar::ORIGIN;
use crate::spec::tree::{Node, Table, Value};
use crate::spec::{Adapter, AdapterOrigin, Data, FileRef, LanguageGroup, Match, Spec, Training};

const MODEL: &str = "{model}";
const SEED: &str = "{seed}";

pub(super) fn resolve(
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Vec<Adapter> {
    let adapters = cx.root.sorted("adapters").into_iter().filter_map(|entry| {
        let table = entry.node.table()?;
        let seeds = table.get("seeds").map(|node| seeds(node, cx)).unwrap_or_default();
        // Beside a file it is reported, and read all the same: what is wrong with it is told as well.
        let training = table.get("train_on").and_then(|_| training::resolve(table, data, groups, families, cx));
        let origin = match table.get("file") {
            Some(file) => AdapterOrigin::File(brought(file, table, cx)?),
            None => {
                without_file(table, cx);
                AdapterOrigin::Trained(training?)
            }
        };
        let trained_by = made::trained_by(table, cx);
        Some(Adapter { name: entry.key.clone(), origin, seeds, trained_by, merge: table.is_true("merge") })
    });
    let adapters = adapters.collect();
    arms(cx);
    adapters
}

/// What adapters are trained on and how.
pub(super) fn trainings(spec: &Spec) -> impl Iterator<Item = &Training> {
    spec.adapters.iter().filter_map(Adapter::training)
}

/// Adapters of which something is made equal are compared: there are two at least, and they agree on what it is.
fn arms(cx: &mut Context<'_>) {
    let entries = cx.root.sorted("adapters").into_iter();
    let arms: Vec<_> = entries.filter_map(|entry| Some((entry, entry.node.table()?.word("match")?))).collect();
    if let [(entry, word)] = &arms[..] {
        cx.faults
            .at(word.place, format!("`match`, and no other adapter that `{}` is matched with", entry.key))
            .label("equal to what?")
            .help("give the adapters that it is compared with the same `match`, or leave this out");
    }
    // A word that means nothing has been reported.
    let mut meant = arms.into_iter().filter(|(_, word)| Match::named(word.text).is_some());
    let Some((first, word)) = meant.next() else { return };
    for (entry, other) in meant.filter(|(_, other)| other.text != word.text) {
        cx.faults
            .at(other.place, format!("`{}` and `{}` are matched in different ways", first.key, entry.key))
            .label("not as the other")
            .also(word.place, format!("of `{}`", first.key))
            .help("all adapters with `match` are compared with each other: give them the same one");
    }
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
fn brought(node: &Node, table: &Table, cx: &mut Context<'_>) -> Option<FileRef> {
    // Beside `train_on` the others may be defaults.
    let training = match table.get("train_on") {
        Some(train_on) => vec![("train_on", train_on)],
        None => training::KEYS.into_iter().filter_map(|key| Some((key, table.get(key)?))).collect(),
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
