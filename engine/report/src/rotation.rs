//! How far answers hang on the order of the options, as tables have it.

use crate::written::share;
use xlt_core::results::{Cell, CellId, Results, Rotation};

/// What the table shows, and how it is read.
const ABOUT: &str = "Every question was asked with its options in every circular order; the accuracy above is that of the mean \
    log-likelihoods. Here: for how many items all orders predict the same option, how many are right in every order, the \
    accuracy of each order by itself, the given one first, and how often each place was predicted. Gold answers stand at every \
    place equally often, so a model without a preference for a place or label predicts each about as often.";

/// Cells whose options were rotated, ready to be printed.
pub(crate) struct RotationTable<'a> {
    /// Heads of the columns.
    pub(crate) heads: [&'static str; 4],
    /// In the order of the cells; as many texts as there are heads.
    pub(crate) rows: Vec<(&'a CellId, [String; 4])>,
}

impl<'a> RotationTable<'a> {
    pub(crate) fn new(results: &'a Results) -> Self {
        let row = |cell: &'a Cell| Some((&cell.id, texts(cell.rotation.as_ref()?)));
        Self {
            heads: ["All orders agree", "Right in all", "Accuracy by order", "Predicted by place"],
            rows: results.cells.iter().filter_map(row).collect(),
        }
    }

    /// What it shows, in sentences.
    pub(crate) fn about(&self) -> &'static str {
        ABOUT
    }
}

fn texts(rotation: &Rotation) -> [String; 4] {
    let by_order: Vec<String> =
        rotation.by_order.iter().map(|order| format!("{:.1} %", order.rate() * 100.0)).collect();
    let places: Vec<String> = rotation.places.iter().map(ToString::to_string).collect();
    [share(rotation.agree), share(rotation.always_right), by_order.join(", "), places.join(", ")]
}
