//! How an adapter is trained: `train_on`, `lora`, `optimizer`, and when it ends.

use super::adapters::nonempty;
use super::data::{check_languages, check_part, named};
use super::families::{self, Family};
use super::template::{self, Scope};
use super::{Context, languages, prompts};
use crate::spec::suggest::nearest;
use crate::spec::text::{Place, Word};
use crate::spec::tree::{Node, Table};
use crate::spec::{
    ALL_LINEAR, ATTENTION, Base, Data, Gold, LanguageGroup, Length, Lesson, Lora, Match, Mode, Optimizer, Pace,
    Schedule, TrainOn, Training,
};
use glob::Pattern;

/// Keys that only an adapter has that is trained here.
pub(super) const KEYS: [&str; 11] = [
    "base",
    "lora",
    "optimizer",
    "batch_examples",
    "accumulate",
    "epochs",
    "steps",
    "max_length",
    "checkpoint_every",
    "match",
    "trained_by",
];

/// Everything of `table`, an adapter that has no `file`.
pub(super) fn resolve(
    table: &Table,
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Option<Training> {
    // Each of them reports what is wrong with it, whatever becomes of the others.
    let train_on = table.table("train_on").and_then(|table| train_on(table, data, groups, families, cx));
    let lora = table.table("lora").and_then(|table| lora(table, cx));
    let length = length(table, cx);
    Some(Training {
        train_on: train_on?,
        base: Base::named(table.word("base")?.text)?,
        lora: lora?,
        optimizer: optimizer(table.table("optimizer")?)?,
        pace: Pace {
            batch_examples: table.integer("batch_examples")?,
            accumulate: table.integer("accumulate")?,
            length: length?,
        },
        max_length: table.integer("max_length"),
        checkpoint_every: table.integer("checkpoint_every")?,
        matched: table.word("match").and_then(|word| Match::named(word.text)),
    })
}

fn length(table: &Table, cx: &mut Context<'_>) -> Option<Length> {
    match (table.get("epochs"), table.get("steps")) {
        (None, None) => Some(Length::Epochs(1)),
        (Some(_), None) => table.integer("epochs").map(Length::Epochs),
        (None, Some(_)) => table.integer("steps").map(Length::Steps),
        (Some(epochs), Some(steps)) => {
            cx.faults
                .at(steps.place, "`steps` and `epochs` exclude each other")
                .label("so many steps")
                .also(epochs.place, "so many passes")
                .help("keep one of them");
            None
        }
    }
}

fn train_on(
    table: &Table,
    data: &[Data],
    groups: &[LanguageGroup],
    families: &[Family],
    cx: &mut Context<'_>,
) -> Option<TrainOn> {
    let languages = table.get("languages").map(|node| (node, languages::codes(node, groups, cx)));
    let lesson = lesson(table, families, cx);
    let rows = table.word("data").and_then(|word| named(word, data, cx));
    let part = table.word("part");
    if let (Some(rows), Some(part)) = (rows, part) {
        check_part(part, rows, cx);
    }
    if let (Some(rows), Some(text)) = (rows, table.word("text")) {
        passage(text, rows, cx);
    }
    let (node, languages) = languages?;
    nonempty(node, &languages, cx);
    if let Some(rows) = rows {
        check_languages(&languages, rows, cx);
    }
    let (data, part, limit) = (rows?.name.clone(), part?.text.to_owned(), table.integer("limit"));
    Some(TrainOn { data, part, languages, limit, lesson: lesson? })
}

fn lesson(table: &Table, families: &[Family], cx: &mut Context<'_>) -> Option<Lesson> {
    let Some(text) = table.word("text") else {
        let word = table.word("mode")?;
        let gold = table.word("answers").map_or(Some(Gold::True), |word| Gold::named(word.text));
        let mode = families::one(word, families, cx)?;
        if let Some(resolved) = families.iter().flat_map(|family| &family.modes).find(|it| it.name == mode) {
            learnable(word.place, resolved, cx);
        }
        return Some(Lesson::Answer { mode, gold: gold? });
    };
    for (key, node) in ["mode", "answers"].into_iter().filter_map(|key| Some((key, table.get(key)?))) {
        cx.faults
            .at(node.place, format!("`{key}` and `text` exclude each other"))
            .label("of rows that are answered")
            .also(text.place, "plain text, learned whole")
            .help(format!("leave out `{key}`, or `text`"));
    }
    if text.text.trim().is_empty() {
        cx.faults.at(text.place, "an empty text").label("nothing to learn").help("write `text = \"{{ passage }}\"`");
    }
    template::check(text, Scope::Item, cx);
    Some(Lesson::Text(text.text.to_owned()))
}

/// A text shows a passage where there are some.
fn passage(text: Word<'_>, data: &Data, cx: &mut Context<'_>) {
    if let (None, Some(range)) = (&data.fields.passage, prompts::shown_passage(text.text)) {
        cx.faults
            .at(cx.texts.inside(text.place, text.text, range), format!("`data.{}` has no passage", data.name))
            .label("would be empty")
            .help(format!("add `passage` to `[data.{}.fields]`, or show something else", data.name));
    }
}

/// A row has a question and an answer: no reasoning, no further orders of its options, no other rows before it.
fn learnable(place: Place, mode: &Mode, cx: &mut Context<'_>) {
    let asks = [
        ("reason", mode.reason.is_some(), "rows have no reasoning to learn"),
        ("rotate", mode.rotate, "a row is learned in the order it has"),
        ("shots", mode.shots.is_some(), "rows are learned one by one"),
    ];
    for (key, _, why) in asks.into_iter().filter(|(_, there, _)| *there) {
        cx.faults
            .at(place, format!("mode `{}` has `{key}`, so nothing can be learned in it", mode.name))
            .label(why)
            .help(format!("name a mode without `{key}`"));
    }
}

fn lora(table: &Table, cx: &mut Context<'_>) -> Option<Lora> {
    let rank: u32 = table.integer("rank")?;
    if let Some(node) = table.get("targets") {
        targets(node, cx);
    }
    Some(Lora {
        rank,
        alpha: table.number("alpha").unwrap_or(f64::from(rank)),
        dropout: table.number("dropout")?,
        targets: table.texts("targets"),
        train_experts: table.word("experts")?.text == "train",
    })
}

/// Patterns that may match something, each said once. Which tensors a model has is not known here.
fn targets(node: &Node, cx: &mut Context<'_>) {
    let words: Vec<_> = node.words().collect();
    if words.is_empty() && node.items().is_empty() {
        cx.faults.at(node.place, "`lora.targets` is empty").label("nothing to train").help("write `\"all-linear\"`");
    }
    for (at, word) in words.iter().enumerate() {
        let known = |c: char| c.is_ascii_alphanumeric() || "._-*?[]!".contains(c);
        if let Some(first) = words[..at].iter().find(|first| first.text == word.text) {
            cx.faults
                .at(word.place, format!("`{}` is listed twice", word.text))
                .label("again")
                .also(first.place, "first here");
        } else if word.text.is_empty() || !word.text.chars().all(known) || Pattern::new(word.text).is_err() {
            cx.faults
                .at(word.place, format!("`{}` is no pattern of tensor names", word.text))
                .label("no tensor has such a name")
                .help("names have letters, digits, `.`, `_` and `-`; `*`, `?` and `[…]` stand for others");
        } else if word.text == ALL_LINEAR && words.len() > 1 {
            cx.faults
                .at(word.place, "`all-linear` beside others")
                .label("means all of them")
                .help("leave it out, or the others");
        } else if let Some(near) = nearest(word.text, [ALL_LINEAR, ATTENTION]).filter(|near| *near != word.text) {
            cx.faults
                .at(word.place, format!("unknown targets `{}`", word.text))
                .label("neither a word nor a tensor")
                .help(format!("did you mean `{near}`?"));
        }
    }
}

fn optimizer(table: &Table) -> Option<Optimizer> {
    let betas: Vec<f64> = table.get("betas")?.items().iter().filter_map(Node::number).collect();
    Some(Optimizer {
        lr: table.number("lr")?,
        schedule: Schedule::named(table.word("schedule")?.text)?,
        warmup: table.number("warmup")?,
        weight_decay: table.number("weight_decay")?,
        betas: betas.try_into().ok()?,
        epsilon: table.number("epsilon")?,
        clip: table.number("clip").filter(|&norm| norm > 0.0),
    })
}
