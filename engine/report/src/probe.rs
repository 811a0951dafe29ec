//! How far scores depend on company, as tables and records have it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use xlt_core::probe::{Place, Probe};
use xlt_core::results::{CellId, Column};

/// What the table shows, and how it is read.
const ABOUT: &str = "The same items scored alone, as answered, and in units twice as large: how far the log-likelihood of an \
    option differs at most, and how many predictions are not the same in all three. That is arithmetic, not the model: a gain of \
    no more points than the flips of 100 items of either of its cells cannot be told from it.";

/// Probes by cell, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeTable<'a> {
    /// Heads of the columns with numbers.
    pub heads: [&'static str; 3],
    /// Sorted by cell.
    pub rows: Vec<ProbeRow<'a>>,
}

/// One of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRow<'a> {
    /// The cell.
    pub cell: &'a CellId,
    /// As many as there are heads.
    pub numbers: [String; 3],
    /// Where the greatest difference is, and between what; `None` where there is none.
    pub place: Option<&'a Place>,
}

impl<'a> ProbeTable<'a> {
    /// Of probes by cell.
    #[must_use]
    pub fn new(probes: &'a BTreeMap<CellId, Probe>) -> Self {
        let rows =
            probes.iter().map(|(cell, probe)| ProbeRow { cell, numbers: numbers(probe), place: probe.place.as_ref() });
        Self { heads: ["Items", "Greatest difference (nats)", "Flips of 100"], rows: rows.collect() }
    }

    /// What it shows, in sentences.
    pub(crate) fn about(&self) -> &'static str {
        ABOUT
    }
}

/// A JSON object for each cell, sorted by these.
#[must_use]
pub fn probe_records(probes: &BTreeMap<CellId, Probe>) -> Vec<Value> {
    let record = |(CellId { column, language }, probe): (&CellId, &Probe)| {
        let Column { model, condition, mode, seed } = column;
        json!({
            "model": model,
            "condition": condition,
            "mode": mode,
            "seed": seed,
            "language": language,
            "items": probe.items,
            "greatest_difference": probe.greatest_difference,
            "where": probe.place,
            "flips": probe.flipped.len(),
            "flips_per_100": probe.flips_per_100(),
            "flipped": probe.flipped,
        })
    };
    probes.iter().map(record).collect()
}

fn numbers(probe: &Probe) -> [String; 3] {
    let difference = match probe.greatest_difference {
        0.0 => "0".to_owned(),
        difference => format!("{difference:.1e}"),
    };
    [probe.items.to_string(), difference, format!("{:.1}", probe.flips_per_100())]
}
