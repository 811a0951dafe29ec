//! Which labels a cell prefers.

use crate::column::heading;
use crate::points::{coefficient, p_value, per_cent, points};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::results::{CellId, Results};
use xlt_core::stats::position::PositionBias;

/// Nothing without answers.
pub(crate) fn position(results: &Results) -> Option<Sheet> {
    let all = &results.analysis.position;
    let words = [Head::words("Language"), Head::words("Column")].into_iter();
    let numbers = ["Recall by label, %", "RStd", "Total variation", "p of gold’s shares", "Invalid"].map(Head::numbers);
    (!all.is_empty()).then(|| Sheet {
        title: "Position bias",
        about: "Whether a model prefers a label for where it stands. Without bias the recalls of all labels are alike (RStd, their \
                standard deviation in points, is 0), and labels are predicted as often as they are right (total variation 0; p by \
                chi-squared). Invalid are items without an answer."
            .to_owned(),
        heads: words.chain(numbers).collect(),
        rows: all.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

fn row((id, bias): (&CellId, &PositionBias)) -> Row {
    let recall = |recall: &Option<f64>| recall.map_or_else(|| "–".to_owned(), |share| format!("{:.0}", share * 100.0));
    let recalls: Vec<String> = bias.recall.iter().map(recall).collect();
    let preference = bias.preference.as_ref();
    let fields = [
        heading(&id.column),
        recalls.join(" / "),
        bias.recall_deviation.map(points).unwrap_or_default(),
        preference.map(|found| coefficient(found.total_variation)).unwrap_or_default(),
        p_value(preference.and_then(|found| found.against_gold).map(|test| test.p)),
        per_cent(bias.invalid_rate()),
    ];
    Row::of_language(&id.language, fields)
}
