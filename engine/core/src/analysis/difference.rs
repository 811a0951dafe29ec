//! Two runs of the same cells: which numbers moved, and whether by more than noise.

use super::frame::{CellFrame, Frame};
use crate::results::{CellId, Evaluations};
use crate::stats::multiplicity::holm;
use crate::stats::paired::Paired;

/// A cell in two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The cell.
    pub id: CellId,
    /// Accuracy in the first run and in the second.
    pub accuracy: (f64, f64),
    /// Items that both have, by what became of them.
    pub paired: Paired,
    /// Items that were answered differently, right or wrong.
    pub changed: u64,
    /// Items that only one run has.
    pub unmatched: u64,
    /// McNemar's exact p, corrected over all cells (Holm).
    pub p: f64,
}

/// What two runs have in common, and what they do not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Cells of both, sorted.
    pub cells: Vec<Moved>,
    /// Cells of the first alone.
    pub only_first: Vec<CellId>,
    /// Cells of the second alone.
    pub only_second: Vec<CellId>,
}

/// Compares the answers of two runs, cell by cell and item by item. Cells without a common item count as not common.
#[must_use]
pub fn difference(first: &Evaluations, second: &Evaluations) -> Difference {
    let (frames, mut found) = ((Frame::new(first), Frame::new(second)), Difference::default());
    for (id, one) in frames.0.cells() {
        match frames.1.cell(id).and_then(|other| moved(id, one, other)) {
            Some(moved) => found.cells.push(moved),
            None => found.only_first.push(id.clone()),
        }
    }
    let common = |id: &&CellId| !found.cells.iter().any(|moved| moved.id == **id);
    found.only_second = frames.1.cells().map(|(id, _)| id).filter(common).cloned().collect();
    let p: Vec<f64> = found.cells.iter().map(|moved| moved.p).collect();
    for (moved, p) in found.cells.iter_mut().zip(holm(&p).unwrap_or_default()) {
        moved.p = p;
    }
    found
}

fn moved(id: &CellId, one: &CellFrame<'_>, other: &CellFrame<'_>) -> Option<Moved> {
    let paired = Paired::of(&one.paired(other))?;
    let changed = one.beside(other).filter(|(before, after)| before.prediction != after.prediction).count() as u64;
    let unmatched = u64::from(one.items()) + u64::from(other.items()) - 2 * paired.items();
    Some(Moved {
        id: id.clone(),
        accuracy: (one.accuracy(), other.accuracy()),
        changed,
        unmatched,
        p: paired.mcnemar_exact(),
        paired,
    })
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::{answers, id};
    use super::*;

    fn runs(first: &[(&str, &str)], second: &[(&str, &str)]) -> Difference {
        let of = |cells: &[(&str, &str)]| -> Evaluations {
            cells.iter().map(|(language, pattern)| (id("m", "base", language), answers(pattern))).collect()
        };
        difference(&of(first), &of(second))
    }

    #[test]
    fn what_changed_is_counted_and_tested_item_by_item() {
        let found = runs(&[("heb", "++++----"), ("fra", "+-+-")], &[("heb", "++++++++"), ("fra", "+-+-")]);
        let rows: Vec<_> = found
            .cells
            .iter()
            .map(|it| (it.id.language.as_str(), it.accuracy, it.paired.gained(), it.paired.lost(), it.changed, it.p))
            .collect();
        // Four gained and none lost: 2 / 2⁴, corrected for two cells.
        assert_eq!(rows, [("fra", (0.5, 0.5), 0, 0, 0, 1.0), ("heb", (0.5, 1.0), 4, 0, 4, 0.25)]);
    }

    #[test]
    fn an_answer_that_is_as_wrong_as_before_but_another_has_changed() {
        let found = runs(&[("heb", "--+")], &[("heb", ".-+")]);
        assert_eq!((found.cells[0].changed, found.cells[0].paired.discordant()), (1, 0));
    }

    #[test]
    fn cells_and_items_of_one_run_alone_are_named() {
        let found = runs(&[("heb", "++"), ("fra", "+")], &[("heb", "+++"), ("jpn", "+")]);
        let names = |ids: &[CellId]| ids.iter().map(|id| id.language.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&found.only_first), names(&found.only_second)),
            (vec!["fra".to_owned()], vec!["jpn".to_owned()])
        );
        assert_eq!((found.cells[0].paired.items(), found.cells[0].unmatched), (2, 1));
    }
}
