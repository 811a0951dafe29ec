//! Adapters against adapters.

use super::populations::{heads, rows};
use super::seed_note;
use crate::sheet::Sheet;
use xlt_core::results::Results;

/// Nothing with fewer than two conditions that have adapters.
pub(crate) fn arms(results: &Results) -> Option<Sheet> {
    let rows = rows(results, &results.analysis.arms);
    (!rows.is_empty()).then(|| Sheet {
        title: "Adapter against adapter",
        about: "What one adapter adds over another on the same items, in points. The baseline cancels, and with it regression to the \
                mean and most of ceiling, format and tokenization: of all differences these are the safest to read. Populations are \
                those of the first adapter."
            .to_owned(),
        heads: heads("Difference"),
        notes: seed_note(&rows),
        rows,
    })
}
