//! What a reader must know of a study before its numbers: whether the models answered at all, and how sure the arithmetic is.

use super::claims::listed;
use crate::points::{count, decimals, per_cent};
use std::collections::{BTreeMap, BTreeSet};
use xlt_core::analysis::{Leakage, Seen};
use xlt_core::probe::Probe;
use xlt_core::provenance::Origin;
use xlt_core::results::{Cell, FORMAT_FAILURE_BELOW, Results, Weights};
use xlt_core::stats::{Proportion, median};

/// A fact.
pub(crate) struct Fact {
    /// What it is of.
    pub(crate) name: &'static str,
    /// What there is to say.
    pub(crate) value: String,
    /// Whether it casts doubt on the numbers.
    pub(crate) doubt: bool,
}

/// Those that are known; none without cells.
pub(crate) fn facts(results: &Results) -> Vec<Fact> {
    if results.cells.is_empty() {
        return Vec::new();
    }
    let answered = [mass(results), failures(results), cut_off(results)];
    let all = answered.into_iter().chain([
        leaked(results),
        seeds(results),
        trained(results),
        weights(results),
        noise(results),
    ]);
    all.flatten().collect()
}

fn mass(results: &Results) -> Option<Fact> {
    let masses: Vec<f64> = results.cells.iter().filter_map(|cell| cell.median_answer_mass).collect();
    let middle = median(&masses)?;
    let value = format!("{} (median of {})", decimals(middle, 2), count(masses.len(), "cell"));
    Some(Fact { name: "Answer mass", value, doubt: middle < FORMAT_FAILURE_BELOW })
}

fn failures(results: &Results) -> Option<Fact> {
    let could: Vec<&Cell> = results.cells.iter().filter(|cell| cell.median_answer_mass.is_some()).collect();
    let failed = could.iter().filter(|cell| cell.format_failure()).count();
    let value = if failed == 0 { "none".to_owned() } else { format!("{failed} of {}", count(could.len(), "cell")) };
    (!could.is_empty()).then_some(Fact { name: "Failures of format", value, doubt: failed > 0 })
}

fn cut_off(results: &Results) -> Option<Fact> {
    let written = results.cells.iter().filter(|cell| cell.cut_off.is_some()).count();
    let unsure = results.cells.iter().filter(|cell| cell.cannot_tell()).count();
    let value = if unsure == 0 { "none".to_owned() } else { format!("{unsure} of {}", count(written, "cell")) };
    (written > 0).then_some(Fact { name: "Cut off by a budget", value, doubt: unsure > 0 })
}

/// Which share of what adapters are asked they had learned from, by question and by passage.
fn leaked(results: &Results) -> Option<Fact> {
    let mut by_words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Leakage { condition, seen, .. } in &results.analysis.leakage {
        by_words.entry(seen_words(seen)).or_default().push(condition.clone());
    }
    let value: Vec<String> = match by_words.len() {
        1 => by_words.into_keys().collect(),
        _ => by_words.iter().map(|(words, conditions)| format!("{}: {words}", listed(conditions))).collect(),
    };
    let doubt = !results.analysis.leakage.iter().all(|of| of.seen.nothing());
    (!value.is_empty()).then(|| Fact { name: "Leaked share", value: value.join("; "), doubt })
}

fn seen_words(seen: &Seen) -> String {
    let share = |of: &Proportion| per_cent(of.rate());
    match seen {
        Seen::Of { questions, passages } if seen.nothing() => {
            let (questions, passages) = (questions.trials() as usize, passages.trials() as usize);
            format!("none of {} and {}", count(questions, "question"), count(passages, "passage"))
        }
        Seen::Of { questions, passages } => {
            format!("{} of questions, {} of passages", share(questions), share(passages))
        }
        Seen::OtherData(data) => format!("not known, trained on the data set {data}, whose keys are others"),
        Seen::Elsewhere => "not known, the adapter was made elsewhere".to_owned(),
    }
}

fn seeds(results: &Results) -> Option<Fact> {
    let mut by_condition: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for column in results.cells.iter().map(|cell| &cell.id.column) {
        if let Some(seed) = column.seed {
            by_condition.entry(&column.condition).or_default().insert(seed);
        }
    }
    let of = |(condition, seeds): (&&str, &BTreeSet<u64>)| format!("{condition}: {}", count(seeds.len(), "seed"));
    let value: Vec<String> = by_condition.iter().map(of).collect();
    let doubt = by_condition.values().any(|seeds| seeds.len() == 1);
    (!value.is_empty()).then(|| Fact { name: "Trainings", value: value.join("; "), doubt })
}

fn trained(results: &Results) -> Option<Fact> {
    let shares: Vec<f64> = results.trainings.iter().map(|training| training.head.share).collect();
    let (least, most) = extremes(&shares)?;
    let share = |share: f64| format!("{} %", decimals(share * 100.0, 2));
    let value = if share(least) == share(most) { share(most) } else { format!("{} to {}", share(least), share(most)) };
    Some(Fact { name: "Trained share", value: format!("{value} of a model’s numbers"), doubt: false })
}

fn weights(results: &Results) -> Option<Fact> {
    let mut by_words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (model, weights) in &results.weights {
        let words = match weights {
            Weights::Quantized(name) => format!("{name}, quantized here"),
            Weights::Named(name) => format!("{name} by the file’s name"),
            Weights::Unknown => "as published, of a type that is not known".to_owned(),
            Weights::Elsewhere => "not known, asked elsewhere".to_owned(),
        };
        by_words.entry(words).or_default().push(model.clone());
    }
    let value: Vec<String> = by_words.iter().map(|(words, models)| format!("{}: {words}", listed(models))).collect();
    (!value.is_empty()).then(|| Fact { name: "Quantization", value: value.join("; "), doubt: false })
}

fn noise(results: &Results) -> Option<Fact> {
    let flips: Vec<f64> = results.probes.values().map(Probe::flips_per_100).collect();
    let value = match extremes(&flips) {
        None => "not probed".to_owned(),
        Some((_, most)) => {
            format!("{} points at most, in {}", decimals(most, 1), count(flips.len(), "probed cell"))
        }
    };
    Some(Fact { name: "Noise floor", value, doubt: false })
}

/// What computed the answers, as far as it is told; more than one class casts doubt on differences between cells.
pub(crate) fn kernels(origins: &[Origin]) -> Option<Fact> {
    let classes: BTreeSet<&str> = origins.iter().filter_map(|origin| origin.kernel_class.as_deref()).collect();
    let value = classes.iter().copied().collect::<Vec<_>>().join(", ");
    (!classes.is_empty()).then_some(Fact { name: "Kernels", value, doubt: classes.len() > 1 })
}

fn extremes(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(least, most), &value| (least.min(value), most.max(value))))
}
