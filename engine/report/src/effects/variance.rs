//! Where the variance of a gain comes from.

use crate::points::per_cent;
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::Split;
use xlt_core::results::Results;

/// Nothing where no table of answers is complete.
pub(crate) fn variance(results: &Results) -> Option<Sheet> {
    let splits = &results.analysis.variance;
    let mut names: Vec<String> = Vec::new();
    for name in splits.iter().flat_map(shares).map(|(name, _)| name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let row = |split: &Split| {
        let shares = shares(split);
        let share = |name: &String| shares.iter().find(|(other, _)| other == name).map(|(_, share)| share.clone());
        let of = [split.model.clone(), format!("{} over {}", split.of, split.over)];
        Row::new(of.into_iter().chain(names.iter().map(|name| share(name).unwrap_or_default())))
    };
    let words = [Head::words("Model"), Head::words("Condition")].into_iter();
    (!splits.is_empty()).then(|| Sheet {
        title: "Where the variance comes from",
        about: "Shares of the variance of one answer’s gain. What has a large share is what a study needs more of; “×” is what \
                factors do together beyond what each does, and the rest includes the noise of a single answer."
            .to_owned(),
        heads: words.chain(names.iter().map(|name| Head::numbers(name))).collect(),
        rows: splits.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

/// Components by name, each with its share of their sum; nothing of a table that does not vary.
fn shares(split: &Split) -> Vec<(String, String)> {
    let all: f64 = split.components.iter().map(|component| component.variance).sum();
    let name = |factors: &[usize]| {
        let names = factors.iter().filter_map(|&at| split.factors.get(at)).map(|(factor, _)| factor.name());
        names.collect::<Vec<_>>().join(" × ")
    };
    let of = |component: &xlt_core::stats::variance::Component| {
        let is_rest = component.factors.len() == split.factors.len() && split.factors.len() > 1;
        let name = if is_rest { "rest".to_owned() } else { name(&component.factors) };
        (name, if all > 0.0 { per_cent(component.variance / all) } else { String::new() })
    };
    split.components.iter().map(of).collect()
}
