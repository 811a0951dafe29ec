//! Two gains over one baseline, against each other.

use crate::points::{coefficient, per_cent};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::Ablation;
use xlt_core::results::Results;
use xlt_core::stats::coupling::Disattenuated;

/// Nothing where no ablation is asked for, or too few cells have both.
pub(crate) fn ablations(results: &Results) -> Option<Sheet> {
    let all = &results.analysis.ablations;
    let words = ["Gain of", "against gain of", "both over"].map(Head::words).into_iter();
    let numbers = [
        "Cells",
        "Split\u{a0}half\u{a0}r",
        "Freed from noise",
        "Noise in covariance",
        "Within models, naive",
        "r,\u{a0}naive",
    ];
    (!all.is_empty()).then(|| Sheet {
        title: "One gain against another",
        about: "Does what helps in one way help in the other? Read the split half first: there each gain has items of its own. All that \
                is naive, like the plot, shares the baseline’s items, and is positive even where the gains have nothing in common."
            .to_owned(),
        heads: words.chain(numbers.map(Head::numbers)).collect(),
        rows: all.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

fn row(Ablation { reasoned, tuned, over, found }: &Ablation) -> Row {
    let [one, other] = found.split_half.map(|half| coefficient(half.pearson.r));
    let freed = match found.disattenuated {
        Disattenuated::Coefficient(r) => coefficient(r),
        Disattenuated::Outside(_) => "beyond ±1: too few items".to_owned(),
        Disattenuated::Undefined => "all noise".to_owned(),
    };
    Row::new([
        reasoned.clone(),
        tuned.clone(),
        over.clone(),
        found.units.to_string(),
        format!("{} ({one}, {other})", coefficient(found.split_half_pearson())),
        freed,
        found.noise_share().map(per_cent).unwrap_or_default(),
        found.within_models.map(|within| coefficient(within.r)).unwrap_or_default(),
        coefficient(found.naive.pearson.r),
    ])
}
