//! Marks behind numbers, what they mean, and intervals with theirs.

use crate::{seeds, written};
use xlt_core::results::{Cell, FORMAT_FAILURE_BELOW, Results};
use xlt_core::stats::Interval;

/// Follows the numbers of cells that are failures of format.
const FAILURE: &str = " †";

/// Follows the numbers that rest on cells of which too many items were cut off.
const CANNOT_TELL: &str = " ‡";

/// Follows intervals that cover the sampling of items alone.
const ITEMS_ONLY: &str = " §";

pub(super) fn marks(failure: bool, cannot_tell: bool) -> String {
    let mark = |is: bool, mark| if is { mark } else { "" };
    format!("{}{}", mark(failure, FAILURE), mark(cannot_tell, CANNOT_TELL))
}

/// `[21–94]`, with the mark of the cell's intervals.
pub(super) fn interval(cell: &Cell, Interval { low, high }: Interval) -> String {
    let mark = if cell.items_only { ITEMS_ONLY } else { "" };
    format!("[{:.0}–{:.0}]{mark}", low * 100.0, high * 100.0)
}

/// What the marks mean of which there is one.
pub(super) fn meanings(results: &Results) -> impl Iterator<Item = String> {
    let any = |is: fn(&Cell) -> bool| results.cells.iter().any(is);
    let failure = any(Cell::format_failure).then(|| {
        format!(
            "† Failure of format: in the median item the labels together have a probability below {FORMAT_FAILURE_BELOW}, so the \
             number says more about the prompt than about the language. A mean is marked if any of its languages is."
        )
    });
    let cannot_tell = any(Cell::cannot_tell)
        .then(|| format!("‡ {} A mean is marked if any of its languages is.", written::cannot_tell()));
    let items_only = any(|cell| cell.items_only).then(|| format!("§ {}", seeds::ITEMS_ONLY));
    [failure, cannot_tell, items_only].into_iter().flatten()
}
