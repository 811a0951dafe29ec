//! Robustness: whether relatives and controls gain alike.

use crate::points::{NONE, count, p_value, points};
use crate::sheet::{Head, Row, Sheet};
use xlt_core::analysis::{Equivalence, MARGIN};
use xlt_core::results::Results;
use xlt_core::stats::equivalence::Tost;

/// Nothing where no adapter has both relatives and controls.
pub(crate) fn equivalence(results: &Results) -> Option<Sheet> {
    let rows: Vec<Row> = results.analysis.equivalences.iter().map(row).collect();
    let words = ["Models", "Condition", "Mode", "Margin"].map(Head::words).into_iter();
    let numbers = ["Difference", "p over languages", "p over items"].map(Head::numbers);
    (!rows.is_empty()).then(|| Sheet {
        title: "Robustness: do relatives and controls gain alike?",
        about: format!(
            "That no difference is found shows none. Two one-sided tests (TOST) against differences of the margin or more: where p is \
             small, relatives and controls gain alike within ± the margin. The margin is that of a claim that says so, or else {} points, a \
             choice of this program’s. In points.",
            points(MARGIN)
        ),
        heads: words.chain(numbers).collect(),
        rows,
        notes: Vec::new(),
    })
}

fn row(
    Equivalence { of, over, mode, models, difference, margin, claimed, over_languages, over_items }: &Equivalence,
) -> Row {
    let models = match models.as_slice() {
        [one] => one.clone(),
        all => format!("mean of {}", count(all.len(), "model")),
    };
    let whose = if *claimed { "claimed" } else { "by default" };
    let p = |test: &Option<Tost>| test.map_or_else(|| NONE.to_owned(), |test| p_value(Some(test.p())));
    Row::new([
        models,
        format!("{of} over {over}"),
        mode.clone(),
        format!("±{} {whose}", points(*margin)),
        points(*difference),
        p(over_languages),
        p(over_items),
    ])
}
