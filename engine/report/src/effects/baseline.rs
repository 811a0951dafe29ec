//! Gain against baseline.

use crate::points::{coefficient, decimals, per_cent};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::AgainstBaseline;
use xlt_core::results::Results;
use xlt_core::stats::correlation::Associations;

/// Nothing where no gain is asked for, or too few cells have one.
pub(crate) fn baseline(results: &Results) -> Option<Sheet> {
    let all = &results.analysis.baseline;
    let words = [Head::words("Condition"), Head::words("Mode")].into_iter();
    let numbers = [
        "Cells",
        "Split\u{a0}half\u{a0}r",
        "Oldham’s\u{a0}r",
        "Slope freed from noise",
        "Noise in baseline",
        "Slope, naive",
        "r,\u{a0}naive",
    ];
    (!all.is_empty()).then(|| Sheet {
        title: "Gain against baseline",
        about: "Do cells that start low gain more? Read the split half first: there baseline and gain come from different items. The \
                naive correlation, like the plot, takes both from the same items and is negative even where nothing happened but noise."
            .to_owned(),
        heads: words.chain(numbers.map(Head::numbers)).collect(),
        rows: all.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

fn row(AgainstBaseline { of, over, mode, found }: &AgainstBaseline) -> Row {
    let r = |associations: &Associations| coefficient(associations.pearson.r);
    let halves = &found.split_half;
    Row::new([
        format!("{of} over {over}"),
        mode.clone(),
        found.units.to_string(),
        format!("{} ({}, {})", coefficient(halves.mean_pearson()), r(&halves.even_baseline), r(&halves.odd_baseline)),
        r(&found.oldham),
        found.blomqvist.map(|slope| decimals(slope.paired, 2)).unwrap_or_default(),
        found.blomqvist.map(|slope| per_cent(slope.noise_share)).unwrap_or_default(),
        found.blomqvist.map(|slope| decimals(slope.observed, 2)).unwrap_or_default(),
        r(&found.naive),
    ])
}
