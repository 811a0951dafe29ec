//! Seeds of adapters: whether there is more than one training to tell their spread from.

use super::{CellId, Column, Evaluations};

/// Whether the cell is of an adapter with a seed, and all that was answered by its model in its condition is of that one.
pub(super) fn items_only(id: &CellId, evaluations: &Evaluations) -> bool {
    let Column { model, condition, seed, .. } = &id.column;
    let column = Column { model: model.clone(), condition: condition.clone(), mode: String::new(), seed: None };
    // Cells are sorted by model and condition first, and no name is before the empty one.
    let first = CellId { column, language: String::new() };
    let same = |other: &Column| other.model == *model && other.condition == *condition;
    let mut others = evaluations.range(first..).take_while(|(other, _)| same(&other.column));
    seed.is_some() && others.all(|(other, answers)| answers.is_empty() || other.column.seed == *seed)
}
