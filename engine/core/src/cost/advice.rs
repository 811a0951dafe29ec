//! What there is too little of, and the smallest change that would do.

use super::amount::size;
use super::{Amount, Books, Dimensions, Means, ModelCost, bits};
use crate::spec::{Base, Model, TYPES, type_in_name};

/// Fewest bits that a weight is quantized to in what is advised.
const FEWEST_BITS: f64 = 2.0;

/// Something that this machine has too little of.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortage {
    /// The model; `None`: all of them together.
    pub model: Option<String>,
    /// What for: `load`, `train` or `disk`.
    pub what: &'static str,
    /// Bytes that it takes.
    pub needed: Amount,
    /// Bytes that there are.
    pub there: u64,
    /// What would fit.
    pub advice: String,
}

/// Everything that does not fit.
pub(super) fn shortages(books: &Books<'_>, models: &[ModelCost], disk: Amount, means: Means) -> Vec<Shortage> {
    let mut found = Vec::new();
    let asked = books.spec.models.iter().filter(|model| model.answers.is_none());
    for (model, cost) in asked.zip(models).filter(|(_, cost)| cost.left > 0) {
        let shortage = |what, needed, advice| Shortage {
            model: Some(model.name.clone()),
            what,
            needed,
            there: means.memory,
            advice,
        };
        if !fits(cost.load, means.memory) {
            found.push(shortage("load", cost.load, smaller(books, model, cost.load, means.memory)));
        } else if let Some(train) = cost.train.filter(|train| !fits(*train, means.memory)) {
            found.push(shortage("train", train, trained(books, model, train, means.memory)));
        }
    }
    if let Some(there) = means.disk.filter(|there| !fits(disk, *there)) {
        let advice = together(models, there);
        found.push(Shortage { model: None, what: "disk", needed: disk, there, advice });
    }
    found
}

fn fits(needed: Amount, there: u64) -> bool {
    needed.at_least() <= there as f64
}

/// The smallest change by which a model would fit: fewer texts side by side, else a smaller type, else both.
fn smaller(books: &Books<'_>, model: &Model, needed: Amount, memory: u64) -> String {
    let asked = books.asked(model);
    let (Some(dimensions), Some(file)) = (asked.dimensions, asked.size.bytes()) else { return left_out(needed) };
    let beside = |slots| books.beside(model, asked, slots).at_least();
    let alone = file + beside(1);
    if alone <= memory as f64 && beside(1) < beside(u32::MAX) {
        return format!("`evaluate.slots = 1` would fit (about {})", size(alone));
    }
    for (slots, change) in [(u32::MAX, ""), (1, " and `evaluate.slots = 1`")] {
        if let Some(kind) = type_that_fits(dimensions, file, beside(slots), memory) {
            return quantized(model, kind, change, dimensions.bytes(kind) + beside(slots));
        }
    }
    left_out(needed)
}

fn quantized(model: &Model, kind: &str, change: &str, taken: f64) -> String {
    let again = if model.quantize.is_none() && !is_plain(model) { " with `requantize = true`" } else { "" };
    format!("`models.{}.quantize = \"{kind}\"`{again}{change} would fit (about {})", model.name, size(taken))
}

/// The largest type, smaller than the file, in which a model and what is beside it fit.
fn type_that_fits(dimensions: Dimensions, file: f64, beside: f64, memory: u64) -> Option<&'static str> {
    let mut types: Vec<&str> = TYPES.iter().copied().filter(|kind| bits(kind) >= FEWEST_BITS).collect();
    types.sort_by(|one, other| bits(other).total_cmp(&bits(one)));
    let fits = |kind: &&str| dimensions.bytes(kind) < file && dimensions.bytes(kind) + beside <= memory as f64;
    types.into_iter().find(fits)
}

fn left_out(needed: Amount) -> String {
    format!(
        "no type of {FEWEST_BITS} bits or more would fit; leave it out with `--models`, or take a machine with {needed}"
    )
}

/// Whether a model is published in a type of which others are made.
fn is_plain(model: &Model) -> bool {
    let file = model.file.given().map(|file| file.source.to_string()).unwrap_or_default();
    type_in_name(&file).is_some_and(|kind| bits(kind) >= 16.0)
}

fn trained(books: &Books<'_>, model: &Model, needed: Amount, memory: u64) -> String {
    let trainings = books.spec.adapters.iter().filter_map(|adapter| Some((adapter, adapter.training()?)));
    let source = trainings.into_iter().find(|(_, training)| training.base == Base::Source);
    if let (Some((adapter, _)), Some(_)) = (source, &model.quantize) {
        return format!("`adapters.{}.base = \"quantized\"` takes less", adapter.name);
    }
    let asked = books.asked(model);
    let (Some(dimensions), Some(file)) = (asked.dimensions, asked.size.bytes()) else { return left_out(needed) };
    let beside = needed.at_least() - file;
    match type_that_fits(dimensions, file, beside, memory) {
        Some(kind) => quantized(model, kind, "", dimensions.bytes(kind) + beside),
        None => left_out(needed),
    }
}

/// As many models as fit together, the smallest first.
fn together(models: &[ModelCost], there: u64) -> String {
    let mut by_size: Vec<&ModelCost> = models.iter().filter(|model| model.left > 0).collect();
    by_size.sort_by(|one, other| one.disk.at_least().total_cmp(&other.disk.at_least()));
    let mut left = there as f64;
    let fitting = by_size.iter().take_while(|model| {
        left -= model.disk.at_least();
        left >= 0.0
    });
    match fitting.map(|model| model.model.as_str()).collect::<Vec<_>>().as_slice() {
        [] => "no single model fits; give `--cache` a folder on a larger disk".to_owned(),
        some => format!("`--models {}` would fit", some.join(",")),
    }
}
